"""`pbx-connector serve`: runs the profiles of the folder on schedule until it is told to stop."""

from __future__ import annotations

import typer

from pbx_connector.cli.processes import LogOption, leave
from pbx_connector.cli.session import Session, StoreOption
from pbx_connector.errors import EXIT_DONE
from pbx_connector.logs import set_up
from pbx_connector.service.daemon import Service
from pbx_connector.stopping import until_stopped


def add_to(app: typer.Typer) -> None:
    app.command("serve")(serve)


def serve(context: typer.Context, store_url: StoreOption = None, log: LogOption = None) -> None:
    """Run the profiles of the profiles folder on schedule, until SIGTERM or Ctrl-C."""
    session = Session.of(context, store_url)
    config = session.config_with_plugins
    set_up(log or config.service.log)
    session.make_store_folder()
    service = Service(config, session.plugins, session.store_url, file=session.config_file)
    code = service.run(until_stopped())
    if service.abandoned:
        leave(code)
    if code != EXIT_DONE:
        raise typer.Exit(code)
