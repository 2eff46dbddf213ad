"""Entries of the phone book: found, looked up as a caller's number would be, and made by hand."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pbx_connector.application.accounts import known_account
from pbx_connector.errors import UsageError
from pbx_connector.plan import Content
from pbx_connector.stores import Entry, Match, Store
from pbx_connector.targets import LABEL_NAME_MAX_LENGTH, LABEL_VALUE_MAX_LENGTH, TARGETS

_NUMBER = re.compile(r"(?=.*\d)[\d ()/.*#+-]+((x|ext\.?|DW|Durchwahl) ?\d+)?", re.ASCII | re.IGNORECASE)
"""Also what only a phone system can dial: short numbers and codes."""
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+")


def add_entry(store: Store, account: str | None, fields: Mapping[str, str], labels: Mapping[str, str]) -> Entry:
    """An entry made by hand; private to `account` if one is given. Raises `UsageError` for what cannot be one."""
    content = Content(account, _with_value(fields), _with_value(labels))
    _check_kinds(content.fields)
    _check(content)
    return store.add_entry(content)


def edit_entry(store: Store, entry: int, fields: Mapping[str, str], labels: Mapping[str, str]) -> Entry:
    """Change what is given of an entry made by hand; an empty value takes a field or a label from it.

    Raises `UsageError`, also if that changes nothing.
    """
    _check_kinds(_with_value(fields))

    def changed(held: Content) -> Content:
        content = Content(held.account, _with_value({**held.fields, **fields}), _with_value({**held.labels, **labels}))
        _check(content)
        if content == held:
            raise UsageError(f"entry {entry} says that already", hint="see: pbx-connector phonebook edit --help")
        return content

    return store.edit_entry(entry, changed)


def look_up(store: Store, number: str, account: str | None) -> list[Match]:
    """Whose number it is; `account`: whose private entries count, too. Raises `UsageError` for an unknown account."""
    if account is not None:
        known_account(store, account)
    return store.lookup(number, account=account)


def _with_value(given: Mapping[str, str]) -> dict[str, str]:
    return {name: value.strip() for name, value in given.items() if value.strip()}


def _check_kinds(typed: Mapping[str, str]) -> None:
    """Only what is typed now: what an entry has already is no reason to refuse a change of something else."""
    for target in TARGETS:
        value = typed.get(target.name, "")
        if value and target.kind == "phone" and not _NUMBER.fullmatch(value):
            raise UsageError(
                f"{target.title}: {value!r} is no telephone number", hint="such as +49 89 99998-190, or 190"
            )
        if value and target.kind == "email" and not _ADDRESS.fullmatch(value):
            raise UsageError(f"{target.title}: {value!r} is no e-mail address", hint="such as ann@example.com")


def _check(content: Content) -> None:
    """What a person types is refused, not cut."""
    for target in TARGETS:
        value = content.fields.get(target.name, "")
        if target.required and not value:
            raise UsageError(f"--{target.name.replace('_', '-')} is needed: {target.title}")
        if len(value) > target.max_length:
            raise UsageError(f"{target.title} is longer than {target.max_length} characters")
    for name, value in content.labels.items():
        if len(name) > LABEL_NAME_MAX_LENGTH or len(value) > LABEL_VALUE_MAX_LENGTH:
            raise UsageError(
                f"a label has at most {LABEL_NAME_MAX_LENGTH} characters, its value {LABEL_VALUE_MAX_LENGTH}"
            )
