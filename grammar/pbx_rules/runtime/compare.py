"""Comparison: never blank, without case, and on a list true when it holds for any element."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from pbx_rules.runtime.coercion import as_text, read_date, read_number
from pbx_rules.runtime.text import fold
from pbx_rules.values import Value

Test = Callable[[Value, Value], bool]


def equals(left: Value, right: Value) -> bool:
    """By text, so that the number 10 is "10"; a list on the left holds if any of its elements does."""
    if left is None or right is None:
        return False
    return one_of(left, frozenset((fold(as_text(right) or ""),)))


def one_of(left: Value, folded: frozenset[str]) -> bool:
    """Whether a value, or any element of a list, is among texts that `fold` has made."""
    if left is None:
        return False
    if isinstance(left, tuple):
        return any(one_of(element, folded) for element in left)
    return fold(as_text(left) or "") in folded


def contains(left: Value, right: Value) -> bool:
    return _by_text(left, right, lambda text, sought: sought in text)


def starts_with(left: Value, right: Value) -> bool:
    return _by_text(left, right, str.startswith)


def ends_with(left: Value, right: Value) -> bool:
    return _by_text(left, right, str.endswith)


def _by_text(left: Value, right: Value, test: Callable[[str, str], bool]) -> bool:
    if left is None or right is None or right == "":
        return False
    sought = fold(as_text(right) or "")
    elements = left if isinstance(left, tuple) else (left,)
    return any(test(fold(as_text(element) or ""), sought) for element in elements)


def matches(left: Value, pattern: Any) -> bool:
    """`pattern` is compiled."""
    if left is None:
        return False
    elements = left if isinstance(left, tuple) else (left,)
    return any(pattern.search(as_text(element) or "") is not None for element in elements)


def less(left: Value, right: Value) -> bool:
    return _by_order(left, right, lambda a, b: a < b)


def less_or_equal(left: Value, right: Value) -> bool:
    return _by_order(left, right, lambda a, b: a <= b)


def more(left: Value, right: Value) -> bool:
    return _by_order(left, right, lambda a, b: a > b)


def more_or_equal(left: Value, right: Value) -> bool:
    return _by_order(left, right, lambda a, b: a >= b)


def _by_order(left: Value, right: Value, test: Callable[[Any, Any], bool]) -> bool:
    """Numbers with numbers and dates with dates; anything else has no order. A text, of a field whose type nobody has
    told, is read as what it is compared with."""
    if isinstance(left, tuple):
        return any(_by_order(element, right, test) for element in left)
    left, right = _read_beside(left, right), _read_beside(right, left)
    for kind in (Decimal, date):
        if isinstance(left, kind) and isinstance(right, kind):
            return test(left, right)
    return False


def _read_beside(value: Value, other: Value) -> Value:
    if not isinstance(value, str):
        return value
    if isinstance(other, Decimal):
        return read_number(value)
    return read_date(value) if isinstance(other, date) else value


TESTS: dict[str, Callable[..., bool]] = {
    "is": equals,
    "contains": contains,
    "starts with": starts_with,
    "ends with": ends_with,
    "<": less,
    "<=": less_or_equal,
    ">": more,
    ">=": more_or_equal,
}
"""By the operator's positive form, `matches` aside; the negative forms are their opposites."""
