"""Patterns on RE2, whose time grows with the text and not with the pattern's cunning.

It does grow with the length of the text times the size of the program that RE2 makes of the pattern, so both back ends
pay for scanning by that size: `Work.scan`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any

from pbx_rules.runtime import compare
from pbx_rules.runtime.limits import Work
from pbx_rules.values import Value

LONGEST_PATTERN = 1_000
SIZES = (1 << 14, 1 << 16, 1 << 18, 1 << 20)
"""Bytes that building a pattern may take, the last some 50 ms: `\\w{1,50}` is near it, as `\\w` is 800 instructions."""
_BYTES_A_WEIGHT = 1 << 10
"""Weighed so, a character costs half a microsecond for each unit of weight at worst, whatever the pattern."""
_COUNTED = re.compile(r"(\)?)\{([0-9]+)(?:,([0-9]*))?\}")
_SHORT, _FEW_GROUPS = 400, 40
_TO_RUN = 64
"""RE2 runs a pattern with so many times the memory that building it takes; with less it gives up its fast way."""


@cache
def _re2() -> Any:
    import re2

    # without this, pyre2 would silently fall back to the standard library's `re`, which can hang
    re2.set_fallback_notification(re2.FALLBACK_EXCEPTION)
    return re2


class TooLarge(ValueError):
    pass


class Pattern:
    """A compiled pattern; `size` is what it took to build it, in bytes."""

    __slots__ = ("search", "size", "split", "sub", "weight")

    def __init__(self, compiled: Any, size: int, weight: int) -> None:
        self.search: Callable[[str], Any] = compiled.search
        self.split: Callable[[str], list[Any]] = compiled.split
        self.sub: Callable[[Callable[[Any], str], str], str] = compiled.sub
        self.size = size
        self.weight = weight


@lru_cache(maxsize=2_000)
def compile_pattern(source: str, ignore_case: bool) -> Pattern:
    """Raises ValueError, saying what is wrong with the pattern."""
    if len(source) > LONGEST_PATTERN:
        raise ValueError(f"it has {len(source)} characters, {LONGEST_PATTERN} are allowed")
    flags = _re2().IGNORECASE if ignore_case else 0
    size = _size(source, flags)
    built: Any = _built(source, flags, _TO_RUN * size)
    return Pattern(built, size, max(size // _BYTES_A_WEIGHT, _weight_of_groups(source, built.groups)))


def _weight_of_groups(source: str, groups: int) -> int:
    """RE2 finds where groups begin and end by its fast ways only in patterns that are short once they are unrolled."""
    unrolled = _unrolled(source)
    return unrolled * (_FEW_GROUPS + groups) // _FEW_GROUPS if groups and unrolled > _SHORT else 0


def _unrolled(source: str) -> int:
    """Characters of a pattern that has no `{…}`; groups may be within each other, so their counts multiply."""
    length, times = len(source), 1
    for group, least, most in _COUNTED.findall(source):
        count = max(int(least), int(most or 0))
        length, times = (length, times * max(count, 1)) if group else (length + count, times)
    return length * times


def _size(source: str, flags: int) -> int:
    """The first of `SIZES` that suffices: RE2 tells a program's size in no other way."""
    if _built(source, flags, SIZES[-1]) is None:
        raise TooLarge("it is too large")
    return next(size for size in SIZES if _built(source, flags, size) is not None)


def _built(source: str, flags: int, memory: int) -> Any | None:
    """None if that memory does not suffice. Raises ValueError for what is no pattern."""
    re2 = _re2()
    re2.purge()  # its cache does not tell one limit from another
    try:
        return re2.compile(source, flags, memory)
    except (re2.error, ValueError, OverflowError, NotImplementedError, IndexError) as error:
        if "too large" in str(error):
            return None
        raise ValueError(str(error)) from None


def matches(work: Work, left: Value, pattern: Pattern) -> bool:
    """`compare.matches`, paid for."""
    work.scan(left, pattern.weight)
    return compare.matches(left, pattern)


def applied(work: Work, run: Callable[..., Any], pattern: Pattern, text: str, *others: Any) -> Any:
    """A function that takes a pattern, paid for."""
    work.scan(text, pattern.weight)
    return run(text, *others)
