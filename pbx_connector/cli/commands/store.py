"""`pbx-connector store`: whether the phone book is whole, its backups, and how one takes its place again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pbx_connector.application import upkeep, views
from pbx_connector.cli import output
from pbx_connector.cli.session import JsonOption, Session, StoreOption
from pbx_connector.errors import EXIT_UNREACHABLE

FileArgument = Annotated[Path, typer.Argument(help="The backup.", metavar="FILE")]


def add_to(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Whether the phone book is whole, and its backups.")
    group.command("check")(check)
    group.command("backup")(backup)
    group.command("restore")(restore)
    app.add_typer(group, name="store")


def check(context: typer.Context, store_url: StoreOption = None, as_json: JsonOption = False) -> None:
    """Read the whole phone book and say what is damaged; the exit code is 4 if anything is."""
    checked = upkeep.check(Session.of(context, store_url).store_url)
    if as_json:
        output.as_json(views.store_check(checked))
    elif not checked.faults:
        output.say(f"{output.shown(checked.place)} is whole")
    else:
        for fault in checked.faults:
            output.complain(output.shown(fault))
        output.hint("restore a backup: pbx-connector store restore FILE; or start a new file and run all profiles")
    if checked.faults:
        raise typer.Exit(EXIT_UNREACHABLE)


def backup(context: typer.Context, file: FileArgument, store_url: StoreOption = None) -> None:
    """Write the phone book into a new file, also while runs go on."""
    upkeep.backup(Session.of(context, store_url).store_url, file)
    output.say(f"{file} is written and whole")


def restore(context: typer.Context, file: FileArgument, store_url: StoreOption = None) -> None:
    """Put a backup in the phone book's place; what was there is kept beside it."""
    session = Session.of(context, store_url)
    session.make_store_folder()
    kept = upkeep.restore(session.store_url, file)
    output.say(f"the phone book is as in {file}" + (f"; what it was before is in {kept}" if kept else ""))
