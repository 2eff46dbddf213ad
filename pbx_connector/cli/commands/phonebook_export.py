"""`pbx-connector phonebook export`: the phone book for other programs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from pbx_connector.cli import output
from pbx_connector.cli.session import AccountOption, CompanyOption, Session, StoreOption, scope
from pbx_connector.errors import StoreError, UsageError
from pbx_connector.stores import AccountScope, Store
from pbx_connector.stores.exporting import EXPORTS, Export


def add_to(group: typer.Typer) -> None:
    group.command("export")(export)


def export(
    context: typer.Context,
    format: Annotated[str, typer.Option("--format", help=f"One of {', '.join(EXPORTS)}.")] = "csv",
    out: Annotated[Path | None, typer.Option("--out", help="The file to write; default: standard output.")] = None,
    account: AccountOption = None,
    company: CompanyOption = False,
    store: StoreOption = None,
) -> None:
    """Write entries as CSV (the phone system's columns), JSON lines or vCard 4.0."""
    write = EXPORTS.get(format)
    if write is None:
        raise UsageError(f"unknown format {format!r}", hint=f"known formats: {', '.join(EXPORTS)}")
    with Session.of(context, store).open_store() as book:
        wanted = scope(book, account, company)
        if out is None:
            write(book.entries(account=wanted), _labels(book), sys.stdout)
        else:
            _write_file(write, book, wanted, out)
            output.say(f"{out} is written")


def _labels(book: Store) -> list[str]:
    return [label.name for label in book.labels()]


def _write_file(write: Export, book: Store, wanted: AccountScope, out: Path) -> None:
    """Under another name first: whoever reads `out` sees the old file or the whole new one."""
    if not out.name or out.is_dir():
        raise UsageError(f"{out} is a folder", hint="name a file, such as phonebook.csv")
    part = out.with_name(f".{out.name}.part")
    try:
        with part.open("w", encoding="utf-8", errors="backslashreplace", newline="") as stream:
            write(book.entries(account=wanted), _labels(book), stream)
        part.replace(out)
    except OSError as error:
        raise StoreError(f"{out} cannot be written: {error.strerror}", hint="nothing was changed") from None
    finally:
        part.unlink(missing_ok=True)
