"""What the machine itself lacks: said as such, before a profile, a plugin or a server is blamed for it."""

from __future__ import annotations

import errno
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from pbx_connector.errors import MachineError


@dataclass(frozen=True, slots=True)
class _Lack:
    message: str
    hint: str


_MEMORY = _Lack("this machine has no memory left for it", "close other programs, or raise the memory limit of this one")
_THREADS = _Lack("this machine starts no more threads", "raise its limit: ulimit -u, TasksMax= or pids of a container")
_TEMPORARY = _Lack("this machine has no usable temporary folder", "set TMPDIR to a folder that may be written to")
_FILES = _Lack("this machine opens no more files", "raise its limit: ulimit -n, or LimitNOFILE= of the service")
_LACKING: Mapping[int, _Lack] = {
    errno.ENOSPC: _Lack("no space is left on this machine's disk", "make room, then run it again"),
    errno.EDQUOT: _Lack("the disk quota is used up on this machine", "make room, then run it again"),
    errno.EMFILE: _FILES,
    errno.ENFILE: _FILES,
    errno.ENOMEM: _MEMORY,
}


def machine_error(error: BaseException) -> MachineError | None:
    """What the machine lacked, if that is what is behind an error, however often libraries wrapped it."""
    for link in _chain(error):
        if isinstance(link, MachineError):
            return link
        if lack := _lack(link):
            return MachineError(lack.message, hint=lack.hint)
    return None


@contextmanager
def machine_first() -> Iterator[None]:
    """An error behind which the machine lacked something is raised as a `MachineError`, whoever else it names."""
    try:
        yield
    except Exception as error:
        lacking = machine_error(error)
        if lacking is None or lacking is error:
            raise
        raise lacking from error


def _chain(error: BaseException) -> Iterator[BaseException]:
    link: BaseException | None = error
    seen: set[int] = set()
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        link = next((inner for inner in _inner(link) if isinstance(inner, BaseException)), None)


def _inner(error: BaseException) -> Iterator[object]:
    """What it came from; some libraries carry it as their `reason` or first argument."""
    yield from (error.__cause__, error.__context__, getattr(error, "reason", None), *error.args[:1])


def _lack(error: BaseException) -> _Lack | None:
    if isinstance(error, MemoryError):
        return _MEMORY
    if isinstance(error, RuntimeError) and str(error).startswith("can't start new thread"):
        return _THREADS
    if isinstance(error, FileNotFoundError) and "usable temporary directory" in str(error):
        return _TEMPORARY
    return _LACKING.get(error.errno or 0) if isinstance(error, OSError) else None
