"""The phone book in the columns of the phone system's own CSV import, followed by one for each label."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from typing import TextIO

from pbx_connector.api import TARGETS, Entry, Exporter, hookimpl

CSV_TARGETS = tuple(target for target in TARGETS if target.csv)


@hookimpl
def pbx_exporters() -> Sequence[Exporter]:
    return [
        Exporter(
            name="csv",
            title="CSV in the phone system's columns",
            content_type="text/csv; charset=utf-8",
            file_ending="csv",
            render=write_csv,
        )
    ]


def write_csv(entries: Iterable[Entry], labels: Sequence[str], stream: TextIO) -> None:
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([*(target.csv for target in CSV_TARGETS), *_columns(labels)])
    for entry in entries:
        fields, carried = entry.content.fields, entry.content.labels
        row = [fields.get(target.name, "") for target in CSV_TARGETS]
        writer.writerow(row + [carried.get(name, "") for name in labels])


def _columns(labels: Sequence[str]) -> Iterator[str]:
    """A label named like a field gets another heading: read by its name, it would take the field's place."""
    fields = {target.csv for target in CSV_TARGETS}
    for name in labels:
        column = name
        while column.strip().casefold() in fields or (column != name and column in labels):
            column = f"Label {column}"
        yield column
