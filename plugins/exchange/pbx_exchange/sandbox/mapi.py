"""Extended properties: the MAPI names below the web service, by which some clients ask for what has a name above, too.

Tags are those of [MS-OXPROPS]. An extended property that is no view of a known value is kept under its own name.
Neighbours: shapes.py and restrictions.py (who reads), writers.py (who writes).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from lxml import etree

from pbx_connector.testing.office.entities import Item, Values, tell_time
from pbx_exchange.sandbox.properties import as_text, read_class, read_size, read_subject
from pbx_exchange.sandbox.soap import attribute, escape

_ADDRESS_SET: Final = "00062004-0000-0000-c000-000000000046"
_PARTS: Final = ("Street", "City", "State", "PostalCode", "CountryOrRegion")


def _name_address(kind: str, *tags: str) -> dict[str, str]:
    return {tag: f"PhysicalAddresses_{kind}_{part}" for tag, part in zip(tags, _PARTS, strict=True)}


_KNOWN: Final[Mapping[str, str]] = {
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
    f"{_ADDRESS_SET}/0x8005": "FileAs",
    f"{_ADDRESS_SET}/0x8062": "ImAddresses_ImAddress1",
    f"{_ADDRESS_SET}/0x8083": "EmailAddresses_EmailAddress1",
    f"{_ADDRESS_SET}/0x8093": "EmailAddresses_EmailAddress2",
    f"{_ADDRESS_SET}/0x80a3": "EmailAddresses_EmailAddress3",
    **_name_address("Business", *(f"{_ADDRESS_SET}/{tag:#06x}" for tag in (0x8045, 0x8046, 0x8047, 0x8048, 0x8049))),
}
_SETS: Final[Mapping[str, str]] = {"address": _ADDRESS_SET}
_SENSITIVITIES: Final = ("Normal", "Personal", "Private", "Confidential")
_COMPUTED: Final[Mapping[str, Callable[[Item, Values], str]]] = {
    "0x001a": read_class,
    "0x0036": lambda item, values: str(_SENSITIVITIES.index(str(values.get("Sensitivity", "Normal")))),
    "0x0037": lambda item, values: read_subject(values),
    "0x0e08": lambda item, values: str(read_size(values)),
    "0x0e23": lambda item, values: str(item.number),
    "0x3007": lambda item, values: f"{tell_time(item.created):%Y-%m-%dT%H:%M:%SZ}",
    "0x3008": lambda item, values: f"{tell_time(item.version):%Y-%m-%dT%H:%M:%SZ}",
}


@dataclass(frozen=True, slots=True)
class Extended:
    """A MAPI property that a client names."""

    tag: str
    """`0x3a45`, or set and number (or name) of a named property."""
    attributes: tuple[tuple[str, str], ...]

    @property
    def name(self) -> str:
        """What it is called among an item's values."""
        return _KNOWN.get(self.tag, self.tag)

    def read(self, item: Item, values: Values) -> str | None:
        if self.tag in _COMPUTED:
            return _COMPUTED[self.tag](item, values)
        return as_text(values.get(self.name))

    def write(self, item: Item, values: Values) -> str:
        kept = values.get(self.name)
        if isinstance(kept, tuple):
            return self._wrap(f"<t:Values>{''.join(f'<t:Value>{escape(one)}</t:Value>' for one in kept)}</t:Values>")
        value = self.read(item, values)
        return self.write_value(value) if value else ""

    def write_value(self, value: str) -> str:
        return self._wrap(f"<t:Value>{escape(value)}</t:Value>")

    def _wrap(self, content: str) -> str:
        inner = " ".join(f"{name}={attribute(text)}" for name, text in self.attributes)
        return f"<t:ExtendedProperty><t:ExtendedFieldURI {inner}/>{content}</t:ExtendedProperty>"


def read_extended(element: etree._Element) -> Extended:
    """From an ExtendedFieldURI."""
    attributes = tuple((str(name), str(value)) for name, value in element.attrib.items())
    given = dict(attributes)
    if "PropertyTag" in given:
        return Extended(f"{int(given['PropertyTag'], 0):#06x}", attributes)
    known_set = given.get("DistinguishedPropertySetId", "").lower()
    number = f"{int(given['PropertyId']):#06x}" if "PropertyId" in given else given.get("PropertyName", "")
    return Extended(
        f"{_SETS.get(known_set) or known_set or given.get('PropertySetId', '').lower()}/{number}", attributes
    )
