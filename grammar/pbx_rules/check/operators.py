"""Checks comparisons: sides that can be compared, patterns where patterns belong, and what can never hold."""

from __future__ import annotations

from typing import cast

from pbx_rules import typed
from pbx_rules.check import expressions, literals
from pbx_rules.check.convert import BROKEN, to_text
from pbx_rules.check.scope import Scope
from pbx_rules.runtime.coercion import as_text, read_date, read_number
from pbx_rules.runtime.text import fold
from pbx_rules.syntax import tree
from pbx_rules.typed import Typed
from pbx_rules.types import DATE, Type

_NEGATIVE = {
    "is not": "is",
    "does not contain": "contains",
    "does not start with": "starts with",
    "does not end with": "ends with",
    "does not match": "matches",
}
_ORDER = ("<", "<=", ">", ">=")
_BY_VALUE = ("number", "date", "yes/no")


def check_compare(node: tree.Compare, scope: Scope) -> Typed:
    test = cast(typed.Test, _NEGATIVE.get(node.operator, node.operator))
    positive = _positive(node, test, scope)
    return typed.Not(positive) if node.operator in _NEGATIVE else positive


def _positive(node: tree.Compare, test: typed.Test, scope: Scope) -> Typed:
    if test == "is" and isinstance(node.right, tree.Blank):
        return _is_blank(node, scope)
    if test == "matches":
        return _matches(node, scope)
    if isinstance(node.right, tree.Pattern):
        scope.complain("R0312", f"`{node.operator}` takes no pattern", node.right.at, hint="use `matches /…/`")
        return BROKEN
    if _asks_for_nothing(node, test):
        hint = f"write {scope.text(node.left.at)} is blank" if test == "is" else ""
        scope.complain("R0305", "nothing compares with blank", node.right.at, label="this is blank", hint=hint)
        return BROKEN
    return _order(node, test, scope) if test in _ORDER else _by_text(node, test, scope)


def _is_blank(node: tree.Compare, scope: Scope) -> Typed:
    value = expressions.check(node.left, scope)
    if not value.type.maybe_blank:
        scope.complain("R0318", "this is never blank", node.left.at)
    return typed.IsBlank(value)


def _asks_for_nothing(node: tree.Compare, test: str) -> bool:
    right = node.right
    if isinstance(right, tree.Text):
        return not right.value or (test == "is" and not right.value.strip())
    return isinstance(right, tree.Blank)


def _matches(node: tree.Compare, scope: Scope) -> Typed:
    left = _left(node, scope)
    if not isinstance(node.right, tree.Pattern):
        hint = "write it between slashes: matches /…/i"
        scope.complain("R0307", "a pattern must be spelled out", node.right.at, hint=hint)
        expressions.check(node.right, scope)
        return BROKEN
    compiled = literals.pattern(node.right, scope)
    return (
        BROKEN if compiled is None else typed.Compare("matches", left, typed.Constant(compiled, left.type.not_blank()))
    )


def _left(node: tree.Compare | tree.Member, scope: Scope) -> Typed:
    """A list stays a list, as any of its elements may hold; the rest is compared as text."""
    value = expressions.check(node.left, scope)
    if value.type.kind == "list" and (value.type.of is None or value.type.of.kind != "record"):
        return value
    return value if value.type.kind in (*_BY_VALUE, "any") else to_text(value, scope, node.left.at)


def _by_text(node: tree.Compare, test: typed.Test, scope: Scope) -> Typed:
    left = _left(node, scope)
    right = expressions.check_as_written(node.right, scope)
    if right.type.kind == "list":
        hint = f"turn it around: {scope.text(node.right.at)} {_turned(test)} {scope.text(node.left.at)}"
        scope.complain("R0303", "a list can stand only on the left", node.right.at, label="a list", hint=hint)
        return BROKEN
    right = right if right.type.kind in (*_BY_VALUE, "any") else to_text(right, scope, node.right.at)
    if test == "is":
        _check_can_hold(left.type, right, node.right.at, scope)
        _check_can_hold(right.type, left, node.left.at, scope)
    return typed.Compare(test, left, right)


