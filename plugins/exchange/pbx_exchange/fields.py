"""Every field that a row from Exchange can have, and which EWS properties it is made of; names, types and words for
people are the core's.

One table; `pbx_exchange.rows` reads elements by it, `pbx_exchange.plugin` shows it to the checker and to
`pbx-connector fields exchange`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from pbx_connector.api import ADDRESS_PARTS, CONTACT_FIELDS, CONTACT_KNOWN_BY, Field, FieldSet

Reading = Literal["text", "date", "strings", "yes/no", "entry", "address", "address text", "name", "body", "made"]


@dataclass(frozen=True, slots=True)
class Known:
    """A field and where it comes from."""

    field: Field
    reading: Reading
    element: str = ""
    """Local name of the element in an item; for an entry, of the dictionary that holds it."""
    uris: tuple[tuple[str, str], ...] = ()
    """EWS properties to ask for: (FieldURI, FieldIndex or "")."""
    key: str = ""
    """The entry's Key."""
    whole_only: bool = False
    """FindItem does not answer it at all: the item must be read with GetItem."""


_ENTRIES = {
    "PhoneNumbers": "contacts:PhoneNumber",
    "EmailAddresses": "contacts:EmailAddress",
    "ImAddresses": "contacts:ImAddress",
}
_OF_ANY_ITEM = ("Sensitivity", "Importance", "Subject", "ItemClass", "Categories")
_READINGS: dict[str, Reading] = {"text": "text", "date": "date", "list": "strings", "yes/no": "yes/no"}


def _whole_only(name: str, reading: Reading, element: str, uri: str) -> Known:
    field = CONTACT_FIELDS[name]
    field = replace(field, doc=f"{field.doc} Read item by item, so slower.")
    return Known(field, reading, element, ((uri, ""),), whole_only=True)


def _special() -> Iterator[Known]:
    for name in ("local_id", "FolderPath", "Mailbox"):
        yield Known(CONTACT_FIELDS[name], "made")
    yield Known(CONTACT_FIELDS["NickName"], "text", "Nickname", (("contacts:Nickname", ""),))
    yield _whole_only("CompleteName", "name", "CompleteName", "contacts:CompleteName")
    yield _whole_only("Notes", "body", "Body", "item:Body")


_SPECIAL = {known.field.name: known for known in _special()}


def _known(field: Field) -> Known:
    """Most fields are called as the element is."""
    if field.name in _SPECIAL:
        return _SPECIAL[field.name]
    dictionary, _, key = field.name.partition("_")
    if dictionary == "PhysicalAddresses":
        return _address(field, key.removesuffix("_Text"))
    if dictionary in _ENTRIES:
        return Known(field, "entry", dictionary, ((_ENTRIES[dictionary], key),), key)
    prefix = "item" if field.name in _OF_ANY_ITEM else "contacts"
    return Known(field, _READINGS[field.type], field.name, ((f"{prefix}:{field.name}", ""),))


def _address(field: Field, key: str) -> Known:
    uris = tuple((f"contacts:PhysicalAddress:{part}", key) for part in ADDRESS_PARTS)
    return Known(field, "address" if field.of else "address text", "PhysicalAddresses", uris, key)


KNOWN: dict[str, Known] = {name: _known(field) for name, field in CONTACT_FIELDS.items()}
FIELDS = FieldSet(tuple(known.field for known in KNOWN.values()), known_by=CONTACT_KNOWN_BY)
