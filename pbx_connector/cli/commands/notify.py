"""`pbx-connector notify …`: whether messages arrive."""

from __future__ import annotations

import typer

from pbx_connector.application import messages
from pbx_connector.cli import output
from pbx_connector.cli.session import Session
from pbx_connector.errors import EXIT_UNREACHABLE


def add_to(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Messages to those who are to hear of failures.")
    group.command("test")(test)
    app.add_typer(group, name="notify")


def test(context: typer.Context) -> None:
    """Send a test message to everybody whom the configuration names; the exit code is 0 only if all took it."""
    installation = Session.of(context).installation
    output.problems(installation.exposed_secrets)
    attempts = messages.test(installation)
    for attempt in attempts:
        if attempt.error:
            output.complain(f"{attempt.notifier}: {attempt.error}")
        else:
            output.say(f"{attempt.notifier}: the test message was taken")
    if any(attempt.error for attempt in attempts):
        raise typer.Exit(EXIT_UNREACHABLE)
