"""Text as it is searched for, and numbers as they are looked up: normalized alike when written and when asked."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

import phonenumbers

from pbx_connector.model import PHONE_FIELDS

SEARCHED = ("display_name", "first_name", "last_name", "organisation", "email")
NO_DIGITS = re.compile("[^0-9]+")
TAIL = 7
"""Long enough to tell most numbers apart, short enough to be the same in national and international form."""
LONGEST_CODE = 3
"""Digits that a country's code has at most."""


def fold(text: str) -> str:
    """Without case and accents: `Müller` and `MULLER` fold to the same."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def digits(number: str) -> str:
    plain = number.removeprefix("+")  # most are, and the pattern takes three times as long
    return plain if plain.isascii() and plain.isdecimal() else NO_DIGITS.sub("", number)


def tail(number: str) -> str | None:
    """What a number is found by: the end of its national part, without the zero that stands for the area."""
    return _end(number, digits(number))


def _end(number: str, written: str) -> str | None:
    if number.lstrip().startswith("+"):
        return _national(written)
    return _national(written[2:]) if written.startswith("00") else _cut(written)


def tails(number: str) -> set[str]:
    """The tails that notations of the same number may have; none if there is no digit in it."""
    written = digits(number)
    return {end for end in (tail(number), _cut(written), _national(written)) if end}


def _cut(written: str) -> str | None:
    return (written.lstrip("0") or written)[-TAIL:] or None


def _national(written: str) -> str | None:
    """Of a number with its country's code. Only a short one has the code within its tail."""
    if len(written) < TAIL + LONGEST_CODE:
        try:
            return _cut(str(phonenumbers.parse(f"+{written}").national_number))
        except phonenumbers.NumberParseException:
            pass  # no country's, so as it stands
    return _cut(written)


def found_by(fields: Mapping[str, str]) -> tuple[str | None, ...]:
    """The tail of each phone field, then one folded text of all that is searched; a line break keeps parts apart."""
    found: list[str | None] = []
    texts = [fold("\n".join([fields[name] for name in SEARCHED if name in fields]))]
    for name in PHONE_FIELDS:
        number = fields.get(name)
        written = digits(number) if number else ""
        found.append(_end(number, written) if number else None)
        if written:
            texts.append(written)
    return *found, "\n".join(texts)


def same_number(one: str, other: str) -> bool:
    """Whether two notations mean one number; `+49 991 12345` and `0991/12345` do."""
    if digits(one) == digits(other):
        return True
    return phonenumbers.is_number_match(one, other) in (
        phonenumbers.MatchType.EXACT_MATCH,
        phonenumbers.MatchType.NSN_MATCH,
    )
