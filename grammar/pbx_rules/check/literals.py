"""Values that are spelled out: literals as plain values, and patterns compiled."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from pbx_rules.check.scope import Scope
from pbx_rules.runtime.coercion import as_text, read_number
from pbx_rules.runtime.patterns import SIZES, TooLarge, compile_pattern
from pbx_rules.runtime.text import composed
from pbx_rules.syntax import tree

LARGEST_TOGETHER = 16 * SIZES[-1]
"""Bytes that building all patterns of one profile may take."""

Literal = tree.Text | tree.Number | tree.Boolean


def plain(literal: Literal) -> str | Decimal | bool | None:
    """The literal's value; None for a number that is out of range."""
    if isinstance(literal, tree.Number):
        return read_number(literal.value)
    return composed(literal.value) if isinstance(literal, tree.Text) else literal.value


def text(literal: Literal) -> str:
    return as_text(plain(literal)) or ""


def pattern(node: tree.Pattern, scope: Scope) -> Any | None:
    """The compiled pattern; a bad one is reported at its first slash."""
    first = tree.At(node.at.start, node.at.start + 1)
    if node.flags.lower() not in ("", "i"):
        scope.complain("R0308", f"unknown flags `{node.flags}` of a pattern", first, hint="the only one is /…/i")
        return None
    sizes, key = scope.names.patterns, (node.source, node.flags)
    if key not in sizes and sum(sizes.values()) > LARGEST_TOGETHER:
        scope.complain("R0308", "the patterns of this profile are too large together", first, hint="divide the profile")
        return None
    sizes[key] = SIZES[0]
    try:
        compiled = compile_pattern(composed(node.source), ignore_case=bool(node.flags))
        sizes[key] = compiled.size
        return compiled
    except ValueError as error:
        hint = "look-ahead and back references do not exist here" if _is_beyond_re2(node.source) else ""
        if isinstance(error, TooLarge):
            sizes[key] = SIZES[-1]
            hint = r"repeat less, or say [a-z] instead of \w, which means all letters of the world"
        scope.complain("R0308", f"this pattern cannot be used: {error}", first, hint=hint)
        return None


def is_pattern(node: tree.Pattern) -> bool:
    try:
        compile_pattern(node.source, ignore_case=bool(node.flags))
    except ValueError:
        return False
    return node.flags in ("", "i")


def _is_beyond_re2(source: str) -> bool:
    return any(sign in source for sign in ("(?=", "(?!", "(?<", "\\1", "\\2"))
