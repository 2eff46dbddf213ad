"""`pbx-connector plan show ID`: a plan that was refused, or saved by a simulation."""

from __future__ import annotations

from typing import Annotated

import typer

from pbx_connector.application import views
from pbx_connector.cli import output, reports
from pbx_connector.cli.session import JsonOption, Session, StoreOption
from pbx_connector.plan import Action


def add_to(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Plans that were refused or saved.")
    group.command("show")(show)
    app.add_typer(group, name="plan")


def show(
    context: typer.Context,
    plan: Annotated[str, typer.Argument(help="The plan's id.", metavar="ID")],
    store_url: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a kept plan would change, field by field."""
    with Session.of(context, store_url).open_store() as store:
        kept = store.plan(plan)
        if as_json:
            changes = map(views.change, store.plan_changes(plan))
            output.as_json_with_list(views.kept_plan(kept), "changes", changes)
            return
        changed = (change for change in store.plan_changes(plan) if change.action is not Action.KEEP)
        reports.show_records(f"Plan {kept.id} of profile {kept.profile}", changed)
    for reason in kept.reasons:
        output.say(f"refused: {output.shown(reason)}")
    if kept.used:
        output.say(f"applied by run {kept.used}: a plan can be applied once")
