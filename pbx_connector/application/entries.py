"""Entries of the phone book: found, looked up as a caller's number would be, and made by hand."""

from __future__ import annotations

from collections.abc import Mapping

from pbx_connector.application.accounts import known_account
from pbx_connector.errors import UsageError
from pbx_connector.plan import Content
from pbx_connector.stores import Entries, Entry, Match, Store
from pbx_connector.stores.entry_validation import NOTHING, placed_faults
from pbx_connector.targets import line_ends


def add_entry(store: Entries, account: str | None, fields: Mapping[str, str], labels: Mapping[str, str]) -> Entry:
    """An entry made by hand; private to `account` if one is given. Raises `UsageError` for what cannot be one."""
    return store.add_entry(Content(account, _with_value(_typed(fields)), _with_value(labels)))


def edit_entry(store: Entries, entry: int, fields: Mapping[str, str], labels: Mapping[str, str]) -> Entry:
    """Change what is given of an entry made by hand; an empty value takes a field or a label from it.

    Raises `UsageError`, also if that changes nothing.
    """

    def changed(held: Content) -> Content:
        said = _with_value({**held.fields, **_typed(fields)})
        content = Content(held.account, said, _with_value({**held.labels, **labels}))
        if content == held:
            raise UsageError(f"entry {entry} says that already", hint="see: pbx-connector phonebook edit --help")
        return content

    return store.edit_entry(entry, changed)


def faults(
    fields: Mapping[str, str], labels: Mapping[str, str], *, account: str | None = None, held: Content = NOTHING
) -> dict[str, str]:
    """What keeps an entry from being written so, by field or `label NAME`; empty if nothing does. `held` is what it
    says already."""
    content = Content(account, _with_value(_typed(fields)), _with_value(labels))
    found: dict[str, str] = {}
    for place, words in placed_faults(content, held):
        found[place] = f"{found[place]}; {words}" if place in found else words
    return found


def look_up(store: Store, number: str, account: str | None) -> list[Match]:
    """Whose number it is; `account`: whose private entries count, too. Raises `UsageError` for an unknown account."""
    if account is not None:
        known_account(store, account)
    return store.lookup(number, account=account)


def _typed(fields: Mapping[str, str]) -> dict[str, str]:
    """Notes may come from a file of another system."""
    return {name: line_ends(value) for name, value in fields.items()}


def _with_value(given: Mapping[str, str]) -> dict[str, str]:
    return {name: value.strip() for name, value in given.items() if value.strip()}
