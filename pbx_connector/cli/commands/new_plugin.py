"""`pbx-connector new-plugin NAME`: writes a source plugin that works, as the beginning of one for another server."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from pbx_connector.application import plugin_folder
from pbx_connector.cli import output
from pbx_connector.cli.session import Session


def add_to(app: typer.Typer) -> None:
    @app.command("new-plugin")
    def new_plugin(
        context: typer.Context,
        name: Annotated[str, typer.Argument(help="What profiles write after source:, such as my-crm.")],
        folder: Annotated[
            Path | None, typer.Option("--folder", help="Where to write it, a new or empty folder; default: NAME here.")
        ] = None,
    ) -> None:
        """Write a source plugin that works, with its tests, into a new folder: the beginning of one of your own."""
        target = folder or Path(name)
        plugin_folder.write_plugin(name, target, Session.of(context).plugins)
        output.say(f"{target} has a source plugin that works. Next:")
        typed = shlex.quote(str(target))
        for command in (f"cd {typed}", "pip install -e '.[test]'", "pytest", f"pbx-connector new {name}"):
            output.say(f"  {command}")
        output.say("README.md there says what is where.")
