"""Begins a simulation: of a profile as its file says it, of a draft that is not saved yet, or for one entry."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pbx_connector.api import LoadedProfile, ProfileError, UsageError, application
from pbx_web import launching
from pbx_web.asking import Ask
from pbx_web.drafting.folder import file_of, find
from pbx_web.jobs import JobKind
from pbx_web.page import Action, Done, Forbidden, NotFound, Page, Shown
from pbx_web.pages.phone_book import visible_entry
from pbx_web.permissions import Role

LONGEST = 4_000_000
"""Bytes of a form with a draft, escaped."""


def show(ask: Ask) -> Shown:
    file = file_of(ask)
    try:
        loaded = application.profiles.load_whole(ask.site.installation, file)
    except ProfileError as error:
        return _broken(ask, error, ask.path["profile"])
    return _shown(ask, loaded)


def begin(ask: Ask) -> Done | Shown:
    """With a `text` in the form, of that: paths in it count from the profiles folder, and its plan is compared with
    the entries of the profile that it is a draft of."""
    file = file_of(ask)
    draft = ask.text("text") if "text" in ask.form else None
    try:
        loaded, is_draft = _loaded(ask, file, draft)
    except ProfileError as error:
        return _broken(ask, error, ask.path["profile"])
    job = launching.simulate(ask, loaded, full=ask.text("quick") != "yes", is_draft=is_draft)
    return Done(to=f"/jobs/{job.id}", json={"job": job.id})


def explain(ask: Ask) -> Done | Shown:
    """Why an entry is as it is: a simulation that leads to the trace of just this one."""
    try:
        entry = visible_entry(ask, ask.path["entry"])
    except UsageError:
        raise NotFound(ask.language("There is no such entry.")) from None
    if entry.origin is None:
        raise UsageError(ask.language("It was made by hand: no run changes it."))
    if entry.origin.book.account is not None and not ask.sees_personal:
        raise Forbidden(ask.language("It comes from a personal contact: what that says is for its owner."))
    profile = entry.origin.profile
    try:
        loaded = application.profiles.load_whole(ask.site.installation, find(ask, profile))
    except ProfileError as error:
        return _broken(ask, error, profile)
    if loaded.profile.id != profile:
        raise NotFound(ask.language("There is no such profile."))
    job = launching.simulate(ask, loaded, full=True, about=entry.id)
    return Done(to=f"/jobs/{job.id}", json={"job": job.id})


def _loaded(ask: Ask, file: Path, draft: str | None) -> tuple[LoadedProfile, bool]:
    """Raises `ProfileError`."""
    installation = ask.site.installation
    if draft is None:
        return application.profiles.load_whole(installation, file), False
    checked = application.profiles.check_text(installation, draft.replace("\r\n", "\n"), file)
    if checked.loaded is None:
        raise ProfileError(ask.language("The draft has mistakes."), checked.diagnostics, text=checked.text)
    saved = application.profiles.check(installation, file)
    return checked.loaded, saved.profile is None or saved.text != checked.text


def _shown(ask: Ask, loaded: LoadedProfile) -> Shown:
    profile = loaded.profile
    mine = ask.user.name if ask.user and not ask.may(Role.ADMIN) else None
    jobs = [job for job in ask.site.jobs.of(mine, profile.id) if job.kind is JobKind.SIMULATE]
    values = {"profile": profile, "address": ask.path["profile"], "jobs": jobs, "error": None}
    said = {"profile": profile.id, "jobs": [{"job": job.id, "state": str(job.state)} for job in jobs]}
    return Shown(template="simulate.html", values=values, json=said)


def _broken(ask: Ask, error: ProfileError, profile: str) -> Shown:
    values: dict[str, Any] = {"profile": None, "address": profile, "jobs": [], "error": error}
    found = [application.views.diagnostic(one) for one in error.diagnostics]
    said = {"error": {"message": error.message, "hint": None}, "diagnostics": found}
    return Shown(template="simulate.html", values=values, json=said, status=422)


PAGES = (
    Page("/profiles/{profile}/simulate", Role.EDITOR, show),
    Action("/profiles/{profile}/simulate", Role.EDITOR, begin, longest=LONGEST),
    Action("/phone-book/entries/{entry}/why", Role.EDITOR, explain, longest=20_000),
)
