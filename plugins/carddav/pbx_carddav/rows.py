"""From a vCard to the flat dictionary of a row, by the names that every source of contacts gives its fields."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import Any

from pbx_carddav import fields
from pbx_carddav.phones import phone_fields, phones_of, readable_label
from pbx_carddav.vcard import Card, Line
from pbx_connector.api import ADDRESS_KINDS, address_line, calendar_day

Values = dict[str, Any]
_DAY = re.compile(r"(\d{4}|--)-?(\d\d)-?(\d\d)(?:[T ].*)?\Z", re.ASCII)
_NO_YEAR = 1604
"""As Outlook and Apple write a day without a year."""
_MAKES_OF_IM = ("X-JABBER", "X-SKYPE", "X-SKYPE-USERNAME", "X-SIP", "X-AIM", "X-ICQ", "X-MSN", "X-YAHOO")
_SENSITIVITIES = {"PUBLIC": "Normal", "PRIVATE": "Private", "CONFIDENTIAL": "Confidential"}
_WORK, _HOME, _OTHER = ADDRESS_KINDS


class RowReader:
    """Made once for the fields that a profile uses, and reads nothing else."""

    def __init__(self, names: Iterable[str]) -> None:
        self._wanted = frozenset(names)
        self._makers = [make for supplied, make in _MAKERS if supplied & self._wanted]

    def read(self, card: Card) -> Values:
        values: Values = {}
        for make in self._makers:
            values.update(make(card))
        return {name: value for name, value in values.items() if name in self._wanted and value not in ("", None, [])}


def _names(card: Card) -> Values:
    line = card.first("N")
    parts = [" ".join(filter(None, part)) for part in line.lists()] if line else []
    surname, given, middle, prefix, suffix = (*parts, "", "", "", "", "")[:5]
    companies = _organisations(card)
    shown = card.text("FN") or " ".join(filter(None, (given, surname))) or next(iter(companies), "")
    return {
        "DisplayName": shown,
        "Surname": surname,
        "GivenName": given,
        "MiddleName": middle,
        "Generation": suffix,
        "CompleteName": " ".join(filter(None, (prefix, given, middle, surname, suffix))),
        "NickName": card.text("NICKNAME"),
        "FileAs": card.text("X-EVOLUTION-FILE-AS", "X-FILE-AS"),
        "PhoneticFirstName": card.text("X-PHONETIC-FIRST-NAME"),
        "PhoneticLastName": card.text("X-PHONETIC-LAST-NAME"),
    }


def _organisations(card: Card) -> list[str]:
    return [name for line in card.all("ORG") if (name := line.parts()[0])]


def _work(card: Card) -> Values:
    line = card.first("ORG")
    units = line.parts()[1:] if line else []
    return {
        "CompanyName": next(iter(_organisations(card)), ""),
        "Companies": _organisations(card)[1:],
        "Department": ", ".join(filter(None, units[:1])),
        "OfficeLocation": card.text("X-EVOLUTION-OFFICE", "X-OFFICE") or ", ".join(filter(None, units[1:])),
        "JobTitle": card.text("TITLE"),
        "Profession": card.text("ROLE"),
        "BusinessHomePage": _home_page(card),
    }


def _home_page(card: Card) -> str:
    lines = card.all("URL")
    return next((line.text for line in lines if "home" not in line.head.types and line.text), "")


def _people(card: Card) -> Values:
    related = {kind: [name for label, name in _related(card) if label == kind] for kind in _RELATED}
    first = {kind: next(iter(names), "") for kind, names in related.items()}
    return {
        "SpouseName": card.text("X-SPOUSE", "X-EVOLUTION-SPOUSE") or first["spouse"],
        "AssistantName": card.text("X-ASSISTANT", "X-EVOLUTION-ASSISTANT") or first["assistant"],
        "Manager": card.text("X-MANAGER", "X-EVOLUTION-MANAGER") or first["manager"],
        "Children": related["child"],
    }


_RELATED = ("spouse", "assistant", "manager", "child")


def _related(card: Card) -> Iterator[tuple[str, str]]:
    """Kind and name; an address of another card is no name."""
    for line in (*card.all("RELATED"), *card.all("X-ABRELATEDNAMES")):
        text = line.text
        if text and not text.lower().startswith(("urn:", "http:", "https:", "mailto:")):
            yield from ((kind, text) for kind in (*line.head.types, readable_label(card.label(line)).lower()))


def _rest(card: Card) -> Values:
    sensitivity = card.text("CLASS").strip().upper()
    return {
        "Notes": "\n".join(filter(None, (line.text for line in card.all("NOTE")))),
        "Categories": [part for line in card.all("CATEGORIES") for part in line.parts(",") if part],
        "Sensitivity": _SENSITIVITIES.get(sensitivity, "Normal") if sensitivity else "",
        "Initials": card.text("X-INITIALS"),
        "HasPicture": card.has("PHOTO"),
        "Uid": card.text("UID").strip(),
    }


def _days(card: Card) -> Values:
    anniversary = card.text("ANNIVERSARY", "X-ANNIVERSARY", "X-EVOLUTION-ANNIVERSARY") or next(
        (line.text for line in card.all("X-ABDATE") if readable_label(card.label(line)).lower() == "anniversary"), ""
    )
    return {"Birthday": day_of(card.text("BDAY")), "WeddingAnniversary": day_of(anniversary)}


def day_of(text: str) -> date | None:
    """`1980-05-01`, `19800501`, `--0501`, or a moment of that day; None: it is no day."""
    text = text.strip()
    match = _DAY.match(text)
    if match is None:
        return None
    if "T" in text and text.upper().endswith("Z") and (found := calendar_day(text)):
        return found
    try:
        return date(_NO_YEAR if match[1] == "--" else int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return None


def _emails(card: Card) -> Values:
    found = (line.text.removeprefix("mailto:") for line in card.all("EMAIL"))
    return _numbered("EmailAddresses_EmailAddress", found)


def _messaging(card: Card) -> Values:
    lines = (*card.all("IMPP"), *(line for name in _MAKES_OF_IM for line in card.all(name)))
    return _numbered("ImAddresses_ImAddress", (line.text for line in lines))


def _numbered(name: str, texts: Iterable[str]) -> Values:
    found = list(dict.fromkeys(filter(None, texts)))[:3]
    return {f"{name}{number}": text for number, text in enumerate(found, 1)}


def _addresses(card: Card) -> Values:
    values: Values = {}
    index = ""
    for line in card.all("ADR"):
        kind, address = _address_kind(card, line), _address(line)
        if not address or f"PhysicalAddresses_{kind}" in values:
            continue
        values[f"PhysicalAddresses_{kind}"] = address
        values[f"PhysicalAddresses_{kind}_Text"] = address_line(address)
        index = index or (kind if line.preference <= 100 else "")
    return {**values, "PostalAddressIndex": index}


def _address_kind(card: Card, line: Line) -> str:
    types = line.head.types | {readable_label(card.label(line)).lower()}
    return _WORK if "work" in types else _HOME if "home" in types else _OTHER


def _address(line: Line) -> dict[str, str]:
    box, extended, street, city, state, code, country = (*line.parts(), *[""] * 7)[:7]
    lines = [" ".join(part.split("\n")) for part in (street, extended, box) if part]
    parts = {"Street": ", ".join(lines), "City": city, "State": state, "CountryOrRegion": country, "PostalCode": code}
    return {name: text for name, text in parts.items() if text}


def _phones(card: Card) -> Values:
    phones = phones_of(card)
    values: Values = {f"PhoneNumbers_{name}": number for name, number in phone_fields(phones).items()}
    values["Phones"] = [{"Number": one.number, "Kind": one.kind, "Label": one.label} for one in phones]
    return values


_PHONE_FIELDS = fields.PHONES | {"Phones"}
_MAKERS: tuple[tuple[frozenset[str], Callable[[Card], Values]], ...] = (
    (
        frozenset(
            {
                *("DisplayName", "Surname", "GivenName", "MiddleName", "Generation", "CompleteName", "NickName"),
                *("FileAs", "PhoneticFirstName", "PhoneticLastName"),
            }
        ),
        _names,
    ),
    (
        frozenset(
            {
                *("CompanyName", "Companies", "Department", "OfficeLocation", "JobTitle", "Profession"),
                "BusinessHomePage",
            }
        ),
        _work,
    ),
    (frozenset({"SpouseName", "AssistantName", "Manager", "Children"}), _people),
    (frozenset({"Notes", "Categories", "Sensitivity", "Initials", "HasPicture", "Uid"}), _rest),
    (fields.DAYS, _days),
    (frozenset(name for name in fields.NUMBERED if name.startswith("Email")), _emails),
    (frozenset(name for name in fields.NUMBERED if name.startswith("Im")), _messaging),
    (fields.ADDRESSES | {"PostalAddressIndex"}, _addresses),
    (_PHONE_FIELDS, _phones),
)
"""What makes which fields."""
