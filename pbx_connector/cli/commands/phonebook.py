"""`pbx-connector phonebook …`: what is in the phone book."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import typer

from pbx_connector.application import views
from pbx_connector.application.accounts import scope
from pbx_connector.cli import output
from pbx_connector.cli.commands import phonebook_duplicates, phonebook_edit, phonebook_export, phonebook_lookup
from pbx_connector.cli.entries import Line, plain, plain_labels
from pbx_connector.cli.entries import show as show_entries
from pbx_connector.cli.session import AccountOption, CompanyOption, JsonOption, Session, StoreOption
from pbx_connector.counting import counted
from pbx_connector.stores import Entry
from pbx_connector.targets import TARGETS


def add_to(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="What is in the phone book; entries by hand.")
    group.command("list")(list_entries)
    group.command("show")(show)
    group.command("search")(search)
    phonebook_lookup.add_to(group)
    phonebook_duplicates.add_to(group)
    phonebook_edit.add_to(group)
    phonebook_export.add_to(group)
    app.add_typer(group, name="phonebook")


def list_entries(
    context: typer.Context,
    account: AccountOption = None,
    company: CompanyOption = False,
    store_url: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """List entries with their labels; default: company and private ones."""
    with Session.of(context, store_url).open_store_to_look() as store:
        _print(
            store.entries(account=scope(store, account, company)), as_json=as_json, nothing="the phone book is empty"
        )


def search(
    context: typer.Context,
    text: Annotated[str, typer.Argument(help="Part of a name, company, e-mail address or number.")],
    account: AccountOption = None,
    company: CompanyOption = False,
    store_url: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find entries by a piece of text; case and accents do not matter."""
    with Session.of(context, store_url).open_store_to_look() as store:
        found = store.search(text, account=scope(store, account, company))
        _print(found, as_json=as_json, nothing=f"nothing in the phone book has {text!r}")


def show(
    context: typer.Context,
    entry: Annotated[int, typer.Argument(help="The entry's id.", metavar="ID")],
    store_url: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one entry in full."""
    with Session.of(context, store_url).open_store_to_look() as store:
        found = store.entry(entry)
    if as_json:
        output.as_json(views.entry(found))
        return
    content, origin = found.content, found.origin
    lines = [("Id", str(found.id)), ("Account", content.account or "(company)")]
    lines += [(target.title, content.fields.get(target.name, "")) for target in TARGETS]
    lines += [(f"Label {name}", value) for name, value in content.labels.items()]
    lines += (
        [("Profile", origin.profile), ("Address book", origin.book.title)] if origin else [("Origin", "made by hand")]
    )
    lines += [("Filled by", ", ".join(map(str, found.merged)))]
    lines += [("Gives way to", str(found.gives_way_to or ""))]
    output.table("", ("", f"entry {found.id}"), [line for line in lines if line[1]])


def _print(entries: Iterable[Entry], *, as_json: bool, nothing: str) -> None:
    if as_json:
        output.as_json_list(views.entry(entry) for entry in entries)
        return
    lines = (
        Line(
            str(entry.id),
            output.shown(entry.content.account or ""),
            plain(entry.content.fields),
            plain_labels(entry.content.labels),
        )
        for entry in entries
    )
    shown = show_entries("", "id", lines)
    output.say(counted(shown, "entry") if shown else nothing)
