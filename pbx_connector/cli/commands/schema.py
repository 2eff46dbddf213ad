"""`pbx-connector schema`: the JSON Schema of profiles or of config.yaml, for editors that complete YAML by one."""

from __future__ import annotations

from typing import Annotated

import typer

from pbx_connector.cli import output
from pbx_connector.cli.session import Session
from pbx_connector.config.schema import config_schema
from pbx_connector.profile.schema import profile_schema

ConfigOption = Annotated[bool, typer.Option("--config", help="Of config.yaml, with the keys of the installed plugins.")]


def add_to(app: typer.Typer) -> None:
    @app.command("schema")
    def schema(context: typer.Context, of_config: ConfigOption = False) -> None:
        """Print the JSON Schema of a profile, with the settings of the installed sources."""
        session = Session.of(context)
        if of_config:
            output.as_json(config_schema(session.plugin_configs))
        else:
            output.as_json(profile_schema(session.plugins.sources.values()))
