"""Begins a simulation: of a profile as its file says it, or of a draft that is not saved yet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pbx_connector.api import LoadedProfile, ProfileError, application
from pbx_web import launching
from pbx_web.asking import Ask
from pbx_web.drafting.folder import file_of
from pbx_web.jobs import JobKind
from pbx_web.page import Action, Done, Page, Shown
from pbx_web.permissions import Role

LONGEST = 4_000_000
"""Bytes of a form with a draft, escaped."""


def show(ask: Ask) -> Shown:
    file = file_of(ask)
    try:
        loaded = application.profiles.load_whole(ask.site.installation, file)
    except ProfileError as error:
        return _broken(ask, error)
    return _shown(ask, loaded)


def begin(ask: Ask) -> Done | Shown:
    """With a `text` in the form, of that: paths in it count from the profiles folder, and its plan is compared with
    the entries of the profile that it is a draft of."""
    file = file_of(ask)
    draft = ask.text("text") if "text" in ask.form else None
    try:
        loaded, is_draft = _loaded(ask, file, draft)
    except ProfileError as error:
        return _broken(ask, error)
    job = launching.simulate(ask, loaded, full=ask.text("quick") != "yes", is_draft=is_draft)
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


def _broken(ask: Ask, error: ProfileError) -> Shown:
    values: dict[str, Any] = {"profile": None, "address": ask.path["profile"], "jobs": [], "error": error}
    found = [application.views.diagnostic(one) for one in error.diagnostics]
    said = {"error": {"message": error.message, "hint": None}, "diagnostics": found}
    return Shown(template="simulate.html", values=values, json=said, status=422)


PAGES = (
    Page("/profiles/{profile}/simulate", Role.EDITOR, show),
    Action("/profiles/{profile}/simulate", Role.EDITOR, begin, longest=LONGEST),
)
