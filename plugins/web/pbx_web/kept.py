"""What somebody asked for, kept on the server for a while: so no address holds a name or a number."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from typing import TypeVar

Value = TypeVar("Value")

MOST = 1_000
"""So many are kept; the one that was asked for longest ago goes first."""


class Kept:
    """By a name that nobody can guess, for whoever put it there. For all threads."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._held: OrderedDict[str, tuple[str, object]] = OrderedDict()
        self._lock = threading.Lock()

    def put(self, owner: str, value: object) -> str:
        name = secrets.token_urlsafe(12)
        with self._lock:
            self._held[name] = (owner, value)
            while len(self._held) > self._most:
                self._held.popitem(last=False)
        return name

    def get(self, owner: str, name: str, kind: type[Value]) -> Value | None:
        """None if it is somebody else's, something else, or not kept any more."""
        with self._lock:
            held = self._held.get(name)
            if held is None or held[0] != owner or not isinstance(held[1], kind):
                return None
            self._held.move_to_end(name)
            return held[1]
