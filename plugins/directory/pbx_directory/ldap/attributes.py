"""The attributes of an entry: what phones call them, and what they are in the phone book."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from pbx_connector.api import Key


class Holder(Enum):
    """What an attribute without a field of the phone book stands for."""

    ID = "uid"
    CLASS = "objectClass"
    LABEL = "pbxLabel"
    INTERNAL = "ipPhone"
    """The telephone, if it is a number of the phone system's own."""
    NOTES = "description"
    """Shown, and not looked for."""
    FOLDER = "of a folder"
    """No entry has it; what entries stand in has."""


@dataclass(frozen=True, slots=True)
class Attribute:
    name: str
    oid: str
    is_: Key | Holder
    other_names: tuple[str, ...] = ()
    many: bool = False
    """May have several values."""

    @property
    def key(self) -> Key | None:
        return self.is_ if isinstance(self.is_, Key) else None

    @property
    def is_number(self) -> bool:
        return self.is_ in NUMBERS or self.is_ is Holder.INTERNAL


NUMBERS = (Key.PHONE, Key.MOBILE, Key.HOME_PHONE, Key.FAX)
LABEL_OID = "2.25.197553184720931641287390174355860812345"
"""Made of a random UUID, which anybody may do (ITU-T X.667)."""
CLASS_OID = "2.25.197553184720931641287390174355860812346"

ATTRIBUTES = (
    Attribute("objectClass", "2.5.4.0", Holder.CLASS, many=True),
    Attribute("uid", "0.9.2342.19200300.100.1.1", Holder.ID, ("userid",)),
    Attribute("cn", "2.5.4.3", Key.DISPLAY_NAME, ("commonName",)),
    Attribute("sn", "2.5.4.4", Key.SURNAME, ("surname",)),
    Attribute("givenName", "2.5.4.42", Key.FIRST_NAME, ("gn",)),
    Attribute("displayName", "2.16.840.1.113730.3.1.241", Key.DISPLAY_NAME),
    Attribute("o", "2.5.4.10", Key.ORGANISATION, ("organizationName",)),
    Attribute("company", "1.2.840.113556.1.2.146", Key.ORGANISATION),
    Attribute("mail", "0.9.2342.19200300.100.1.3", Key.EMAIL, ("rfc822Mailbox",)),
    Attribute("telephoneNumber", "2.5.4.20", Key.PHONE, many=True),
    Attribute("mobile", "0.9.2342.19200300.100.1.41", Key.MOBILE, ("mobileTelephoneNumber",), many=True),
    Attribute("homePhone", "0.9.2342.19200300.100.1.20", Key.HOME_PHONE, ("homeTelephoneNumber",), many=True),
    Attribute("facsimileTelephoneNumber", "2.5.4.23", Key.FAX, ("fax",), many=True),
    Attribute("ipPhone", "1.2.840.113556.1.2.721", Holder.INTERNAL, many=True),
    Attribute("description", "2.5.4.13", Holder.NOTES),
    Attribute("pbxLabel", LABEL_OID, Holder.LABEL, many=True),
    Attribute("ou", "2.5.4.11", Holder.FOLDER, ("organizationalUnitName",), many=True),
    Attribute("dc", "0.9.2342.19200300.100.1.25", Holder.FOLDER, ("domainComponent",)),
)
"""In the order in which they are answered to who asks for all."""

OPERATIONAL = ("structuralObjectClass", "entryDN", "subschemaSubentry", "hasSubordinates")

PERSON_CLASSES = ("top", "person", "organizationalPerson", "inetOrgPerson", "pbxEntry")
CLASSES = (*PERSON_CLASSES, "domain", "organizationalUnit", "subschema")

_BY_NAME = {
    known.casefold(): attribute
    for attribute in ATTRIBUTES
    for known in (attribute.name, attribute.oid, *attribute.other_names)
}
_CLASS_BY_NAME = {name.casefold(): name for name in CLASSES}


def find_attribute(name: str) -> Attribute | None:
    """By any of its names, whatever their case; none has options."""
    return _BY_NAME.get(name.casefold())


def find_class(name: str) -> str | None:
    return _CLASS_BY_NAME.get(name.casefold())
