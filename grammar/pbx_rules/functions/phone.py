"""The functions on phone numbers; `phone_numbers` does the work and is imported at the first number."""

from __future__ import annotations

from functools import lru_cache

from pbx_rules.functions.registry import PROFILE_REGION, Example, Function, Parameter
from pbx_rules.types import TEXT


@lru_cache(maxsize=100_000)
def _phone(text: str, region: str | None) -> str | None:
    from pbx_rules.functions import phone_numbers

    return phone_numbers.international(text, region)


@lru_cache(maxsize=100_000)
def _extension(text: str, region: str | None) -> str | None:
    from pbx_rules.functions import phone_numbers

    return phone_numbers.extension(text, region)


@lru_cache(maxsize=100_000)
def _national(text: str, region: str | None) -> str | None:
    from pbx_rules.functions import phone_numbers

    return phone_numbers.national(text, region)


@lru_cache(maxsize=100_000)
def _type(text: str, region: str | None) -> str | None:
    from pbx_rules.functions import phone_numbers

    return phone_numbers.kind(text, region)


def check_region(region: str) -> str:
    """The region's two letters as the library knows them. Raises ValueError for any others."""
    from pbx_rules.functions import phone_numbers

    return phone_numbers.check_region(region)


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
        (
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
        (
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
        (Example('phone_national("+4999112345")', '"0991 12345"'),),
    ),
    Function(
        "phone_type",
        "phone",
        "What kind of number it is: fixed, mobile, toll-free and so on.",
        _PARAMETERS,
        TEXT,
        _type,
        (Example('phone_type("+491711234567")', '"mobile"'), Example('phone_type("+498912340")', '"fixed"')),
    ),
)
