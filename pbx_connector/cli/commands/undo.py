"""`pbx-connector undo RUN`: takes back what a run changed, where nothing later touched it."""

from __future__ import annotations

from typing import Annotated

import typer

from pbx_connector.application import views
from pbx_connector.application.history import reversed_changes
from pbx_connector.cli import output, reports
from pbx_connector.cli.session import JsonOption, Session, StoreOption
from pbx_connector.counting import counted
from pbx_connector.stores import Undone


def add_to(app: typer.Typer) -> None:
    app.command("undo")(undo)


def undo(
    context: typer.Context,
    run: Annotated[str, typer.Argument(help="The id of a run; see pbx-connector history.", metavar="RUN")],
    simulate: Annotated[bool, typer.Option("--simulate", help="Only show it; nothing is written.")] = False,
    store_url: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take back a run's changes; what something later touched is left and named."""
    session = Session.of(context, store_url)
    with session.open_store_to_look() if simulate else session.open_store() as store:
        undone = store.simulate_undo(run) if simulate else store.undo(run)
        if simulate and not as_json:
            taken_back = reversed_changes(store, run, undone)
            reports.show_records(f"Undo of run {run} (a simulation: nothing is written)", taken_back)
    if as_json:
        output.as_json(views.undone(undone))
        return
    _show(run, undone)


def _show(run: str, undone: Undone) -> None:
    changes = counted(undone.changes, "change")
    are = "is" if undone.changes == 1 else "are"
    if undone.run:
        output.say(f"{changes} of run {run} {are} taken back; this is run {undone.run}")
    else:
        output.say(f"{changes} of run {run} would be taken back")
    if undone.left:
        rows = [(str(one.entry or ""), one.account or "", one.reason) for one in undone.left]
        output.table("Left as they are:", ("entry", "account", "because"), rows)
    if undone.held and undone.run:
        output.say(f"profile {undone.held} is held, or its next run would do it all again. To go on:")
        output.say(f"  pbx-connector profiles resume {undone.held}")
