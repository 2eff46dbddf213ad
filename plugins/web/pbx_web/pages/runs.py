"""What waits for a person, what goes on, and the history: each run with its changes, and its undo."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from itertools import islice
from typing import Any

from pbx_connector.api import KeptPlan, ProfileState, RunKind, RunRecord, RunStatus, UsageError, application
from pbx_web import launching
from pbx_web.asking import Ask
from pbx_web.launching import profile_of
from pbx_web.page import Action, Done, NotFound, Page, Shown
from pbx_web.pages import queued
from pbx_web.paging import PAGE, part, skipped
from pbx_web.permissions import Role
from pbx_web.personal import viewer
from pbx_web.wording import words_for

RUNS = 50
"""Runs on a page."""
LOOK_AT = 4_000
"""Runs that one page looks through for them."""
SAVED = 20
MOST_PLANS = 500
"""Kept plans that are looked through for the saved ones."""
LEFT = 100
"""Changes shown that an undo leaves as they are."""


def show(ask: Ask) -> Shown:
    store, speak = ask.store, ask.language
    states = store.profiles()
    waiting = list(application.plans.waiting(store, states))
    saved = _saved(islice(store.plans(), MOST_PLANS), states)
    excerpt, wrong = _excerpt(ask)
    runs = list(excerpt.of(store))
    held = [state for state in states if state.held]
    mine = None if ask.may(Role.ADMIN) else ask.known_user.name
    jobs = [job for job in ask.site.jobs.of(mine) if not job.is_over]
    views = application.views
    values = {
        "waiting": waiting,
        "saved": saved,
        "held": held,
        "jobs": jobs,
        "runs": runs,
        "excerpt": excerpt,
        "wrong": wrong,
        "profiles": [("", speak("all")), *((state.id, state.title) for state in states)],
        "asked": {name: ask.text(name) for name in ("profile", "since", "until", "kind", "status", "all")},
        **words_for(ask, viewer(ask)),
    }
    shown = {
        "waiting": [views.kept_plan(plan) for plan in waiting],
        "saved": [views.kept_plan(plan) for plan in saved],
        "held": [views.profile_state(state) for state in held],
        "runs": [_record(record) for record in runs],
        "hidden": excerpt.hidden,
        "next": excerpt.next,
    }
    return Shown(template="runs.html", values=values, json=shown)


def show_run(ask: Ask) -> Shown:
    record = _run(ask)
    see, skip = viewer(ask), skipped(ask)
    changes, further = part(ask.store.changes(record.id, skip=skip, limit=PAGE + 1), skip)
    problems = see.problems(record.report.problems, record.report)
    values = {
        "record": record,
        "changes": list(see.seen(changes)),
        "skip": skip,
        "next": further,
        "problems": problems,
        "why_not_undo": _why_not_undo(ask, record),
        **words_for(ask, see),
    }
    shown = _record(record) | {"problems": [application.views.problem(one) for one in problems]}
    return Shown(template="run.html", values=values, json=shown | {"changes": list(see.json(changes)), "next": further})


def preview_undo(ask: Ask) -> Shown:
    """What an undo would take back, what it would leave, and why."""
    record = _run(ask)
    see, skip = viewer(ask), skipped(ask)
    undone = ask.store.simulate_undo(record.id)
    found = application.history.reversed_changes(ask.store, record.id, undone, skip=skip, limit=PAGE + 1)
    changes, further = part(found, skip)
    values = {
        "record": record,
        "undone": undone,
        "left": undone.left[:LEFT],
        "changes": list(see.seen(changes)),
        "skip": skip,
        "next": further,
        **words_for(ask, see),
    }
    shown = application.views.undone(undone) | {"taken_back": list(see.json(changes)), "next": further}
    return Shown(template="undo.html", values=values, json=shown)


def undo(ask: Ask) -> Done:
    record = _run(ask)
    job = launching.undo(ask, record)
    return Done(to=f"/jobs/{job.id}", json={"job": job.id})


def run_now(ask: Ask) -> Done:
    profile, full = profile_of(ask, ask.path["profile"]), ask.text("full") == "yes"
    followed = queued.address(ask, profile.id)
    if ask.site.operations.ask_for_run(profile.id, full=full):
        ask.note(application.audit.AuditAction.RUN, profile.id, detail={"status": "wanted"})
        return Done(to=followed, json={"queued": followed})
    job = launching.run(ask, profile, application.runs.RunRequest(full=full))
    return Done(to=f"/jobs/{job.id}", json={"job": job.id})


def resume(ask: Ask) -> Done:
    """A held profile runs again, as its schedule says or by hand."""
    id = ask.path["profile"]
    try:
        ask.site.operations.resume(id)
    except UsageError:
        raise NotFound(ask.language("No such profile has run yet.")) from None
    ask.note(application.audit.AuditAction.RESUMED, id)
    return Done(to="/runs", message=ask.language("The profile %(id)s runs again.", id=id), json={"profile": id})


def _excerpt(ask: Ask) -> tuple[Any, str]:
    """The part of the history that is asked for, and what of it cannot be read."""
    excerpt = application.history.Excerpt(
        profile=ask.text("profile") or None,
        limit=RUNS,
        everything=ask.text("all") == "yes",
        before=_number(ask.text("before")),
        look_at=LOOK_AT,
    )
    wrong = ""
    with suppress(ValueError):
        excerpt.kind = RunKind(ask.text("kind"))
    with suppress(ValueError):
        excerpt.status = RunStatus(ask.text("status"))
    try:
        excerpt.since, excerpt.until = _moment(ask, "since"), _moment(ask, "until")
    except UsageError as error:
        wrong = f"{error.message}: {error.hint}"
    return excerpt, wrong


def _moment(ask: Ask, name: str) -> datetime | None:
    text = ask.text(name).strip()[:40]
    return application.history.parse_moment(text, ask.site.now(), end=name == "until") if text else None


def _number(text: str) -> str | None:
    return text if text.isascii() and text.isdecimal() and len(text) < 16 else None


def _saved(plans: Any, states: list[ProfileState]) -> list[KeptPlan]:
    """Those that nobody has applied, and no later run of the profile has overtaken."""
    last = {state.id: int(state.last.id) for state in states if state.last and state.last.kind is RunKind.RUN}
    open = (
        plan for plan in plans if plan.used is None and not plan.reasons and int(plan.id) > last.get(plan.profile, 0)
    )
    return list(islice(open, SAVED))


def _run(ask: Ask) -> RunRecord:
    try:
        return ask.store.run(ask.path["run"])
    except UsageError:
        raise NotFound(ask.language("There is no such run, or it was kept long enough.")) from None


def _why_not_undo(ask: Ask, record: RunRecord) -> str:
    speak = ask.language
    if record.undone_by:
        return speak("It is undone already, by run %(run)s.", run=record.undone_by)
    if not ask.may(Role.RELEASER):
        return speak("Your role looks at runs; releasers undo them.")
    if record.report.status not in (RunStatus.DONE, RunStatus.PARTIAL):
        return speak("It changed nothing.")
    return ""


def _record(record: RunRecord) -> dict[str, Any]:
    """Names and values of contacts stand with the run alone, for those who may see them."""
    shown = application.views.run_record(record)
    return shown | {"problems": len(record.report.problems)}


PAGES: tuple[Any, ...] = (
    Page("/runs", Role.EDITOR, show),
    Page("/runs/{run}", Role.EDITOR, show_run),
    Page("/runs/{run}/undo", Role.RELEASER, preview_undo),
    Action("/runs/{run}/undo", Role.RELEASER, undo),
    Action("/profiles/{profile}/run", Role.RELEASER, run_now),
    Action("/profiles/{profile}/resume", Role.RELEASER, resume),
)
