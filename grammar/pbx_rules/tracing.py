"""Runs a program one statement at a time and keeps what each read and gave: for `explain`, and for failing tests.

It runs the interpreter, the oracle of the compiled program, so what it shows is what happens.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from pbx_rules import typed
from pbx_rules.backends import costs, interpreter
from pbx_rules.program import Program, Result
from pbx_rules.runtime.coercion import reader
from pbx_rules.runtime.limits import Work
from pbx_rules.typed_walk import fields_of_statement, walk
from pbx_rules.values import Value


@dataclass(frozen=True, slots=True)
class Step:
    """One statement that was run."""

    kind: Literal["define", "keep", "skip"]
    name: str
    """The variable that it defines; empty for `keep` and `skip`."""
    line: int
    text: str
    """The statement as it was typed, on one line."""
    reads: Mapping[str, Value]
    """What it looked at: fields as `[Name]`, variables as `Name`."""
    value: Value
    """What it came to; for `keep` and `skip`, whether the condition held."""


@dataclass(frozen=True, slots=True)
class Trace:
    steps: tuple[Step, ...]
    """Up to the one that left the row out, if one did."""
    result: Result


def trace(program: Program, values: Mapping[str, Value]) -> Trace:
    """Never raises, as `Program.run` does not."""
    rules = program.rules
    readers = {name: reader(of) for name, of in rules.fields.items()}
    steps: list[Step] = []
    with suppress(Exception):  # the row was refused or a plugin's function failed: the result says so
        row = interpreter.Row(values, readers, Work(costs.of_rules(rules)))
        for statement in rules.statements:
            steps.append(_step(statement, row))
            if isinstance(statement, typed.Filter) and (steps[-1].value is True) is not statement.keep:
                break
    return Trace(tuple(steps), program.run(values))


def _step(statement: typed.Statement, row: interpreter.Row) -> Step:
    row.need(fields_of_statement(statement))
    if isinstance(statement, typed.Define):
        value: Value = interpreter.closure(statement.value)(row)
        row.variables[statement.name] = value
        return Step("define", statement.name, statement.line, statement.text, _reads(statement.value, row), value)
    held = interpreter.closure(statement.condition)(row) is True
    kind: Literal["keep", "skip"] = "keep" if statement.keep else "skip"
    return Step(kind, "", statement.line, statement.text, _reads(statement.condition, row), held)


def _reads(node: typed.Typed, row: interpreter.Row) -> Mapping[str, Value]:
    found: dict[str, Value] = {}
    for inner in walk(node):
        if isinstance(inner, typed.Field):
            found[f"[{inner.name}]"] = row.read[inner.name]
        elif isinstance(inner, typed.Variable):
            found[inner.name] = row.variables[inner.name]
    return found
