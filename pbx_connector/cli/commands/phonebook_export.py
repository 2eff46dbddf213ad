"""`pbx-connector phonebook export`: the phone book for other programs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from pbx_rules.suggest import nearest

from pbx_connector.application.accounts import scope
from pbx_connector.application.replacing import replacement
from pbx_connector.cli import output
from pbx_connector.cli.session import AccountOption, CompanyOption, Session, StoreOption
from pbx_connector.errors import StoreError, UsageError
from pbx_connector.extensions import Exporter
from pbx_connector.stores import ALL, AccountScope, Store

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
    exporter = _exporter(session, format)
    if everything and (company or account is not None):
        raise UsageError("--all excludes --account and --company")
    with session.open_store() as store:
        wanted = scope(store, account, company)
        if wanted is ALL and not exporter.names_owners:
            wanted = _with_private_ones(everything)
        if out is None:
            exporter.render(store.entries(account=wanted), _labels(store), sys.stdout)
        else:
            _write_file(exporter, store, wanted, out)
            output.say(f"{out} is written")


def _exporter(session: Session, format: str) -> Exporter:
    """Raises `UsageError`, with a suggestion, if no plugin supplies the format."""
    known = session.exporters
    if format not in known:
        close = nearest(format, known)
        hint = f"did you mean {close}?" if close else f"known formats: {', '.join(known)}"
        raise UsageError(f"unknown format {format!r}", hint=hint)
    return known[format]


def _with_private_ones(agreed: bool) -> AccountScope:
    """A private entry in a company phone book is a breach, so it takes a word of its own."""
    if agreed:
        output.warn("private entries are among them, and this format does not say whose they are")
        return ALL
    output.note("private entries are left out, as this format does not say whose they are: --account ID or --all")
    return None


def _labels(store: Store) -> list[str]:
    return [label.name for label in store.labels()]


def _write_file(exporter: Exporter, store: Store, wanted: AccountScope, out: Path) -> None:
    if not out.name or (out.exists() and not out.is_file()):
        raise UsageError(f"{out} is a folder, or no file at all", hint="name a file, such as phonebook.csv")
    try:
        with replacement(out) as stream:
            exporter.render(store.entries(account=wanted), _labels(store), stream)
    except OSError as error:
        raise StoreError(f"{out} cannot be written: {error.strerror}", hint="nothing was changed") from None
