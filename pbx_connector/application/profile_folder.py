"""The profiles folder: what is in it, as far as it can be used; a broken file leaves its last good state in effect.

`scan` is asked when the file system says that something changed, and every now and then because some never say so.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import itemgetter
from pathlib import Path
from typing import Protocol

from pbx_rules import Diagnostic

from pbx_connector import files
from pbx_connector.plugins import Plugins
from pbx_connector.profile import Profile, check_profile

ENDINGS = (".yaml", ".yml")

Stamp = tuple[int, int, int] | str
"""What differs when a file does; words for why it cannot even be looked at."""


@dataclass(frozen=True, slots=True)
class ProfileFile:
    """One file of the folder."""

    path: Path
    stamp: Stamp
    seen: datetime
    """When the file came here or was changed."""
    profile: Profile | None
    """As of the last time that it could be used; None if it never could."""
    broken: str = ""
    """What is wrong with the file as it is now."""

    @property
    def id(self) -> str:
        return self.profile.id if self.profile else self.path.stem


class ProfileFiles(Protocol):
    """Where profiles are: a folder, or what is published."""

    missing: str
    """Why they cannot be read; empty if they can."""

    @property
    def path(self) -> Path: ...

    @property
    def profiles(self) -> Mapping[str, ProfileFile]:
        """By profile id."""
        ...

    def files(self) -> list[ProfileFile]: ...

    def scan(self, stop: Callable[[], bool] = lambda: False) -> Iterator[Path]:
        """See `Folder.scan`."""
        ...


class Folder:
    """Not for several threads at once."""

    def __init__(self, path: Path, plugins: Plugins) -> None:
        self.path = path
        self._plugins = plugins
        self._files: dict[Path, ProfileFile] = {}
        self._owners: dict[str, Path] = {}
        """Which file has an id."""
        self.missing = ""
        """Why the folder cannot be read; all that was read before stays in effect."""

    @property
    def profiles(self) -> dict[str, ProfileFile]:
        """By profile id; of two files with one id, the one that had it first."""
        found: dict[str, ProfileFile] = {}
        for loaded in self._files.values():
            if loaded.id not in found or (loaded.profile and not found[loaded.id].profile):
                found[loaded.id] = loaded
        return found

    def files(self) -> list[ProfileFile]:
        return list(self._files.values())

    def scan(self, stop: Callable[[], bool] = lambda: False) -> Iterator[Path]:
        """Read what is new or has changed; yields the path of each file that differs now, removed ones too."""
        try:
            stamps = dict(sorted(self._stamps(), key=itemgetter(0)))
        except OSError as error:
            self.missing = f"{self.path} cannot be read: {error.strerror}"
            return
        self.missing = ""
        for path in [path for path in self._files if path not in stamps]:
            self._give_up_id(self._files.pop(path))
            yield path
        for path, stamp in stamps.items():
            known = self._files.get(path)
            if stop():
                return
            if known is None or known.stamp != stamp or known.broken:
                loaded = self._load(path, stamp, known)
                if loaded != known:
                    if known is not None:
                        self._give_up_id(known)
                    self._files[path] = loaded
                    if loaded.profile is not None:
                        self._owners.setdefault(loaded.id, path)
                    yield path

    def _stamps(self) -> Iterator[tuple[Path, Stamp]]:
        with os.scandir(self.path) as entries:
            for entry in entries:
                if entry.name.endswith(ENDINGS) and not entry.name.startswith("."):
                    stamp = files.fault_of_name(entry.name) or _stamp(entry)
                    if stamp is not None:
                        yield Path(files.shown(entry.path)), stamp

    def _load(self, path: Path, stamp: Stamp, known: ProfileFile | None) -> ProfileFile:
        last_good = known.profile if known else None
        if isinstance(stamp, str):
            return ProfileFile(path, stamp, known.seen if known else datetime.now(UTC), last_good, stamp)
        checked = check_profile(path, self._plugins)
        if checked.profile is None:
            return ProfileFile(path, stamp, seen_at(path), last_good, first_error(checked.diagnostics))
        owner = self._owners.get(checked.profile.id, path)
        if owner != path:
            broken = f"its id {checked.profile.id} is that of {owner.name} already"
            return ProfileFile(path, stamp, seen_at(path), None, broken)
        return ProfileFile(path, stamp, seen_at(path), checked.profile)

    def _give_up_id(self, file: ProfileFile) -> None:
        if self._owners.get(file.id) == file.path:
            del self._owners[file.id]


def first_error(found: Sequence[Diagnostic]) -> str:
    """In a line; `found` has one."""
    errors = [one for one in found if one.severity == "error"]
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return f"line {errors[0].span.line}: {errors[0].message}{more}"


def _stamp(entry: os.DirEntry[str]) -> Stamp | None:
    """None only if the file is not there any more: a drive that stumbles takes no profile out of service."""
    try:
        status = entry.stat()
    except FileNotFoundError:
        return "it is a link to a file that is not there" if entry.is_symlink() else None
    except OSError as error:
        return f"it cannot be looked at: {error.strerror}"
    if kind := files.special(status.st_mode):
        return f"it is {kind}, not a file"
    return status.st_mtime_ns, status.st_size, status.st_ino


def seen_at(path: Path) -> datetime:
    """A file that is copied here keeps its old time of change, but its inode has a new one."""
    try:
        status = path.stat()
    except OSError:
        return datetime.now(UTC)
    return datetime.fromtimestamp(max(status.st_mtime, status.st_ctime), UTC)
