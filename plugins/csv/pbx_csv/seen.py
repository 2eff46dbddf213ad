"""Which keys a list has had, in a temporary database, since a list may have more rows than memory holds."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from pbx_connector.api import MachineError


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error:
        raise MachineError(
            "the temporary folder of this machine cannot hold the list's keys", hint="make room, or set TMPDIR"
        ) from None


class SeenKeys:
    """Keys are kept as Python's own hashes, which nobody can foresee; two that are alike would be one in some 10**13
    lists of a million, and be told as a key that is there twice."""

    def __init__(self) -> None:
        with _translated():
            self._database = sqlite3.connect("", check_same_thread=False, isolation_level=None)
            self._database.execute("PRAGMA journal_mode = OFF")
            self._database.execute("PRAGMA cache_size = -65536")
            self._database.execute("CREATE TABLE seen (key INTEGER PRIMARY KEY, line INTEGER, version INTEGER)")
            self._database.execute("BEGIN")
        self._lock = threading.Lock()
        self.uncertain = 0
        """Lines whose key nobody can tell, and of which each may be a contact that seems to be absent."""

    def close(self) -> None:
        with self._lock:
            self._database.close()

    def note(self, rows: Sequence[tuple[str, int, str]]) -> dict[int, tuple[int, bool]]:
        """Key, line and version of rows. Returns those that were there before, by line: where, and whether at the same
        version."""
        hashed = sorted((hash(key), line, hash(version)) for key, line, version in rows)
        with self._lock, _translated():
            before = self._database.total_changes
            self._database.executemany("INSERT OR IGNORE INTO seen VALUES (?, ?, ?)", hashed)
            if self._database.total_changes - before == len(hashed):
                return {}
            return dict(self._twice(hashed))

    def _twice(self, hashed: Iterable[tuple[int, int, int]]) -> Iterator[tuple[int, tuple[int, bool]]]:
        for key, line, version in hashed:
            first, known = self._database.execute("SELECT line, version FROM seen WHERE key = ?", (key,)).fetchone()
            if first != line:
                yield line, (first, known == version)

    def absent(self, keys: Iterable[str]) -> list[str]:
        """Those that no line had; none while there are lines whose key nobody can tell."""
        if self.uncertain:
            return []
        with self._lock, _translated():
            return [key for key in keys if not self._has(hash(key))]

    def _has(self, key: int) -> bool:
        return self._database.execute("SELECT 1 FROM seen WHERE key = ?", (key,)).fetchone() is not None
