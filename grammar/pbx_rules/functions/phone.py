"""Phone numbers, by Google's libphonenumber. Parsing costs much, so each (text, region) is parsed once."""

from __future__ import annotations

import re
from functools import lru_cache

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat, PhoneNumberType

from pbx_rules.functions.registry import PROFILE_REGION, Example, Function, Parameter
from pbx_rules.runtime.limits import Cost
from pbx_rules.types import TEXT

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


@lru_cache(maxsize=100_000)
def _phone(text: str, region: str | None) -> str | None:
    number = _parse(text, region)
    return None if number is None else str(phonenumbers.format_number(number, PhoneNumberFormat.E164))


@lru_cache(maxsize=100_000)
def _extension(text: str, region: str | None) -> str | None:
    number = _parse(text, region)
    return None if number is None else number.extension or None


@lru_cache(maxsize=100_000)
def _national(text: str, region: str | None) -> str | None:
    number = _parse(text, region)
    if number is None:
        return None
    bare = PhoneNumber(country_code=number.country_code, national_number=number.national_number)
    bare.italian_leading_zero = number.italian_leading_zero
    bare.number_of_leading_zeros = number.number_of_leading_zeros
    return str(phonenumbers.format_number(bare, PhoneNumberFormat.NATIONAL))


@lru_cache(maxsize=100_000)
def _type(text: str, region: str | None) -> str | None:
    number = _parse(text, region)
    return None if number is None else _TYPES.get(phonenumbers.number_type(number), "other")


def check_region(region: str) -> str:
    """The region's two letters as the library knows them. Raises ValueError for any others."""
    known = region.strip().upper()
    if known not in phonenumbers.SUPPORTED_REGIONS:
        raise ValueError(f"{region!r} is no country: write its two letters, such as DE, AT or CH")
    return known


_COST = Cost(call=10_000, character=600, longest=LONGEST)
"""The library's searches grow with the square of the text; that most numbers are parsed once is no part of it."""
_PARAMETERS = (
    Parameter("text"),
    Parameter(
        "region",
        doc="the country of numbers without a country code",
        default=PROFILE_REGION,
        literal=True,
        takes_blank=True,
        prepare=check_region,
        code="R0309",
    ),
)

FUNCTIONS = (
    Function(
        "phone",
        "phone",
        "The number in international form (E.164); blank if it is no valid number.",
        _PARAMETERS,
        TEXT,
        _phone,
        cost=_COST,
        examples=(
            Example('phone("0991 12345", region: "DE")', '"+4999112345"'),
            Example('phone("+43 (0)1 589 33-0", region: "DE")', '"+431589330"'),
            Example('phone("+39 (0)6 69812345")', '"+390669812345"'),
            Example('phone("089 1234-0 DW 45", region: "DE")', '"+498912340"'),
            Example('phone("0991 12345 (privat)", region: "DE")', '"+4999112345"'),
            Example('phone("112", region: "DE")', "blank"),
        ),
    ),
    Function(
        "phone_extension",
        "phone",
        "The extension that stands behind a valid number (DW 45, ext. 45, x45).",
        _PARAMETERS,
        TEXT,
        _extension,
        cost=_COST,
        examples=(
            Example('phone_extension("089 1234-0 DW 45", region: "DE")', '"45"'),
            Example('phone_extension("089 12340", region: "DE")', "blank"),
        ),
    ),
    Function(
        "phone_national",
        "phone",
        "The number as people of its country write it, without extension.",
        _PARAMETERS,
        TEXT,
        _national,
        cost=_COST,
        examples=(Example('phone_national("+4999112345")', '"0991 12345"'),),
    ),
    Function(
        "phone_type",
        "phone",
        "What kind of number it is: fixed, mobile, toll-free and so on.",
        _PARAMETERS,
        TEXT,
        _type,
        cost=_COST,
        examples=(Example('phone_type("+491711234567")', '"mobile"'), Example('phone_type("+498912340")', '"fixed"')),
    ),
)
