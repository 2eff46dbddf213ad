"""Tries one expression on one row: for the reference's examples, the conformance suite, and to experiment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pbx_rules import document, typed
from pbx_rules.backends import interpreter
from pbx_rules.check import expressions
from pbx_rules.check.scope import Names, Scope
from pbx_rules.check.tables import read_tables
from pbx_rules.diagnostics import Diagnostic, Findings
from pbx_rules.functions.builtin import BUILTIN
from pbx_rules.functions.registry import Registry
from pbx_rules.runtime.coercion import reader
from pbx_rules.runtime.limits import RowRefused
from pbx_rules.schema import SourceFields
from pbx_rules.syntax.parser import parse_expression
from pbx_rules.types import Type, of_field
from pbx_rules.values import Value

FILE = "expression"


@dataclass(frozen=True, slots=True)
class Trial:
    value: Value
    type: Type | None
    """What the checker said; None if it said that the expression is wrong."""
    diagnostics: tuple[Diagnostic, ...] = ()
    refused: str = ""
    """The code with which the row was refused."""


def scalar(text: str) -> document.Scalar:
    """A text of its own, outside any file."""
    return document.verbatim(text)


def try_expression(
    text: str,
    row: Mapping[str, Value] | None = None,
    *,
    source: SourceFields | None = None,
    tables: document.Node | None = None,
    region: str | None = None,
    functions: Registry = BUILTIN,
) -> Trial:
    """Without `source`, a row may have any fields."""
    findings = Findings(FILE)
    written = scalar(text)
    known = source or SourceFields(closed=False)
    names = Names(
        {field.name: of_field(field) for field in known.fields},
        known.closed,
        functions,
        read_tables(tables, findings),
        region,
        later={},
        texts={field.name: field.as_text for field in known.fields if field.as_text},
    )
    tree = parse_expression(written, findings)
    checked = None if tree is None else expressions.check(tree, Scope(names, written, findings))
    if checked is None or findings.failed:
        return Trial(None, None, findings.sorted)
    try:
        return Trial(_evaluate(checked, names, row or {}), checked.type, findings.sorted)
    except RowRefused as refused:
        return Trial(None, checked.type, findings.sorted, refused.code)


def _evaluate(checked: typed.Typed, names: Names, row: Mapping[str, Value]) -> Value:
    readers = {name: reader(of) for name, of in names.used_fields.items()}
    started = interpreter.Row(row, readers)
    started.need(readers)
    value: Value = interpreter.closure(checked)(started)
    return value
