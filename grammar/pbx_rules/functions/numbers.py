"""Functions on numbers: only reading them from text, as the language has no arithmetic."""

from __future__ import annotations

import re
from decimal import Decimal

from pbx_rules.functions.registry import Example, Function, Parameter
from pbx_rules.runtime.coercion import read_number
from pbx_rules.runtime.limits import Cost
from pbx_rules.types import NUMBER


def _number(text: str, decimal: str) -> Decimal | None:
    """Blank unless the whole text is one number; groups of three may be divided by the other sign, a blank or '."""
    if len(text) > 100:
        return None
    groups = "." if decimal == "," else ","
    found = re.fullmatch(
        rf"\s*([+-]?)(\d{{1,3}}(?:([{groups}' \xa0])\d{{3}}(?:\3\d{{3}})*)?|\d+)(?:[{decimal}](\d+))?\s*",
        text,
        re.ASCII,
    )
    if not found:
        return None
    whole = re.sub(r"\D", "", found[2])
    return read_number(f"{found[1]}{whole}.{found[4] or 0}")


def _decimal(sign: str) -> str:
    if sign not in (",", "."):
        raise ValueError('decimal is "," or "."')
    return sign


FUNCTIONS = (
    Function(
        "number",
        "numbers",
        "The number that a text shows; blank if it shows anything else.",
        (
            Parameter("text"),
            Parameter("decimal", "text", "the sign before the fraction", ".", literal=True, prepare=_decimal),
        ),
        NUMBER,
        _number,
        cost=Cost(call=800, character=10, longest=100),
        examples=(
            Example('number("12.5")', "12.5"),
            Example('number("1.234,5", decimal: ",")', "1234.5"),
            Example('number("12 apples")', "blank"),
        ),
    ),
)
