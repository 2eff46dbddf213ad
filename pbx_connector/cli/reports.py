"""How a run's report and plan look, on a terminal and as JSON; shared by `simulate`, `run` and the history."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from rich.text import Text

from pbx_connector.cli import entries, output
from pbx_connector.errors import ConnectorError, ProfileError
from pbx_connector.model import BookReport, BookStatus, Counts, Problem, Report, RunStatus
from pbx_connector.plan import Action, Change, FieldChange

FIRST = 500
"""As many records a person is shown."""

MANY_BOOKS = 30
"""With more address books than this, only those that are not done are listed."""

_COUNTS = ("rows", "added", "updated", "removed", "unchanged", "skipped", "problems")
_STYLES = {Action.ADD: "green", Action.UPDATE: "yellow", Action.REMOVE: "red", Action.MOVE: "cyan", Action.KEEP: "dim"}


def report_as_json(report: Report) -> dict[str, Any]:
    return {
        "run": report.run,
        "profile": report.profile,
        "status": str(report.status),
        "counts": {name: getattr(report.counts, name) for name in _COUNTS},
        "books": [_book_as_json(book) for book in report.books],
        "problems": [problem_as_json(problem) for problem in report.problems],
        "warnings": [problem_as_json(problem) for problem in report.warnings],
        "skipped": dict(report.skipped),
        "started": report.started.isoformat() if report.started else None,
        "duration": round(report.duration, 3),
    }


def failed_report(profile: str, error: ConnectorError) -> dict[str, Any]:
    """The report of a run that came to nothing, for programs that read JSON."""
    report = Report(run="", profile=profile, status=RunStatus.FAILED, counts=Counts(problems=1))
    problems = [{"code": error.code, "severity": "error", "message": error.message, "where": "", "hint": error.hint}]
    if isinstance(error, ProfileError) and error.diagnostics:
        problems = [
            {
                "code": found.code,
                "severity": found.severity,
                "message": found.message,
                "where": f"{found.file}:{found.span.line}:{found.span.column}",
                "hint": found.hint,
            }
            for found in error.diagnostics
        ]
    return report_as_json(report) | {"run": None, "problems": problems}


def problem_as_json(problem: Problem) -> dict[str, Any]:
    return {
        "code": problem.code,
        "severity": problem.severity,
        "message": problem.message,
        "where": problem.where,
        "hint": problem.hint,
    }


def _book_as_json(report: BookReport) -> dict[str, Any]:
    book = report.book
    return {
        "id": book.id,
        "title": book.title,
        "kind": book.kind,
        "account": book.account,
        "status": str(report.status),
        "rows": report.rows,
    }


def change_as_json(change: Change) -> dict[str, Any]:
    content = change.content
    return {
        "action": str(change.action),
        "entry": change.entry,
        "book": change.book,
        "account": content.account,
        "fields": dict(content.fields),
        "labels": dict(content.labels),
        "changes": [{"field": field.name, "old": field.old, "new": field.new} for field in change.fields()],
    }


def show_report(report: Report) -> None:
    """Books, counts and what was skipped on stdout; problems and warnings on stderr."""
    shown = report.books
    if len(shown) > MANY_BOOKS:
        shown = tuple(book for book in shown if book.status is not BookStatus.DONE)
        output.say(f"{len(report.books) - len(shown)} address books are done; --json lists them")
    output.table(
        "Address books",
        ("address book", "kind", "account", "status", "rows"),
        [(b.book.title, b.book.kind, b.book.account or "", str(b.status), str(b.rows)) for b in shown],
    )
    for reason, rows in report.skipped.items():
        output.say(f"skipped {rows}: {output.shown(reason)}")
    output.problems(report.problems)
    output.problems(report.warnings)
    output.say(f"{report.status}: {counts_in_words(report.counts)}", style="bold")


def counts_in_words(counts: Counts) -> str:
    return ", ".join(f"{getattr(counts, name)} {name}" for name in _COUNTS)


def show_records(title: str, records: Iterable[Change]) -> None:
    """The first records as a table, with account and labels; changed fields show old → new."""
    first, more = _first(records)
    entries.show(title, "", [_line(change) for change in first])
    if more:
        output.say(f"… and more; these are the first {FIRST}, --json lists all")


def _first(records: Iterable[Change]) -> tuple[list[Change], bool]:
    stream: Iterator[Change] = iter(records)
    first = list(islice(stream, FIRST))
    return first, next(stream, None) is not None


def _line(change: Change) -> entries.Line:
    content = change.content
    changed = {field.name: _arrow(field) for field in change.fields()} if change.action is Action.UPDATE else {}
    labels = {f"label {name}": text for name, text in entries.plain(content.labels).items()} | {
        name: text for name, text in changed.items() if name.startswith("label ")
    }
    return entries.Line(
        lead=Text(str(change.action), style=_STYLES[change.action]),
        account=changed.get("account", Text(output.shown(content.account or ""))),
        fields=entries.plain(content.fields) | changed,
        labels=Text(", ").join(
            Text.assemble(f"{output.shown(name.removeprefix('label '))}: ", text) for name, text in labels.items()
        ),
    )


def _arrow(field: FieldChange) -> Text:
    old, new = (output.shown(value) if value else "(blank)" for value in (field.old, field.new))
    return Text(f"{old} → {new}", style="yellow")
