"""`pbx-connector check PROFILE`: finds what is wrong with a profile; needs no source, no store and no secret."""

from __future__ import annotations

import typer

from pbx_connector.application import views
from pbx_connector.cli import output
from pbx_connector.cli.session import JsonOption, ProfileArgument, Session
from pbx_connector.errors import EXIT_USAGE
from pbx_connector.profile import Checked, check_profile


def add_to(app: typer.Typer) -> None:
    @app.command("check")
    def check(context: typer.Context, profile: ProfileArgument, as_json: JsonOption = False) -> None:
        """Check a profile: everything wrong with it, each with its place."""
        checked = check_profile(profile, Session.of(context).plugins)
        if as_json:
            output.as_json([views.diagnostic(found) for found in checked.diagnostics])
        else:
            output.diagnostics(checked.diagnostics, checked.text)
            _summary(checked)
        if checked.profile is None:
            raise typer.Exit(EXIT_USAGE)


def _summary(checked: Checked) -> None:
    errors = sum(found.severity == "error" for found in checked.diagnostics)
    warnings = len(checked.diagnostics) - errors
    if checked.profile is not None:
        suffix = f", {warnings} warning{'s' * (warnings != 1)}" if warnings else ""
        output.say(f"{checked.profile.file}: fine ({checked.profile.title}){suffix}")
    else:
        output.complain(f"{errors} error{'s' * (errors != 1)}, {warnings} warning{'s' * (warnings != 1)}")
