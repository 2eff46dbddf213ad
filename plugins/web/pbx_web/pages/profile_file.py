"""A profile's file gets another name, is copied or deleted, and what that means for the entries of its runs is said."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pbx_connector.api import ConnectorError, ProfileState, UsageError, application
from pbx_web.asking import Ask
from pbx_web.drafting import names
from pbx_web.drafting.carried import packed, unpacked
from pbx_web.drafting.folder import file_of
from pbx_web.page import Action, Done, Page, Shown
from pbx_web.permissions import Role

drafts = application.drafts
AuditAction = application.audit.AuditAction


@dataclass(frozen=True, slots=True)
class _File:
    """The file of a profile, and who owns the entries of its runs."""

    path: Path
    text: str
    id: str
    has_id: bool
    """Whether it names its id itself."""
    title: str
    state: ProfileState | None
    """What the phone book knows of it; None for nothing, or while that is unreachable."""


def show(ask: Ask) -> Shown:
    return _shown(ask, _file(ask))


def rename(ask: Ask) -> Shown | Done:
    """The id stays, and with it all entries: a file that has named none so far names it now."""
    file, based_on = _file(ask), unpacked(ask.text("packed-base"))
    stem, error = _new_name(ask, "name", file)
    if error:
        return _shown(ask, file, {"name": error}, 422)
    installation, name = ask.site.installation, file.path.name
    text = based_on if file.has_id else drafts.apply(based_on, [drafts.SetText(("id",), file.id)])
    outcome = drafts.rename(installation, name, f"{stem}.yaml", based_on, text, by=ask.known_user.name)
    if isinstance(outcome, drafts.ChangedMeanwhile):
        return _changed(ask)
    ask.note(AuditAction.PROFILE_SAVED, file.id, detail={"renamed": f"{name} → {stem}.yaml"})
    return Done(to=f"/profiles/{stem}", message=ask.language("The file is called %(file)s now.", file=f"{stem}.yaml"))


def copy(ask: Ask) -> Shown | Done:
    """A profile of its own: with another id, and without entries."""
    file = _file(ask)
    stem, error = _new_name(ask, "copy", file)
    if error:
        return _shown(ask, file, {"copy": error}, 422)
    title = ask.language("%(title)s (copy)", title=file.title)
    text = drafts.apply(file.text, [drafts.Remove(("id",)), drafts.SetText(("title",), title)])
    drafts.create(ask.site.installation, f"{stem}.yaml", text, by=ask.known_user.name)
    _keep(ask, drafts.profile_path(ask.site.installation, f"{stem}.yaml"))
    ask.note(AuditAction.PROFILE_CREATED, stem, detail={"copy of": file.id})
    return Done(to=f"/profiles/{stem}", message=ask.language("This is the copy. Give it a title of its own."))


def delete(ask: Ask) -> Shown | Done:
    """The entries stay, unless somebody who may change the phone book says otherwise."""
    file, based_on = _file(ask), unpacked(ask.text("packed-base"))
    if drafts.delete(ask.site.installation, file.path.name, based_on, by=ask.known_user.name) is not None:
        return _changed(ask)
    ask.note(AuditAction.PROFILE_REMOVED, file.id, detail={"file": file.path.name})
    message = ask.language("%(file)s is deleted.", file=file.path.name)
    if ask.text("entries") == "remove" and file.state is not None and ask.may(Role.RELEASER):
        removed = application.profiles.remove(ask.site.installation, ask.store, file.id)
        ask.note(AuditAction.ENTRY_CHANGED, file.id, detail={"removed": str(removed)})
        gone = ask.language.count("%(number)s entry is removed.", "%(number)s entries are removed.", removed)
        message = f"{message} {gone}"
    return Done(to="/", message=message, json={"deleted": file.path.name})


def _keep(ask: Ask, made: Path) -> None:
    """Whoever copies a profile has said that the copy is one of its own. With mistakes it is asked for later."""
    try:
        application.profiles.keep(ask.site.installation, ask.store, made)
    except ConnectorError:
        return


def _new_name(ask: Ask, field: str, file: _File) -> tuple[str, str]:
    """The name without its ending, or what is wrong with it."""
    stem = names.stem(ask.text(field)[:200])
    if stem is None:
        return "", ask.language("The name of a file has letters, digits, dots, hyphens and underscores, 100 at most.")
    if names.is_taken(stem, file.path.parent):
        return "", ask.language("%(file)s exists already.", file=f"{stem}.yaml")
    return stem, ""


def _file(ask: Ask) -> _File:
    path = file_of(ask)
    draft = drafts.open_draft(ask.site.installation, path.name)
    basic = {one.path: one.value for one in drafts.read_form(draft.text, ask.site.installation.plugins).basic}
    id = basic.get(("id",), "")
    title = basic.get(("title",), "") or path.name
    return _File(path, draft.text, id or path.stem, bool(id), title, _state(ask, id or path.stem))


def _state(ask: Ask, id: str) -> ProfileState | None:
    try:
        return next((state for state in ask.store.profiles() if state.id == id), None)
    except ConnectorError:
        return None


def _changed(ask: Ask) -> Shown:
    try:
        file = _file(ask)
    except ConnectorError as error:
        raise UsageError(error.message, hint=error.hint) from None
    words = ask.language("Somebody else has changed this file meanwhile: look at it, then decide anew.")
    return _shown(ask, file, {"": words}, 409)


def _shown(ask: Ask, file: _File, errors: dict[str, str] | None = None, status: int = 200) -> Shown:
    stem, folder = file.path.stem, file.path.parent
    values: dict[str, Any] = {
        "file": file,
        "base": packed(file.text),
        "entries": file.state.entries if file.state else 0,
        "errors": errors or {},
        "typed": {name: ask.text(name) for name in ("name", "copy")},
        "free": names.free(f"{stem}-copy"[:90], folder),
    }
    json = {"file": file.path.name, "profile": file.id, "entries": values["entries"], "errors": values["errors"]}
    return Shown(template="profile_file.html", values=values, json=json, status=status)


PAGES = (
    Page("/profiles/{profile}/file", Role.EDITOR, show),
    Action("/profiles/{profile}/rename", Role.EDITOR, rename, longest=2**22),
    Action("/profiles/{profile}/copy", Role.EDITOR, copy),
    Action("/profiles/{profile}/delete", Role.EDITOR, delete, longest=2**22),
)
