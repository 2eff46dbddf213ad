"""MAPI names of properties, below every protocol, and what they are called among the values of an item.

Tags are those of [MS-OXPROPS]: `0x3a45`, or set and number (or name) of a named property. A property that is no view
of a known value is kept under its own name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from pbx_connector.testing.office.entities import (
    ITEM_CLASSES,
    DirectoryAddress,
    Item,
    Value,
    Values,
    tell_time,
)

ADDRESS_SET: Final = "00062004-0000-0000-c000-000000000046"
_PARTS: Final = ("Street", "City", "State", "PostalCode", "CountryOrRegion")


def _name_address(kind: str, *tags: str) -> dict[str, str]:
    return {tag: f"PhysicalAddresses_{kind}_{part}" for tag, part in zip(tags, _PARTS, strict=True)}


KNOWN: Final[Mapping[str, str]] = {
    "publicstrings/Keywords": "Categories",
    "0x001a": "ItemClass",
    "0x0037": "Subject",
    "0x1000": "Body",
    "0x3001": "DisplayName",
    "0x3a02": "PhoneNumbers_Callback",
    "0x3a05": "Generation",
    "0x3a06": "GivenName",
    "0x3a08": "PhoneNumbers_BusinessPhone",
    "0x3a09": "PhoneNumbers_HomePhone",
    "0x3a0a": "Initials",
    "0x3a11": "Surname",
    "0x3a16": "CompanyName",
    "0x3a17": "JobTitle",
    "0x3a18": "Department",
    "0x3a19": "OfficeLocation",
    "0x3a1a": "PhoneNumbers_PrimaryPhone",
    "0x3a1b": "PhoneNumbers_BusinessPhone2",
    "0x3a1c": "PhoneNumbers_MobilePhone",
    "0x3a1d": "PhoneNumbers_RadioPhone",
    "0x3a1e": "PhoneNumbers_CarPhone",
    "0x3a1f": "PhoneNumbers_OtherTelephone",
    "0x3a21": "PhoneNumbers_Pager",
    "0x3a23": "PhoneNumbers_OtherFax",
    "0x3a24": "PhoneNumbers_BusinessFax",
    "0x3a25": "PhoneNumbers_HomeFax",
    "0x3a2c": "PhoneNumbers_Telex",
    "0x3a2d": "PhoneNumbers_Isdn",
    "0x3a2e": "PhoneNumbers_AssistantPhone",
    "0x3a2f": "PhoneNumbers_HomePhone2",
    "0x3a30": "AssistantName",
    "0x3a41": "WeddingAnniversary",
    "0x3a42": "Birthday",
    "0x3a44": "MiddleName",
    "0x3a46": "Profession",
    "0x3a48": "SpouseName",
    "0x3a4b": "PhoneNumbers_TtyTddPhone",
    "0x3a4e": "Manager",
    "0x3a4f": "Nickname",
    "0x3a51": "BusinessHomePage",
    "0x3a57": "PhoneNumbers_CompanyMainPhone",
    **_name_address("Home", "0x3a5d", "0x3a59", "0x3a5c", "0x3a5b", "0x3a5a"),
    **_name_address("Other", "0x3a63", "0x3a5f", "0x3a62", "0x3a61", "0x3a60"),
    f"{ADDRESS_SET}/0x8005": "FileAs",
    f"{ADDRESS_SET}/0x8062": "ImAddresses_ImAddress1",
    f"{ADDRESS_SET}/0x8083": "EmailAddresses_EmailAddress1",
    f"{ADDRESS_SET}/0x8093": "EmailAddresses_EmailAddress2",
    f"{ADDRESS_SET}/0x80a3": "EmailAddresses_EmailAddress3",
    **_name_address("Business", *(f"{ADDRESS_SET}/{tag:#06x}" for tag in (0x8045, 0x8046, 0x8047, 0x8048, 0x8049))),
}
_SENSITIVITIES: Final = ("Normal", "Personal", "Private", "Confidential")


def read_class(item: Item, values: Values) -> str:
    return str(values.get("ItemClass") or ITEM_CLASSES[item.kind])


def read_subject(values: Values) -> str:
    """The subject of a contact is what it is filed as."""
    return str(values.get("Subject") or values.get("FileAs") or values.get("DisplayName") or "")


def read_size(values: Values) -> int:
    """Bytes, about: what Exchange counts is its own secret."""
    return sum(len(str(value)) for value in values.values()) + 512


def as_text(value: Value | None) -> str | None:
    """A value as conditions compare it."""
    if isinstance(value, DirectoryAddress):
        return value.smtp
    return "; ".join(value) if isinstance(value, tuple) else value


COMPUTED: Final[Mapping[str, Callable[[Item, Values], str]]] = {
    "0x001a": read_class,
    "0x0036": lambda item, values: str(_SENSITIVITIES.index(str(values.get("Sensitivity", "Normal")))),
    "0x0037": lambda item, values: read_subject(values),
    "0x0e08": lambda item, values: str(read_size(values)),
    "0x0e23": lambda item, values: str(item.number),
    "0x3007": lambda item, values: f"{tell_time(item.created):%Y-%m-%dT%H:%M:%SZ}",
    "0x3008": lambda item, values: f"{tell_time(item.version):%Y-%m-%dT%H:%M:%SZ}",
}
