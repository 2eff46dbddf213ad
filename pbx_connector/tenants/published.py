"""The files of a tenant as they were published: read from a folder, kept as versions, laid out again on a worker."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from pbx_connector import files
from pbx_connector.errors import ConnectorError, MachineError, UsageError
from pbx_connector.machine import machine_error

MOST_FILES = 1_000
MOST_BYTES = 20_000_000
"""Of all files of a tenant together."""
LONGEST_PATH = 300
PROFILES = "profiles"
ENDINGS = (".yaml", ".yml")
"""Of a profile's file."""


class WrongTree(Exception):
    """A folder that cannot be published; `str` says why, for people."""

    def __init__(self, path: str, reason: str, hint: str = "") -> None:
        super().__init__(reason)
        self.path = path
        self.hint = hint


@dataclass(frozen=True)
class FileSet:
    """Contents by path, which is relative and has `/` in it."""

    contents: Mapping[str, bytes]

    @cached_property
    def digests(self) -> dict[str, str]:
        return {path: digest(content) for path, content in sorted(self.contents.items())}

    @property
    def digest(self) -> str:
        return digest_of(self.digests)


@dataclass(frozen=True, slots=True)
class FileChanges:
    """What differs between two versions; paths."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)


def changes(before: Mapping[str, str], after: Mapping[str, str]) -> FileChanges:
    """Of digests by path."""
    return FileChanges(
        tuple(sorted(after.keys() - before.keys())),
        tuple(sorted(path for path in after.keys() & before.keys() if after[path] != before[path])),
        tuple(sorted(before.keys() - after.keys())),
    )


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def digest_of(digests: Mapping[str, str]) -> str:
    lines = "".join(f"{path}\0{of}\n" for path, of in sorted(digests.items()))
    return digest(lines.encode())


def read_tree(folder: Path) -> FileSet:
    """All files below it, but hidden ones. Each is read once, so that what is checked is what is published.

    Raises `WrongTree` for links and all else that is no plain file, and for more than a tenant may have.
    """
    contents: dict[str, bytes] = {}
    room = MOST_BYTES
    for path in _plain_files(folder):
        relative = path.relative_to(folder).as_posix()
        try:
            contents[checked_path(relative)] = content = files.read_bytes(path, at_most=max(room, 1))
        except files.UnreadableFile as error:
            raise WrongTree(relative, f"the file cannot be read: {error}", error.hint) from None
        room -= len(content)
        if len(contents) > MOST_FILES or room < 0:
            limits = f"{MOST_FILES} files and {MOST_BYTES // 1_000_000} MB"
            raise WrongTree(relative, f"a tenant has no more than {limits}", "publish only what profiles need")
    return FileSet(contents)


def require_profile(tree: FileSet, hint: str = "") -> None:
    """Raises `WrongTree` without any, so that a folder that came out empty takes nothing away."""
    if not any(path.startswith(f"{PROFILES}/") and path.endswith(ENDINGS) for path in tree.contents):
        raise WrongTree(PROFILES, "there is no profile", f"put them into {PROFILES}/" + hint)


def checked_path(path: str) -> str:
    """Raises `WrongTree` for a path that could lead out of a folder, or that nobody can read."""
    parts = PurePosixPath(path).parts
    clean = parts and "/".join(parts) == path and not any(part in ("", ".", "..", "/") for part in parts)
    if not clean or "\\" in path or "\0" in path or len(path) > LONGEST_PATH:
        raise WrongTree(files.shown(path), "that cannot be the path of a published file", "rename it")
    for part in parts:
        if fault := files.fault_of_name(part):
            raise WrongTree(files.shown(path), fault, "rename it")
    if path.endswith(".secret"):
        raise WrongTree(
            path, "secrets are not published", "pbx-connector tenants secrets set keeps it, {vault: NAME} names it"
        )
    return path


def _plain_files(folder: Path) -> Iterator[Path]:
    """No link is followed: it could lead to what belongs to somebody else."""
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda one: one.name):
            if entry.name.startswith("."):
                continue
            if entry.is_symlink():
                raise WrongTree(entry.name, "it is a link", "publish the file itself")
            if entry.is_dir(follow_symlinks=False):
                yield from _plain_files(Path(entry.path))
            else:
                yield Path(entry.path)


class Layouts:
    """Published files in a private folder of this machine, a folder for each version that differs.

    Whole and read-only, or not there: several processes may lay out the same at once.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def lay_out(self, tenant: str, tree: FileSet) -> Path:
        """Where its files are. Raises `ConnectorError`."""
        target = self._folder / tenant / tree.digest
        try:
            self._make_private()
            if _is(target, tree.digest):
                return target
            _put(tree, target)
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

    def is_whole(self, laid_out: Path) -> bool:
        """Whether the files are as `lay_out` left them."""
        return _is(laid_out, laid_out.name)

    def forget(self, tenant: str) -> None:
        shutil.rmtree(self._folder / tenant, ignore_errors=True)

    def _make_private(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = self._folder.stat()
        if os.name == "posix" and (status.st_uid != os.geteuid() or status.st_mode & 0o022):
            raise UsageError(
                f"other users may change the folder {self._folder}",
                hint="it must be our own, and writable by nobody else: control: {cache: PATH}",
            )


def write_tree(tree: FileSet, folder: Path) -> None:
    """Read-only files in a folder that is there."""
    for path, content in tree.contents.items():
        file = folder / checked_path(path)
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400), "wb") as writable:
            writable.write(content)


def _is(folder: Path, digest: str) -> bool:
    """Whether it has the files with this digest, all of them and no others."""
    try:
        return read_tree(folder).digest == digest
    except (WrongTree, OSError):
        return False


def _put(tree: FileSet, target: Path) -> None:
    target.parent.mkdir(mode=0o700, exist_ok=True)
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
