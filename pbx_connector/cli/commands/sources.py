"""`pbx-connector sources`: the sources that the installed plugins supply."""

from __future__ import annotations

import typer

from pbx_connector.application import views
from pbx_connector.cli import output
from pbx_connector.cli.session import JsonOption, Session


def add_to(app: typer.Typer) -> None:
    @app.command("sources")
    def sources(context: typer.Context, as_json: JsonOption = False) -> None:
        """List the sources that profiles can name."""
        plugins = Session.of(context).plugins
        if as_json:
            output.as_json([views.source(source) for source in plugins.sources.values()])
            return
        output.table(
            "",
            ("source", "title", "starting profiles"),
            [
                (source.name, source.title, ", ".join(made.name for made in source.templates))
                for source in plugins.sources.values()
            ],
        )
        if not plugins.sources:
            output.say("no source plugin is installed")
