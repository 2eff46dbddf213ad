"""Every field that a row from CardDAV can have: the core's names, and a few of its own."""

from __future__ import annotations

from dataclasses import replace

from pbx_carddav.phones import FIELDS as PHONE_KINDS
from pbx_connector.api import CONTACT_FIELDS, CONTACT_KNOWN_BY, Field, FieldSet

MADE = ("local_id", "FolderPath")
"""What the source knows of an address book as a whole."""
PHONES = frozenset(f"PhoneNumbers_{name}" for names in PHONE_KINDS.values() for name in names)
TEXTS = frozenset(
    {
        *("DisplayName", "GivenName", "Surname", "MiddleName", "Generation", "CompleteName", "NickName", "Initials"),
        *("CompanyName", "Department", "OfficeLocation", "JobTitle", "Profession", "BusinessHomePage", "FileAs"),
        *("SpouseName", "AssistantName", "Manager", "PhoneticFirstName", "PhoneticLastName", "Sensitivity", "Notes"),
        "PostalAddressIndex",
    }
)
LISTS = frozenset({"Categories", "Children", "Companies"})
DAYS = frozenset({"Birthday", "WeddingAnniversary"})
NUMBERED = frozenset(
    f"{kind}{number}" for kind in ("EmailAddresses_EmailAddress", "ImAddresses_ImAddress") for number in "123"
)
ADDRESSES = frozenset(name for name in CONTACT_FIELDS if name.startswith("PhysicalAddresses_"))
SUPPLIED = frozenset({*TEXTS, *LISTS, *DAYS, *NUMBERED, *ADDRESSES, *PHONES, *MADE, "HasPicture"})
OWN = (
    Field("Uid", "text", "The UID that the card carries through all programs."),
    Field(
        "Phones",
        "list",
        "All numbers of the card with what they are, the preferred first.",
        {"Number": "text", "Kind": "text", "Label": "text"},
    ),
)


def _described(field: Field) -> Field:
    if field.name in SUPPLIED:
        return field
    return replace(field, doc=f"{field.doc} Always blank here: a vCard does not have it.", blank=True)


FIELDS = FieldSet(tuple(map(_described, (*CONTACT_FIELDS.values(),))) + OWN, known_by=CONTACT_KNOWN_BY)
