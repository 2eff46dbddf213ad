"""`pbx-connector worker`: makes runs of many phone systems, beside any number of other workers."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from pbx_connector.cli.processes import ListenOption, LogOption, leave
from pbx_connector.cli.session import Session
from pbx_connector.engine.port import Places
from pbx_connector.engine.worker import WorkerSettings
from pbx_connector.errors import UsageError
from pbx_connector.logs import set_up
from pbx_connector.service.fleet_process import WorkerProcess
from pbx_connector.stopping import until_stopped


def add_to(app: typer.Typer) -> None:
    app.command("worker")(worker)


def worker(
    context: typer.Context,
    places: Annotated[int, typer.Option(min=3, max=400, help="Runs at once.")] = 20,
    interactive: Annotated[int, typer.Option(min=1, help="Places for runs alone that somebody waits for.")] = 2,
    first: Annotated[int, typer.Option(min=1, help="Places for first runs alone, which read everything.")] = 4,
    dispatch: Annotated[bool, typer.Option(help="Put what is due into the queues, if nobody else does.")] = True,
    listen: ListenOption = None,
    log: LogOption = None,
) -> None:
    """Make the runs of many phone systems, beside any number of other workers, until SIGTERM or Ctrl-C."""
    session = Session.of(context)
    config = session.config_with_plugins
    set_up(log or config.service.log)
    settings = WorkerSettings(places=_places(places, interactive, first), dispatch=dispatch)
    settings = replace(settings, stop_within=config.service.stop_within, run_within=config.service.run_within)
    with session.open_fleet(connections=places + 2) as fleet:
        process = WorkerProcess(fleet, settings, listen or config.service.listen)
        code = process.run(until_stopped())
        if process.abandoned:
            leave(code)
    raise typer.Exit(code)


def _places(total: int, interactive: int, first: int) -> Places:
    try:
        return Places(total, interactive, first)
    except ValueError as error:
        raise UsageError(str(error), hint="give more --places") from None
