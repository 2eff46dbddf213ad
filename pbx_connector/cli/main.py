"""`pbx-connector`: the options before any command, and the one place where errors become words and exit codes."""

from __future__ import annotations

import gc
import sys
import traceback
from importlib import metadata
from pathlib import Path
from typing import Annotated

import typer

from pbx_connector.cli import output
from pbx_connector.cli.groups import CommandsOnCall
from pbx_connector.cli.phone_system import TENANT_HELP, choice
from pbx_connector.cli.session import CONFIG_HELP, STORE_HELP, Session
from pbx_connector.errors import EXIT_BUG, EXIT_DONE, EXIT_INTERRUPTED, ConnectorError
from pbx_connector.machine import machine_error

app = typer.Typer(
    name="pbx-connector",
    cls=CommandsOnCall,
    help="Keeps a phone system's phone book in step with its sources.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"pbx-connector {metadata.version('pbx-connector')}")  # noqa: T201
        raise typer.Exit


@app.callback()
def root(
    context: typer.Context,
    store: Annotated[str | None, typer.Option(envvar="PBX_CONNECTOR_STORE", help=STORE_HELP)] = None,
    config: Annotated[Path | None, typer.Option(envvar="PBX_CONNECTOR_CONFIG", help=CONFIG_HELP)] = None,
    tenant: Annotated[str | None, typer.Option(envvar="PBX_CONNECTOR_TENANT", help=TENANT_HELP, metavar="ID")] = None,
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it.")] = False,
) -> None:
    """Keeps a phone system's phone book in step with its sources."""
    del store, tenant  # which are read as `choice`
    chosen = choice(context)
    output.name_tenant(chosen.tenant or "")
    context.obj = session = Session(chosen, config, before=context.obj)
    context.call_on_close(session.close)


def main() -> None:
    """The installed command: runs it and ends the process with its exit code."""
    code = run(sys.argv[1:])
    gc.freeze()  # else the interpreter searches all that it imported for garbage before it ends
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """Run one command line and return its exit code; prints, and never raises."""
    output.prepare_streams()
    try:
        typer.main.get_command(app).main(arguments, prog_name="pbx-connector")
    except ConnectorError as error:
        output.failure(error)
        return error.exit_code
    except SystemExit as ended:  # Typer's way to end: done, wrong usage, interrupted
        if isinstance(ended.__context__, BrokenPipeError):  # whoever read our output has seen enough
            return EXIT_DONE
        if ended.code == EXIT_INTERRUPTED:
            output.complain("interrupted")
        return ended.code if isinstance(ended.code, int) else EXIT_DONE
    except Exception as error:  # noqa: BLE001 - the boundary: a bug keeps its traceback
        if lacking := machine_error(error):
            output.failure(lacking)
            return lacking.exit_code
        traceback.print_exc(file=output.results(sys.stderr))
        output.complain("this is a bug in pbx-connector: please report it with the lines above")
        return EXIT_BUG
    return EXIT_DONE
