"""Published files in a private folder of this machine, a folder for each version that differs.

Each is whole and read-only, or not there: several processes may lay out the same at once. A folder's time is when its
version was used last. Those that do not count any more go when nobody has used them for days.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

from pbx_connector.errors import ConnectorError, MachineError, UsageError
from pbx_connector.machine import machine_error
from pbx_connector.tenants.published import FileSet, WrongTree, read_tree, write_tree

UNUSED = timedelta(days=7)
"""Longer than any run may take."""
PRUNE_EVERY = timedelta(days=1)


class Layouts:
    """For several threads and processes at once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def lay_out(self, tenant: str, tree: FileSet) -> Path:
        """Where its files are. Raises `ConnectorError`."""
        target = self._folder / tenant / tree.digest
        try:
            self._make_private()
            target.parent.mkdir(mode=0o700, exist_ok=True)
            with _lock(target.parent, fcntl.LOCK_SH):
                if not _is(target, tree.digest):
                    _put(tree, target)
                os.utime(target)
        except WrongTree as wrong:
            raise ConnectorError(
                f"what is published for tenant {tenant} cannot be laid out: {wrong.path}: {wrong}",
                hint="somebody changed the control database: restore a backup, or publish the folder again",
            ) from None
        except OSError as error:
            raise _failed(self._folder, error) from None
        return target

    @property
    def empty(self) -> Path:
        """A folder that is not there, and that no tenant is called like."""
        return self._folder / ".empty"

    def use(self, laid_out: Path) -> bool:
        """Whether the files are as `lay_out` left them; if so they stay, for longer than a run may take."""
        with suppress(OSError), _lock(laid_out.parent, fcntl.LOCK_SH):
            if _is(laid_out, laid_out.name):
                os.utime(laid_out)
                return True
        return False

    def forget(self, tenant: str) -> None:
        shutil.rmtree(self._folder / tenant, ignore_errors=True)

    def is_prune_due(self) -> bool:
        """Once a day for all processes that share the folder; whoever is told so is to do it."""
        mark = self._folder / ".pruned"
        try:
            if not _is_older(mark, PRUNE_EVERY):
                return False
            mark.touch(mode=0o600)
        except FileNotFoundError:
            with suppress(OSError):
                mark.touch(mode=0o600)
        except OSError:
            return False
        return True

    def prune(self, counting: Collection[tuple[str, str]]) -> int:
        """Remove the versions that nobody has used for days and that do not count; how many there were. `counting`:
        tenants with the digest of what counts for each."""
        return sum(self._prune(tenant, counting) for tenant in _folders(self._folder))

    def _prune(self, tenant: Path, counting: Collection[tuple[str, str]]) -> int:
        def is_unused(version: Path) -> bool:
            return (tenant.name, version.name) not in counting and _is_older(version, UNUSED)

        going = [version for version in _folders(tenant) if is_unused(version)]
        with suppress(OSError):  # somebody is at it: another time
            if going:
                with _lock(tenant, fcntl.LOCK_EX | fcntl.LOCK_NB):
                    for version in filter(is_unused, going):  # nobody begins to use one any more
                        version.rename(tenant / f".old-{uuid4().hex}")
        left = [
            path for path in _folders(tenant, hidden=True) if path.name.startswith(".old-") or _is_older(path, UNUSED)
        ]
        for path in left:
            shutil.rmtree(path, ignore_errors=True)
        return len(left)

    def _make_private(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = self._folder.stat()
        if os.name == "posix" and (status.st_uid != os.geteuid() or status.st_mode & 0o022):
            raise UsageError(
                f"other users may change the folder {self._folder}",
                hint="it must be our own, and writable by nobody else: control: {cache: PATH}",
            )


@contextmanager
def _lock(tenant: Path, how: int) -> Iterator[None]:
    """Shared by those who use its versions, held alone by who takes one away. Raises `OSError`."""
    descriptor = os.open(tenant / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, how)
        yield
    finally:
        os.close(descriptor)


def _folders(of: Path, *, hidden: bool = False) -> list[Path]:
    try:
        with os.scandir(of) as entries:
            found = [Path(one.path) for one in entries if one.is_dir(follow_symlinks=False)]
    except OSError:
        return []
    return sorted(path for path in found if path.name.startswith(".") is hidden)


def _is_older(path: Path, than: timedelta) -> bool:
    """Raises `OSError`."""
    return time.time() - path.stat().st_mtime > than.total_seconds()


def _is(folder: Path, digest: str) -> bool:
    """Whether it has the files with this digest, all of them and no others."""
    try:
        return read_tree(folder).digest == digest
    except (WrongTree, OSError):
        return False


def _put(tree: FileSet, target: Path) -> None:
    with tempfile.TemporaryDirectory(prefix=".new-", dir=target.parent) as made:
        whole = Path(made) / "whole"
        whole.mkdir(mode=0o700)
        write_tree(tree, whole)
        try:
            whole.rename(target)
        except OSError:
            if _is(target, tree.digest):  # somebody else was faster
                return
            target.rename(Path(made) / "broken")
            whole.rename(target)


def _failed(folder: Path, error: OSError) -> Exception:
    return machine_error(error) or MachineError(
        f"published files cannot be laid out in {folder}: {error.strerror}",
        hint="name a folder that may be written to: control: {cache: PATH}",
    )
