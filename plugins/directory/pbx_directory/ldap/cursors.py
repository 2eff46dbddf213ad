"""Searches that are read page by page: which entries there were when it began, so that no page has one twice."""

from __future__ import annotations

import secrets
import threading
from array import array
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from pbx_directory.ldap.messages import Search


class Crowded(Exception):
    """All open searches together have as many entries as the server keeps."""


class CursorBudget:
    """Entries in open searches of all connections."""

    def __init__(self, most: int) -> None:
        self._left = most
        self._lock = threading.Lock()

    def take(self, ids: int) -> None:
        """Raises `Crowded`."""
        with self._lock:
            if ids > self._left:
                raise Crowded
            self._left -= ids

    def give(self, ids: int) -> None:
        with self._lock:
            self._left += ids


@dataclass(frozen=True, slots=True)
class Cursor:
    search: Search
    ids: array[int]
    """In the order of the answer. Negative: a folder."""


class Cursors:
    """The open searches of one connection, the one that rested longest first."""

    def __init__(self, most: int, budget: CursorBudget) -> None:
        self._most = most
        self._budget = budget
        self._open: OrderedDict[str, Cursor] = OrderedDict()
        self._lock = threading.Lock()
        self._is_ended = False

    def open(self, search: Search, ids: Sequence[int]) -> tuple[str, Cursor]:
        """Its name, and the cursor. Raises `Crowded`."""
        cursor = Cursor(search, array("q", ids))
        with self._lock:
            if self._is_ended:
                raise Crowded
            while len(self._open) >= self._most:
                self._drop(next(iter(self._open)))
            self._budget.take(len(cursor.ids))
            name = secrets.token_hex(8)
            self._open[name] = cursor
        return name, cursor

    def find(self, cookie: bytes, search: Search) -> tuple[str, Cursor, int]:
        """Name, cursor, and where to go on. Raises `LookupError` for a cookie that this search was not given."""
        name, _, place = cookie.decode("ascii", "replace").partition(".")
        with self._lock:
            cursor = self._open.get(name)
            if cursor is None or cursor.search != search or not place.isdecimal() or len(place) > 18:
                raise LookupError("no such page")
            self._open.move_to_end(name)
        return name, cursor, min(int(place), len(cursor.ids))

    def close(self, name: str) -> None:
        with self._lock:
            self._drop(name)

    def end(self) -> None:
        """All are closed, and none is opened any more: not by a search either that still goes on in a thread."""
        with self._lock:
            self._is_ended = True
            for name in list(self._open):
                self._drop(name)

    def _drop(self, name: str) -> None:
        cursor = self._open.pop(name, None)
        if cursor is not None:
            self._budget.give(len(cursor.ids))
