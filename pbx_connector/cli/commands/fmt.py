"""`pbx-connector fmt PROFILE`: one layout for every rules block; comments, meaning and the rest of the file stay."""

from __future__ import annotations

from typing import Annotated

import typer

from pbx_connector.application import profiles
from pbx_connector.application.replacing import rewrite
from pbx_connector.cli import output
from pbx_connector.cli.session import ProfileArgument
from pbx_connector.errors import EXIT_USAGE
from pbx_connector.profile import read_profile

CheckOption = Annotated[bool, typer.Option("--check", help="Change nothing; exit code 2 if anything would change.")]


def add_to(app: typer.Typer) -> None:
    @app.command("fmt")
    def fmt(profile: ProfileArgument, check: CheckOption = False) -> None:
        """Format the rules of a profile."""
        before = read_profile(profile)
        after = profiles.formatted(before, profile)
        if after == before:
            output.say(f"{profile}: nothing to change")
        elif check:
            output.say(f"{profile}: would change")
            raise typer.Exit(EXIT_USAGE)
        else:
            rewrite(profile, after)
            output.say(f"{profile}: formatted")
