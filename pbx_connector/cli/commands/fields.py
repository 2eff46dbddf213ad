"""`pbx-connector fields SOURCE`: the fields that rules can use."""

from __future__ import annotations

from typing import Annotated

import typer

from pbx_connector.application import views
from pbx_connector.cli import output
from pbx_connector.cli.session import JsonOption, Session


def add_to(app: typer.Typer) -> None:
    @app.command("fields")
    def fields(
        context: typer.Context,
        source: Annotated[str, typer.Argument(help="The name of a source.")],
        as_json: JsonOption = False,
    ) -> None:
        """List the fields of a source, as rules write them in brackets."""
        known = Session.of(context).plugins.source(source).fields
        if as_json:
            output.as_json([views.field(field) for field in known.fields])
            return
        output.table("", ("field", "type", "meaning"), [(f.name, f.type, f.doc) for f in known.fields])
        if not known.closed:
            output.say("rows of this source can have other fields too")
