"""Patterns on RE2, whose time grows with the text and not with the pattern's cunning."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import re2

LONGEST_PATTERN = 1_000

# without this, pyre2 would silently fall back to the standard library's `re`, which can hang
re2.set_fallback_notification(re2.FALLBACK_EXCEPTION)


@lru_cache(maxsize=2_000)
def compile_pattern(source: str, ignore_case: bool) -> Any:
    """Raises ValueError, saying what is wrong with the pattern."""
    if len(source) > LONGEST_PATTERN:
        raise ValueError(f"it has {len(source)} characters, {LONGEST_PATTERN} are allowed")
    try:
        return re2.compile(source, re2.IGNORECASE if ignore_case else 0)
    except (re2.error, ValueError, OverflowError, NotImplementedError, IndexError) as error:
        raise ValueError(str(error)) from None
