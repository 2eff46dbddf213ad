"""Contacts as JSON: which members there are, and how each is made from the values of an item.

`compile_contact` makes one function for all items of an answer. Neighbours: mailboxes.py (who asks), writers.py (the
way back), extended.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from pbx_connector.testing.office.entities import DirectoryAddress, Item, Mailbox, Value, Values, tell_time
from pbx_microsoft365.sandbox.extended import MULTIPLE, SINGLE, ExtendedProperty, read_wanted
from pbx_microsoft365.sandbox.identifiers import item_id, web_id
from pbx_microsoft365.sandbox.messages import Json, bad_request

Read = Callable[[Item, Values], Any]
WriteContact = Callable[[Item], Json]
NameOf = Callable[[str], str | None]
"""The directory's name for an address."""

TEXTS: Final[Mapping[str, str]] = {
    "fileAs": "FileAs",
    "displayName": "DisplayName",
    "givenName": "GivenName",
    "initials": "Initials",
    "middleName": "MiddleName",
    "nickName": "Nickname",
    "surname": "Surname",
    "title": "0x3a45",
    "yomiGivenName": "PhoneticFirstName",
    "yomiSurname": "PhoneticLastName",
    "yomiCompanyName": "0x802e",
    "generation": "Generation",
    "jobTitle": "JobTitle",
    "companyName": "CompanyName",
    "department": "Department",
    "officeLocation": "OfficeLocation",
    "profession": "Profession",
    "businessHomePage": "BusinessHomePage",
    "assistantName": "AssistantName",
    "manager": "Manager",
    "mobilePhone": "PhoneNumbers_MobilePhone",
    "spouseName": "SpouseName",
    "personalNotes": "Body",
}
"""Members that are texts, and the values they are made of."""
LISTS: Final[Mapping[str, tuple[str, ...]]] = {
    "businessPhones": ("PhoneNumbers_BusinessPhone", "PhoneNumbers_BusinessPhone2"),
    "homePhones": ("PhoneNumbers_HomePhone", "PhoneNumbers_HomePhone2"),
    "imAddresses": ("ImAddresses_ImAddress1", "ImAddresses_ImAddress2", "ImAddresses_ImAddress3"),
}
"""Members that are lists, whose empty slots are closed up."""
TUPLES: Final[Mapping[str, str]] = {"categories": "Categories", "children": "Children"}
EMAILS: Final[Mapping[str, str]] = {
    "primaryEmailAddress": "EmailAddresses_EmailAddress1",
    "secondaryEmailAddress": "EmailAddresses_EmailAddress2",
    "tertiaryEmailAddress": "EmailAddresses_EmailAddress3",
}
ADDRESSES: Final[Mapping[str, str]] = {"homeAddress": "Home", "businessAddress": "Business", "otherAddress": "Other"}
PARTS: Final[Mapping[str, str]] = {
    "street": "Street",
    "city": "City",
    "state": "State",
    "countryOrRegion": "CountryOrRegion",
    "postalCode": "PostalCode",
}
_STAMPS: Final = (
    "changeKey",
    "createdDateTime",
    "lastModifiedDateTime",
    "parentFolderId",
    "birthday",
    "emailAddresses",
)
_NEVER_TOLD: Final = ("extensions", "photo", SINGLE, MULTIPLE)
CONTACT_TYPE: Final = "microsoft.graph.contact"
SELECTABLE: Final = frozenset(
    ("id", "emailAddresses", *_STAMPS, *TEXTS, *LISTS, *TUPLES, *EMAILS, *ADDRESSES, *_NEVER_TOLD)
)


def _text(name: str, empty: str | None) -> Read:
    return lambda item, values: _plain(values.get(name)) or empty


def _plain(value: Value | None) -> str | None:
    return str(value) if isinstance(value, str) and value else None


def _list(names: Sequence[str]) -> Read:
    return lambda item, values: [text for name in names if (text := _plain(values.get(name)))]


def _tuple(name: str) -> Read:
    def read(item: Item, values: Values) -> list[str]:
        kept = values.get(name)
        return list(kept) if isinstance(kept, tuple) else [kept] if isinstance(kept, str) and kept else []

    return read


def _email(value: Value | None, name_of: NameOf) -> Json | None:
    if not value:
        return None
    address = value.smtp if isinstance(value, DirectoryAddress) else str(value)
    return {"name": name_of(address) or address, "address": address}


def _address(kind: str) -> Read:
    def read(item: Item, values: Values) -> Json:
        told = {part: _plain(values.get(f"PhysicalAddresses_{kind}_{name}")) for part, name in PARTS.items()}
        return {part: text for part, text in told.items() if text}

    return read


def tell(version: int) -> str:
    return f"{tell_time(version):%Y-%m-%dT%H:%M:%SZ}"


def _readers(name_of: NameOf) -> dict[str, Read]:
    slots = tuple(EMAILS.values())
    return {
        "createdDateTime": lambda item, values: tell(item.created),
        "lastModifiedDateTime": lambda item, values: tell(item.version),
        "changeKey": lambda item, values: item.change_key,
        "categories": _tuple("Categories"),
        "parentFolderId": lambda item, values: web_id(item.folder.id),
        "birthday": lambda item, values: _plain(values.get("Birthday")),
        **{name: _text(kept, "" if name in ("fileAs", "personalNotes") else None) for name, kept in TEXTS.items()},
        **{name: _list(kept) for name, kept in LISTS.items()},
        "children": _tuple("Children"),
        "emailAddresses": lambda item, values: [told for slot in slots if (told := _email(values.get(slot), name_of))],
        **{name: _read_email(slot, name_of) for name, slot in EMAILS.items()},
        **{name: _address(kind) for name, kind in ADDRESSES.items()},
    }


def _read_email(slot: str, name_of: NameOf) -> Read:
    return lambda item, values: _email(values.get(slot), name_of)


def compile_contact(
    mailbox: Mailbox, select: Sequence[str] | None, expand: Mapping[str, str], name_of: NameOf, *, immutable: bool
) -> WriteContact:
    """A function that writes contacts of one mailbox. Raises GraphError for what cannot be expanded."""
    readers = _readers(name_of)
    wanted = [(name, read) for name, read in readers.items() if select is None or name in select]
    extended = [(name, _read_expanded(name, inside)) for name, inside in expand.items()]

    def write(item: Item) -> Json:
        values = item.values
        told: Json = {
            "@odata.etag": f'W/"{item.change_key}"',
            "id": item_id(item, mailbox, immutable=immutable),
            **{name: read(item, values) for name, read in wanted},
        }
        for name, properties in extended:
            found = [written for one in properties if (written := one.write(item, values))]
            if found:
                told[name] = found
        return told

    return write


def _read_expanded(name: str, inside: str) -> list[ExtendedProperty]:
    if name in (SINGLE, MULTIPLE):
        return read_wanted(inside, many=name == MULTIPLE)
    if name == "extensions":
        return []
    raise bad_request(f"Could not find a property named '{name}' on type '{CONTACT_TYPE}'.", "RequestBroker--ParseUri")
