"""`pbx-connector labels …`: the labels that entries can carry."""

from __future__ import annotations

from typing import Annotated

import typer

from pbx_connector.application import views
from pbx_connector.cli import output
from pbx_connector.cli.session import JsonOption, Session, StoreOption

NameArgument = Annotated[str, typer.Argument(help="The label's name.", metavar="NAME")]


def add_to(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="The labels that entries can carry.")
    group.command("list")(list_labels)
    group.command("add")(add)
    group.command("remove")(remove)
    app.add_typer(group, name="labels")


def list_labels(context: typer.Context, store_url: StoreOption = None, as_json: JsonOption = False) -> None:
    """List labels and how many entries carry each."""
    with Session.of(context, store_url).open_store_to_look() as store:
        labels = store.labels()
    if as_json:
        output.as_json([views.label(label) for label in labels])
    elif labels:
        output.table("", ("label", "entries"), [(label.name, str(label.entries)) for label in labels])
    else:
        output.say("no labels yet; runs create those that profiles name")


def add(context: typer.Context, name: NameArgument, store_url: StoreOption = None) -> None:
    """Add a label, for profiles that say labels: require."""
    with Session.of(context, store_url).open_store() as store:
        store.add_label(name)
    output.say(f"label {output.shown(name)} is added")


def remove(context: typer.Context, name: NameArgument, store_url: StoreOption = None) -> None:
    """Remove a label that no entry carries."""
    with Session.of(context, store_url).open_store() as store:
        store.remove_label(name)
    output.say(f"label {output.shown(name)} is removed")
