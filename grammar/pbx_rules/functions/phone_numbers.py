"""What libphonenumber makes of a text. Parsing costs much, so each (text, region) is parsed once.

Apart from the table of functions in `phone`, because the library's own tables take their time to load.
"""

from __future__ import annotations

import re
from functools import lru_cache

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat, PhoneNumberType

LONGEST = 250
"""Characters; longer texts are no phone numbers."""

_EXTENSION = re.compile(
    r"[\s,;/(-]*(?<![A-Za-z])(?:durchwahl|dw|extension|ext|nst|nebenstelle|klappe|kl|x)\s*[.:#=-]?\s*(\d{1,8})\s*\)?\s*$",
    re.IGNORECASE | re.ASCII,
)
_TRUNK_ZERO = re.compile(r"\(\s*0\s*\)")
_REMARK = re.compile(r"(?<=\d)\D*?[^\W\d_].*", re.DOTALL)
"""From the first letter behind a digit on: `(Zentrale)`, `privat`. The library would dial the letters."""
_SPELT = {PhoneNumberType.TOLL_FREE, PhoneNumberType.PREMIUM_RATE, PhoneNumberType.SHARED_COST}
"""Kinds of numbers that are written in letters, as 0800 FLOWERS is."""
_TYPES = {
    PhoneNumberType.FIXED_LINE: "fixed",
    PhoneNumberType.MOBILE: "mobile",
    PhoneNumberType.FIXED_LINE_OR_MOBILE: "fixed or mobile",
    PhoneNumberType.TOLL_FREE: "toll-free",
    PhoneNumberType.PREMIUM_RATE: "premium",
    PhoneNumberType.SHARED_COST: "shared cost",
    PhoneNumberType.VOIP: "voip",
    PhoneNumberType.PERSONAL_NUMBER: "personal",
    PhoneNumberType.PAGER: "pager",
    PhoneNumberType.UAN: "company",
    PhoneNumberType.VOICEMAIL: "voicemail",
}


@lru_cache(maxsize=100_000)
def _parse(text: str, region: str | None) -> PhoneNumber | None:
    """The number with its extension; None if it is none. `112` and `1234` are possible numbers but not valid ones."""
    if len(text) > LONGEST:
        return None
    extension = _EXTENSION.search(text)
    whole = text[: extension.start()] if extension else text
    bare = _REMARK.sub("", whole)
    number = _valid(bare, region) or (_spelt(whole, region) if bare != whole else None)
    if number and extension:
        number.extension = extension[1]
    return number


def _valid(text: str, region: str | None) -> PhoneNumber | None:
    """The zero of `+39 (0)2` belongs to the number, that of `+49 (0)30` does not: the library knows which is which,
    but for countries without such a zero, where people write it all the same."""
    for zero in ("0", "") if _TRUNK_ZERO.search(text) else ("",):
        try:
            number = phonenumbers.parse(_TRUNK_ZERO.sub(zero, text), region)
        except NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            return number
    return None


def _spelt(text: str, region: str | None) -> PhoneNumber | None:
    number = _valid(text, region)
    return number if number and phonenumbers.number_type(number) in _SPELT else None


def international(text: str, region: str | None) -> str | None:
    number = _parse(text, region)
    return None if number is None else str(phonenumbers.format_number(number, PhoneNumberFormat.E164))


def extension(text: str, region: str | None) -> str | None:
    number = _parse(text, region)
    return None if number is None else number.extension or None


def national(text: str, region: str | None) -> str | None:
    number = _parse(text, region)
    if number is None:
        return None
    bare = PhoneNumber(country_code=number.country_code, national_number=number.national_number)
    bare.italian_leading_zero = number.italian_leading_zero
    bare.number_of_leading_zeros = number.number_of_leading_zeros
    return str(phonenumbers.format_number(bare, PhoneNumberFormat.NATIONAL))


def kind(text: str, region: str | None) -> str | None:
    number = _parse(text, region)
    return None if number is None else _TYPES.get(phonenumbers.number_type(number), "other")


def check_region(region: str) -> str:
    """The region's two letters as the library knows them. Raises ValueError for any others."""
    known = region.strip().upper()
    if known not in phonenumbers.SUPPORTED_REGIONS:
        raise ValueError(f"{region!r} is no country: write its two letters, such as DE, AT or CH")
    return known
