"""Text as phones can take it: on one line, of characters that XML has, cut where a reader would cut it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

_BREAKS = re.compile(r"\s*[\x00-\x1f\x7f-\x9f\u2028\u2029]+[\s\x00-\x1f\x7f-\x9f]*")
_NONE = re.compile("[\ufffe\uffff]")
_UNKNOWN = "\N{REPLACEMENT CHARACTER}"


def one_line(text: str) -> str:
    """Line breaks, tabs and control characters are a blank; what is no character is a question mark in a square."""
    if text.isprintable():
        return text.strip()
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return _BREAKS.sub(" ", _NONE.sub(_UNKNOWN, whole)).strip()


class Unit(StrEnum):
    """What a length is counted in."""

    CHARACTERS = "characters"
    """Code points, as phones count them."""
    BYTES = "bytes"
    """Of UTF-8."""


@dataclass(frozen=True, slots=True)
class Limit:
    """The longest text that a phone takes."""

    most: int
    unit: Unit = Unit.CHARACTERS

    def cut(self, text: str, ending: str = "") -> str:
        """Cut before `ending`, which stays, and never within what is read as one character."""
        if self._length(text) + self._length(ending) <= self.most:
            return text + ending
        begin, room = "", self.most - self._length(ending)
        if room <= 0:
            return self.cut(text)
        for piece in _characters(text):
            room -= self._length(piece)
            if room < 0:
                break
            begin += piece
        return (begin or self._forced(text, ending)).rstrip() + ending

    def _length(self, text: str) -> int:
        return len(text) if self.unit is Unit.CHARACTERS or text.isascii() else len(text.encode())

    def _forced(self, text: str, ending: str) -> str:
        """One letter under so many accents that it does not fit: without some of them it is still a name."""
        room = self.most - self._length(ending)
        return text[:room] if self.unit is Unit.CHARACTERS else text.encode()[:room].decode(errors="ignore")


def _characters(text: str) -> Iterator[str]:
    import regex  # seldom needed, and slow to import

    return (found.group() for found in regex.finditer(r"\X", text))


def fitting(text: str, limit: Limit | None, ending: str = "") -> str:
    return limit.cut(text, ending) if limit else text + ending
