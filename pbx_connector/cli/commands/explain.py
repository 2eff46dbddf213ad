"""`pbx-connector explain PROFILE --rows FILE.jsonl`: each rule on each row, with what it read and what it gave."""

from __future__ import annotations

import typer
from pbx_rules import Step

from pbx_connector import rows
from pbx_connector.cli import output
from pbx_connector.cli.row_files import RowsOption, WrittenRow, read_rows
from pbx_connector.cli.session import ProfileArgument, Session
from pbx_connector.cli.values import written
from pbx_connector.errors import UsageError
from pbx_connector.mapping import coded
from pbx_connector.model import Record
from pbx_connector.profile import Loaded, load_whole


def add_to(app: typer.Typer) -> None:
    @app.command("explain")
    def explain(context: typer.Context, profile: ProfileArgument, rows_file: RowsOption) -> None:
        """Trace rows of a file through the rules: what each rule read, and what it gave."""
        loaded = load_whole(profile, Session.of(context).plugins)
        unusable = 0
        for row in read_rows(rows_file, loaded.profile.source.fields):
            if row.problems:
                unusable += 1
                output.problems(row.problems)
            else:
                _explain(row, loaded, rows_file.name)
        if unusable:
            raise UsageError(f"{unusable} of the rows of {rows_file} cannot be used", hint="the others are explained")


def _explain(row: WrittenRow, loaded: Loaded, file: str) -> None:
    output.say(f"row {row.row.key}", style="bold")
    for step in loaded.rules.trace(row.row).steps:
        _show_step(step)
    mapped = loaded.rules.map(row.row, rows.book_of(row.row.values, file))
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
