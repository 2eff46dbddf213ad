"""`pbx-connector rows PROFILE`: the source's real rows, for `map` and `explain`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, TextIO

import typer

from pbx_connector.application.replacing import replacement
from pbx_connector.application.source_rows import SourceRows
from pbx_connector.cli import output
from pbx_connector.cli.session import ProfileArgument, Session, StoreOption, warn_without_accounts
from pbx_connector.counting import counted
from pbx_connector.errors import EXIT_PARTIAL, UsageError


def add_to(app: typer.Typer) -> None:
    app.command("rows")(rows)


def rows(
    context: typer.Context,
    profile: ProfileArgument,
    out: Annotated[Path | None, typer.Option("--out", help="The file to write; default: standard output.")] = None,
    limit: Annotated[int | None, typer.Option(help="As many rows at most.", min=1)] = None,
    all_fields: Annotated[
        bool, typer.Option("--all-fields", help="Every field, not only those that the profile uses; slower.")
    ] = False,
    store_url: StoreOption = None,
) -> None:
    """Write the rows that the source has, one JSON object a line, for map and explain; changes nothing."""
    session = Session.of(context, store_url)
    loaded = session.load_profile(profile)
    with session.open_store_to_look() as store:
        warn_without_accounts(loaded, store)
        found = SourceRows(loaded, store.accounts(), all_fields=all_fields, limit=limit)
        if out is None:
            _write(found, sys.stdout)
        else:
            many = _write_file(found, out)
            output.say(f"{out} has {counted(many, 'row')}; they are people's data: delete it when you are done")
    output.problems(found.problems)
    if found.problems:
        raise typer.Exit(EXIT_PARTIAL)


def _write(found: SourceRows, stream: TextIO) -> int:
    """Returns how many rows there were."""
    many = 0
    for values in found:
        stream.write(json.dumps(values, ensure_ascii=stream is sys.stdout) + "\n")
        many += 1
    return many


def _write_file(found: SourceRows, out: Path) -> int:
    if not out.name or (out.exists() and not out.is_file()):
        raise UsageError(f"{out} is a folder, or no file at all", hint="name a file, such as rows.jsonl")
    try:
        with replacement(out) as stream:
            return _write(found, stream)
    except OSError as error:
        raise UsageError(f"{out} cannot be written: {error.strerror}", hint="nothing was changed") from None
