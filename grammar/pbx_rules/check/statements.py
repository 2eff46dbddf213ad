"""Checks the rules block, statement by statement: definitions, `keep` and `skip`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pbx_rules import typed
from pbx_rules.check import expressions
from pbx_rules.check.regions import is_raw
from pbx_rules.check.scope import Defined, Names, Scope
from pbx_rules.diagnostics import Findings, Note
from pbx_rules.document import Scalar
from pbx_rules.syntax import tree


def check_statements(
    statements: Sequence[tree.Statement], rules: Scalar, names: Names, findings: Findings
) -> Iterator[typed.Statement]:
    for statement in statements:
        if findings.full:
            return
        scope = Scope(names, rules, findings)
        if isinstance(statement, tree.Define):
            yield _define(statement, scope)
        else:
            yield _filter(statement, scope)


def _define(node: tree.Define, scope: Scope) -> typed.Define:
    value = expressions.check(node.value, scope)
    names, span = scope.names, scope.span(node.name_at)
    if node.name in names.variables:
        note = Note(names.variables[node.name].span, "the first time")
        hint = scope.other_name(f"{node.name}2")
        scope.complain("R0205", f"{node.name} is defined twice", node.name_at, hint=hint, note=note)
    elif node.name in names.functions.names():
        hint = scope.other_name(node.name.title())
        scope.complain("R0208", f"{node.name} is a function and cannot name a variable", node.name_at, hint=hint)
    names.variables.setdefault(node.name, Defined(value.type, span))
    if is_raw(value, names):
        names.raw.add(node.name)
    return typed.Define(node.name, value, scope.text(node.at), span.line)


def _filter(node: tree.Filter, scope: Scope) -> typed.Filter:
    condition = expressions.check_condition(node.condition, scope)
    word = "keep" if node.keep else "skip"
    reason = node.reason or f"{word} when {scope.text(node.condition.at)}"
    scope.names.known_not_blank |= not_blank_if(node.condition, holds=node.keep)
    return typed.Filter(node.keep, condition, reason, scope.text(node.at), scope.span(node.at).line)


def not_blank_if(condition: tree.Expression, *, holds: bool) -> set[str]:
    """The fields (as `[X]`) and variables that cannot be blank where the condition holds, or does not hold."""
    match condition:
        case tree.And(operands) if holds:
            return set().union(*(not_blank_if(operand, holds=True) for operand in operands))
        case tree.Or(operands) if not holds:
            return set().union(*(not_blank_if(operand, holds=False) for operand in operands))
        case tree.Not(operand):
            return not_blank_if(operand, holds=not holds)
        case tree.Compare("is not", left, tree.Blank()) if holds:
            return _named(left)
        case tree.Compare("is", left, tree.Blank()) if not holds:
            return _named(left)
    return set()


def _named(node: tree.Expression) -> set[str]:
    match node:
        case tree.Field(name):
            return {f"[{name}]"}
        case tree.Name(name):
            return {name}
    return set()
