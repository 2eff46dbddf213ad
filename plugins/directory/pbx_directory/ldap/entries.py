"""Entries of the phone book as LDAP's, with the attributes that were asked for, under the names that were asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pbx_connector.api import Entry, Key
from pbx_directory.ldap import answers
from pbx_directory.ldap.attributes import (
    ATTRIBUTES,
    OPERATIONAL,
    PERSON_CLASSES,
    Attribute,
    Holder,
    find_attribute,
)
from pbx_directory.ldap.numbers import NumberQuestions
from pbx_directory.ldap.tree import Folder, dn_of, operational

_STRUCTURAL = "inetOrgPerson"
_OPERATIONAL = {name.casefold(): name for name in OPERATIONAL}
_ALL, _ALL_OPERATIONAL, _NONE = "*", "+", "1.1"

Values = Mapping[str, Sequence[str]]
"""By canonical name."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One attribute to be returned."""

    shown: str
    """As it was asked for."""
    name: str
    """Its canonical name."""


def wanted_of(asked: Sequence[str]) -> tuple[Wanted, ...]:
    """In the order asked, each once; what there is not is left out (RFC 4511, 4.5.1.8)."""
    found: dict[str, Wanted] = {}
    for name in asked or (_ALL,):
        for one in _named(name):
            found.setdefault(one.name, one)
    return tuple(found.values())


def _named(name: str) -> Iterable[Wanted]:
    if name == _ALL:
        return [Wanted(attribute.name, attribute.name) for attribute in ATTRIBUTES]
    if name == _ALL_OPERATIONAL:
        return [Wanted(each, each) for each in OPERATIONAL]
    if (attribute := find_attribute(name)) is not None:
        return [Wanted(name, attribute.name)]
    if (known := _OPERATIONAL.get(name.casefold())) is not None:
        return [Wanted(name, known)]
    return []


class EntryWriter:
    """Writes entries for one search; entries that have none of the attributes asked for are written without."""

    def __init__(self, request: int, asked: Sequence[str], *, types_only: bool, numbers: NumberQuestions) -> None:
        self._request = request
        self._wanted = wanted_of(asked)
        self._types_only = types_only
        self._numbers = numbers

    def contact(self, entry: Entry) -> bytes:
        found = [(one.shown, values) for one in self._wanted if (values := self._values(one.name, entry))]
        return self._written(dn_of(entry), found)

    def folder(self, folder: Folder) -> bytes:
        held = {**folder.attributes, **folder.operational}
        return self._written(folder.value, [(one.shown, held[one.name]) for one in self._wanted if one.name in held])

    def _written(self, dn: str, found: Sequence[tuple[str, Sequence[str]]]) -> bytes:
        return answers.entry(self._request, dn, [(name, () if self._types_only else values) for name, values in found])

    def _values(self, name: str, entry: Entry) -> Sequence[str]:
        attribute = find_attribute(name)
        if attribute is None:
            return operational(_STRUCTURAL, dn_of(entry), has_subordinates=False)[name]
        return values_of(attribute, entry, self._numbers)


def values_of(attribute: Attribute, entry: Entry, numbers: NumberQuestions) -> Sequence[str]:
    match attribute.is_:
        case Holder.ID:
            return (str(entry.id),)
        case Holder.CLASS:
            return PERSON_CLASSES
        case Holder.LABEL:
            return [f"{name}: {value}" for name, value in entry.content.labels.items()]
        case Holder.INTERNAL:
            return _internal(entry, numbers)
        case Holder.NOTES:
            return _one(entry.content.fields.get("notes"))
        case Holder.FOLDER:
            return ()
        case key if attribute.is_number:
            return numbers.shown(entry, key)
        case key:
            return _one(_text(entry.content.fields, key))


def _internal(entry: Entry, numbers: NumberQuestions) -> Sequence[str]:
    number = entry.content.fields.get(Key.PHONE, "").lstrip(" (")
    return () if number.startswith(("+", "00")) else numbers.shown(entry, Key.PHONE)


def _text(fields: Mapping[str, str], key: Key) -> str | None:
    """What the store compares by that key."""
    if key is Key.SURNAME:
        return fields.get("last_name") or fields.get("organisation") or fields["display_name"]
    return fields.get(key)


def _one(value: str | None) -> Sequence[str]:
    return (value,) if value else ()
