"""`pbx-connector history [PROFILE]` and `history show RUN`: what was changed, when and by what."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from pbx_connector.application import views
from pbx_connector.application.history import Excerpt, parse_moment
from pbx_connector.cli import output, reports
from pbx_connector.cli.groups import ListByDefault
from pbx_connector.cli.session import JsonOption, Session, StoreOption
from pbx_connector.counting import counted
from pbx_connector.model import RunStatus
from pbx_connector.stores import RunRecord

_MOMENT = "2026-11-28, '2026-11-28 14:30', or a span before now such as 24h or 7d."


def add_to(app: typer.Typer) -> None:
    group = typer.Typer(cls=ListByDefault, help="What was changed, when and by what.")
    group.command("list")(list_runs)
    group.command("show")(show)
    app.add_typer(group, name="history")


def list_runs(
    context: typer.Context,
    profile: Annotated[str | None, typer.Argument(help="Only runs of this profile (its id).")] = None,
    since: Annotated[str | None, typer.Option(help=f"Only what began then or later: {_MOMENT}", metavar="WHEN")] = None,
    until: Annotated[str | None, typer.Option(help="Only what began then or earlier.", metavar="WHEN")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Also runs that changed nothing, as --json does.")] = False,
    limit: Annotated[int, typer.Option(help="How many, the newest first.", min=1)] = 30,
    store_url: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """List what changed something or went wrong, the newest first."""
    now = datetime.now().astimezone()
    excerpt = Excerpt(
        profile=profile,
        since=parse_moment(since, now) if since else None,
        until=parse_moment(until, now, end=True) if until else None,
        limit=limit,
        everything=everything or as_json,
    )
    with Session.of(context, store_url).open_store_to_look() as store:
        runs = list(excerpt.of(store))
    if as_json:
        output.as_json([views.run_record(record) for record in runs])
        return
    output.table("", ("run", "profile", "kind", "started", "status", "changes", "note"), map(_row, runs))
    _say_what_is_not_shown(excerpt, shown=bool(runs))


def show(
    context: typer.Context,
    run: Annotated[str, typer.Argument(help="The id of a run.", metavar="RUN")],
    store_url: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one run: its books, problems and every change, field by field."""
    with Session.of(context, store_url).open_store_to_look() as store:
        record = store.run(run)
        if as_json:
            changes = map(views.change, store.changes(run))
            output.as_json_with_list(views.run_record(record), "changes", changes)
            return
        reports.show_records(f"Changes of run {record.id}", store.changes(run))
    reports.show_report(record.report)
    if record.note:
        output.say(output.shown(record.note))


def _say_what_is_not_shown(excerpt: Excerpt, *, shown: bool) -> None:
    if excerpt.hidden:
        many = counted(excerpt.hidden, "run")
        output.say(f"{many} changed nothing and {'is' if excerpt.hidden == 1 else 'are'} not shown: --all")
    elif not shown and (excerpt.since or excerpt.until):
        output.say("nothing happened in that time")
    elif not shown:
        profile = excerpt.profile
        output.say(f"profile {output.shown(profile)} has never run" if profile else "nothing has happened yet")


def _row(record: RunRecord) -> tuple[str, ...]:
    report = record.report
    started = output.local(report.started) if report.started else ""
    counts = report.counts
    changes = f"+{counts.added} ~{counts.updated} -{counts.removed}"
    notes = [
        f"would be {changes}" if report.status is RunStatus.REFUSED else "",
        "released by hand" if record.released else "",
        f"undone by {record.undone_by}" if record.undone_by else "",
        record.note,
    ]
    changes = changes if report.status in (RunStatus.DONE, RunStatus.PARTIAL) else ""
    note = ", ".join(filter(None, notes))
    return record.id, report.profile, str(record.kind), started, str(report.status), changes, note
