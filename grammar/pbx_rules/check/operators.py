"""Checks comparisons: sides that can be compared, patterns where patterns belong, and what can never hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

from pbx_rules import typed
from pbx_rules.check import expressions, foreign, literals, meant_values, proposals
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
        hint = proposals.proposed(_with_pattern(node, node.right), scope, otherwise="use `matches /…/`")
        scope.complain("R0312", f"`{node.operator}` takes no pattern", node.right.at, hint=hint)
        return BROKEN
    if _asks_for_nothing(node, test):
        hint = _whether_blank(node, scope)
        scope.complain("R0305", "nothing compares with blank", node.right.at, label="this is blank", hint=hint)
        return BROKEN
    return _order(node, test, scope) if test in _ORDER else _by_text(node, test, scope)


def _with_pattern(node: tree.Compare, pattern: tree.Pattern) -> tree.Compare:
    form = {"starts with": "^(?:{})", "ends with": "(?:{})$"}.get(_NEGATIVE.get(node.operator, node.operator), "{}")
    operator: tree.Operator = "does not match" if node.operator in _NEGATIVE else "matches"
    return tree.Compare(operator, node.left, tree.Pattern(form.format(pattern.source), pattern.flags))


def _whether_blank(node: tree.Compare, scope: Scope) -> str:
    """What asking for nothing was meant to ask; `> ""` is how Excel asks whether there is anything."""
    asked: dict[str, tree.Operator] = {"is": "is", "is not": "is not", ">": "is not"}
    operator = asked.get(node.operator)
    return proposals.proposed(tree.Compare(operator, node.left, tree.Blank()), scope) if operator else ""


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
        hint = _as_pattern(node, scope) or "write it between slashes: matches /…/i"
        scope.complain("R0307", "a pattern must be spelled out", node.right.at, hint=hint)
        expressions.check(node.right, scope)
        return BROKEN
    compiled = literals.pattern(node.right, scope)
    return (
        BROKEN if compiled is None else typed.Compare("matches", left, typed.Constant(compiled, left.type.not_blank()))
    )


def _as_pattern(node: tree.Compare, scope: Scope) -> str:
    """With the text that stands there between slashes, if it is a pattern."""
    if not isinstance(node.right, tree.Text):
        return ""
    meant = foreign.as_pattern(node.right)
    pattern = meant if isinstance(meant, tree.Pattern) else tree.Pattern(node.right.value, "i")
    if not literals.is_pattern(pattern):
        return ""
    return proposals.proposed(replace(node, right=pattern), scope)


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
        hint = proposals.proposed(_turned(node, scope), scope)
        scope.complain("R0303", "a list can stand only on the left", node.right.at, label="a list", hint=hint)
        return BROKEN
    right = right if right.type.kind in (*_BY_VALUE, "any") else to_text(right, scope, node.right.at)
    if test == "is":
        _check_can_hold(left.type, right, node.right.at, scope)
        _check_can_hold(right.type, left, node.left.at, scope)
    return typed.Compare(test, left, right)


def _turned(node: tree.Compare, scope: Scope) -> tree.Expression:
    """The list on the left; what is compared with each of its elements cannot simply change sides."""
    if node.operator in ("is", "is not"):
        return replace(node, left=node.right, right=node.left)
    name = "x" if not scope.knows("x") else "element"
    positive = cast(tree.Operator, _NEGATIVE.get(node.operator, node.operator))
    found = tree.Each(name, node.right, tree.Compare(positive, node.left, tree.Name(name)), tree.Name(name))
    return tree.Compare("is" if node.operator in _NEGATIVE else "is not", found, tree.Blank())


def _check_can_hold(of: Type, other: Typed, at: tree.At, scope: Scope) -> None:
    """Whether a value of that type can equal the other, by text."""
    kind = of.element.kind if of.kind == "list" else of.kind
    if kind not in _BY_VALUE:
        return
    if isinstance(other, typed.Constant) and other.type.kind == "text":
        if not _can_read_as(kind, str(other.value)):
            meant = meant_values.literal(kind, str(other.value))
            hint = proposals.proposed(meant, scope) if meant else _HOW[kind]
            scope.complain("R0305", f"a {kind} is never {other.value!r}", at, label="this can never hold", hint=hint)
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
    sides = ((left, node.left, right), (right, node.right, left))
    wrong = [
        (side, at, other)
        for side, at, other in sides
        if _kind(side, side is left) not in ("number", "date", "any", "unknown") and not proposals.is_sum(at, scope)
    ]
    for side, written, other in wrong:
        hint = _ordered(written, other.type.element.kind, scope) if side.type.kind == "text" else ""
        message = f"`{test}` is for numbers and dates"
        scope.complain("R0306", message, written.at, label=f"a {side.type}", hint=hint)
    kinds = {_kind(left, True), _kind(right, False)}
    if kinds == {"number", "date"}:
        scope.complain("R0306", "a number and a date have no order", node.at)
        return BROKEN
    return BROKEN if wrong else typed.Compare(test, left, right)


def _ordered(node: tree.Expression, beside: str, scope: Scope) -> str:
    """The text as what it is compared with."""
    meant = meant_values.literal(beside, node.value) if isinstance(node, tree.Text) else None
    if meant:
        return proposals.proposed(meant, scope)
    text = proposals.written(node, scope)
    ways = {"number": f"number({text})", "date": f'date({text}, "DD.MM.YYYY")'}
    return f"write {ways[beside]}" if beside in ways else f"write {', or '.join(ways.values())}"


def _kind(side: Typed, may_be_list: bool) -> str:
    return side.type.element.kind if may_be_list and side.type.kind == "list" else side.type.kind


def _as_date(side: Typed, other: Type) -> Typed:
    """A text that is spelled out beside a date is read as one: `[Birthday] < "2000-01-01"`."""
    if isinstance(side, typed.Constant) and side.type.kind == "text" and other.element.kind == "date":
        day = read_date(side.value)
        return side if day is None or as_text(day) != side.value else typed.Constant(day, DATE.not_blank())
    return side


def with_values(node: tree.Compare, values: Sequence[tree.Expression], joined: tree.And | tree.Or) -> tree.Expression:
    """The comparison with each of the values: with any of them, or with none where it is a negative one."""
    negative = node.operator in _NEGATIVE
    if node.operator == "is not" or (node.operator == "is" and isinstance(joined, tree.Or)):
        return tree.Member(node.left, tuple(map(tree.Argument, values)), negated=negative)
    join = tree.And if negative else type(joined)
    return join(tuple(replace(node, right=value) for value in values))


def check_member(node: tree.Member, scope: Scope) -> Typed:
    left = _left(node, scope)
    options: set[str] = set()
    for option in node.options:
        value = option.value
        if option.name or option.is_else or not _is_plain(value) or not isinstance(value, literals.Literal):
            hint = _without_options(node, left.type, scope)
            scope.complain("R0314", "only plain values can stand in these parentheses", option.at, hint=hint)
            continue
        text = literals.text(value)
        _check_can_hold(left.type, typed.Constant(text, Type("text")), option.at, scope)
        options.add(fold(text))
    if not node.options:
        scope.complain("R0314", "there is nothing in the parentheses", node.at, hint='write in ("a", "b")')
    member = typed.Member(left, frozenset(options))
    return typed.Not(member) if node.negated else member


def _without_options(node: tree.Member, of: Type, scope: Scope) -> str:
    """Each option that is no plain value as a comparison of its own."""
    if any(option.name or option.is_else for option in node.options):
        return 'texts in quotes and numbers: in ("a", "b", 3)'
    plain = tuple(option for option in node.options if _is_plain(option.value))
    others = [_one_option(option.value, node, of) for option in node.options if not _is_plain(option.value)]
    parts: list[tree.Expression] = [replace(node, options=plain), *others] if plain else [*others]
    join = tree.And if node.negated else tree.Or
    return proposals.proposed(join(tuple(parts)) if len(parts) > 1 else parts[0], scope)


def _is_plain(value: tree.Expression) -> bool:
    return isinstance(value, literals.Literal) and bool(literals.text(value).strip())


def _one_option(value: tree.Expression, node: tree.Member, of: Type) -> tree.Compare:
    operator: tree.Operator = "is not" if node.negated else "is"
    if isinstance(value, tree.Blank | tree.Text):
        return tree.Compare(operator, node.left, tree.Blank())
    left, right = (node.left, value) if of.kind == "list" else (value, node.left)
    return tree.Compare(operator, left, right)
