"""Text as it is searched for, and numbers as they are looked up: the same folding when written and when asked."""

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


def fold(text: str) -> str:
    """Without case and accents: `Müller` and `MULLER` fold to the same."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def digits(number: str) -> str:
    return NO_DIGITS.sub("", number)


def tail(number: str) -> str | None:
    return digits(number)[-TAIL:] or None


def found_by(fields: Mapping[str, str]) -> tuple[str | None, ...]:
    """The tail of each phone field, then one folded text of all that is searched; a line break keeps parts apart."""
    numbers = [digits(fields[name]) if name in fields else "" for name in PHONE_FIELDS]
    words = fold("\n".join([fields[name] for name in SEARCHED if name in fields]))
    return *[number[-TAIL:] or None for number in numbers], "\n".join([words, *filter(None, numbers)])


def same_number(one: str, other: str) -> bool:
    """Whether two notations mean one number; `+49 991 12345` and `0991/12345` do."""
    if digits(one) == digits(other):
        return True
    return phonenumbers.is_number_match(one, other) in (
        phonenumbers.MatchType.EXACT_MATCH,
        phonenumbers.MatchType.NSN_MATCH,
    )
