"""`pbx-connector plan list` and `plan show ID`: plans that were refused, or saved by a simulation."""

from __future__ import annotations

from typing import Annotated

import typer

from pbx_connector.application import plans, views
from pbx_connector.cli import output, reports
from pbx_connector.cli.session import JsonOption, Session, StoreOption
from pbx_connector.stores import KeptPlan


def add_to(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Plans that were refused or saved.")
    group.command("list")(list_plans)
    group.command("show")(show)
    app.add_typer(group, name="plan")


def list_plans(
    context: typer.Context,
    profile: Annotated[str | None, typer.Argument(help="Only plans of this profile (its id).")] = None,
    store_url: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the plans that are kept, the newest first."""
    with Session.of(context, store_url).open_store_to_look() as store:
        kept = list(store.plans(profile))
    if as_json:
        output.as_json([views.kept_plan(plan) for plan in kept])
    elif kept:
        output.table("", ("plan", "profile", "made", "changes", "state"), map(_row, kept))
    else:
        output.say("no plan is kept: one is when a run is refused, or by simulate --save")


def show(
    context: typer.Context,
    plan: Annotated[str, typer.Argument(help="The plan's id.", metavar="ID")],
    everything: Annotated[bool, typer.Option("--all", help="Show what stays as it is, too.")] = False,
    store_url: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a kept plan would change, field by field."""
    with Session.of(context, store_url).open_store_to_look() as store:
        kept = store.plan(plan)
        if as_json:
            changes = map(views.change, store.plan_changes(plan))
            output.as_json_with_list(views.kept_plan(kept), "changes", changes)
            return
        shown = plans.records(store, kept) if everything else store.plan_changes(plan)
        reports.show_records(f"Plan {kept.id} of profile {kept.profile}", shown)
    reports.show_totals(kept.summary)
    for reason in kept.reasons:
        output.say(f"refused: {output.shown(reason)}")
    if kept.used:
        output.say(f"applied by run {kept.used}: a plan can be applied once")


def _row(plan: KeptPlan) -> tuple[str, ...]:
    of = plan.summary
    changes = f"+{of.added} ~{of.updated} -{of.removed}"
    state = f"applied by run {plan.used}" if plan.used else "refused" if plan.reasons else "saved"
    return plan.id, plan.profile, output.local(plan.made), changes, state
