"""`pbx-connector dispatcher`: puts what is due into the queues, for workers that do nothing but run."""

from __future__ import annotations

import typer

from pbx_connector.cli.processes import ListenOption, LogOption
from pbx_connector.cli.session import Session
from pbx_connector.logs import set_up
from pbx_connector.service.fleet_process import DispatcherProcess
from pbx_connector.stopping import until_stopped


def add_to(app: typer.Typer) -> None:
    app.command("dispatcher")(dispatcher)


def dispatcher(context: typer.Context, listen: ListenOption = None, log: LogOption = None) -> None:
    """Put what is due of many phone systems into the queues, until SIGTERM or Ctrl-C."""
    session = Session.of(context)
    config = session.config_with_plugins
    set_up(log or config.service.log)
    with session.open_fleet() as fleet:
        code = DispatcherProcess(fleet, listen or config.service.listen).run(until_stopped())
    raise typer.Exit(code)
