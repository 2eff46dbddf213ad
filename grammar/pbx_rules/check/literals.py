"""Values that are spelled out: literals as plain values, and patterns compiled."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from pbx_rules.check.scope import Scope
from pbx_rules.runtime.patterns import compile_pattern
from pbx_rules.runtime.reading import as_text, read_number
from pbx_rules.syntax import tree

Literal = tree.Text | tree.Number | tree.Truth


def plain(literal: Literal) -> str | Decimal | bool | None:
    """The literal's value; None for a number that is out of range."""
    return read_number(literal.value) if isinstance(literal, tree.Number) else literal.value


def text(literal: Literal) -> str:
    return as_text(plain(literal)) or ""


def pattern(node: tree.Pattern, scope: Scope) -> Any | None:
    """The compiled pattern; a bad one is reported at its first slash."""
    first = tree.At(node.at.start, node.at.start + 1)
    if node.flags.lower() not in ("", "i"):
        scope.complain("R0308", f"unknown flags `{node.flags}` of a pattern", first, hint="the only one is /…/i")
        return None
    try:
        return compile_pattern(node.source, ignore_case=bool(node.flags))
    except ValueError as error:
        hint = "look-ahead and back references do not exist here" if _is_beyond_re2(node.source) else ""
        scope.complain("R0308", f"this pattern cannot be used: {error}", first, hint=hint)
        return None


def _is_beyond_re2(source: str) -> bool:
    return any(sign in source for sign in ("(?=", "(?!", "(?<", "\\1", "\\2"))
