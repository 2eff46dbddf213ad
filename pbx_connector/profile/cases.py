"""The `tests:` of a profile, ready to run: a row each, and what the rules must make of it. Needs no source, no store.

`loading` makes them of the profile's text; the command `test` runs them and shows what differs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pbx_rules import Diagnostic, Value, document

from pbx_connector import rows
from pbx_connector.documents import finding
from pbx_connector.mapping import Rules, coded
from pbx_connector.model import Mapped, Record, Row
from pbx_connector.profile.header import CaseHeader, Expected
from pbx_connector.source import FieldSet


@dataclass(frozen=True, slots=True)
class Case:
    row: Row
    """Its key is the number of the test, from 1."""
    expect: tuple[Expected, ...]
    line: int
    """Where it stands in the profile."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that is not as expected; blank is an empty text."""

    what: str
    expected: str
    got: str


def read_cases(headers: tuple[CaseHeader, ...], node: document.Node | None) -> tuple[Case, ...]:
    places = node.items if isinstance(node, document.Sequence) else ()
    return tuple(
        Case(Row(str(number), "", header.row), header.expect, place.span.line)
        for number, (header, place) in enumerate(zip(headers, places, strict=True), start=1)
    )


def check_rows(node: document.Node | None, fields: FieldSet, file: str) -> Iterator[Diagnostic]:
    """What is wrong with the rows of the tests, each at its field."""
    for item in node.items if isinstance(node, document.Sequence) else ():
        row = item.get("row") if isinstance(item, document.Mapping) else None
        if isinstance(row, document.Mapping):
            places = {key.text: (key, value) for key, value in row.items}
            for mistake in rows.mistakes(row.plain(), fields):
                key, value = places[mistake.field]
                code, span = ("P0108", key.span) if mistake.unknown else ("P0109", value.span)
                yield finding(code, mistake.message, file=file, span=span, hint=mistake.hint)


def run_case(case: Case, rules: Rules) -> tuple[Difference, ...]:
    """What differs from the expectation; nothing for a test that passes."""
    mapped = rules.map(case.row, rows.book_of(case.row.values, "tests"))
    return tuple(_differences(case, mapped))


def variables(case: Case, rules: Rules) -> dict[str, Value]:
    """What each variable came to; those below a rule that skipped the row have no value."""
    return {step.name: step.value for step in rules.trace(case.row).steps if step.kind == "define"}


def _differences(case: Case, mapped: Mapped) -> Iterator[Difference]:
    reason = next((expected.skipped for expected in case.expect if expected.skipped is not None), None)
    if mapped.skipped is not None or reason is not None:
        yield from _difference("skipped", reason or "", mapped.skipped or "")
        return
    for problem in mapped.problems:
        if problem.severity == "error":
            yield Difference("problem", "", f"{problem.code} {problem.message}")
    if mapped.failed:
        return
    yield from _difference("records", str(len(case.expect)), str(len(mapped.records)))
    for number, (expected, record) in enumerate(zip(case.expect, mapped.records, strict=False), start=1):
        prefix = f"record {number}: " if len(case.expect) > 1 else ""
        yield from _in_record(prefix, expected, record)


def _in_record(prefix: str, expected: Expected, record: Record) -> Iterator[Difference]:
    got = coded(record)
    for code, text in expected.fields().items():
        yield from _difference(prefix + code, text, got.get(code, ""))
    for name, text in expected.labels.items():
        yield from _difference(f"{prefix}label {name}", text, record.labels.get(name, ""))


def _difference(what: str, expected: str, got: str) -> Iterator[Difference]:
    if expected != got:
        yield Difference(what, expected, got)
