"""Every field that a row from Microsoft 365 can have, and which properties of Graph it is made of.

Names, types and words for people are the core's; one table a kind of object: contacts of mailboxes, users of the
directory, organisational contacts. `pbx_microsoft365.rows` reads objects by them. Graph closes up the empty slots of
its lists of numbers, so an index in `businessPhones` does not tell the first number from the second: where the slot
counts, the property that keeps it is asked for as an extended one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from pbx_connector.api import ADDRESS_KINDS, CONTACT_FIELDS, CONTACT_KNOWN_BY, Field, FieldSet

Reading = Literal[
    "text",
    "date",
    "strings",
    "yes/no",
    "address",
    "address text",
    "e-mail",
    "entry",
    "phone",
    "part",
    "name",
    "sensitivity",
    "importance",
    "postal",
]


@dataclass(frozen=True, slots=True)
class Known:
    """Where a field comes from."""

    reading: Reading
    properties: tuple[str, ...] = ()
    """To name in `$select`; the first is the one that is read."""
    extended: str = ""
    """Id of an extended property, for `$expand`; read in place of a property."""
    key: str | int = ""
    """Which part of the property: an index, a name, or the type of a phone."""
    expand: str = ""
    """Another object to ask for along with it."""


# --- contacts of mailboxes -----------------------------------------------------------------------------------------

_ADDRESS_SET = "{00062004-0000-0000-c000-000000000046}"
_COMMON_SET = "{00062008-0000-0000-c000-000000000046}"
_TEXTS = {
    **{
        name: name[0].lower() + name[1:]
        for name in (
            *("DisplayName", "Initials", "GivenName", "Surname", "MiddleName", "Generation", "CompanyName", "JobTitle"),
            *("Department", "OfficeLocation", "BusinessHomePage", "SpouseName", "FileAs", "NickName", "AssistantName"),
            *("Manager", "Profession"),
        )
    },
    "PhoneticFirstName": "yomiGivenName",
    "PhoneticLastName": "yomiSurname",
    "Notes": "personalNotes",
    "PhoneNumbers_MobilePhone": "mobilePhone",
}
_PHONE_TAGS = {
    "AssistantPhone": 0x3A2E,
    "BusinessFax": 0x3A24,
    "BusinessPhone": 0x3A08,
    "BusinessPhone2": 0x3A1B,
    "CompanyMainPhone": 0x3A57,
    "HomeFax": 0x3A25,
    "HomePhone": 0x3A09,
    "HomePhone2": 0x3A2F,
    "OtherFax": 0x3A23,
    "OtherTelephone": 0x3A1F,
    "Pager": 0x3A21,
    "RadioPhone": 0x3A1D,
    "Callback": 0x3A02,
    "CarPhone": 0x3A1E,
    "Isdn": 0x3A2D,
    "PrimaryPhone": 0x3A1A,
    "Telex": 0x3A2C,
    "TtyTddPhone": 0x3A4B,
}
_EMAILS = ("primaryEmailAddress", "secondaryEmailAddress", "tertiaryEmailAddress")
_NAME_PARTS = ("title", "givenName", "middleName", "surname", "generation")


def _extended(reading: Reading, identifier: str) -> Known:
    return Known(reading, extended=identifier)


def _addresses() -> dict[str, Known]:
    known: dict[str, Known] = {}
    for kind in ADDRESS_KINDS:
        properties = (f"{kind.lower()}Address",)
        known[f"PhysicalAddresses_{kind}"] = Known("address", properties)
        known[f"PhysicalAddresses_{kind}_Text"] = Known("address text", properties)
    return known


CONTACT: Mapping[str, Known] = {
    **{name: Known("text", (of,)) for name, of in _TEXTS.items()},
    **{f"PhoneNumbers_{key}": _extended("text", f"String {tag:#x}") for key, tag in _PHONE_TAGS.items()},
    **{f"EmailAddresses_EmailAddress{at}": Known("e-mail", (of,)) for at, of in enumerate(_EMAILS, 1)},
    **{f"ImAddresses_ImAddress{at + 1}": Known("entry", ("imAddresses",), key=at) for at in range(3)},
    **_addresses(),
    "CompleteName": Known("name", _NAME_PARTS),
    "Birthday": Known("date", ("birthday",)),
    "WeddingAnniversary": _extended("date", "SystemTime 0x3a41"),
    "PostalAddressIndex": _extended("postal", f"Integer {_ADDRESS_SET} Id 0x8022"),
    "Mileage": _extended("text", f"String {_COMMON_SET} Id 0x8534"),
    "Sensitivity": _extended("sensitivity", "Integer 0x36"),
    "Importance": _extended("importance", "Integer 0x17"),
    "Subject": _extended("text", "String 0x37"),
    "ItemClass": _extended("text", "String 0x1a"),
    "Categories": Known("strings", ("categories",)),
    "Children": Known("strings", ("children",)),
    "HasPicture": _extended("yes/no", f"Boolean {_ADDRESS_SET} Id 0x8015"),
}

# --- the directory -------------------------------------------------------------------------------------------------

_EXTENSION_ATTRIBUTES = range(1, 16)
_STREET = ("streetAddress", "city", "state", "country", "postalCode")
_PERSON_TEXTS = {
    "DisplayName": "displayName",
    "GivenName": "givenName",
    "Surname": "surname",
    "CompanyName": "companyName",
    "JobTitle": "jobTitle",
    "Department": "department",
    "Alias": "mailNickname",
    "DirectoryId": "id",
    "EmailAddresses_EmailAddress1": "mail",
}
USER: Mapping[str, Known] = {
    **{name: Known("text", (of,)) for name, of in _PERSON_TEXTS.items()},
    "OfficeLocation": Known("text", ("officeLocation",)),
    "PhoneNumbers_BusinessPhone": Known("entry", ("businessPhones",), key=0),
    "PhoneNumbers_MobilePhone": Known("text", ("mobilePhone",)),
    "PhoneNumbers_BusinessFax": Known("text", ("faxNumber",)),
    **{f"ImAddresses_ImAddress{at + 1}": Known("entry", ("imAddresses",), key=at) for at in range(3)},
    "PhysicalAddresses_Business": Known("address", _STREET),
    "PhysicalAddresses_Business_Text": Known("address text", _STREET),
    "Manager": Known("part", ("manager",), key="displayName", expand="manager($select=id,displayName)"),
    "EmployeeId": Known("text", ("employeeId",)),
    "EmployeeType": Known("text", ("employeeType",)),
    "UserPrincipalName": Known("text", ("userPrincipalName",)),
    "UserType": Known("text", ("userType",)),
    "AccountEnabled": Known("yes/no", ("accountEnabled",)),
    "OtherMails": Known("strings", ("otherMails",)),
    **{
        f"ExtensionAttribute{number}": Known(
            "part", ("onPremisesExtensionAttributes",), key=f"extensionAttribute{number}"
        )
        for number in _EXTENSION_ATTRIBUTES
    },
}

# --- organisational contacts ---------------------------------------------------------------------------------------

ORG_CONTACT: Mapping[str, Known] = {
    **{name: Known("text", (of,)) for name, of in _PERSON_TEXTS.items()},
    "PhoneNumbers_BusinessPhone": Known("phone", ("phones",), key="business"),
    "PhoneNumbers_MobilePhone": Known("phone", ("phones",), key="mobile"),
    "PhoneNumbers_BusinessFax": Known("phone", ("phones",), key="businessFax"),
    "OfficeLocation": Known("part", ("addresses",), key="officeLocation"),
    "PhysicalAddresses_Business": Known("address", ("addresses",)),
    "PhysicalAddresses_Business_Text": Known("address text", ("addresses",)),
}

# --- what rules can read -------------------------------------------------------------------------------------------

MADE = ("local_id", "FolderPath", "Mailbox", "ContactSource")
"""What the source knows of an address book as a whole."""
_OF_PEOPLE = (
    Field("EmployeeId", "text", "Number or name of the employee."),
    Field("EmployeeType", "text", "Kind of employment, such as Employee or Contractor."),
    Field("UserPrincipalName", "text", "Name with which the user signs in."),
    Field("UserType", "text", "Member or Guest."),
    Field("AccountEnabled", "yes/no", "Whether the user can sign in; shared mailboxes and rooms cannot."),
    Field("OtherMails", "list", "Further e-mail addresses."),
    *(
        Field(f"ExtensionAttribute{number}", "text", f"Extension attribute {number} of the organisation's own.")
        for number in _EXTENSION_ATTRIBUTES
    ),
)
LACKING = frozenset(name for name in CONTACT_FIELDS if name not in {*CONTACT, *USER, *ORG_CONTACT, *MADE})
"""Fields of the other sources of contacts that Graph does not have."""


def _described(field: Field) -> Field:
    if field.name in LACKING:
        return replace(field, doc=f"{field.doc} Always blank here: Graph does not have it.", blank=True)
    if field.name in CONTACT or field.name in MADE:
        return field
    return replace(field, doc=f"{field.doc} Only of the directory.")


FIELDS = FieldSet(tuple(map(_described, (*CONTACT_FIELDS.values(), *_OF_PEOPLE))), known_by=CONTACT_KNOWN_BY)
