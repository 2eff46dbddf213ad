"""The phone book in a format of a plugin: which format, which entries it may have, and a file that is whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from pbx_rules.suggest import nearest

from pbx_connector.application.replacing import replacement
from pbx_connector.errors import StoreError, UsageError
from pbx_connector.stores import ALL, AccountScope, Entry, Every, Key, Label, Labelled, Order, Store
from pbx_connector.stores.identity import store_id

if TYPE_CHECKING:
    from pbx_connector.extensions import Exporter


def exporter(known: Mapping[str, Exporter], format: str) -> Exporter:
    """Raises `UsageError`, with a suggestion, if no plugin supplies the format."""
    if format not in known:
        close = nearest(format, known)
        hint = f"did you mean {close}?" if close else f"known formats: {', '.join(known)}"
        raise UsageError(f"unknown format {format!r}", hint=hint)
    return known[format]


def variant(exporter: Exporter, wanted: str | None) -> str:
    """Empty: as the format is written without being told. Raises `UsageError` if it has no such variant."""
    if wanted is None or wanted in exporter.variants:
        return wanted or ""
    known = ", ".join(exporter.variants)
    hint = f"known ones are {known}" if known else f"{exporter.name} is written in one way"
    raise UsageError(f"the format {exporter.name} has no variant {wanted!r}", hint=hint)


def hides_owners(exporter: Exporter, asked: AccountScope) -> bool:
    """Whether private entries of several people would stand there without a word whose they are."""
    return asked is ALL and not exporter.names_owners


def permitted(exporter: Exporter, asked: AccountScope, *, agreed: bool) -> AccountScope:
    """Which of the entries that were asked for a format gets. Read from one that does not say whose a private entry is,
    it would be a company entry, which is a breach: so those take somebody's word that they are wanted, `agreed`."""
    return None if hides_owners(exporter, asked) and not agreed else asked


def write(exporter: Exporter, store: Store, account: AccountScope, stream: TextIO, variant: str = "") -> None:
    from pbx_connector.extensions import ExportOptions

    options = ExportOptions(variant=variant, store=store_id(store))
    exporter.write(_entries(exporter, store, account), label_names(store, account), stream, options)


def label_names(store: Store, account: AccountScope) -> list[str]:
    """Those that entries carry which were asked for: the name of another's label may say something, too."""
    names = [label.name for label in store.labels()]
    if account is ALL:
        return names
    return [name for name in names if store.find_ids(Labelled(name), owners=(account,), limit=1)]


def write_file(exporter: Exporter, store: Store, account: AccountScope, file: Path, variant: str = "") -> None:
    """In place of a file that is there, once all of it is written. Raises `UsageError` for what can be no file, and
    `StoreError`."""
    if not file.name or (file.exists() and not file.is_file()):
        raise UsageError(f"{file} is a folder, or no file at all", hint="name a file, such as phonebook.csv")
    try:
        with replacement(file) as stream:
            write(exporter, store, account, stream, variant)
    except OSError as error:
        raise StoreError(f"{file} cannot be written: {error.strerror}", hint="nothing was changed") from None


def labels_of_company(store: Store) -> list[Label]:
    """Counted without private entries; those that only private ones carry are left out."""
    held = store.labels()
    counts = {
        label.name: store.count_found(Labelled(label.name), owners=(None,)) if label.entries else 0 for label in held
    }
    return [Label(label.name, counts[label.name]) for label in held if counts[label.name] or not label.entries]


def _entries(exporter: Exporter, store: Store, account: AccountScope) -> Iterator[Entry]:
    if not exporter.by_name:
        return store.entries(account=account)
    owners = (None, *(each.id for each in store.accounts())) if account is ALL else (account,)
    return store.find(Every(), owners=owners, order=(Order(Key.DISPLAY_NAME),))
