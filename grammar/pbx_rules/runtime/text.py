"""Text as people see it: characters are graphemes, comparison goes without case, and only white space is blank."""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import regex


@cache
def _grapheme() -> regex.Pattern[str]:
    import regex  # most texts do without

    return regex.compile(r"\X")


def text_or_blank(text: str) -> str | None:
    return None if not text or text.isspace() else text


def fold(text: str) -> str:
    """Equal for texts that differ only in case, or in how an accented character is put together."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


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
    end = 0
    for number, found in enumerate(_grapheme().finditer(text)):
        if number >= count:
            return text[:end]
        end = found.end()
    return text
