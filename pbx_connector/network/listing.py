"""Lists that a server tells page by page have an end, whatever it says."""

from __future__ import annotations

import threading
from collections.abc import Collection

_IDLE = 3
_SPARE_PAGES = 20


class EndlessList(Exception):
    """The server goes on with a list that should have ended. Its text carries nothing of the answer."""


class Allowance:
    """How much of something there may be in a whole run; safe for threads."""

    def __init__(self, most: int, what: str) -> None:
        self._left = most
        self._what = what
        self._lock = threading.Lock()

    def take(self, count: int) -> None:
        """Raises `EndlessList` once all is used up."""
        with self._lock:
            self._left -= count
            if self._left < 0:
                raise EndlessList(f"more {self._what} than there can be")


class ListLimit:
    """Ends one list: each page must bring something new, and all of them not many more items than were announced.

    `announced`: what the first page says of the whole list. `page`: items asked for at a time; a server that gives a
    tenth of that is put up with. `most`: items that no list has more of, whatever is announced.
    """

    def __init__(self, announced: int, page: int, most: int) -> None:
        self._items = min(2 * announced + page, most)
        self._pages = self._items // max(1, page // 10) + _SPARE_PAGES
        self._idle = 0
        self._seen: set[int] = set()

    def page(self, fresh: Collection[str]) -> None:
        """`fresh`: the keys of a page that its neighbour did not have. Raises `EndlessList`."""
        self._items -= len(fresh)
        self._pages -= 1
        if self._items < 0 or self._pages < 0:
            raise EndlessList("the list is far longer than the server announced")
        self._note(hash(frozenset(fresh)), anything=bool(fresh))

    def _note(self, content: int, *, anything: bool) -> None:
        """An item that moves while a list is told may come twice, but not page after page."""
        self._idle += not anything or content in self._seen
        self._seen.add(content)
        if self._idle > _IDLE:
            raise EndlessList("the list repeats itself")
