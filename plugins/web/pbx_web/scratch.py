"""A folder for contacts that must not stay: for its owner's eyes alone, and gone with the process that made it."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

LARGE = Path("/var/tmp")  # noqa: S108 - what is made there is checked to be ours and nobody else's
"""Where there is room: `/tmp` may lie in memory."""


class Scratch:
    """Made when it is first asked for. What a killed process left goes at the next one's start."""

    def __init__(self, parent: Path | None = None) -> None:
        self._parent = parent or _default()
        self._mine: Path | None = None
        self._lock = -1
        """Held while this process lives: the system lets go of it, however the process ends."""

    def folder(self, name: str) -> Path:
        """A new folder of this name. Raises `OSError`."""
        if self._mine is None:
            self._begin()
        assert self._mine is not None  # noqa: S101 - begun above
        made = self._mine / name
        made.mkdir(mode=0o700)
        return made

    def drop(self, folder: Path) -> None:
        shutil.rmtree(folder, ignore_errors=True)

    def close(self) -> None:
        if self._mine is None:
            return
        self.drop(self._mine)
        os.close(self._lock)
        self._mine = None

    def _begin(self) -> None:
        parent = _private(self._parent)
        _sweep(parent)
        self._mine = Path(tempfile.mkdtemp(dir=parent))
        new = self._mine / "new"
        self._lock = os.open(new, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        new.rename(self._mine / "lock")  # nobody sees it before it is held


def _default() -> Path:
    told = os.environ.get("TMPDIR", "")
    base = Path(told) if told else LARGE if os.access(LARGE, os.W_OK) else Path(tempfile.gettempdir())
    return base / f"pbx-connector-web-{os.getuid()}"


def _private(parent: Path) -> Path:
    """The folder itself if it is ours and nobody else can look into it; or else a new one that nobody knew of."""
    with suppress(FileExistsError):
        parent.mkdir(mode=0o700)
    found = parent.lstat()
    if stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o077:
        return parent
    return Path(tempfile.mkdtemp(dir=parent.parent))


def _sweep(parent: Path) -> None:
    for left in parent.iterdir():
        with suppress(OSError):
            if _is_abandoned(left):
                shutil.rmtree(left, ignore_errors=True)


def _is_abandoned(folder: Path) -> bool:
    """Its process lives no more. One that is just beginning has no lock yet, and is left."""
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(lock)
    return True
