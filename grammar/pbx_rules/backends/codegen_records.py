"""Makes the Python code that fills records, with the records that belong to them, for `backends.python`."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TypeAlias

from pbx_rules import typed
from pbx_rules.backends import costs
from pbx_rules.backends.codegen import CodeGenerator
from pbx_rules.backends.terms import LOAD, is_none, is_not_none, load, store
from pbx_rules.program import OutputRecord, Result

Add: TypeAlias = Callable[[ast.expr], None]
"""Keeps a record that was made."""


def generate_records(records: Sequence[typed.RecordRule], generator: CodeGenerator) -> None:
    """Ends with the statement that returns the row's result."""
    made = _generate_all(records, generator)
    sound = generator.call(Result, made, ast.Constant(None), ast.Tuple([], LOAD))
    found = ast.Call(ast.Attribute(load("output"), "result", LOAD), [made], [])
    generator.add(ast.Return(ast.IfExp(is_none(load("output")), sound, found)))


def _generate_all(rules: Sequence[typed.RecordRule], generator: CodeGenerator) -> ast.expr:
    """Gives the records as a tuple."""
    if not rules:
        return ast.Tuple([], LOAD)
    if len(rules) == 1 and rules[0].loop is None:
        only = generator.assign(ast.Tuple([], LOAD))
        _generate(rules[0], lambda record: _put(generator, only, record), generator)
        return only
    several = generator.assign(ast.List([], LOAD))
    for rule in rules:
        _generate(rule, lambda record: _append(generator, several, record), generator)
    return generator.call(tuple, several)


def _put(generator: CodeGenerator, only: ast.Name, record: ast.expr) -> None:
    generator.assign(ast.Tuple([record], LOAD), only.id)


def _append(generator: CodeGenerator, several: ast.Name, record: ast.expr) -> None:
    generator.add(ast.Expr(ast.Call(ast.Attribute(several, "append", LOAD), [record], [])))


def _generate(rule: typed.RecordRule, add: Add, generator: CodeGenerator) -> None:
    if rule.loop is None:
        with _condition(rule, generator):
            _generate_one(rule, add, ast.Constant(str(rule.position)), generator)
        return
    over = generator.assign(ast.BoolOp(ast.Or(), [generator.value(rule.loop.over), ast.Tuple([], LOAD)]))
    generator.spend(over, costs.of_turn(rule))
    number = None if rule.loop.key else generator.assign(ast.Constant(-1))
    with generator.block() as inner:
        if number:
            generator.assign(ast.BinOp(number, ast.Add(), ast.Constant(1)), number.id)
        with _condition(rule, generator):
            _generate_one(rule, add, number, generator)
    generator.add(ast.For(store(generator.slot(rule.loop.slot)), over, inner, []))


@contextmanager
def _condition(rule: typed.RecordRule, generator: CodeGenerator) -> Iterator[None]:
    with generator.when(generator.boolean(rule.when)) if rule.when else ExitStack():
        yield


def _generate_one(rule: typed.RecordRule, add: Add, key: ast.expr | None, generator: CodeGenerator) -> None:
    """One record; `key` is its position, or the loop's number, or None where the loop has a `key:`."""
    values = [(value, generator.atom(value.value)) for value in rule.values]
    kept: list[ast.expr] = [
        is_not_none(expression)
        for value, expression in values
        if value.target.blank == "drop" and value.value.type.maybe_blank
    ]
    with generator.when(kept[0] if len(kept) == 1 else ast.BoolOp(ast.And(), kept)) if kept else ExitStack():
        name = _key(rule, key, generator)
        found = generator.assign(ast.Dict([], []))
        for value, expression in values:
            _set(value, expression, found, generator)
        belonging = _generate_all(rule.post, generator)
        add(generator.call(OutputRecord, ast.Constant(rule.table), name, found, belonging))


def _key(rule: typed.RecordRule, key: ast.expr | None, generator: CodeGenerator) -> ast.expr:
    if rule.loop is None:
        assert key is not None  # noqa: S101 - given by `_generate`
        return key
    generator.add(ast.Expr(generator.output("repeat")))
    if rule.loop.key is None:
        assert key is not None  # noqa: S101 - given by `_generate`
        return ast.JoinedStr([ast.Constant(f"{rule.position}:"), ast.FormattedValue(key, -1, None)])
    asked = generator.value(rule.loop.key)
    return generator.assign(generator.output("keyed", ast.Constant(rule.table), ast.Constant(rule.position), asked))


def _set(value: typed.TargetValue, expression: ast.expr, found: ast.Name, generator: CodeGenerator) -> None:
    """Puts a value into the record if it is there."""
    target, blank = value.target, value.value.type.maybe_blank and value.target.blank != "drop"
    fitted = expression
    if target.max_length is not None:
        fitted = _fitted(value, expression, generator)
    item = ast.Subscript(found, ast.Constant(target.name), ast.Store())
    assigned = ast.Assign([item], fitted)
    if not blank:
        generator.add(assigned)
        return
    rejected: list[ast.stmt] = (
        [ast.Expr(generator.output("rejected", generator.known(target)))] if target.blank == "reject" else []
    )
    generator.add(ast.If(is_not_none(expression), [assigned], rejected))


def _fitted(value: typed.TargetValue, expression: ast.expr, generator: CodeGenerator) -> ast.expr:
    """A text that has few enough code points has few enough characters."""
    fitted = generator.output("fitted", generator.known(value.target), expression)
    if value.value.type.kind != "text":
        return fitted
    short = ast.Compare(generator.call(len, expression), [ast.LtE()], [ast.Constant(value.target.max_length)])
    return ast.IfExp(short, expression, fitted)
