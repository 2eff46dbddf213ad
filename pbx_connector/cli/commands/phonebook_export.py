"""`pbx-connector phonebook export`: the phone book for other programs."""

from __future__ import annotations

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

FORMAT_HELP = "csv (default), jsonl or vcard, or a format of a plugin."
RAW_HELP = "CSV without apostrophes before what a spreadsheet would run."
VARIANT_HELP = "Another way to write the format, such as one of a plugin."
AllOption = Annotated[bool, typer.Option("--all", help="Private entries of all accounts, too.")]


def add_to(group: typer.Typer) -> None:
    group.command("export")(export)


def export(
    context: typer.Context,
    format: Annotated[str | None, typer.Option("--format", help=FORMAT_HELP)] = None,
    vcard: Annotated[str | None, typer.Option("--vcard", help="vCard 3.0 or 4.0 (default).", metavar="VERSION")] = None,
    raw: Annotated[bool, typer.Option("--raw", help=RAW_HELP)] = False,
    wanted_variant: Annotated[str | None, typer.Option("--variant", help=VARIANT_HELP, metavar="NAME")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="The file to write; default: standard output.")] = None,
    account: AccountOption = None,
    company: CompanyOption = False,
    everything: AllOption = False,
    store_url: StoreOption = None,
) -> None:
    """Write entries as CSV (the phone system's columns), JSON lines or vCard.

    CSV and vCard do not say whose a private entry is, so they get company entries, unless --all or --account is given.
    """
    session = Session.of(context, store_url)
    if raw and vcard is not None:
        raise UsageError("--raw is for CSV, --vcard for vCard")
    exporter = exports.exporter(session.exporters, format or ("csv" if vcard is None else "vcard"))
    if wanted_variant is not None and (raw or vcard is not None):
        raise UsageError("--variant excludes --raw and --vcard, which are variants of CSV and vCard")
    variant = exports.variant(exporter, "raw" if raw else vcard if wanted_variant is None else wanted_variant)
    if everything and (company or account is not None):
        raise UsageError("--all excludes --account and --company")
    with session.open_store_to_look() as store:
        asked = scope(store, account, company)
        _say_who_is_in(exporter, asked, everything)
        wanted = exports.permitted(exporter, asked, agreed=everything)
        if out is None:
            exports.write(exporter, store, wanted, output.results(), variant)
        else:
            exports.write_file(exporter, store, wanted, out, variant)
            output.say(f"{out} is written")


def _say_who_is_in(exporter: Exporter, asked: AccountScope, everything: bool) -> None:
    if not exports.hides_owners(exporter, asked):
        return
    if everything:
        output.warn("private entries are among them, and this format does not say whose they are")
    else:
        output.note("private entries are left out, as this format does not say whose they are: --account ID or --all")
