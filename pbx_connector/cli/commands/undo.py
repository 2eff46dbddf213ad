"""`pbx-connector undo RUN`: takes back what a run changed, where nothing later touched it."""

from __future__ import annotations

from typing import Annotated

import typer

from pbx_connector.application import views
from pbx_connector.cli import output
from pbx_connector.cli.session import JsonOption, Session, StoreOption


def add_to(app: typer.Typer) -> None:
    app.command("undo")(undo)


def undo(
    context: typer.Context,
    run: Annotated[str, typer.Argument(help="The id of a run; see pbx-connector history.", metavar="RUN")],
    store_url: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take back a run's changes; what something later touched is left and named."""
    with Session.of(context, store_url).open_store() as store:
        undone = store.undo(run)
    if as_json:
        output.as_json(views.undone(undone))
        return
    output.say(f"{undone.changes} changes of run {run} are taken back; this is run {undone.run}")
    if undone.left:
        rows = [(str(one.entry or ""), one.account or "", one.reason) for one in undone.left]
        output.table("Left as they are:", ("entry", "account", "because"), rows)
    if undone.held:
        output.say(f"profile {undone.held} is held, or its next run would do it all again. To go on:")
        output.say(f"  pbx-connector profiles resume {undone.held}")
