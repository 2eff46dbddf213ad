"""`pbx-connector schema`: the JSON Schema of a profile, for editors that check and complete YAML by one."""

from __future__ import annotations

import typer

from pbx_connector.cli import output
from pbx_connector.cli.session import Session
from pbx_connector.profile.schema import profile_schema


def add_to(app: typer.Typer) -> None:
    @app.command("schema")
    def schema(context: typer.Context) -> None:
        """Print the JSON Schema of a profile, with the settings of the installed sources."""
        output.as_json(profile_schema(Session.of(context).plugins.sources.values()))
