"""`pbx-connector fields SOURCE`: the fields that rules can use."""

from __future__ import annotations

from typing import Annotated

import typer

from pbx_connector.application import views
from pbx_connector.cli import output
from pbx_connector.cli.session import JsonOption, Session
from pbx_connector.targets import STRUCTURE_FIELDS

PHONE_BOOK = "phonebook"


def add_to(app: typer.Typer) -> None:
    @app.command("fields")
    def fields(
        context: typer.Context,
        source: Annotated[str, typer.Argument(help="The name of a source, or phonebook for an entry's fields.")],
        as_json: JsonOption = False,
    ) -> None:
        """List the fields of a source, as rules write them in brackets, or those of the phone book."""
        if source == PHONE_BOOK:
            _list_targets(as_json=as_json)
            return
        known = Session.of(context).plugins.source(source).fields
        if as_json:
            output.as_json([views.field(field) for field in known.fields])
            return
        output.table("", ("field", "type", "meaning"), [(f.name, f.type, f.doc) for f in known.fields])
        if not known.closed:
            output.say("rows of this source can have other fields too")


def _list_targets(*, as_json: bool) -> None:
    if as_json:
        output.as_json([views.target(target) for target in STRUCTURE_FIELDS])
        return
    rows = [
        (of.code, of.title, of.kind, str(of.max_length), "required" if of.required else "") for of in STRUCTURE_FIELDS
    ]
    output.table("", ("field", "meaning", "type", "at most", ""), rows)
