"""`pbx-connector map PROFILE --rows FILE.jsonl`: tries the rules on rows of one's own; needs no source and no store."""

from __future__ import annotations

from collections.abc import Iterable

import typer

from pbx_connector.application import views
from pbx_connector.application.trials import Trial, TriedRow
from pbx_connector.cli import entries, output, reports
from pbx_connector.cli.session import JsonOption, ProfileArgument, RowsOption, Session
from pbx_connector.counting import counted
from pbx_connector.mapping import UNREAD, no_number
from pbx_connector.model import Problem, Record


def add_to(app: typer.Typer) -> None:
    @app.command("map")
    def map_rows(
        context: typer.Context, profile: ProfileArgument, rows_file: RowsOption, as_json: JsonOption = False
    ) -> None:
        """Show what the rules make of rows in a file. With --json: one JSON object a line."""
        trial = Trial(Session.of(context).load_whole(profile), rows_file)
        if as_json:
            for tried in trial.mapped():
                output.as_json_line(views.mapped_row(tried))
        else:
            _show(trial.mapped())
        trial.require_usable()


def _show(rows: Iterable[TriedRow]) -> None:
    """The first records as a table; problems and counts of all."""
    lines: list[entries.Line] = []
    problems: list[Problem] = []
    skipped = records = 0
    for tried in rows:
        key, mapped = tried.written.row.key, tried.mapped
        problems += mapped.problems
        records += len(mapped.records)
        if mapped.skipped is not None:
            skipped += 1
            output.say(f"row {key} is skipped: {output.shown(mapped.skipped)}")
        lines += [_line(key, record) for record in mapped.records[: reports.FIRST - len(lines)]]
    entries.show("", "row", lines)
    output.problems(problems)
    many = (counted(records, "record"), f"{counted(skipped, 'row')} skipped", _counted(problems))
    output.say(", ".join(many), style="bold")


def _counted(problems: list[Problem]) -> str:
    values = sum(problem.code == UNREAD for problem in problems)
    return counted(len(problems), "problem") + (f" ({no_number(values)})" if values else "")


def _line(key: str, record: Record) -> entries.Line:
    fields, labels = entries.plain(record.fields), entries.plain_labels(record.labels)
    return entries.Line(key, output.shown(record.account or ""), fields, labels)
