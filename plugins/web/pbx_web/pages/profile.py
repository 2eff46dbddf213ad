"""A profile: one draft that travels in the form, edited by tabs or as a whole text, and saved when asked to."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from starlette.responses import Response

from pbx_connector.api import ConnectorError, ProfileError, UsageError, application
from pbx_web import launching
from pbx_web.asking import Ask
from pbx_web.drafting import samples
from pbx_web.drafting.carried import LARGEST, Carried, carried, tab_of
from pbx_web.drafting.connection import ConnectionTest, answer
from pbx_web.drafting.editing import Editing
from pbx_web.drafting.folder import file_of, file_to_write
from pbx_web.drafting.typed import said
from pbx_web.drafting.view import View, json_of, values_of
from pbx_web.page import Action, Done, Page, Shown
from pbx_web.permissions import Role

drafts = application.drafts
TEMPLATE = "profile.html"


def show(ask: Ask) -> Shown:
    file = file_of(ask)
    try:
        opened = drafts.open_draft(ask.site.installation, file.name)
    except ProfileError as error:
        return _unreadable(ask, file, error)
    if len(opened.text) > LARGEST:
        return _too_large(ask, file)
    draft = Carried(file, opened.text, opened.text, tab_of(ask.text("tab")), samples.of_record(ask))
    return _shown(View(Editing(ask, draft)))


def act(ask: Ask) -> Shown | Done | Response:
    editing = Editing(ask, carried(ask, file_to_write(ask)))
    view = View(editing)
    if len(editing.draft.text) > LARGEST:
        return _too_large(ask, editing.draft.file)
    editing.take_typed()
    if editing.errors:
        view.focus = next(iter(editing.errors))
        return _shown(view, 422)
    view.focus = editing.added
    what, _, argument = ask.text("do").partition(":")
    try:
        return _done(view, what, argument)
    except UsageError as error:
        view.problem = said(error)
        return _shown(view, 422)


def _done(view: View, what: str, argument: str) -> Shown | Done | Response:
    editing = view.editing
    match what:
        case "" | "apply":
            pass
        case "tab":
            editing.draft = replace(editing.draft, tab=tab_of(argument))
            view.focus = "tab"
        case "save" | "save-broken" | "save-simulate":
            return _saved(view, what)
        case "write-again":
            return _written_again(view)
        case "format":
            editing.set_text(application.profiles.formatted(editing.draft.text, Path(editing.draft.file.name)))
        case "test":
            return _tested(view)
        case "simulate":
            return _simulated(view)
        case "rows":
            view.offered = samples.offered(view.ask, view.usable)
        case "simulated":
            view.offered = samples.simulated(view.ask, view.id)
        case "row":
            editing.draft = replace(editing.draft, sample=argument)
        case _:
            view.focus = editing.carry_out(what, argument)
    return _shown(view)


def _saved(view: View, what: str) -> Shown | Done:
    """One with mistakes is written after somebody has said so: the service goes on with its last good state."""
    may_be = view.ask.site.operations.saves_mistakes
    if view.checked.failed and (what != "save-broken" or not may_be):
        view.confirm = may_be
        view.problem = "" if may_be else view.ask.language("Nothing is published while there are mistakes.")
        return _shown(view, 422)
    draft = view.editing.draft
    who = view.ask.known_user.name
    try:
        outcome = drafts.save(view.ask.site.installation, draft.file.name, draft.text, draft.base, by=who)
    except ProfileError as error:
        return _not_published(view, error)
    if isinstance(outcome, drafts.ChangedMeanwhile):
        return _changed_meanwhile(view, outcome)
    shown = _begun_anew(view)
    return _simulated_once_saved(view, shown) if what == "save-simulate" else shown


def _simulated_once_saved(view: View, shown: Shown) -> Shown | Done:
    """Without a simulation, if none can begin now: the profile is saved all the same, and the page says both."""
    try:
        job = launching.simulate(view.ask, view.usable_whole, full=True)
    except ConnectorError as error:
        view.problem = said(error)
        return _shown(view)
    return Done(to=f"/jobs/{job.id}", json={**shown.json, "job": job.id})


def _not_published(view: View, error: ProfileError) -> Shown:
    """Because of something that is not in this file alone."""
    found = [one.message for one in error.diagnostics if one.severity == "error"]
    view.problem = f"{error.message}: {'; '.join(found)}"
    return _shown(view, 422)


def _changed_meanwhile(view: View, found: application.drafts.ChangedMeanwhile) -> Shown:
    view.meanwhile = found
    if not found.gone:
        merged = Carried(view.editing.draft.file, found.merged.text, found.theirs, "source", view.editing.draft.sample)
        view.editing.draft = merged
        view.editing.set_text(merged.text)
    return _shown(view, 409)


def _written_again(view: View) -> Shown:
    """A file that somebody removed meanwhile."""
    draft = view.editing.draft
    who = view.ask.known_user.name
    try:
        drafts.create(view.ask.site.installation, draft.file.name, draft.text, by=who)
    except ProfileError as error:
        return _not_published(view, error)
    return _begun_anew(view)


def _begun_anew(view: View) -> Shown:
    draft = view.editing.draft
    detail = {"mistakes": str(len(view.errors))} if view.checked.failed else {}
    view.ask.note(application.audit.AuditAction.PROFILE_SAVED, view.id, detail=detail)
    view.editing.draft = replace(draft, base=draft.text)
    view.saved = True
    view.focus = "save"
    return _shown(view)


def _tested(view: View) -> Response:
    return answer(TEMPLATE, values_of(view), ConnectionTest(view.usable, view.ask))


def _simulated(view: View) -> Done:
    """What is typed, as it would be saved; nothing is."""
    loaded = view.usable_whole
    job = launching.simulate(view.ask, loaded, full=True, is_draft=view.editing.draft.changed)
    return Done(to=f"/jobs/{job.id}", json={"job": job.id})


def _shown(view: View, status: int = 200) -> Shown:
    return Shown(template=TEMPLATE, values=values_of(view), json=json_of(view), status=status)


def _unreadable(ask: Ask, file: Path, error: ProfileError) -> Shown:
    found = [application.views.diagnostic(one) for one in error.diagnostics]
    values = {"file": file.name, "diagnostics": error.diagnostics, "message": error.message}
    json = {"file": file.name, "error": {"message": error.message, "hint": None}, "diagnostics": found}
    return Shown(template="profile_unreadable.html", values=values, json=json, status=409)


def _too_large(ask: Ask, file: Path) -> Shown:
    message = ask.language("%(file)s is too large for these pages: edit it where it lies.", file=file.name)
    json = {"file": file.name, "error": {"message": message, "hint": None}, "diagnostics": []}
    values = {"file": file.name, "diagnostics": (), "message": message}
    return Shown(template="profile_unreadable.html", values=values, json=json, status=413)


PAGES = (
    Page("/profiles/{profile}", Role.EDITOR, show),
    Action("/profiles/{profile}", Role.EDITOR, act, longest=2**23),
)
