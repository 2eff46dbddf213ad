"""Text as people see it: characters are graphemes, comparison goes without case, and only white space is blank."""

from __future__ import annotations

import unicodedata
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Literal

from pbx_rules.runtime.limits import SHORT

if TYPE_CHECKING:
    import regex

_MOST_MARKS = 30
_FIRST_MARK = "\u0300"
"""What lies before is in one piece."""
_JOINER = "\N{COMBINING GRAPHEME JOINER}"
"""Shows nothing, and no mark moves across it."""


@cache
def _grapheme() -> regex.Pattern[str]:
    """Of flags in a row, each match of any grapheme would look back to where the row begins."""
    import regex  # most texts do without

    return regex.compile(r"[\U0001F1E6-\U0001F1FF]{2}[\p{GCB=Extend}\p{GCB=ZWJ}\p{GCB=SpacingMark}]*+|\X")


@cache
def _many_marks() -> regex.Pattern[str]:
    import regex

    return regex.compile(r"\p{M}{31,}+")


def text_or_blank(text: str) -> str | None:
    return None if not text or text.isspace() else text


def fold(text: str) -> str:
    """Equal for texts that differ only in case, or in how an accented character is put together."""
    if text.isascii():
        return text.lower()
    return normalized("NFC", normalized("NFC", text).casefold())


def composed(text: str) -> str:
    """Each accented character in one piece where there is one, as every text is once it is in the language."""
    return text if text.isascii() or max(text) < _FIRST_MARK else normalized("NFC", text)


def normalized(form: Literal["NFC", "NFD", "NFKD"], text: str) -> str:
    """Of more than thirty marks on one letter only as many are put in order at a time, as Unicode's stream-safe form
    has it: the time to order them grows with the square of their number."""
    if len(text) > SHORT and not text.isascii():
        text = _many_marks().sub(_divided, text)
    return unicodedata.normalize(form, text)


def _divided(marks: regex.Match[str]) -> str:
    run = marks[0]
    return _JOINER.join(run[at : at + _MOST_MARKS] for at in range(0, len(run), _MOST_MARKS))


def is_simple(text: str) -> bool:
    """Whether each code point is a character of its own, so that slicing cannot split one."""
    return text.isascii() and "\r" not in text


def characters(text: str) -> list[str]:
    return list(text) if is_simple(text) else _grapheme().findall(text)


def length(text: str) -> int:
    return len(text) if is_simple(text) else sum(1 for _ in _grapheme().finditer(text))


def cut(text: str, count: int) -> str:
    """The first `count` characters."""
    if len(text) <= count:
        return text
    if is_simple(text):
        return text[:count]
    return text[: end_of(text, count)]


def end_of(text: str, count: int) -> int:
    """Where the first `count` characters end."""
    if count <= 0 or is_simple(text):
        return min(max(0, count), len(text))
    last = next(islice(_grapheme().finditer(text), count - 1, None), None)
    return last.end() if last else len(text)
