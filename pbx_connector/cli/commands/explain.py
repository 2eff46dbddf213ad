"""`pbx-connector explain PROFILE --rows FILE.jsonl`: each rule on each row, with what it read and what it gave."""

from __future__ import annotations

import typer
from pbx_rules import Step

from pbx_connector.application import views
from pbx_connector.application.trials import Trial, TriedRow
from pbx_connector.cli import output
from pbx_connector.cli.session import JsonOption, ProfileArgument, RowsOption, Session
from pbx_connector.cli.values import written
from pbx_connector.mapping import coded
from pbx_connector.model import Record


def add_to(app: typer.Typer) -> None:
    @app.command("explain")
    def explain(
        context: typer.Context, profile: ProfileArgument, rows_file: RowsOption, as_json: JsonOption = False
    ) -> None:
        """Trace rows of a file through the rules: what each rule read, and what it gave. With --json: one JSON object a
        line."""
        trial = Trial(Session.of(context).load_whole(profile), rows_file)
        for tried in trial.explained():
            output.as_json_line(views.explained_row(tried)) if as_json else _show(tried)
        trial.require_usable()


def _show(tried: TriedRow) -> None:
    written, mapped = tried.written, tried.mapped
    if written.problems:
        output.problems(written.problems)
        return
    output.say(f"row {output.shown(written.row.key)}", style="bold")
    for step in tried.steps:
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
