"""`pbx-connector phonebook export`: the phone book for other programs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from pbx_connector.application import exports
from pbx_connector.application.accounts import scope
from pbx_connector.cli import output
from pbx_connector.cli.session import AccountOption, CompanyOption, Session, StoreOption
from pbx_connector.errors import UsageError
from pbx_connector.extensions import Exporter
from pbx_connector.stores import AccountScope

FORMAT_HELP = "csv, jsonl or vcard, or a format of a plugin."
AllOption = Annotated[bool, typer.Option("--all", help="Private entries of all accounts, too.")]


def add_to(group: typer.Typer) -> None:
    group.command("export")(export)


def export(
    context: typer.Context,
    format: Annotated[str, typer.Option("--format", help=FORMAT_HELP)] = "csv",
    out: Annotated[Path | None, typer.Option("--out", help="The file to write; default: standard output.")] = None,
    account: AccountOption = None,
    company: CompanyOption = False,
    everything: AllOption = False,
    store_url: StoreOption = None,
) -> None:
    """Write entries as CSV (the phone system's columns), JSON lines or vCard 4.0.

    CSV and vCard do not say whose a private entry is, so they get company entries, unless --all or --account is given.
    """
    session = Session.of(context, store_url)
    exporter = exports.exporter(session.exporters, format)
    if everything and (company or account is not None):
        raise UsageError("--all excludes --account and --company")
    with session.open_store() as store:
        asked = scope(store, account, company)
        _say_who_is_in(exporter, asked, everything)
        wanted = exports.permitted(exporter, asked, agreed=everything)
        if out is None:
            exports.write(exporter, store, wanted, sys.stdout)
        else:
            exports.write_file(exporter, store, wanted, out)
            output.say(f"{out} is written")


def _say_who_is_in(exporter: Exporter, asked: AccountScope, everything: bool) -> None:
    if not exports.hides_owners(exporter, asked):
        return
    if everything:
        output.warn("private entries are among them, and this format does not say whose they are")
    else:
        output.note("private entries are left out, as this format does not say whose they are: --account ID or --all")
