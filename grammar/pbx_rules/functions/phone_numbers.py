"""What libphonenumber makes of the numbers that stand in a text.

Apart from the table of functions in `phone`, because the library's own tables take their time to load.
"""

from __future__ import annotations

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberFormat, PhoneNumberType

from pbx_rules.functions.phone_reading import read

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


def _first(text: str, region: str | None) -> PhoneNumber | None:
    return next(iter(read(text, region)), None)


def international(text: str, region: str | None) -> tuple[str, ...]:
    """All numbers of the text, each once."""
    return tuple(dict.fromkeys(map(_e164, read(text, region))))


def extension(text: str, region: str | None) -> str | None:
    number = _first(text, region)
    return None if number is None else number.extension or None


def national(text: str, region: str | None) -> str | None:
    number = _first(text, region)
    if number is None:
        return None
    bare = PhoneNumber(country_code=number.country_code, national_number=number.national_number)
    bare.italian_leading_zero = number.italian_leading_zero
    bare.number_of_leading_zeros = number.number_of_leading_zeros
    return str(phonenumbers.format_number(bare, PhoneNumberFormat.NATIONAL))


def kind(text: str, region: str | None) -> str | None:
    number = _first(text, region)
    return None if number is None else _TYPES.get(phonenumbers.number_type(number), "other")


def check_region(region: str) -> str:
    """The region's two letters as the library knows them. Raises ValueError for any others."""
    known = region.strip().upper()
    if known not in phonenumbers.SUPPORTED_REGIONS:
        raise ValueError(f"{region!r} is no country: write its two letters, such as DE, AT or CH")
    return known


def _e164(number: PhoneNumber) -> str:
    return str(phonenumbers.format_number(number, PhoneNumberFormat.E164))
