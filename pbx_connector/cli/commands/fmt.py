"""`pbx-connector fmt PROFILE`: one layout for every rules block; comments, meaning and the rest of the file stay."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pbx_connector.application.replacing import replacement
from pbx_connector.cli import output
from pbx_connector.cli.session import ProfileArgument
from pbx_connector.errors import EXIT_USAGE, UsageError
from pbx_connector.profile import format_profile, read_profile

CheckOption = Annotated[bool, typer.Option("--check", help="Change nothing; exit code 2 if anything would change.")]


def add_to(app: typer.Typer) -> None:
    @app.command("fmt")
    def fmt(profile: ProfileArgument, check: CheckOption = False) -> None:
        """Format the rules of a profile."""
        before = read_profile(profile)
        after = format_profile(before, str(profile))
        if after == before:
            output.say(f"{profile}: nothing to change")
        elif check:
            output.say(f"{profile}: would change")
            raise typer.Exit(EXIT_USAGE)
        else:
            _write(profile, after)
            output.say(f"{profile}: formatted")


def _write(path: Path, text: str) -> None:
    try:
        with replacement(path) as file:
            file.write(text)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}", hint="nothing was changed") from None
