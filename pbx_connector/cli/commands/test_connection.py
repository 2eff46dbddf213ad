"""`pbx-connector test-connection PROFILE`: the way to the source, step by step."""

from __future__ import annotations

import typer

from pbx_connector.application import views
from pbx_connector.application.connections import test_connection
from pbx_connector.cli import output
from pbx_connector.cli.session import JsonOption, ProfileArgument, Session, StoreOption
from pbx_connector.errors import EXIT_UNREACHABLE
from pbx_connector.source import Check


def add_to(app: typer.Typer) -> None:
    app.command("test-connection")(try_connection)


def try_connection(
    context: typer.Context, profile: ProfileArgument, store_url: StoreOption = None, as_json: JsonOption = False
) -> None:
    """Connect to the source step by step, and say what works, what does not, and what to do about it."""
    session = Session.of(context, store_url)
    loaded = session.load_profile(profile)
    checks = []
    with session.open_store_to_look() as store:
        for check in test_connection(loaded, store):
            checks.append(check)
            if not as_json:
                _show(check)
    if as_json:
        output.as_json([views.check(check) for check in checks])
    if any(check.failed for check in checks):
        raise typer.Exit(EXIT_UNREACHABLE)


def _show(check: Check) -> None:
    word, style = ("failed", "red") if check.failed else ("warning", "yellow") if check.problem else ("ok", "green")
    said = [check.problem.message if check.problem else "", check.detail]
    output.say(f"{word:8}{output.shown(check.step)}: {output.shown('; '.join(filter(None, said)))}", style=style)
    if check.problem and check.problem.hint:
        output.say(f"{'':8}what to do: {output.shown(check.problem.hint)}")
