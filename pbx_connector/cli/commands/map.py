"""`pbx-connector map PROFILE --rows FILE.jsonl`: tries the rules on rows of one's own; needs no source and no store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import typer

from pbx_connector import rows
from pbx_connector.application import views
from pbx_connector.application.row_files import WrittenRow, read_rows
from pbx_connector.cli import entries, output, reports
from pbx_connector.cli.session import JsonOption, ProfileArgument, RowsOption, Session
from pbx_connector.errors import UsageError
from pbx_connector.model import Mapped, Problem, Record
from pbx_connector.profile import Profile, load_profile


def add_to(app: typer.Typer) -> None:
    @app.command("map")
    def map_rows(
        context: typer.Context, profile: ProfileArgument, rows_file: RowsOption, as_json: JsonOption = False
    ) -> None:
        """Show what the rules make of rows in a file. With --json: one JSON object a line."""
        loaded = load_profile(profile, Session.of(context).plugins)
        mapped = _Mapping(loaded, rows_file)
        if as_json:
            for written, result in mapped:
                output.as_json_line(views.mapped_row(written, result))
        else:
            _show(mapped)
        if mapped.unusable:
            rest = "1 row" if mapped.unusable == 1 else f"{mapped.unusable} rows"
            raise UsageError(f"{rest} of {rows_file} cannot be used", hint="the others were mapped")


class _Mapping:
    """The rows of a file with what became of each."""

    def __init__(self, profile: Profile, file: Path) -> None:
        self._profile = profile
        self._file = file
        self.unusable = 0

    def __iter__(self) -> Iterator[tuple[WrittenRow, Mapped]]:
        for written in read_rows(self._file, self._profile.source.fields):
            if written.problems:
                self.unusable += 1
                yield written, Mapped(problems=written.problems)
            else:
                book = rows.book_of(written.row.values, self._file.name)
                yield written, self._profile.map(written.row, book)


def _show(mapped: _Mapping) -> None:
    """The first records as a table; problems and counts of all."""
    lines: list[entries.Line] = []
    problems: list[Problem] = []
    skipped = records = 0
    for written, result in mapped:
        problems += result.problems
        records += len(result.records)
        if result.skipped is not None:
            skipped += 1
            output.say(f"row {written.row.key} is skipped: {output.shown(result.skipped)}")
        lines += [_line(written, record) for record in result.records[: reports.FIRST - len(lines)]]
    entries.show("", "row", lines)
    output.problems(problems)
    output.say(f"{records} records, {skipped} rows skipped, {len(problems)} problems", style="bold")


def _line(written: WrittenRow, record: Record) -> entries.Line:
    fields, labels = entries.plain(record.fields), entries.plain_labels(record.labels)
    return entries.Line(written.row.key, output.shown(record.account or ""), fields, labels)
