"""Patterns on RE2, whose time grows with the text and not with the pattern's cunning.

It does grow with the length of the text times the size of the pattern, so both back ends pay for scanning: `Work.scan`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import re2

from pbx_rules.runtime import compare
from pbx_rules.runtime.limits import Work
from pbx_rules.values import Value

LONGEST_PATTERN = 1_000
_REPEATED = re.compile(r"\{(\d+)(?:,(\d*))?\}")

# without this, pyre2 would silently fall back to the standard library's `re`, which can hang
re2.set_fallback_notification(re2.FALLBACK_EXCEPTION)


class Pattern:
    """A compiled pattern and what it weighs: its repetitions, which RE2 writes out."""

    __slots__ = ("search", "split", "sub", "weight")

    def __init__(self, compiled: Any, source: str) -> None:
        self.search: Callable[[str], Any] = compiled.search
        self.split: Callable[[str], list[Any]] = compiled.split
        self.sub: Callable[[Callable[[Any], str], str], str] = compiled.sub
        counts = [int(found[2] or found[1]) for found in _REPEATED.finditer(source)]
        self.weight = 1 + max(sum(counts), min(math.prod(counts), 1_000) if counts else 0)


@lru_cache(maxsize=2_000)
def compile_pattern(source: str, ignore_case: bool) -> Pattern:
    """Raises ValueError, saying what is wrong with the pattern."""
    if len(source) > LONGEST_PATTERN:
        raise ValueError(f"it has {len(source)} characters, {LONGEST_PATTERN} are allowed")
    try:
        return Pattern(re2.compile(source, re2.IGNORECASE if ignore_case else 0), source)
    except (re2.error, ValueError, OverflowError, NotImplementedError, IndexError) as error:
        raise ValueError(str(error)) from None


def matches(work: Work, left: Value, pattern: Pattern) -> bool:
    """`compare.matches`, paid for."""
    work.scan(left, pattern.weight)
    return compare.matches(left, pattern)


def applied(work: Work, run: Callable[..., Any], pattern: Pattern, text: str, *others: Any) -> Any:
    """A function that takes a pattern, paid for."""
    work.scan(text, pattern.weight)
    return run(text, *others)
