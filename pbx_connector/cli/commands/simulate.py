"""`pbx-connector simulate PROFILE`: what a run would do; writes nothing."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Annotated

import typer

from pbx_connector.application import views
from pbx_connector.application.simulations import Simulation, simulate_profile
from pbx_connector.cli import output, reports
from pbx_connector.cli.phone_system import id_of
from pbx_connector.cli.progress import progress_bar
from pbx_connector.cli.session import JsonOption, ProfileArgument, Session, StoreOption, warn_without_accounts
from pbx_connector.errors import EXIT_PARTIAL, ConnectorError
from pbx_connector.model import RunStatus


def add_to(app: typer.Typer) -> None:
    app.command("simulate")(simulate)


def simulate(
    context: typer.Context,
    profile: ProfileArgument,
    full: Annotated[bool, typer.Option("--full", help="Read everything, whatever earlier runs know.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Show what stays as it is, too.")] = False,
    save: Annotated[bool, typer.Option("--save", help="Keep the plan, for run --plan ID.")] = False,
    store_url: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a run would add, change and remove; with --json, every record that it would make."""
    session = Session.of(context, store_url)
    try:
        loaded = session.load_profile(profile)
        opened = session.open_store() if save else session.open_store_to_look()
        with opened as store, ExitStack() as shown:
            warn_without_accounts(loaded, store)
            with progress_bar(wanted=not as_json) as progress:
                simulating = simulate_profile(loaded, store, full=full, save=save, progress=progress)
                simulation = shown.enter_context(simulating)
            _print_json(simulation) if as_json else _show(simulation, everything)
            status = simulation.report.status
    except ConnectorError as error:
        if as_json:
            output.as_json(views.failed_report(id_of(profile), error))
        raise
    if status is RunStatus.PARTIAL:
        raise typer.Exit(EXIT_PARTIAL)


def _show(simulation: Simulation, everything: bool) -> None:
    what, changes = ("Records", simulation.records()) if everything else ("Changes", simulation.changes())
    reports.show_records(f"{what} (a simulation: nothing is written)", changes)
    reports.show_giving_way(simulation.shift.giving)
    reports.show_totals(simulation.summary)
    reports.show_report(simulation.report)
    if simulation.plan:
        output.say(f"the plan is kept; to apply just this: pbx-connector run PROFILE --plan {simulation.plan}")
    for reason in simulation.reasons:
        output.say(f"a run would be refused: {output.shown(reason)}", style="bold red")


def _print_json(simulation: Simulation) -> None:
    output.as_json_with_list(views.simulation(simulation), "records", map(views.change, simulation.records()))
