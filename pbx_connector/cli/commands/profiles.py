"""`pbx-connector profiles …`: who owns the entries that runs made."""

from __future__ import annotations

from typing import Annotated

import typer

from pbx_connector.cli import output
from pbx_connector.cli.asking import YesOption, agree
from pbx_connector.cli.session import JsonOption, Session, StoreOption

IdArgument = Annotated[str, typer.Argument(help="The profile's id.", metavar="ID")]


def add_to(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="The profiles that have run, and what they own.")
    group.command("list")(list_profiles)
    group.command("adopt")(adopt)
    group.command("remove")(remove)
    group.command("resume")(resume)
    app.add_typer(group, name="profiles")


def list_profiles(context: typer.Context, store: StoreOption = None, as_json: JsonOption = False) -> None:
    """List the profiles that the phone book knows."""
    with Session.of(context, store).open_store() as book:
        known = book.profiles()
    if as_json:
        output.as_json(
            [
                {
                    "id": state.id,
                    "title": state.title,
                    "entries": state.entries,
                    "books": state.books,
                    "held": state.held,
                    "last_run": state.last.id if state.last else None,
                    "last_status": str(state.last.report.status) if state.last else None,
                }
                for state in known
            ]
        )
        return
    rows = [
        (
            state.id,
            state.title,
            str(state.entries),
            str(state.books),
            str(state.last.report.status) if state.last else "",
            f"held after undo {state.held}" if state.held else "",
        )
        for state in known
    ]
    if rows:
        output.table("", ("id", "title", "entries", "address books", "last run", ""), rows)
    else:
        output.say("no profile has run yet")


def adopt(
    context: typer.Context,
    old: Annotated[str, typer.Argument(help="The id that owns the entries.")],
    new: Annotated[str, typer.Argument(help="The id that shall own them.")],
    store: StoreOption = None,
) -> None:
    """Hand everything that one profile owns to another, after a file was renamed."""
    with Session.of(context, store).open_store() as book:
        entries = book.adopt_profile(old, new)
    output.say(f"{entries} entries of {old} belong to {new} now")


def remove(context: typer.Context, id: IdArgument, yes: YesOption = False, store: StoreOption = None) -> None:
    """Remove all entries of a profile whose file is gone."""
    with Session.of(context, store).open_store() as book:
        entries = next((state.entries for state in book.profiles() if state.id == id), 0)
        agree(f"All {entries} entries of profile {id} would be removed. Remove?", yes=yes)
        removed = book.remove_profile(id)
    output.say(f"{removed} entries of profile {id} are removed; pbx-connector history tells how to undo that")


def resume(context: typer.Context, id: IdArgument, store: StoreOption = None) -> None:
    """Let a profile run again after an undo."""
    with Session.of(context, store).open_store() as book:
        book.resume_profile(id)
    output.say(f"profile {id} may run again")
