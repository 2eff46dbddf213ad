"""Runs the typed tree by plain functions, one a node: slow, simple, and the oracle for the compiled one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pbx_rules import typed, typed_walk
from pbx_rules.backends import costs
from pbx_rules.backends.records import Output
from pbx_rules.backends.unread import Readings, source_of
from pbx_rules.program import OutputRecord, Result, Run
from pbx_rules.runtime.coercion import (
    Reader,
    as_list,
    as_text,
    flatten,
    join,
    read_boolean,
    read_date,
    read_number,
    reader,
)
from pbx_rules.runtime.compare import TESTS, one_of
from pbx_rules.runtime.limits import COMPARED, CONVERTED, SHORT, Work
from pbx_rules.runtime.patterns import matches
from pbx_rules.runtime.text import fold, text_or_blank
from pbx_rules.schema import TargetField
from pbx_rules.typed_walk import fields_of_records, fields_of_statement, nodes_of
from pbx_rules.values import Value


@dataclass(slots=True)
class Row:
    """One row on its way through the rules."""

    values: Mapping[str, Value]
    readers: Mapping[str, Reader]
    work: Work = field(default_factory=Work)
    output: Output = field(default_factory=Output)
    read: dict[str, Value] = field(default_factory=dict)
    variables: dict[str, Value] = field(default_factory=dict)
    items: dict[str, Value] = field(default_factory=dict)

    def need(self, names: Iterable[str]) -> None:
        """Reads the fields of a statement before it runs, unless an earlier one has."""
        for name in names:
            if name not in self.read:
                self.read[name] = self.readers[name](self.values.get(name))


Closure = Callable[[Row], Any]


def build(rules: typed.Rules) -> Run:
    """The function that maps a row."""
    steps = [
        (statement, fields_of_statement(statement), closure(_value_of(statement))) for statement in rules.statements
    ]
    last_fields = fields_of_records(rules.records)
    records = [_record(rule) for rule in rules.records]
    readers = {name: reader(of) for name, of in rules.fields.items()}
    fixed, readings = costs.of_rules(rules), Readings(nodes_of(rules))

    def run(values: Mapping[str, Value]) -> Result:
        row = Row(values, readers, Work(fixed), Output(readings))
        for statement, fields, evaluate in steps:
            row.need(fields)
            value = evaluate(row)
            if isinstance(statement, typed.Define):
                row.variables[statement.name] = value
            elif (value is True) is not statement.keep:
                return Result(skipped=statement.reason)
        row.need(last_fields)
        return row.output.result([record for make in records for record in make(row, row.output)])

    return run


def _value_of(statement: typed.Statement) -> typed.Typed:
    return statement.value if isinstance(statement, typed.Define) else statement.condition


def closure(node: typed.Typed) -> Closure:
    return _INTERPRETED[type(node)](node)


def _constant(node: typed.Constant) -> Closure:
    return lambda row: node.value


def _field(node: typed.Field) -> Closure:
    return lambda row: row.read[node.name]


def _variable(node: typed.Variable) -> Closure:
    return lambda row: row.variables[node.name]


def _item(node: typed.Item) -> Closure:
    return lambda row: row.items[node.slot]


def _part(node: typed.Part) -> Closure:
    of = closure(node.of)

    def part(row: Row) -> Value:
        record = of(row)
        return record.get(node.name) if isinstance(record, Mapping) else None

    return part


def _record_literal(node: typed.Record) -> Closure:
    parts = [(name, closure(value)) for name, value in node.parts]

    def record(row: Row) -> Value:
        return {name: value for name, part in parts if (value := part(row)) is not None} or None

    return record


def _call(node: typed.Call) -> Closure:
    arguments = [closure(argument) for argument in node.arguments]
    pattern, source = typed_walk.pattern_of(node), source_of(node)

    def call(row: Row) -> Value:
        values = [argument(row) for argument in arguments]
        if any(values[at] is None for at in node.needed):
            return None
        row.work.pay(node.function.cost, *values)
        if pattern is not None:
            row.work.scan(values[0], pattern.weight)
        result: Value = node.function.run(*values)
        if source and result is None and values[0] is not None:
            row.output.unread(source, str(values[0]), node.function.unread)
        if node.type.kind == "text" and isinstance(result, str) and len(result) > SHORT:
            return row.work.made(result)
        return result

    return call


_CONVERSIONS: Mapping[str, Callable[[Any], Any]] = {
    "text": as_text,
    "written": lambda value: as_text(value) or "",
    "number": read_number,
    "date": read_date,
    "yes/no": read_boolean,
    "list": lambda value: as_list(value) or None,
}


def _convert(node: typed.Convert) -> Closure:
    value, convert = closure(node.value), _CONVERSIONS[node.to]
    if node.to in ("written", "list"):
        return lambda row: convert(value(row))

    def paid(row: Row) -> Value:
        given = value(row)
        row.work.pay(CONVERTED, given)
        converted: Value = convert(given)
        return converted

    return paid


def _concat(node: typed.Concat) -> Closure:
    parts = [closure(part) for part in node.parts]

    def concat(row: Row) -> Value:
        text = join("", [part(row) for part in parts])
        return text_or_blank(row.work.made(text) if len(text) > SHORT else text)

    return concat


def _compare(node: typed.Compare) -> Closure:
    left, right = closure(node.left), closure(node.right)
    if node.test == "matches":
        return lambda row: matches(row.work, left(row), right(row))
    test = TESTS[node.test]

    def compare(row: Row) -> bool:
        sides = left(row), right(row)
        row.work.pay(COMPARED, *sides)
        return test(*sides)

    return compare


def _member(node: typed.Member) -> Closure:
    left = closure(node.left)

    def member(row: Row) -> bool:
        value = left(row)
        row.work.pay(COMPARED, value)
        return one_of(value, node.options)

    return member


def _is_blank(node: typed.IsBlank) -> Closure:
    value = closure(node.value)
    return lambda row: value(row) is None


def _not(node: typed.Not) -> Closure:
    operand = closure(node.operand)
    return lambda row: operand(row) is not True


def _and(node: typed.And) -> Closure:
    operands = [closure(operand) for operand in node.operands]
    return lambda row: all(operand(row) is True for operand in operands)


def _or(node: typed.Or) -> Closure:
    operands = [closure(operand) for operand in node.operands]
    return lambda row: any(operand(row) is True for operand in operands)


def _if(node: typed.If) -> Closure:
    condition, then, otherwise = closure(node.condition), closure(node.then), closure(node.otherwise)
    return lambda row: then(row) if condition(row) is True else otherwise(row)


def _else(node: typed.Else) -> Closure:
    options = [closure(option) for option in node.options]
    return lambda row: next((value for option in options if (value := option(row)) is not None), None)


def _switch(node: typed.Switch) -> Closure:
    subject, otherwise = closure(node.subject), closure(node.otherwise)
    cases = {key: closure(value) for key, value in node.cases}

    def switch(row: Row) -> Value:
        text = subject(row)
        row.work.pay(COMPARED, text)
        chosen = otherwise if text is None else cases.get(fold(text), otherwise)
        found: Value = chosen(row)
        return found

    return switch


def _lookup(node: typed.Lookup) -> Closure:
    key = closure(node.key)

    def lookup(row: Row) -> Value:
        text = key(row)
        row.work.pay(COMPARED, text)
        return None if text is None else node.table.get(fold(text))

    return lookup


def _each(node: typed.Each) -> Closure:
    over, give = closure(node.over), closure(node.give)
    where = None if node.where is None else closure(node.where)
    turn = costs.of_turn(node)

    def each(row: Row) -> Value:
        found: list[Value] = []
        elements = as_list(over(row))
        row.work.spend(turn * len(elements))
        for element in elements:
            row.items[node.slot] = element
            if where is None or where(row) is True:
                found.append(give(row))
        return flatten(found) or None

    return each


_INTERPRETED: dict[type, Callable[[Any], Closure]] = {
    typed.Constant: _constant,
    typed.Field: _field,
    typed.Variable: _variable,
    typed.Item: _item,
    typed.Part: _part,
    typed.Record: _record_literal,
    typed.Call: _call,
    typed.Convert: _convert,
    typed.Concat: _concat,
    typed.Compare: _compare,
    typed.Member: _member,
    typed.IsBlank: _is_blank,
    typed.Not: _not,
    typed.And: _and,
    typed.Or: _or,
    typed.If: _if,
    typed.Else: _else,
    typed.Switch: _switch,
    typed.Lookup: _lookup,
    typed.Each: _each,
}

Make = Callable[[Row, Output], list[OutputRecord]]


def _record(rule: typed.RecordRule) -> Make:
    """The function that makes the records of one rule: none, one, or with `for:` several."""
    once = _once(rule)
    if rule.loop is None:
        return lambda row, output: once(row, output, lambda: str(rule.position))
    loop, over = rule.loop, closure(rule.loop.over)
    key = closure(loop.key) if loop.key else None
    turn = costs.of_turn(rule)

    def repeated(row: Row, output: Output) -> list[OutputRecord]:
        made: list[OutputRecord] = []
        elements = as_list(over(row))
        row.work.spend(turn * len(elements))
        for number, element in enumerate(elements):
            row.items[loop.slot] = element
            made += once(row, output, _key(rule, row, output, key, number))
        return made

    return repeated


def _key(rule: typed.RecordRule, row: Row, output: Output, key: Closure | None, number: int) -> Callable[[], str]:
    """Asked only for records that are made."""

    def keyed() -> str:
        output.repeat()
        return output.keyed(rule.table, rule.position, key(row)) if key else f"{rule.position}:{number}"

    return keyed


def _once(rule: typed.RecordRule) -> Callable[[Row, Output, Callable[[], str]], list[OutputRecord]]:
    when = closure(rule.when) if rule.when else None
    values = [(value.target, closure(value.value)) for value in rule.values]
    post = [_record(inner) for inner in rule.post]

    def once(row: Row, output: Output, key: Callable[[], str]) -> list[OutputRecord]:
        if when is not None and when(row) is not True:
            return []
        computed = [(target, value(row)) for target, value in values]
        if any(value is None and target.blank == "drop" for target, value in computed):
            return []
        name = key()
        found = {target.name: _fitted(target, value, output) for target, value in computed if value is not None}
        for target, value in computed:
            if value is None and target.blank == "reject":
                output.rejected(target)
        belonging = [record for make in post for record in make(row, output)]
        return [OutputRecord(rule.table, name, found, tuple(belonging))]

    return once


def _fitted(target: TargetField, value: Value, output: Output) -> Value:
    if target.max_length is None:
        return value
    fitted: Value = output.fitted(target, value)
    return fitted
