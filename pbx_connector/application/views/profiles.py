"""Profiles, what is wrong with them, their rules tried on rows, and what rules may use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pbx_connector.application.views.runs import problem
from pbx_connector.application.views.values import Json, plain

if TYPE_CHECKING:  # a view looks at what is there: it loads nothing that a command does not use
    from pbx_rules import Diagnostic, Function, Parameter, Step

    from pbx_connector.application.migration import ProfileMigration
    from pbx_connector.application.trials import TriedRow
    from pbx_connector.model import Record
    from pbx_connector.profile import Case, Checked, Difference, LoadedProfile
    from pbx_connector.source import Field, SourceType
    from pbx_connector.stores import ProfileState
    from pbx_connector.targets import Target


def profile_state(of: ProfileState) -> Json:
    return {
        "id": of.id,
        "title": of.title,
        "entries": of.entries,
        "books": of.books,
        "held": of.held,
        "file": of.file,
        "last_run": of.last.id if of.last else None,
        "last_status": str(of.last.report.status) if of.last else None,
    }


def profile_migration(of: ProfileMigration, checked: Checked, *, written: bool) -> Json:
    return {
        "profile": str(of.file),
        "from": of.old,
        "to": of.new,
        "text": checked.text,
        "lost": list(of.migration.lost),
        "questions": [one.name for one in of.migration.questions],
        "diagnostics": [diagnostic(found) for found in checked.diagnostics],
        "written": written,
        "kept": str(of.kept) if written else None,
    }


def diagnostic(of: Diagnostic) -> Json:
    return {
        "code": of.code,
        "severity": of.severity,
        "message": of.message,
        "file": of.file,
        "line": of.span.line,
        "column": of.span.column,
        "end_line": of.span.end_line,
        "end_column": of.span.end_column,
        "hint": of.hint,
    }


def record(of: Record) -> Json:
    from pbx_connector.mapping import coded
    from pbx_connector.targets import ENTRY_TABLE

    return {"table": ENTRY_TABLE, "fields": coded(of), "labels": dict(of.labels)}


def mapped_row(of: TriedRow) -> Json:
    return {
        "row": of.written.row.values,
        "records": [record(each) for each in of.mapped.records],
        "skipped": of.mapped.skipped,
        "problems": [problem(one) for one in of.mapped.problems],
    }


def explained_row(of: TriedRow) -> Json:
    return mapped_row(of) | {"steps": [step(one) for one in of.steps]}


def step(of: Step) -> Json:
    return {
        "line": of.line,
        "rule": of.text,
        "kind": of.kind,
        "name": of.name or None,
        "reads": plain(of.reads),
        "value": plain(of.value),
    }


def test_case(case: Case, differences: tuple[Difference, ...], loaded: LoadedProfile) -> Json:
    from pbx_rules import as_text

    from pbx_connector.profile import variables

    return {
        "test": int(case.row.key),
        "file": str(loaded.profile.file),
        "line": case.line,
        "passed": not differences,
        "differences": [
            {"what": one.what, "expected": one.expected or None, "got": one.got or None} for one in differences
        ],
        "variables": {name: as_text(value) for name, value in variables(case, loaded.rules).items()},
    }


def source(of: SourceType) -> Json:
    return {"name": of.name, "title": of.title, "templates": [made.name for made in of.templates]}


def field(of: Field) -> Json:
    return {"name": of.name, "type": of.type, "doc": of.doc}


def target(of: Target) -> Json:
    return {
        "code": of.code,
        "name": of.name,
        "title": of.title,
        "type": of.kind,
        "max_length": of.max_length,
        "required": of.required,
        "csv": of.csv or None,
    }


def function(of: Function) -> Json:
    from pbx_rules.types import Type

    return {
        "name": of.name,
        "family": of.family,
        "signature": of.signature,
        "doc": of.doc,
        "parameters": [_parameter(parameter) for parameter in of.parameters],
        "result": str(of.result) if isinstance(of.result, Type) else "any",
        "examples": [{"expression": made.expression, "result": made.result} for made in of.examples],
    }


def _parameter(of: Parameter) -> Json:
    return {"name": of.name, "accepts": of.accepts, "required": of.required, "many": of.many, "doc": of.doc}
