"""How `automate`, `fmt` and `phonebook export` write a file that others read: the old one or the whole new one."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from pbx_connector.errors import UsageError
from pbx_connector.machine import machine_error


@contextmanager
def replacement(path: Path) -> Iterator[TextIO]:
    """To write what takes the place of `path` at the end; a link stays a link, owner and rights stay, and a new file is
    its owner's alone. Raises `OSError`; nothing has changed then, and nothing is left behind."""
    target = path.resolve()
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with open(descriptor, "w", encoding="utf-8", errors="backslashreplace", newline="") as stream:
            yield stream
            stream.flush()
            os.fsync(descriptor)  # else a power cut may leave an empty file under the old name
        if target.exists():
            _keep_owner(name, target.stat())
            os.chmod(name, target.stat().st_mode & 0o7777)
        os.replace(name, target)
    finally:
        Path(name).unlink(missing_ok=True)


def rewrite(path: Path, text: str) -> None:
    """Raises `UsageError`; nothing has changed then."""
    try:
        with replacement(path) as file:
            file.write(text)
    except OSError as error:
        raise machine_error(error) or UsageError(
            f"{path} cannot be written: {error.strerror}", hint="nothing was changed"
        ) from None


def _keep_owner(name: str, old: os.stat_result) -> None:
    new = os.stat(name)
    if (new.st_uid, new.st_gid) == (old.st_uid, old.st_gid):
        return
    try:
        os.chown(name, old.st_uid, old.st_gid)
    except PermissionError:
        # The service may be the owner or in the group; a file that it cannot read would be no gain.
        words = "its owner and group could not be kept; run this as its owner or as root"
        raise PermissionError(errno.EPERM, words) from None
