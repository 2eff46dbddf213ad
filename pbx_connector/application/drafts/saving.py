"""A draft's file: opened, and replaced if it is still what the draft was begun with; nothing outside its folder."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import ParamSpec, TypeVar

from pydantic import TypeAdapter, ValidationError

from pbx_connector import files
from pbx_connector.application import templates
from pbx_connector.application.drafts.merging import Merged, merge, unresolved
from pbx_connector.application.installation import FileChange, Installation
from pbx_connector.application.profile_folder import ENDINGS
from pbx_connector.application.replacing import rewrite
from pbx_connector.errors import PublishedMeanwhile, UsageError
from pbx_connector.machine import machine_error
from pbx_connector.profile import ProfileId, read_profile
from pbx_connector.profile.text import MAX_BYTES

P = ParamSpec("P")
Value = TypeVar("Value")

TRIES = 5
"""How often one saves while others publish."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A profile's file as it was when somebody began to edit it."""

    file: Path
    text: str
    """With its byte-order mark, if it has one. Whatever somebody has typed into the file is in it, so it is for those
    alone who may edit the profile."""

    @property
    def digest(self) -> str:
        """Tells whether the file is still the same."""
        return digest(self.text)


@dataclass(frozen=True, slots=True)
class Saved:
    draft: Draft
    """As the file is now."""


@dataclass(frozen=True, slots=True)
class ChangedMeanwhile:
    """The file is not what the draft was begun with: nothing was written."""

    base: str
    theirs: str
    """What the file says now; blank if it is gone."""
    mine: str
    merged: Merged
    gone: bool = False
    """Whether the file is not there any more."""


def digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def profile_path(installation: Installation, name: str, *, new: bool = False) -> Path:
    """The file of that name in the profiles folder, there or not. Raises `UsageError` for a name that leads elsewhere,
    or to something that is no file, and for a new file also for one that is no good id."""
    folder = installation.profiles_folder
    if name != Path(name).name or name.startswith(".") or not name.endswith(ENDINGS) or files.fault_of_name(name):
        raise _no_name(name)
    if new:
        _check_id(name)
    path = folder / name
    _check_place(path, folder)
    return path


def _check_id(name: str) -> None:
    stem = next(name.removesuffix(ending) for ending in ENDINGS if name.endswith(ending))
    try:
        TypeAdapter(ProfileId).validate_python(stem)
    except ValidationError:
        raise _no_name(name) from None


def open_draft(installation: Installation, name: str) -> Draft:
    """Raises `UsageError`, and `ProfileError` for a file that cannot be read as text."""
    path = profile_path(installation, name)
    return Draft(path, read_profile(path, keep_mark=True))


def _repeated(function: Callable[P, Value]) -> Callable[P, Value]:
    """Once more if another version was published in the meantime, with what that one says."""

    @wraps(function)
    def repeated(*arguments: P.args, **named: P.kwargs) -> Value:
        for _ in range(TRIES - 1):
            with suppress(PublishedMeanwhile):
                return function(*arguments, **named)
        return function(*arguments, **named)

    return repeated


@_repeated
def save(
    installation: Installation, name: str, text: str, based_on: str | None, *, by: str = ""
) -> Saved | ChangedMeanwhile:
    """Replace the file if it still has the text `based_on`, or write it if there is none and None was expected; one
    with mistakes is written, too, but not published. `by` is the user who does it, where that is noted.

    Raises `UsageError`, also for a merge whose conflicts are left, and `ProfileError`; nothing has changed then.
    """
    path = profile_path(installation, name, new=based_on is None)
    _check_text(text)
    with _changing(installation, by, f"{name} changed in the pages") as change:
        theirs = change.text(name)
        if theirs not in (based_on, text):
            return _meanwhile(based_on, theirs, text)
        if theirs != text:
            change.write(name, text)
    return Saved(Draft(path, text))


@_repeated
def create(installation: Installation, name: str, text: str, *, by: str = "") -> Draft:
    """A new file. Raises `UsageError`, also for one that came there meanwhile, and `ProfileError`."""
    path = profile_path(installation, name, new=True)
    with _changing(installation, by, f"{name} made in the pages") as change:
        change.create(name, text)
    return Draft(path, text)


