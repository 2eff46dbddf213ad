"""Walks the typed tree; both back ends ask here which fields a statement needs before they run it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from pbx_rules import typed
from pbx_rules.runtime.patterns import Pattern
from pbx_rules.typed import Typed


def fields_of_statement(statement: typed.Statement) -> list[str]:
    """Source fields in the order of their first use."""
    return _fields([statement.value if isinstance(statement, typed.Define) else statement.condition])


def fields_of_records(records: tuple[typed.RecordRule, ...]) -> list[str]:
    return _fields([node for rule in records for node in _of_record(rule)])


def _fields(nodes: list[Typed]) -> list[str]:
    return list(dict.fromkeys(found.name for node in nodes for found in walk(node) if isinstance(found, typed.Field)))


def _of_record(rule: typed.RecordRule) -> Iterator[Typed]:
    if rule.loop:
        yield rule.loop.over
        if rule.loop.key:
            yield rule.loop.key
    if rule.when:
        yield rule.when
    yield from (value.value for value in rule.values)
    for inner in rule.post:
        yield from _of_record(inner)


def nodes_of(rules: typed.Rules) -> Iterator[Typed]:
    """All that a program may evaluate."""
    for statement in rules.statements:
        yield from walk(statement.value if isinstance(statement, typed.Define) else statement.condition)
    for rule in rules.records:
        for node in _of_record(rule):
            yield from walk(node)


def pattern_of(call: typed.Call) -> Pattern | None:
    """The pattern among a call's arguments; it is sought in the first."""
    values = [argument.value for argument in call.arguments if isinstance(argument, typed.Constant)]
    return next((value for value in values if isinstance(value, Pattern)), None)


def walk(node: Typed) -> Iterator[Typed]:
    """The node and all below it, from left to right."""
    yield node
    for child in children(node):
        yield from walk(child)


def children(node: Typed) -> tuple[Typed, ...]:
    match node:
        case typed.Part(of=inner) | typed.Convert(value=inner) | typed.IsBlank(inner) | typed.Not(inner):
            return (inner,)
        case typed.Member(left=inner) | typed.Lookup(key=inner):
            return (inner,)
        case typed.Record(parts):
            return tuple(value for _, value in parts)
        case typed.Call(arguments=several) | typed.Concat(several) | typed.And(several) | typed.Or(several):
            return several
        case typed.Else(several):
            return several
        case typed.Compare(_, left, right):
            return (left, right)
        case typed.If(condition, then, otherwise):
            return (condition, then, otherwise)
        case typed.Switch(subject, cases, otherwise):
            return (subject, *(value for _, value in cases), otherwise)
        case typed.Each(_, over, where, give):
            return (over, give) if where is None else (over, where, give)
        case typed.Constant() | typed.Field() | typed.Variable() | typed.Item():
            return ()
        case _:
            assert_never(node)
