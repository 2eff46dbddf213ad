"""Text as it is searched for, and numbers as they are looked up: the same folding when written and when asked."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

import phonenumbers

from pbx_connector.model import PHONE_FIELDS

SEARCHED = ("display_name", "first_name", "last_name", "organisation", "email")
TAIL = 7
"""Long enough to tell most numbers apart, short enough to be the same in national and international form."""


def fold(text: str) -> str:
    """Without case and accents: `Müller` and `MULLER` fold to the same."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def digits(number: str) -> str:
    return "".join(character for character in number if character in "0123456789")


def tail(number: str | None) -> str | None:
    return (digits(number)[-TAIL:] or None) if number else None


def search_text(fields: Mapping[str, str]) -> str:
    """One folded text of all that is searched; a line break keeps the parts apart."""
    words = fold("\n".join([fields[name] for name in SEARCHED if name in fields]))
    numbers = [digits(fields[name]) for name in PHONE_FIELDS if name in fields]
    return "\n".join([words, *numbers])


def same_number(one: str, other: str) -> bool:
    """Whether two notations mean one number; `+49 991 12345` and `0991/12345` do."""
    if digits(one) == digits(other):
        return True
    return phonenumbers.is_number_match(one, other) in (
        phonenumbers.MatchType.EXACT_MATCH,
        phonenumbers.MatchType.NSN_MATCH,
    )
