"""`pbx-connector phonebook lookup NUMBER`: which name a caller with this number would show."""

from __future__ import annotations

from typing import Annotated

import typer

from pbx_connector.application import views
from pbx_connector.application.entries import look_up
from pbx_connector.cli import output
from pbx_connector.cli.session import JsonOption, Session, StoreOption
from pbx_connector.targets import TARGET_BY_NAME


def add_to(group: typer.Typer) -> None:
    group.command("lookup")(lookup)


def lookup(
    context: typer.Context,
    number: Annotated[str, typer.Argument(help="A number, as E.164 or in a national form.")],
    account: Annotated[str | None, typer.Option("--account", help="Whose private entries count, too.")] = None,
    store_url: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the name for a number: private entries before company ones; others with the same number after it."""
    with Session.of(context, store_url).open_store_to_look() as store:
        matches = look_up(store, number, account)
    if as_json:
        output.as_json([views.match(match) for match in matches])
    elif not matches:
        output.say(f"nobody in the phone book has {output.shown(number)}")
    else:
        rows = [
            (
                "shown" if position == 0 else "also",
                match.entry.content.fields.get("display_name", ""),
                match.entry.content.account or "",
                TARGET_BY_NAME[match.field].title + (" (switchboard)" if match.switchboard else ""),
                match.number,
                ", ".join(f"{name}: {value}" for name, value in match.entry.content.labels.items()),
            )
            for position, match in enumerate(matches)
        ]
        output.table("", ("", "name", "account", "field", "number", "labels"), rows)
