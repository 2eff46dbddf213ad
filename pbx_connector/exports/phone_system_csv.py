"""The phone book in the columns of the phone system's own CSV import, followed by one for each label.

A value that a spreadsheet would take for a formula, and run, gets an apostrophe before it; the variant `raw` leaves it.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TextIO

from pbx_connector.api import TARGETS, Entry, Exporter, ExportOptions, Target, hookimpl

CSV_TARGETS = tuple(target for target in TARGETS if target.csv)
RAW = "raw"

_FORMULA = re.compile(r"[\t\r\n]|\s*[=+\-@\uff1d\uff0b\uff0d\uff20]")
_NUMBER = re.compile(r"[+-]?[\d ()/.\-]+")
_INTERNATIONAL = re.compile(r"\+\d[\d ()/.\-]{4,}")
_DEFAULT = ExportOptions()


@hookimpl
def pbx_exporters() -> Sequence[Exporter]:
    return [
        Exporter(
            name="csv",
            title="CSV in the phone system's columns",
            content_type="text/csv; charset=utf-8",
            file_ending="csv",
            render=write_csv,
            variants=(RAW,),
            render_with=write_csv,
        )
    ]


def write_csv(
    entries: Iterable[Entry], labels: Sequence[str], stream: TextIO, options: ExportOptions = _DEFAULT
) -> None:
    text = _as_it_is if options.variant == RAW else _harmless
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([*(target.csv for target in CSV_TARGETS), *map(text, _columns(labels))])
    for entry in entries:
        fields, carried = entry.content.fields, entry.content.labels
        row = [_cell(target, fields.get(target.name, ""), text) for target in CSV_TARGETS]
        writer.writerow(row + [text(carried.get(name, "")) for name in labels])


def _cell(target: Target, value: str, text: Callable[[str], str]) -> str:
    """A telephone number stays as it is."""
    return value if target.kind == "phone" and _NUMBER.fullmatch(value) else text(value)


def _harmless(value: str) -> str:
    """No spreadsheet runs it; a number in international form is none that one would."""
    runs = _FORMULA.match(value) and not _INTERNATIONAL.fullmatch(value)
    return _as_it_is(f"'{value}" if runs else value)


def _as_it_is(value: str) -> str:
    """A bare carriage return would end the line for some readers, quoted or not."""
    return value.replace("\r\n", "\n").replace("\r", "\n")


def _columns(labels: Sequence[str]) -> Iterator[str]:
    """A label named like a field gets another heading: read by its name, it would take the field's place."""
    fields = {target.csv for target in CSV_TARGETS}
    for name in labels:
        column = name
        while column.strip().casefold() in fields or (column != name and column in labels):
            column = f"Label {column}"
        yield column
