"""Text as it is searched for, and numbers as they are looked up: normalized alike when written and when asked."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from itertools import filterfalse

import phonenumbers
from pbx_rules.functions.phone_reading import notations

from pbx_connector.model import PHONE_FIELDS

SEARCHED = ("display_name", "first_name", "last_name", "organisation", "email")
KEYS = ("display_name", "first_name", "surname", "organisation", "email", *PHONE_FIELDS)
"""What entries are compared by; see `selection.Key`."""
NO_DIGITS = re.compile("[^0-9]+")
NO_KEYS = re.compile("[^0-9*#]+")
PLAIN = re.compile(r"[+0][0-9]*+(?: [0-9]++)*+")
"""One number for certain, as most are written: to read it costs a hundred times as much."""
TAIL = 7
"""Long enough to tell most numbers apart, short enough to be the same in national and international form."""
LONGEST_CODE = 3
"""Digits that a country's code has at most."""
LONGEST_DIRECT = 5
"""Digits that follow a company's number at most, to ring one of its telephones."""
SEVERAL = "*"
"""The tail of a field with several numbers: it is looked at, whoever calls."""


def fold(text: str) -> str:
    """Without case and accents: `Müller` and `MULLER` fold to the same."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(filterfalse(unicodedata.combining, decomposed))


def digits(number: str) -> str:
    plain = number.removeprefix("+")  # most are, and the pattern takes three times as long
    return plain if plain.isascii() and plain.isdecimal() else NO_DIGITS.sub("", number)


def digits_asked(text: str) -> str:
    """What is looked for in numbers, however they are written; empty if the text is none."""
    numeric = "".join(sign for sign in text if sign not in " -/().+")
    return numeric if numeric.isdigit() else ""


def numbers_in(text: str) -> tuple[str, ...]:
    """The numbers that an entry's field holds, without extensions and remarks; itself if it is just digits."""
    if text.isdecimal() or PLAIN.fullmatch(text):
        return (text,)
    return notations(text) or (text,)


def tail(number: str) -> str | None:
    """What a number is found by: the end of its national part, without the zero that stands for the area."""
    return _tail(numbers_in(number))


def _tail(numbers: tuple[str, ...]) -> str | None:
    return SEVERAL if len(numbers) > 1 else _end(numbers[0])


def _end(number: str) -> str | None:
    written = digits(number)
    if number.lstrip(" (").startswith("+"):
        return _national(written)
    return _national(written[2:]) if written.startswith("00") else _cut(written)


def tails(number: str) -> set[str]:
    """The tails of entries that may have this number, or that of the switchboard it belongs to; none without digits."""
    wanted = {end for one in (number, *switchboards(number)) for end in _ends(one)}
    return {SEVERAL, *wanted} if wanted else wanted


def _ends(number: str) -> set[str]:
    written = digits(number)
    return {end for end in (_end(number), _cut(written), _national(written)) if end}


def switchboards(number: str) -> list[str]:
    """`089 23125-203` belongs to `089 23125-0`, wherever its last part begins."""
    plain = ("+" if number.lstrip().startswith("+") else "") + digits(number)
    return [f"{plain[:-length]}0" for length in range(1, LONGEST_DIRECT + 1) if len(plain) - length >= TAIL]


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


def keys(fields: Mapping[str, str]) -> tuple[str | None, ...]:
    """What an entry is compared by, in the order of `KEYS`; None for what it lacks."""
    name, first, company = fields["display_name"], fields.get("first_name"), fields.get("organisation")
    texts = (name, first, fields.get("last_name") or company or name, company, fields.get("email"))
    return (
        *[None if text is None else text_key(text) for text in texts],
        *[number_key(number) if (number := fields.get(phone)) else None for phone in PHONE_FIELDS],
    )


def key_of(key: str, text: str) -> str:
    """A text that is looked for, as that key compares."""
    return number_key(text) if key in PHONE_FIELDS else text_key(text)


def text_key(text: str) -> str:
    return " ".join(fold(text).split())


def number_key(text: str) -> str:
    """`+`, digits, `*` and `#` of a number; the first one if there are several. A beginning `00` is a `+`."""
    number = text if PLAIN.fullmatch(text) else numbers_in(text)[0]
    plain = NO_KEYS.sub("", number)
    begin = "+" if number.lstrip(" (").startswith("+") else ""
    return f"+{plain[2:]}" if not begin and plain.startswith("00") else begin + plain


def found_by(fields: Mapping[str, str]) -> tuple[str | None, ...]:
    """The tail of each phone field, what the entry is compared by, then one folded text of all that is searched; a
    line break keeps parts apart."""
    found: list[str | None] = []
    texts = [fold("\n".join([fields[name] for name in SEARCHED if name in fields]))]
    for name in PHONE_FIELDS:
        number = fields.get(name)
        found.append(tail(number) if number else None)
        if number and (written := digits(number)):
            texts.append(written)
    return *found, *keys(fields), "\n".join(texts)
