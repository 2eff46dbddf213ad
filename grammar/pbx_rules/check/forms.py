"""Checks `if`, `switch` and `lookup`, which do not evaluate all that stands in their parentheses."""

from __future__ import annotations

from collections.abc import Callable

from pbx_rules import typed
from pbx_rules.check import calls, expressions, literals, proposals, unknown
from pbx_rules.check.convert import BROKEN, NOTHING, to_text
from pbx_rules.check.scope import Scope
from pbx_rules.functions.registry import Function
from pbx_rules.runtime.text import fold
from pbx_rules.syntax import tree
from pbx_rules.typed import Typed
from pbx_rules.types import TEXT, either

Form = Callable[[tree.Call, Function, Scope], Typed]


def _if(node: tree.Call, function: Function, scope: Scope) -> Typed:
    placed = calls.place(node, function, scope)
    if placed is None:
        return BROKEN
    condition, then, otherwise = (value for _, value in placed)
    assert condition is not None  # noqa: S101 - `place` has seen to it
    assert then is not None  # noqa: S101 - `place` has seen to it
    checked = expressions.check_condition(condition, scope)
    first = expressions.check(then, scope)
    second = NOTHING if otherwise is None else expressions.check(otherwise, scope)
    return typed.If(checked, first, second, either(first.type, second.type))


def _lookup(node: tree.Call, function: Function, scope: Scope) -> Typed:
    placed = calls.place(node, function, scope)
    if placed is None:
        return BROKEN
    (_, table), (_, key) = placed
    assert table is not None  # noqa: S101 - `place` has seen to it
    assert key is not None  # noqa: S101 - `place` has seen to it
    checked = expressions.check_text(key, scope)
    if not scope.names.tables_known:
        return BROKEN
    found = scope.names.tables.get(table.name) if isinstance(table, tree.Name) else None
    if found is None or not isinstance(table, tree.Name):
        return unknown.table(table, scope)
    return typed.Lookup(found, table.name, checked, TEXT)


def _switch(node: tree.Call, function: Function, scope: Scope) -> Typed:
    if not node.arguments or node.arguments[0].name or node.arguments[0].is_else:
        scope.complain("R0313", "switch begins with what it looks at", node.at, hint=_USAGE)
        return BROKEN
    subject_node = node.arguments[0].value
    subject = to_text(expressions.check(subject_node, scope), scope, subject_node.at)
    cases: dict[str, Typed] = {}
    otherwise: Typed | None = None
    for argument in node.arguments[1:]:
        value = expressions.check(argument.value, scope)
        if argument.is_else:
            otherwise = _otherwise(argument, otherwise, value, node, scope)
            continue
        key = _case(argument, cases, scope)
        if key is not None:
            cases[key] = value
    if not cases:
        scope.complain("R0313", "switch has no cases", node.at, hint=_USAGE)
    return _assembled(subject, cases, otherwise or NOTHING)


_USAGE = 'it is called as switch(value, "a": 1, "b": 2, else: 3)'


def _assembled(subject: Typed, cases: dict[str, Typed], otherwise: Typed) -> Typed:
    found = otherwise.type
    for value in cases.values():
        found = either(found, value.type)
    if "unknown" in (subject.type.kind, found.kind):
        return BROKEN
    return typed.Switch(subject, tuple(cases.items()), otherwise, found)


def _otherwise(argument: tree.Argument, before: Typed | None, value: Typed, node: tree.Call, scope: Scope) -> Typed:
    if before is not None:
        scope.complain("R0313", "a switch has one `else:`", argument.at, hint="delete one of them")
    elif argument is not node.arguments[-1]:
        scope.complain("R0313", "`else:` stands at the end of a switch", argument.at, hint=_else_last(node, scope))
    return value


def _else_last(node: tree.Call, scope: Scope) -> str:
    if sum(argument.is_else for argument in node.arguments) > 1:
        return "delete all but one, and put it behind the cases"
    last = tree.Call("switch", tuple(sorted(node.arguments, key=lambda argument: argument.is_else)))
    return proposals.proposed(last, scope, otherwise=_USAGE)


def _case(argument: tree.Argument, cases: dict[str, Typed], scope: Scope) -> str | None:
    name = argument.name
    if not isinstance(name, literals.Literal) or not literals.text(name).strip():
        scope.complain("R0313", "a case is a plain value, a colon and what it gives", argument.at, hint=_USAGE)
        return None
    key = fold(literals.text(name))
    if key in cases:
        scope.complain(
            "R0313",
            f"the case {literals.text(name)!r} stands twice",
            argument.at,
            hint="delete one of them; case does not count",
        )
        return None
    return key


FORMS: dict[str, Form] = {"if": _if, "lookup": _lookup, "switch": _switch}
