"""`pbx-connector explain PROFILE --rows FILE.jsonl`: each rule on each row, with what it read and what it gave."""

from __future__ import annotations

from collections.abc import Sequence

import typer
from pbx_rules import Step

from pbx_connector import rows
from pbx_connector.application import views
from pbx_connector.application.row_files import WrittenRow, read_rows
from pbx_connector.cli import output
from pbx_connector.cli.session import JsonOption, ProfileArgument, RowsOption, Session
from pbx_connector.cli.values import written
from pbx_connector.errors import UsageError
from pbx_connector.mapping import coded
from pbx_connector.model import Mapped, Record
from pbx_connector.profile import LoadedProfile, load_whole


def add_to(app: typer.Typer) -> None:
    @app.command("explain")
    def explain(
        context: typer.Context, profile: ProfileArgument, rows_file: RowsOption, as_json: JsonOption = False
    ) -> None:
        """Trace rows of a file through the rules: what each rule read, and what it gave. With --json: one JSON object a
        line."""
        loaded = load_whole(profile, Session.of(context).plugins)
        unusable = 0
        for row in read_rows(rows_file, loaded.profile.source.fields):
            unusable += bool(row.problems)
            steps, mapped = _explained(row, loaded, rows_file.name)
            if as_json:
                output.as_json_line(views.mapped_row(row, mapped) | {"steps": [views.step(step) for step in steps]})
            else:
                _show(row, steps, mapped)
        if unusable:
            raise UsageError(f"{unusable} of the rows of {rows_file} cannot be used", hint="the others are explained")


def _explained(row: WrittenRow, loaded: LoadedProfile, file: str) -> tuple[tuple[Step, ...], Mapped]:
    if row.problems:
        return (), Mapped(problems=row.problems)
    return loaded.rules.trace(row.row).steps, loaded.rules.map(row.row, rows.book_of(row.row.values, file))


def _show(row: WrittenRow, steps: Sequence[Step], mapped: Mapped) -> None:
    if row.problems:
        output.problems(row.problems)
        return
    output.say(f"row {row.row.key}", style="bold")
    for step in steps:
        _show_step(step)
    if mapped.skipped is not None:
        output.say(f"  skipped: {output.shown(mapped.skipped)}", style="bold")
    for record in mapped.records:
        _show_record(record)
    output.problems(mapped.problems)
    output.say()


def _show_step(step: Step) -> None:
    output.say(f"  {step.line:>4}  {output.shown(step.text)}")
    for name, value in step.reads.items():
        output.say(f"          {output.shown(name)} is {written(value)}", style="dim")
    if step.kind == "define":
        output.say(f"        {step.name} = {written(step.value)}", style="green")
    else:
        output.say(f"        {'holds' if step.value else 'does not hold'}", style="green" if step.value else "yellow")


def _show_record(record: Record) -> None:
    output.say("  record", style="bold")
    for code, text in coded(record).items():
        output.say(f"    {code}: {written(text)}")
    for name, text in record.labels.items():
        output.say(f"    label {output.shown(name)}: {written(text)}")