def _turned(test: str) -> str:
    return "is" if test == "is" else "contains"


def _check_can_hold(of: Type, other: Typed, at: tree.At, scope: Scope) -> None:
    """Whether a value of that type can equal the other, by text."""
    kind = of.element.kind if of.kind == "list" else of.kind
    if kind not in _BY_VALUE:
        return
    if isinstance(other, typed.Constant) and other.type.kind == "text":
        if not _can_read_as(kind, str(other.value)):
            scope.complain(
                "R0305", f"a {kind} is never {other.value!r}", at, label="this can never hold", hint=_HOW[kind]
            )
    elif other.type.kind in _BY_VALUE and other.type.kind != kind:
        scope.complain("R0305", f"a {kind} is never a {other.type.kind}", at, label="this can never hold")


_HOW = {"number": "write the number as 12.5", "date": "write the date as 2001-12-31", "yes/no": "write true or false"}


def _can_read_as(kind: str, text: str) -> bool:
    if kind == "yes/no":
        return fold(text) in ("true", "false")
    value = read_number(text) if kind == "number" else read_date(text)
    return as_text(value) == text


def _order(node: tree.Compare, test: typed.Test, scope: Scope) -> Typed:
    left, right = expressions.check(node.left, scope), expressions.check(node.right, scope)
    left, right = _as_date(left, right.type), _as_date(right, left.type)
    sides = ((left, node.left.at), (right, node.right.at))
    wrong = [(side, at) for side, at in sides if _kind(side, side is left) not in ("number", "date", "any", "unknown")]
    for side, at in wrong:
        text = scope.text(at)
        hint = f'write number({text}), or date({text}, "DD.MM.YYYY")' if side.type.kind == "text" else ""
        message = f"`{test}` is for numbers and dates"
        scope.complain("R0306", message, at, label=f"a {side.type}", hint=hint)
    kinds = {_kind(left, True), _kind(right, False)}
    if kinds == {"number", "date"}:
        scope.complain("R0306", "a number and a date have no order", node.at)
        return BROKEN
    return BROKEN if wrong else typed.Compare(test, left, right)


def _kind(side: Typed, may_be_list: bool) -> str:
    return side.type.element.kind if may_be_list and side.type.kind == "list" else side.type.kind


def _as_date(side: Typed, other: Type) -> Typed:
    """A text that is spelled out beside a date is read as one: `[Birthday] < "2000-01-01"`."""
    if isinstance(side, typed.Constant) and side.type.kind == "text" and other.element.kind == "date":
        day = read_date(side.value)
        return side if day is None or as_text(day) != side.value else typed.Constant(day, DATE.not_blank())
    return side


def check_member(node: tree.Member, scope: Scope) -> Typed:
    left = _left(node, scope)
    options: set[str] = set()
    for option in node.options:
        value = option.value
        if option.name or option.is_else or not isinstance(value, literals.Literal) or not literals.text(value).strip():
            hint = "write is blank" if isinstance(value, tree.Blank) else _turn_around(value, node, scope)
            scope.complain("R0314", "only plain values can stand in these parentheses", option.at, hint=hint)
            continue
        text = literals.text(value)
        _check_can_hold(left.type, typed.Constant(text, Type("text")), option.at, scope)
        options.add(fold(text))
    if not node.options:
        scope.complain("R0314", "there is nothing in the parentheses", node.at, hint='write in ("a", "b")')
    member = typed.Member(left, frozenset(options))
    return typed.Not(member) if node.negated else member


def _turn_around(value: tree.Expression, node: tree.Member, scope: Scope) -> str:
    if isinstance(value, tree.Field | tree.Name):
        return f"write {scope.text(value.at)} is {scope.text(node.left.at)}"
    return 'texts in quotes and numbers: in ("a", "b", 3)'
