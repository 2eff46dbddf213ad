"""The fields of a contact, by the names that every source of contacts gives them: rules written for one read another.

A source has as many of them as it can fill, says for itself where each comes from, and adds fields of its own. The
first names are those of the connector that this project rebuilds, to the letter. What sources make of a contact's parts
in the same way (a day, an address as one line) is here as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from types import MappingProxyType
from typing import Literal
from zoneinfo import ZoneInfo

from pbx_connector.source import Field

ADDRESS_PARTS = ("Street", "City", "State", "CountryOrRegion", "PostalCode")
"""The parts of an address record, as the fields `PhysicalAddresses_...` have them."""
ADDRESS_KINDS = ("Business", "Home", "Other")
"""Whose addresses there are: `PhysicalAddresses_Business` and the like."""

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
    "NickName": "Nickname.",
    "CompleteName": "Title, names and additions in one.",
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


def _texts(docs: Mapping[str, str]) -> Iterator[Field]:
    return (Field(name, "text", doc) for name, doc in docs.items())


def _phones(whose: Mapping[str, str]) -> Iterator[Field]:
    return (Field(f"PhoneNumbers_{key}", "text", f"Telephone number: {words}.") for key, words in whose.items())


def _addresses() -> Iterator[Field]:
    parts: dict[str, Literal["text"]] = dict.fromkeys(ADDRESS_PARTS, "text")
    for kind in ADDRESS_KINDS:
        text = Field(f"PhysicalAddresses_{kind}_Text", "text", f"{kind} address as one line.")
        yield Field(f"PhysicalAddresses_{kind}", "record", f"{kind} address, by its parts.", dict(parts), text.name)
        yield text


def _original() -> Iterator[Field]:
    yield from _texts(_TEXTS)
    yield Field("Birthday", "date", "Birthday; without a year Outlook writes 1604.")
    yield Field("WeddingAnniversary", "date", "Wedding anniversary.")
    yield from _phones(_PHONES)
    for number in "123":
        yield Field(f"EmailAddresses_EmailAddress{number}", "text", f"E-mail address {number}.")
        yield Field(f"ImAddresses_ImAddress{number}", "text", f"Instant messaging address {number}.")
    yield from _addresses()
    yield Field("local_id", "text", "Id of the account whose personal contact this is; blank for all others.")


def _beyond() -> Iterator[Field]:
    yield from _texts(_MORE_TEXTS)
    yield from _phones(_MORE_PHONES)
    yield Field("Categories", "list", "Categories that Outlook shows as colours.")
    yield Field("Children", "list", "Names of the children.")
    yield Field("Companies", "list", "Further companies.")
    yield Field("Notes", "text", "The notes below the contact.")
    yield Field("HasPicture", "yes/no", "Whether the contact has a picture.")
    yield Field("FolderPath", "text", "Path of the folder that the contact lies in, such as /Contacts/Suppliers.")
    yield Field("Mailbox", "text", "Address of the mailbox that the contact lies in; blank if it lies in none.")


CONTACT_FIELDS: Mapping[str, Field] = MappingProxyType({one.name: one for one in (*_original(), *_beyond())})
"""The fields of a contact by name, with type and meaning: a source takes those that it can fill."""
CONTACT_KNOWN_BY = (
    ("FileAs",),
    ("DisplayName",),
    ("GivenName", "Surname"),
    ("CompanyName",),
    ("Subject",),
    *((f"PhoneNumbers_{key}",) for key in ("BusinessPhone", "MobilePhone", "CompanyMainPhone", "HomePhone")),
    *((f"EmailAddresses_EmailAddress{number}",) for number in "123"),
)
"""For `FieldSet.known_by`, which names only fields that the source has."""


def address_line(address: Mapping[str, str]) -> str:
    """The `_Text` of an address record."""
    town = " ".join(address[part] for part in ("PostalCode", "City") if part in address)
    lines = (address.get("Street"), town, address.get("State"), address.get("CountryOrRegion"))
    return ", ".join(" ".join(line.split()) for line in lines if line)


# --- days ----------------------------------------------------------------------------------------------------------

_DAY = timedelta(days=1)
_NOON_OF_OUTLOOK = time(11, 59)
_LATEST_MORNING = time(10, 0)


def calendar_day(text: str, zone: ZoneInfo | None = None) -> date | None:
    """The day that somebody entered, of a moment in UTC: Outlook writes 11:59 of that day, others their midnight.

    Without `zone`, a moment after 10:00 (Hawaii's midnight) is taken for the midnight of a place east of Greenwich, so
    the day has not begun yet in UTC. Only American Samoa and Niue (11:00) need their `zone` to be said.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    if moment.utcoffset() != timedelta(0) or moment.time() == _NOON_OF_OUTLOOK:
        return moment.date()
    if zone is not None:
        return _day_in(moment.astimezone(UTC), zone)
    return moment.date() + _DAY if moment.time() > _LATEST_MORNING and moment.date() < date.max else moment.date()


def _day_in(moment: datetime, zone: ZoneInfo) -> date:
    try:
        return moment.astimezone(zone).date()
    except OverflowError:
        return moment.date()
