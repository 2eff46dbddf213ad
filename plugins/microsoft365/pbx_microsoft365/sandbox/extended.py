"""Extended properties: what contacts have below Graph's own names, asked for by `$expand`.

Neighbour: contacts.py. What the tags are called among the values stands in `pbx_connector.testing.office.mapi`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from pbx_connector.testing.office.entities import Item, Values
from pbx_connector.testing.office.mapi import ADDRESS_SET, COMPUTED, KNOWN, as_text
from pbx_microsoft365.sandbox.messages import GraphError, Json, bad_request

SINGLE: Final = "singleValueExtendedProperties"
MULTIPLE: Final = "multiValueExtendedProperties"
_GUID: Final = r"[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}"
_TYPES: Final = "String|Integer|Long|Boolean|SystemTime|Binary|CLSID|Double|Float|Short|Currency|ApplicationTime"
_ID: Final = re.compile(
    rf"(?P<type>{_TYPES})(?P<array>Array)? (?:0x(?P<tag>[0-9A-Fa-f]{{1,8}})|"
    rf"\{{(?P<set>{_GUID})\}} (?:Id 0x(?P<id>[0-9A-Fa-f]{{1,8}})|Name (?P<name>.+)))"
)
_WANTED: Final = re.compile(r"\$filter=\s*(?P<terms>.+?)\s*", re.DOTALL)
_TERM: Final = re.compile(r"\(?\s*id eq '(?P<id>(?:[^']|'')+)'\s*\)?", re.IGNORECASE)
_COMMON_SET: Final = "00062008-0000-0000-c000-000000000046"
_STRINGS_SET: Final = "00020329-0000-0000-c000-000000000046"
_FILE_AS: Final = {
    "None": "0",
    "LastCommaFirst": "32791",
    "FirstSpaceLast": "32792",
    "Company": "14870",
    "LastCommaFirstCompany": "32793",
    "CompanyLastFirst": "32794",
    "CompanyLastCommaFirst": "32795",
    "LastFirst": "32817",
    "LastFirstCompany": "32821",
    "LastFirstSuffix": "32823",
}
_POSTAL: Final = {"None": "0", "Home": "1", "Business": "2", "Other": "3"}
_IMPORTANCE: Final = {"Low": "0", "Normal": "1", "High": "2"}


def _day(name: str) -> Callable[[Item, Values], str | None]:
    """The calendar day of a moment that means one."""

    def read(item: Item, values: Values) -> str | None:
        kept = as_text(values.get(name))
        if not kept:
            return None
        day = datetime.fromisoformat(kept) + timedelta(hours=12)
        return f"{day:%Y-%m-%d}T00:00:00Z"

    return read


def _named(name: str, numbers: Mapping[str, str]) -> Callable[[Item, Values], str | None]:
    return lambda item, values: numbers.get(str(values.get(name)))


_MORE: Final[Mapping[str, Callable[[Item, Values], str | None]]] = {
    "0x0017": lambda item, values: _IMPORTANCE.get(str(values.get("Importance", "Normal"))),
    f"{ADDRESS_SET}/0x8006": _named("FileAsMapping", _FILE_AS),
    f"{ADDRESS_SET}/0x8022": _named("PostalAddressIndex", _POSTAL),
    f"{ADDRESS_SET}/0x8015": lambda item, values: str(values.get("HasPicture", "false")).lower(),
    f"{ADDRESS_SET}/0x802c": lambda item, values: as_text(values.get("PhoneticFirstName")),
    f"{ADDRESS_SET}/0x802d": lambda item, values: as_text(values.get("PhoneticLastName")),
    f"{ADDRESS_SET}/0x80de": _day("Birthday"),
    f"{ADDRESS_SET}/0x80df": _day("WeddingAnniversary"),
    f"{_COMMON_SET}/0x8534": lambda item, values: as_text(values.get("Mileage")),
}
_MANY: Final = {
    f"{_COMMON_SET}/0x8539": "Companies",
    f"{_STRINGS_SET}/keywords": "Categories",
    f"{_STRINGS_SET}/Keywords": "Categories",
    "0x3a58": "Children",
}


@dataclass(frozen=True, slots=True)
class ExtendedProperty:
    id: str
    """As the service writes it: numbers and sets in lower case."""
    key: str
    """The tag as `pbx_connector.testing.office.mapi` has it."""
    many: bool

    def read(self, item: Item, values: Values) -> str | None:
        if self.key in COMPUTED:
            return COMPUTED[self.key](item, values)
        if self.key in _MORE:
            return _MORE[self.key](item, values)
        return as_text(values.get(KNOWN.get(self.key, self.key)))

    def write(self, item: Item, values: Values) -> Json | None:
        if self.many:
            kept = values.get(_MANY.get(self.key, self.key))
            return {"id": self.id, "value": list(kept)} if isinstance(kept, tuple) and kept else None
        value = self.read(item, values)
        return {"id": self.id, "value": value} if value else None


def read_extended_id(text: str) -> ExtendedProperty:
    match = _ID.fullmatch(text)
    if match is None:
        raise _invalid(text)
    kind = f"{match['type']}{match['array'] or ''}"
    if match["tag"]:
        tag = f"{int(match['tag'], 16):#x}"
        return ExtendedProperty(f"{kind} {tag}", f"{int(match['tag'], 16):#06x}", bool(match["array"]))
    owner = match["set"].lower()
    if match["id"]:
        number = int(match["id"], 16)
        key = f"{owner}/{number:#06x}"
        return ExtendedProperty(f"{kind} {{{owner}}} Id {number:#x}", key, bool(match["array"]))
    return ExtendedProperty(
        f"{kind} {{{owner}}} Name {match['name']}", f"{owner}/{match['name']}", bool(match["array"])
    )


def read_wanted(inside: str, *, many: bool) -> list[ExtendedProperty]:
    """From what stands in the brackets of `$expand=singleValueExtendedProperties(...)`."""
    match = _WANTED.fullmatch(inside)
    if match is None:
        raise bad_request("Extended properties are expanded with a $filter on their ids only.")
    found = []
    for term in re.split(r"\s+or\s+", match["terms"], flags=re.IGNORECASE):
        one = _TERM.fullmatch(term)
        if one is None:
            raise bad_request(f"Invalid filter clause: '{term}'.")
        found.append(read_extended_id(one["id"].replace("''", "'")))
    if any(one.many != many for one in found):
        raise _invalid(inside)
    return found


def _invalid(text: str) -> GraphError:
    return bad_request(
        f"PropertyId values may only be in one of the supported formats: '{text}'.", "ErrorInvalidProperty"
    )
