"""Which field a telephone number belongs to: by the types of its line, and by the label that Apple's programs give."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from pbx_carddav.vcard import Card, Line

_LONGEST = 500
"""Characters; what is longer is no number."""
_SEPARATORS = re.compile(r"[\s().\-]")
_BUILT_IN = re.compile(r"_\$!<(.*)>!\$_\Z")
FIELDS: Mapping[str, tuple[str, ...]] = {
    "business": ("BusinessPhone", "BusinessPhone2"),
    "home": ("HomePhone", "HomePhone2"),
    "mobile": ("MobilePhone",),
    "business mobile": ("BusinessMobile",),
    "business fax": ("BusinessFax",),
    "home fax": ("HomeFax",),
    "other fax": ("OtherFax",),
    "pager": ("Pager",),
    "text": ("TtyTddPhone",),
    "car": ("CarPhone",),
    "isdn": ("Isdn",),
    "main": ("CompanyMainPhone",),
    "radio": ("RadioPhone",),
    "callback": ("Callback",),
    "assistant": ("AssistantPhone",),
    "telex": ("Telex",),
    "other": ("OtherTelephone",),
    "data": (),
}
"""Fields of each kind of number, to be filled in this order."""
_VOICE = ("business", "home", "mobile", "business mobile", "other")
"""Kinds whose numbers still reach somebody who has more of them than there are fields."""
LABELS: Mapping[str, str] = {
    "work": "business",
    "business": "business",
    "office": "business",
    "geschäftlich": "business",
    "arbeit": "business",
    "büro": "business",
    "durchwahl": "business",
    "direct": "business",
    "home": "home",
    "private": "home",
    "privat": "home",
    "mobile": "mobile",
    "cell": "mobile",
    "iphone": "mobile",
    "apple watch": "mobile",
    "mobil": "mobile",
    "handy": "mobile",
    "workmobile": "business mobile",
    "diensthandy": "business mobile",
    "main": "main",
    "zentrale": "main",
    "homefax": "home fax",
    "fax privat": "home fax",
    "workfax": "business fax",
    "fax geschäftlich": "business fax",
    "otherfax": "other fax",
    "fax": "other fax",
    "telefax": "other fax",
    "pager": "pager",
    "car": "car",
    "radio": "radio",
    "assistant": "assistant",
    "callback": "callback",
    "telex": "telex",
}
"""Labels that say of what kind a number is; `_$!<…>!$_` and case do not count."""
_BY_TYPE: tuple[tuple[str, str], ...] = (
    ("pager", "pager"),
    ("x-evolution-assistant", "assistant"),
    ("x-evolution-callback", "callback"),
    ("x-evolution-company", "main"),
    ("x-evolution-radio", "radio"),
    ("x-radio", "radio"),
    ("x-evolution-telex", "telex"),
    ("x-telex", "telex"),
    ("x-evolution-ttytdd", "text"),
    ("textphone", "text"),
    ("main", "main"),
    ("isdn", "isdn"),
    ("car", "car"),
)
_MOBILE = frozenset({"cell", "iphone", "mobile"})
_DATA = frozenset({"video", "modem", "bbs", "pcs"})


@dataclass(frozen=True, slots=True)
class Phone:
    number: str
    kind: str
    label: str
    """As somebody reads it; empty if there is none."""


def phones_of(card: Card) -> list[Phone]:
    """Every number of a card, the preferred ones first."""
    return [phone for line in card.all("TEL") if (phone := _phone(card, line)).number]


def phone_fields(phones: Iterable[Phone]) -> dict[str, str]:
    """Numbers by the names of their fields, without what stands before them. A mobile number of the business stands
    for a person's own, where there is none; what has no field left is another number, as long as that one is free."""
    fields: dict[str, str] = {}
    left: list[str] = []
    for phone in phones:
        free = next((name for name in FIELDS[phone.kind] if name not in fields), None)
        if free is not None:
            fields[free] = phone.number
        elif phone.kind in _VOICE:
            left.append(phone.number)
    if "BusinessMobile" in fields:
        fields.setdefault("MobilePhone", fields["BusinessMobile"])
    for number in left[:1]:
        fields.setdefault("OtherTelephone", number)
    return fields


def number_of(line: Line) -> str:
    """Without `tel:` and what only parts digits; an extension stays as `;ext=`. Empty: it is none."""
    text = line.text
    if text[:4].lower() != "tel:":
        return text if len(text) <= _LONGEST else ""
    number, *parameters = text[4 : 4 + _LONGEST].split(";")
    number = _SEPARATORS.sub("", number)
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.lower() == "ext":
            number += f";ext={value}"
        elif name.lower() == "phone-context" and value.startswith("+") and not number.startswith("+"):
            number = _SEPARATORS.sub("", value) + number
    return number


def readable_label(label: str) -> str:
    built_in = _BUILT_IN.match(label)
    return built_in[1] if built_in else label


def _phone(card: Card, line: Line) -> Phone:
    label = readable_label(card.label(line))
    return Phone(number_of(line), _kind(line.head.types, label), label)


def _kind(types: frozenset[str], label: str) -> str:
    known = next(_kinds_by_type(types), "") if types else ""
    return known or LABELS.get(label.casefold(), "other")


def _kinds_by_type(types: frozenset[str]) -> Iterator[str]:
    work, home = "work" in types, "home" in types
    if "fax" in types:
        yield "business fax" if work else "home fax" if home else "other fax"
    yield from (kind for name, kind in _BY_TYPE if name in types)
    if types & _MOBILE:
        yield "business mobile" if work else "mobile"
    if types & _DATA and "voice" not in types:
        yield "data"
    if work or home:
        yield "business" if work else "home"