@_repeated
def delete(installation: Installation, name: str, based_on: str, *, by: str = "") -> ChangedMeanwhile | None:
    """Take the file out of the folder; the entries that its runs made stay until `profiles remove`.

    Raises `UsageError`.
    """
    profile_path(installation, name)
    with _changing(installation, by, f"{name} deleted in the pages") as change:
        theirs = change.text(name)
        if theirs != based_on:
            return _meanwhile(based_on, theirs, based_on)
        change.remove(name)
    return None


@_repeated
def rename(
    installation: Installation, name: str, new: str, based_on: str, text: str | None = None, *, by: str = ""
) -> Saved | ChangedMeanwhile:
    """Give the file another name, and another `text`, too, if one is given. A profile without `id:` is another one
    then: `profiles.adopt` hands its entries over.

    Raises `UsageError`, also for a name that another file has.
    """
    profile_path(installation, name)
    target = profile_path(installation, new, new=True)
    with _changing(installation, by, f"{name} renamed to {new} in the pages") as change:
        theirs = change.text(name)
        if theirs != based_on:
            return _meanwhile(based_on, theirs, based_on)
        if text is not None and text != based_on:
            change.write(name, text)
        change.rename(name, new)
    return Saved(Draft(target, text if text is not None else based_on))


def _changing(installation: Installation, by: str, note: str) -> AbstractContextManager[FileChange]:
    if installation.versions is not None:
        return installation.versions.changing(by, note)
    return _in_folder(installation.profiles_folder)


def _meanwhile(base: str | None, theirs: str | None, mine: str) -> ChangedMeanwhile:
    merged = merge(base or "", mine, theirs or "")
    return ChangedMeanwhile(base or "", theirs or "", mine, merged, theirs is None)


def _no_name(name: str) -> UsageError:
    hint = "letters, digits, dots, hyphens and underscores, and .yaml at the end"
    return UsageError(f"{files.shown(name[:200])!r} cannot be the name of a profile's file", hint=hint)


def _check_place(path: Path, folder: Path) -> None:
    """Raises `UsageError` for a link that leads out of the folder, and for what is no file."""
    try:
        mode = path.lstat().st_mode
        resolved = path.resolve(strict=True)
        mode = resolved.stat().st_mode
    except FileNotFoundError:
        if path.is_symlink():
            raise UsageError(f"{path.name} is a link to a file that is not there") from None
        return
    except (OSError, RuntimeError) as error:
        raise UsageError(f"{path.name} cannot be looked at: {error}") from None
    if resolved.parent != folder.resolve():
        raise UsageError(f"{path.name} is a link out of the profiles folder", hint="edit the file that it leads to")
    if kind := files.special(mode):
        raise UsageError(f"{path.name} is {kind}, not a file")


def _check_text(text: str) -> None:
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise UsageError("the text has characters that are no text", hint="delete them") from None
    if line := unresolved(text):
        raise UsageError(f"line {line}: a conflict is not resolved", hint="keep one of the versions, without the marks")
    if size > MAX_BYTES:
        raise UsageError(f"the profile is larger than {MAX_BYTES // 1_000_000} MB", hint="divide it")


@contextmanager
def _in_folder(folder: Path) -> Iterator[FileChange]:
    """Of all who save drafts in this folder, in other processes as well, one at a time."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield _FolderChange(folder)
    finally:
        os.close(descriptor)


@dataclass(frozen=True, slots=True)
class _FolderChange:
    """See `FileChange`; each is made at once."""

    folder: Path

    def text(self, name: str) -> str | None:
        path = self.folder / name
        return read_profile(path, keep_mark=True) if path.exists() else None

    def write(self, name: str, text: str) -> None:
        rewrite(self.folder / name, text)

    def create(self, name: str, text: str) -> None:
        templates.write_new(self.folder / name, text)

    def remove(self, name: str) -> None:
        _unlink(self.folder / name)

    def rename(self, name: str, new: str) -> None:
        templates.check_target(self.folder / new)
        _rename(self.folder / name, self.folder / new)


def _unlink(path: Path) -> None:
    try:
        path.unlink()
    except OSError as error:
        raise machine_error(error) or UsageError(f"{path} cannot be removed: {error.strerror}") from None


def _rename(path: Path, target: Path) -> None:
    try:
        path.rename(target)
    except OSError as error:
        raise machine_error(error) or UsageError(f"{path} cannot be renamed: {error.strerror}") from None
