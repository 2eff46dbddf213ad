"""Every field that a row from Exchange can have: name, type, words for people, and which EWS properties it is made of.

One table; `pbx_exchange.rows` reads elements by it, `pbx_exchange.plugin` shows it to the checker and to
`pbx-connector fields exchange`. The first names are those of the connector that this project rebuilds, to the letter.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pbx_connector.api import Field, FieldSet

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


ADDRESS_PARTS = ("Street", "City", "State", "CountryOrRegion", "PostalCode")
_ADDRESSES = ("Business", "Home", "Other")

_TEXTS = {
    "DisplayName": "Name as the contact list shows it.",
    "Initials": "Initials.",
    "GivenName": "First name.",
    "Surname": "Last name.",
    "MiddleName": "Middle name.",
    "Generation": "Addition after the name, such as Jr. or III.",
    "CompanyName": "Company.",
    "JobTitle": "Position in the company.",
    "Department": "Department in the company.",
    "OfficeLocation": "Office, room or site.",
    "BusinessHomePage": "Web page.",
    "PostalAddressIndex": "Which address is the postal one: Business, Home, Other or None.",
    "SpouseName": "Name of the partner.",
    "FileAs": "Name under which the contact is filed.",
    "FileAsMapping": "How FileAs is made of the names, such as LastCommaFirst.",
}
_MORE_TEXTS = {
    "AssistantName": "Name of the assistant.",
    "Manager": "Name of the superior.",
    "Profession": "Profession.",
    "Mileage": "Mileage: free text that Outlook has for travel expenses.",
    "Alias": "Short e-mail name, for contacts from the directory.",
    "DirectoryId": "Id in the directory, for contacts from there.",
    "ContactSource": "Where the contact comes from: ActiveDirectory or Store.",
    "PhoneticFullName": "Whole name as it is pronounced.",
    "PhoneticFirstName": "First name as it is pronounced.",
    "PhoneticLastName": "Last name as it is pronounced.",
}
_ITEM_TEXTS = {
    "Sensitivity": "Normal, Personal, Private or Confidential.",
    "Importance": "Low, Normal or High.",
    "Subject": "Subject of the item; for contacts mostly the name.",
    "ItemClass": "Class of the item, such as IPM.Contact.",
}
_PHONES = {
    "AssistantPhone": "the assistant",
    "BusinessFax": "business fax",
    "BusinessPhone": "business",
    "BusinessPhone2": "business, second",
    "CompanyMainPhone": "the company's main number",
    "HomeFax": "private fax",
    "HomePhone": "private",
    "HomePhone2": "private, second",
    "MobilePhone": "mobile",
    "OtherFax": "other fax",
    "OtherTelephone": "other",
    "Pager": "pager",
    "RadioPhone": "radio",
}
_MORE_PHONES = {
    "Callback": "to call back",
    "CarPhone": "car",
    "Isdn": "ISDN",
    "PrimaryPhone": "the main one of them",
    "Telex": "telex",
    "TtyTddPhone": "text telephone",
    "BusinessMobile": "business mobile",
    "IPPhone": "internet telephone",
    "Mms": "multimedia messages",
    "Msn": "MSN",
}


def _text(name: str, doc: str, element: str = "", prefix: str = "contacts") -> Known:
    element = element or name
    return Known(Field(name, "text", doc), "text", element, ((f"{prefix}:{element}", ""),))


def _entry(dictionary: str, uri: str, key: str, doc: str) -> Known:
    return Known(Field(f"{dictionary}_{key}", "text", doc), "entry", dictionary, ((uri, key),), key)


def _phone(key: str, whose: str) -> Known:
    return _entry("PhoneNumbers", "contacts:PhoneNumber", key, f"Telephone number: {whose}.")


def _address(key: str) -> tuple[Known, Known]:
    uris = tuple((f"contacts:PhysicalAddress:{part}", key) for part in ADDRESS_PARTS)
    of: dict[str, Literal["text"]] = dict.fromkeys(ADDRESS_PARTS, "text")
    text = Field(f"PhysicalAddresses_{key}_Text", "text", f"{key} address as one line.")
    record = Field(f"PhysicalAddresses_{key}", "record", f"{key} address, by its parts.", dict(of), text.name)
    return (
        Known(record, "address", "PhysicalAddresses", uris, key),
        Known(text, "address text", "PhysicalAddresses", uris, key),
    )


def _date(name: str, doc: str) -> Known:
    return Known(Field(name, "date", doc), "date", name, ((f"contacts:{name}", ""),))


def _strings(name: str, doc: str, prefix: str = "contacts") -> Known:
    return Known(Field(name, "list", doc), "strings", name, ((f"{prefix}:{name}", ""),))


def _made(name: str, doc: str) -> Known:
    return Known(Field(name, "text", doc), "made")


def _original() -> Iterator[Known]:
    yield from (_text(name, doc) for name, doc in _TEXTS.items())
    yield _text("NickName", "Nickname.", "Nickname")
    yield Known(
        Field("CompleteName", "text", "Title, names and additions in one; read item by item, so slower."),
        "name",
        "CompleteName",
        (("contacts:CompleteName", ""),),
        whole_only=True,
    )
    yield _date("Birthday", "Birthday; without a year Outlook writes 1604.")
    yield _date("WeddingAnniversary", "Wedding anniversary.")
    yield from (_phone(key, whose) for key, whose in _PHONES.items())
    for number in "123":
        yield _entry("EmailAddresses", "contacts:EmailAddress", f"EmailAddress{number}", f"E-mail address {number}.")
        yield _entry("ImAddresses", "contacts:ImAddress", f"ImAddress{number}", f"Instant messaging address {number}.")
    for key in _ADDRESSES:
        yield from _address(key)
    yield _made("local_id", "Id of the account whose personal contact this is; blank for all others.")


def _beyond() -> Iterator[Known]:
    yield from (_text(name, doc) for name, doc in _MORE_TEXTS.items())
    yield from (_text(name, doc, prefix="item") for name, doc in _ITEM_TEXTS.items())
    yield from (_phone(key, whose) for key, whose in _MORE_PHONES.items())
    yield _strings("Categories", "Categories that Outlook shows as colours.", "item")
    yield _strings("Children", "Names of the children.")
    yield _strings("Companies", "Further companies.")
    yield Known(
        Field("Notes", "text", "The notes below the contact; read item by item, so slower."),
        "body",
        "Body",
        (("item:Body", ""),),
        whole_only=True,
    )
    yield Known(
        Field("HasPicture", "yes/no", "Whether the contact has a picture."),
        "yes/no",
        "HasPicture",
        (("contacts:HasPicture", ""),),
    )
    yield _made("FolderPath", "Path of the folder that the contact lies in, such as /Contacts/Suppliers.")
    yield _made("Mailbox", "Address of the mailbox that the contact lies in; blank for public folders.")


KNOWN: dict[str, Known] = {known.field.name: known for known in (*_original(), *_beyond())}
KNOWN_BY = (
    ("FileAs",),
    ("DisplayName",),
    ("GivenName", "Surname"),
    ("CompanyName",),
    ("Subject",),
    *((f"PhoneNumbers_{key}",) for key in ("BusinessPhone", "MobilePhone", "CompanyMainPhone", "HomePhone")),
    *((f"EmailAddresses_EmailAddress{number}",) for number in "123"),
)
FIELDS = FieldSet(tuple(known.field for known in KNOWN.values()), known_by=KNOWN_BY)
