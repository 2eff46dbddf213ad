"""Makes the Python code that fills records, with the records that belong to them, for `backends.python`."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TypeAlias

from pbx_rules import typed
from pbx_rules.backends.emit import Emitter, is_none, is_not_none, load, store
from pbx_rules.backends.records import Output
from pbx_rules.program import OutputRecord, Result

Add: TypeAlias = Callable[[ast.expr], None]
"""Keeps a record that was made."""


def emit_records(records: Sequence[typed.RecordRule], emitter: Emitter) -> None:
    """Ends with the statement that returns the row's result."""
    made = _emit_all(records, emitter)
    sound = emitter.call(Result, made, ast.Constant(None), ast.Tuple([], ast.Load()))
    found = ast.Call(ast.Attribute(load("output"), "result", ast.Load()), [made], [])
    emitter.add(ast.Return(ast.IfExp(is_none(load("output")), sound, found)))


def _emit_all(rules: Sequence[typed.RecordRule], emitter: Emitter) -> ast.expr:
    """Gives the records as a tuple."""
    if not rules:
        return ast.Tuple([], ast.Load())
    if len(rules) == 1 and rules[0].loop is None:
        only = emitter.assign(ast.Tuple([], ast.Load()))
        _emit(rules[0], lambda record: _put(emitter, only, record), emitter)
        return only
    several = emitter.assign(ast.List([], ast.Load()))
    for rule in rules:
        _emit(rule, lambda record: _append(emitter, several, record), emitter)
    return emitter.call(tuple, several)


def _put(emitter: Emitter, only: ast.Name, record: ast.expr) -> None:
    emitter.assign(ast.Tuple([record], ast.Load()), only.id)


def _append(emitter: Emitter, several: ast.Name, record: ast.expr) -> None:
    emitter.add(ast.Expr(ast.Call(ast.Attribute(several, "append", ast.Load()), [record], [])))


def _output(emitter: Emitter, method: str, *arguments: ast.expr) -> ast.Call:
    return ast.Call(ast.Attribute(emitter.late("output", Output), method, ast.Load()), list(arguments), [])


def _emit(rule: typed.RecordRule, add: Add, emitter: Emitter) -> None:
    if rule.loop is None:
        with _condition(rule, emitter):
            _emit_one(rule, add, ast.Constant(str(rule.position)), emitter)
        return
    over = emitter.assign(ast.BoolOp(ast.Or(), [emitter.value(rule.loop.over), ast.Tuple([], ast.Load())]))
    emitter.spend(emitter.length(over))
    number = None if rule.loop.key else emitter.assign(ast.Constant(-1))
    with emitter.block() as inner:
        if number:
            emitter.assign(ast.BinOp(number, ast.Add(), ast.Constant(1)), number.id)
        with _condition(rule, emitter):
            _emit_one(rule, add, number, emitter)
    emitter.add(ast.For(store(emitter.slot(rule.loop.slot)), over, inner, []))


@contextmanager
def _condition(rule: typed.RecordRule, emitter: Emitter) -> Iterator[None]:
    with emitter.when(emitter.truth(rule.when)) if rule.when else ExitStack():
        yield


def _emit_one(rule: typed.RecordRule, add: Add, key: ast.expr | None, emitter: Emitter) -> None:
    """One record; `key` is its position, or the loop's number, or None where the loop has a `key:`."""
    values = [(value, emitter.atom(value.value)) for value in rule.values]
    kept: list[ast.expr] = [
        is_not_none(expression)
        for value, expression in values
        if value.target.blank == "drop" and value.value.type.maybe_blank
    ]
    with emitter.when(kept[0] if len(kept) == 1 else ast.BoolOp(ast.And(), kept)) if kept else ExitStack():
        name = _key(rule, key, emitter)
        found = emitter.assign(ast.Dict([], []))
        for value, expression in values:
            _set(value, expression, found, emitter)
        belonging = _emit_all(rule.post, emitter)
        add(emitter.call(OutputRecord, ast.Constant(rule.table), name, found, belonging))


def _key(rule: typed.RecordRule, key: ast.expr | None, emitter: Emitter) -> ast.expr:
    if rule.loop is None:
        assert key is not None  # noqa: S101 - given by `_emit`
        return key
    emitter.add(ast.Expr(_output(emitter, "repeat")))
    if rule.loop.key is None:
        assert key is not None  # noqa: S101 - given by `_emit`
        return ast.JoinedStr([ast.Constant(f"{rule.position}:"), ast.FormattedValue(key, -1, None)])
    asked = emitter.value(rule.loop.key)
    return emitter.assign(_output(emitter, "keyed", ast.Constant(rule.table), ast.Constant(rule.position), asked))


def _set(value: typed.TargetValue, expression: ast.expr, found: ast.Name, emitter: Emitter) -> None:
    """Puts a value into the record if it is there."""
    target, blank = value.target, value.value.type.maybe_blank and value.target.blank != "drop"
    fitted = expression
    if target.max_length is not None:
        fitted = _fitted(value, expression, emitter)
    item = ast.Subscript(found, ast.Constant(target.name), ast.Store())
    assigned = ast.Assign([item], fitted)
    if not blank:
        emitter.add(assigned)
        return
    rejected: list[ast.stmt] = (
        [ast.Expr(_output(emitter, "rejected", emitter.known(target)))] if target.blank == "reject" else []
    )
    emitter.add(ast.If(is_not_none(expression), [assigned], rejected))


def _fitted(value: typed.TargetValue, expression: ast.expr, emitter: Emitter) -> ast.expr:
    """A text that has few enough code points has few enough characters."""
    fitted = _output(emitter, "fitted", emitter.known(value.target), expression)
    if value.value.type.kind != "text":
        return fitted
    short = ast.Compare(emitter.length(expression), [ast.LtE()], [ast.Constant(value.target.max_length)])
    return ast.IfExp(short, expression, fitted)
