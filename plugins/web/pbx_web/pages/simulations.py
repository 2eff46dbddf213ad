"""What a simulation came to: its records with filter and search, why each is as it is, and its plan."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from pbx_connector.api import Row, UsageError, application
from pbx_web import launching
from pbx_web.asking import Ask
from pbx_web.jobs import Job
from pbx_web.launching import Simulated, profile_of, simulated_of
from pbx_web.page import Action, Done, Forbidden, NotFound, Page, Shown
from pbx_web.permissions import Role
from pbx_web.personal import Viewer, viewer
from pbx_web.simulated import ASIDES, KINDS, PAGE, Item
from pbx_web.wording import words_for

SHOWN = ("", *KINDS, *ASIDES)


def show(ask: Ask) -> Shown:
    job, found = simulated_of(ask)
    see = viewer(ask)
    kind, text = ask.text("show"), ask.text("q")[:200]
    kind = kind if kind in SHOWN else ""
    items = found.records.page(show=kind, text=text, after=_number(ask.text("after")), personal=see.sees_all)
    more = items[-1].no if len(items) == PAGE else None
    values = {
        "job": job,
        "found": found,
        "lines": list(_lines(items, see)),
        "more": more,
        "kind": kind,
        "text": text,
        "tabs": _tabs(ask, found),
        "giving": found.records.giving(),
        "problems": see.problems(found.report.problems, found.report),
        "warnings": see.problems(found.report.warnings, found.report),
        "why_not_save": _why_not_save(ask, found),
        **words_for(ask, see),
    }
    return Shown(template="simulation.html", values=values, json=_json(job, found, items, more, see))


def explain(ask: Ask) -> Shown:
    """Each rule with what it read and gave, beside what the source said."""
    job, found = simulated_of(ask)
    see = viewer(ask)
    item = found.records.item(_number(ask.path["record"]))
    if item is None or _is_hidden(item, see):
        raise NotFound(ask.language("There is no such record, or it is not for your eyes."))
    steps = _steps(found, item)
    plain = application.views.plain
    values = {"job": job, "found": found, "item": item, "steps": steps, "plain": plain, **words_for(ask, see)}
    shown = _item_json(item, see) | _row_json(item) | {"steps": [application.views.step(one) for one in steps]}
    return Shown(template="record.html", values=values, json=shown)


def save(ask: Ask) -> Done:
    job, found = simulated_of(ask)
    plan = _saved(ask, found)
    return Done(to=f"/plans/{plan}", message=ask.language("The plan is saved."), json={"job": job.id, "plan": plan})


def run(ask: Ask) -> Done:
    """Saves the plan first: a run applies just this, or says that the source has something else by now."""
    _, found = simulated_of(ask)
    plan = _saved(ask, found)
    profile = profile_of(ask, found.loaded.profile.id)
    release = plan if found.reasons else None
    if release and ask.text("release") != "yes":
        raise UsageError(ask.language("A run would be refused: release it on the page of its plan."))
    request = application.runs.RunRequest(plan=None if release else plan, release=release)
    job = launching.run(ask, profile, request)
    return Done(to=f"/jobs/{job.id}", json={"job": job.id, "plan": plan})


def _saved(ask: Ask, found: Simulated) -> str:
    if why := _why_not_save(ask, found):
        raise Forbidden(why)
    if not found.saved:
        profile = found.loaded.profile.id
        kept = (found.summary, found.digest, found.reasons, found.records.changes())
        found.saved = ask.store.keep_plan(profile, *kept)
        ask.note(application.audit.AuditAction.PLAN_SAVED, profile, detail={"plan": found.saved})
    return found.saved


def _why_not_save(ask: Ask, found: Simulated) -> str:
    if not ask.may(Role.RELEASER):
        return ask.language("Your role simulates; releasers save and run plans.")
    if found.is_draft:
        return ask.language("This was a draft: save the profile first, then simulate it.")
    return ""


def _steps(found: Simulated, item: Item) -> list[Any]:
    if item.row is None or item.row.values is None:
        return []
    return list(found.loaded.rules.trace(Row(item.row.key, "", item.row.values)).steps)


def _tabs(ask: Ask, found: Simulated) -> list[tuple[str, str, int]]:
    speak = ask.language
    words = {
        "": speak("All"),
        "added": speak("Added"),
        "updated": speak("Changed"),
        "removed": speak("Removed"),
        "unchanged": speak("Unchanged"),
        "problem": speak("With a problem"),
        "skipped": speak("Skipped"),
    }
    return [(kind, words[kind], found.counts.get(kind or "all", 0)) for kind in SHOWN]


def _is_hidden(item: Item, see: Viewer) -> bool:
    return not see.sees_all and item.is_personal


def _lines(items: Sequence[Item], see: Viewer) -> Iterator[tuple[Item, int]]:
    """Each with how many it stands for: 0 for one that is shown; hidden ones of one kind in a row are one line."""

    def kind(item: Item) -> object:
        action = item.change.action if item.change else None
        return (action, item.aside, _whose(item)) if _is_hidden(item, see) else item.no

    for _, alike in groupby(items, key=kind):
        first, *others = alike
        yield first, 1 + len(others) if _is_hidden(first, see) else 0


def _whose(item: Item) -> str:
    return item.account or (item.row.book.account if item.row else None) or ""


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else 0


def _json(job: Job, found: Simulated, items: list[Item], more: int | None, see: Viewer) -> dict[str, Any]:
    said = application.views.report(found.report)
    said["problems"] = [application.views.problem(one) for one in see.problems(found.report.problems, found.report)]
    giving = [
        {"entry": one.entry, "profile": one.profile, "shown": one.shown, "shown_profile": one.shown_profile}
        for one in found.records.giving()
    ]
    return said | {
        "job": job.id,
        "draft": found.is_draft,
        "reasons": list(found.reasons),
        "plan": found.saved or None,
        "lines": dict(found.counts),
        "giving_way": giving,
        "records": [_item_json(item, see) for item in items],
        "next": more,
    }


def _item_json(item: Item, see: Viewer) -> dict[str, Any]:
    about = {"no": item.no, "aside": item.aside or None}
    if _is_hidden(item, see):
        action = str(item.change.action) if item.change else ""
        return about | application.views.hidden_changes(action, _whose(item), 1)
    change = application.views.change(item.change) if item.change else None
    return about | {"name": item.name, "book": item.book, "change": change, "skipped": _reason(item)}


def _reason(item: Item) -> str | None:
    return (item.row.reason or None) if item.row else None


def _row_json(item: Item) -> dict[str, Any]:
    row = item.row
    if row is None:
        return {"row": None, "problems": []}
    return {"row": row.values, "key": row.key, "problems": [application.views.problem(one) for one in row.problems]}


PAGES = (
    Page("/simulations/{job}", Role.EDITOR, show),
    Action("/simulations/{job}", Role.EDITOR, show),
    Page("/simulations/{job}/records/{record}", Role.EDITOR, explain),
    Action("/simulations/{job}/save", Role.RELEASER, save),
    Action("/simulations/{job}/run", Role.RELEASER, run),
)
