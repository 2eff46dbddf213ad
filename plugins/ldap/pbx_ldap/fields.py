"""The fields of a row and the attributes they are made of: under LDAP's names, and under those of all other sources.

Any other attribute that a profile names is a field as well, as it is (`FieldSet.closed` is False). `pbx_ldap.rows`
reads by this table; docs/ldap.md shows it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pbx_connector.api import CONTACT_FIELDS, CONTACT_KNOWN_BY, Field, FieldSet

Making = Literal[
    "first", "nth", "list", "as it is", "name", "mail", "im", "address", "address text", "lines", "whole name", "entry"
]


@dataclass(frozen=True, slots=True)
class Known:
    """A field and where it comes from."""

    field: Field
    making: Making
    attributes: tuple[str, ...] = ()
    """First to last choice; for `nth` and `list`, all their values one after another."""
    number: int = 0
    """For `nth`, `mail` and `im`: which of the values, from 0."""


_TEXTS = {
    "displayName": "Name as address lists show it.",
    "cn": "Common name: the entry's own name.",
    "givenName": "First name.",
    "sn": "Last name.",
    "initials": "Initials.",
    "middleName": "Middle name (Active Directory).",
    "personalTitle": "Title, such as Dr.",
    "generationQualifier": "Addition after the name, such as Jr.",
    "company": "Company (Active Directory).",
    "o": "Company or organization.",
    "department": "Department (Active Directory).",
    "departmentNumber": "Department (inetOrgPerson).",
    "ou": "Organizational unit that the entry names.",
    "division": "Division (Active Directory).",
    "title": "Position in the company.",
    "physicalDeliveryOfficeName": "Office.",
    "roomNumber": "Room (inetOrgPerson).",
    "employeeID": "Number of the employee (Active Directory).",
    "employeeNumber": "Number of the employee.",
    "manager": "Distinguished name of the superior.",
    "assistant": "Distinguished name of the assistant (Active Directory).",
    "secretary": "Distinguished name of the assistant.",
    "streetAddress": "Street and number.",
    "street": "Street and number.",
    "postalAddress": "Postal address, in lines.",
    "homePostalAddress": "Private postal address, in lines.",
    "l": "Town.",
    "st": "State or province.",
    "postalCode": "Postal code.",
    "co": "Country (Active Directory).",
    "c": "Country, in two letters.",
    "mail": "E-mail address.",
    "info": "Notes (Active Directory).",
    "description": "Description.",
    "wWWHomePage": "Web page (Active Directory).",
    "labeledURI": "Web page.",
    "telephoneNumber": "Telephone number: business.",
    "mobile": "Telephone number: mobile.",
    "homePhone": "Telephone number: private.",
    "facsimileTelephoneNumber": "Telephone number: business fax.",
    "pager": "Telephone number: pager.",
    "ipPhone": "Telephone number: internet telephone, or the extension.",
    "telephoneAssistant": "Telephone number: the assistant (Active Directory).",
    "uid": "User name.",
    "sAMAccountName": "User name (Active Directory).",
    "userPrincipalName": "Log-in name (Active Directory).",
    "mailNickname": "Short e-mail name (Exchange).",
    **{f"extensionAttribute{number}": "For whatever the company uses it (Exchange)." for number in range(1, 16)},
}
_MORE_NUMBERS = {
    "otherTelephone": ("telephoneNumber", "business"),
    "otherMobile": ("mobile", "mobile"),
    "otherHomePhone": ("homePhone", "private"),
    "otherFacsimileTelephoneNumber": ("facsimileTelephoneNumber", "fax"),
    "otherPager": ("pager", "pager"),
    "otherIpPhone": ("ipPhone", "internet telephone"),
}
_LISTS = {
    "proxyAddresses": "All addresses, such as SMTP:anna@example.com (Exchange).",
    "otherMailbox": "Further e-mail addresses.",
    "memberOf": "Distinguished names of the groups that the entry is in, the primary one left out.",
    "objectClass": "What kind of entry it is.",
    "telexNumber": "Telex numbers.",
    "internationalISDNNumber": "ISDN numbers.",
}
_ALTERNATIVES = {
    "DisplayName": ("displayName", "cn"),
    "Initials": ("initials",),
    "GivenName": ("givenName",),
    "Surname": ("sn",),
    "MiddleName": ("middleName",),
    "Generation": ("generationQualifier",),
    "CompanyName": ("company", "o"),
    "JobTitle": ("title",),
    "Department": ("department", "departmentNumber", "ou"),
    "OfficeLocation": ("physicalDeliveryOfficeName", "roomNumber"),
    "BusinessHomePage": ("wWWHomePage", "labeledURI"),
    "Alias": ("mailNickname",),
    "Notes": ("info", "description"),
    "PhoneNumbers_AssistantPhone": ("telephoneAssistant",),
    "PhoneNumbers_BusinessFax": ("facsimileTelephoneNumber",),
    "PhoneNumbers_BusinessPhone": ("telephoneNumber",),
    "PhoneNumbers_HomePhone": ("homePhone",),
    "PhoneNumbers_MobilePhone": ("mobile",),
    "PhoneNumbers_Pager": ("pager",),
    "PhoneNumbers_IPPhone": ("ipPhone",),
    "PhoneNumbers_Isdn": ("internationalISDNNumber",),
    "PhoneNumbers_Telex": ("telexNumber",),
}
_NTH = {
    "PhoneNumbers_BusinessPhone2": ("telephoneNumber", "otherTelephone", 1),
    "PhoneNumbers_OtherTelephone": ("telephoneNumber", "otherTelephone", 2),
    "PhoneNumbers_HomePhone2": ("homePhone", "otherHomePhone", 1),
    "PhoneNumbers_OtherFax": ("facsimileTelephoneNumber", "otherFacsimileTelephoneNumber", 1),
}
_NAMES = {"Manager": ("manager",), "AssistantName": ("assistant", "secretary")}
_MAIL = ("mail", "proxyAddresses", "otherMailbox")
_ADDRESS = ("streetAddress", "street", "l", "st", "co", "c", "postalCode")
_WHOLE_NAME = ("personalTitle", "givenName", "middleName", "sn", "generationQualifier")


def _ldap_names() -> list[Known]:
    found = [Known(Field(name, "text", doc), "first", (name,)) for name, doc in _TEXTS.items()]
    found += [Known(Field(name, "list", doc), "list", (name,)) for name, doc in _LISTS.items()]
    for name, (main, whose) in _MORE_NUMBERS.items():
        doc = f"Further telephone numbers: {whose}; of {main}, all but the first."
        found.append(Known(Field(name, "list", doc), "list", (main, name), number=1))
    found.append(Known(Field("distinguishedName", "text", "Where the entry stands in the directory."), "entry"))
    return found


def _shared_names() -> list[Known]:
    def known(name: str, making: Making, attributes: tuple[str, ...] = (), number: int = 0) -> Known:
        return Known(CONTACT_FIELDS[name], making, attributes, number)

    found = [known(name, "first", attributes) for name, attributes in _ALTERNATIVES.items()]
    found += [known(name, "nth", (main, others), number) for name, (main, others, number) in _NTH.items()]
    found += [known(name, "name", attributes) for name, attributes in _NAMES.items()]
    for number in range(3):
        found.append(known(f"EmailAddresses_EmailAddress{number + 1}", "mail", _MAIL, number))
        found.append(known(f"ImAddresses_ImAddress{number + 1}", "im", ("proxyAddresses",), number))
    found.append(known("PhysicalAddresses_Business", "address", _ADDRESS))
    found.append(known("PhysicalAddresses_Business_Text", "address text", (*_ADDRESS, "postalAddress")))
    found.append(known("PhysicalAddresses_Home_Text", "lines", ("homePostalAddress",)))
    found.append(known("CompleteName", "whole name", _WHOLE_NAME))
    found += [known(name, "entry") for name in ("DirectoryId", "FolderPath", "local_id")]
    return found


KNOWN: dict[str, Known] = {known.field.name: known for known in (*_shared_names(), *_ldap_names())}
FIELDS = FieldSet(
    tuple(known.field for known in KNOWN.values()),
    closed=False,
    known_by=tuple(names for names in CONTACT_KNOWN_BY if all(name in KNOWN for name in names)),
)
ALIASES = {
    "surname": "sn",
    "commonname": "cn",
    "rfc822mailbox": "mail",
    "hometelephonenumber": "homephone",
    "mobiletelephonenumber": "mobile",
    "pagertelephonenumber": "pager",
    "fax": "facsimiletelephonenumber",
    "organizationname": "o",
    "organizationalunitname": "ou",
    "localityname": "l",
    "stateorprovincename": "st",
    "countryname": "c",
    "friendlycountryname": "co",
    "userid": "uid",
    "gn": "givenname",
}
"""Second names of attributes, in small letters: servers answer with the first one, whichever is asked for."""
NEVER_READ = frozenset(
    {
        *("thumbnailphoto", "jpegphoto", "photo", "thumbnaillogo", "audio", "exchangeuserphoto"),
        *(
            "usercertificate",
            "usersmimecertificate",
            "userpkcs12",
            "cacertificate",
            "ntsecuritydescriptor",
            "objectsid",
        ),
        *("userpassword", "unicodepwd", "dbcspwd", "lmpwdhistory", "ntpwdhistory", "supplementalcredentials"),
        *("sambantpassword", "sambalmpassword", "sambapasswordhistory", "krbprincipalkey", "pwdhistory"),
        *("ms-mcs-admpwd", "mslaps-password", "mslaps-encryptedpassword", "mslaps-encryptedpasswordhistory"),
        *("msds-managedpassword", "authpassword"),
    }
)
"""Pictures, certificates, passwords: no phone book needs them, and they are asked for under no circumstances."""
UNSTAMPED = frozenset(
    {
        *("memberof", "directreports", "managedobjects", "manager", "assistant", "secretary", "seealso", "managedby"),
        *("canonicalname", "tokengroups", "primarygrouptoken", "msds-principalname", "owner", "roleoccupant"),
        *("mailalternateaddress", "ismemberof", "entrydn", "hassubordinates", "numsubordinates", "subordinates"),
    }
)
"""What changes without a new stamp on the entry: made up as it is read, or the names of other entries."""
