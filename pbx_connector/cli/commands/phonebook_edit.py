"""`pbx-connector phonebook add|edit|remove`: entries made by hand, which no run ever touches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from pbx_connector.application import entries
from pbx_connector.cli import output
from pbx_connector.cli.session import Session, StoreOption
from pbx_connector.cli.signatures import option, with_options
from pbx_connector.errors import UsageError
from pbx_connector.targets import TARGETS

EntryArgument = Annotated[int, typer.Argument(help="The entry's id.", metavar="ID")]
LabelOption = Annotated[
    list[str] | None, typer.Option("--label", help="NAME=VALUE, or NAME= to remove a label.", metavar="NAME=VALUE")
]


def add_to(group: typer.Typer) -> None:
    fields = [option(target.name, str, target.title) for target in TARGETS]
    group.command("add")(with_options(add, fields))
    group.command("edit")(with_options(edit, fields))
    group.command("remove")(remove)


def add(
    context: typer.Context,
    account: Annotated[str | None, typer.Option("--account", help="Make it private to this account.")] = None,
    label: LabelOption = None,
    store_url: StoreOption = None,
    **fields: Any,
) -> None:
    """Add an entry by hand."""
    with Session.of(context, store_url).open_store() as store:
        added = entries.add_entry(store, account, _given(fields), _labels(label))
    output.say(f"entry {added.id} is added")


def edit(
    context: typer.Context,
    entry: EntryArgument,
    label: LabelOption = None,
    store_url: StoreOption = None,
    **fields: Any,
) -> None:
    """Change an entry that was made by hand; an empty value clears a field."""
    with Session.of(context, store_url).open_store() as store:
        entries.edit_entry(store, entry, _given(fields), _labels(label))
    output.say(f"entry {entry} is changed")


def remove(context: typer.Context, entry: EntryArgument, store_url: StoreOption = None) -> None:
    """Remove an entry that was made by hand."""
    with Session.of(context, store_url).open_store() as store:
        store.remove_entry(entry)
    output.say(f"entry {entry} is removed; pbx-connector history tells how to undo that")


def _given(fields: Mapping[str, Any]) -> dict[str, str]:
    return {name: value for name, value in fields.items() if value is not None}


def _labels(given: Sequence[str] | None) -> dict[str, str]:
    labels = {}
    for text in given or ():
        name, sign, value = text.partition("=")
        if not sign or not name.strip():
            raise UsageError(f"--label {text!r} is not NAME=VALUE")
        labels[name.strip()] = value.strip()
    return labels
