"""Phone numbers, by Google's libphonenumber. Parsing costs much, so each (text, region) is parsed once."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache, wraps
from typing import Any, TypeVar, cast

from pbx_rules.functions.phone_text import LONGEST, clean, internal
from pbx_rules.functions.registry import PROFILE_REGION, Example, Function, Parameter
from pbx_rules.functions.text import LIST_OF_TEXTS
from pbx_rules.runtime.limits import Cost
from pbx_rules.types import TEXT

LONGEST_INTERNAL = 9

_Run = TypeVar("_Run", bound=Callable[..., Any])


def _each_once(run: _Run) -> _Run:
    """Remembers what is read from short texts. Longer ones are no phone numbers, and are neither read nor kept."""
    remembered = lru_cache(maxsize=100_000)(run)

    @wraps(run)
    def read(text: str, *rest: str | int | None) -> Any:
        return remembered(text, *rest) if len(text) <= LONGEST else None

    return cast(_Run, read)


@_each_once
def _phone(text: str, region: str | None, longest: int | None) -> str | None:
    return next(iter(_phones(text, region, longest) or ()), None)


@_each_once
def _phones(text: str, region: str | None, longest: int | None) -> tuple[str, ...] | None:
    if longest and (kept := internal(clean(text), longest)):
        return (kept,)
    from pbx_rules.functions import phone_numbers

    return phone_numbers.international(text, region) or None


@_each_once
def _extension(text: str, region: str | None) -> str | None:
    from pbx_rules.functions import phone_numbers

    return phone_numbers.extension(text, region)


@_each_once
def _national(text: str, region: str | None) -> str | None:
    from pbx_rules.functions import phone_numbers

    return phone_numbers.national(text, region)


@_each_once
def _type(text: str, region: str | None) -> str | None:
    from pbx_rules.functions import phone_numbers

    return phone_numbers.kind(text, region)


def check_region(region: str) -> str:
    """The region's two letters as the library knows them. Raises ValueError for any others."""
    from pbx_rules.functions import phone_numbers

    return phone_numbers.check_region(region)


def check_internal(digits: Decimal) -> int:
    """Raises ValueError for what can be no number of digits."""
    if digits != int(digits) or not 1 <= digits <= LONGEST_INTERNAL:
        raise ValueError(f"internal numbers have 1 to {LONGEST_INTERNAL} digits: write how many, as internal: 5")
    return int(digits)


_COST = Cost(call=60_000, character=5_000, longest=LONGEST)
"""The dearest texts, full of slashes and parentheses; that most numbers are read once is no part of it."""
_NONE = "no telephone number"
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
_INTERNAL = Parameter(
    "internal",
    "number",
    doc="numbers of up to so many digits are kept as they are",
    default=None,
    literal=True,
    takes_blank=True,
    prepare=check_internal,
)

FUNCTIONS = (
    Function(
        "phone",
        "phone",
        "The number that was certainly meant, in international form (E.164): the first of several; blank if none is.",
        (*_PARAMETERS, _INTERNAL),
        TEXT,
        _phone,
        cost=_COST,
        unread=_NONE,
        examples=(
            Example('phone("0991 12345", region: "DE")', '"+4999112345"'),
            Example('phone("+43 (0)1 589 33-0", region: "DE")', '"+431589330"'),
            Example('phone("+39 (0)6 69812345")', '"+390669812345"'),
            Example('phone("089 1234-0 DW 45", region: "DE")', '"+498912340"'),
            Example('phone("0991 12345 (privat)", region: "DE")', '"+4999112345"'),
            Example('phone("030 23125-201/-202", region: "DE")', '"+493023125201"'),
            Example('phone("112", region: "DE")', "blank"),
            Example('phone("**611", internal: 5)', '"**611"'),
        ),
    ),
    Function(
        "phones",
        "phone",
        "All numbers of a text in international form: between them `;`, `,`, `|`, `/`, a line break, `oder` or `und`.",
        (*_PARAMETERS, _INTERNAL),
        LIST_OF_TEXTS,
        _phones,
        cost=_COST,
        unread=_NONE,
        examples=(
            Example(
                'phones("030 23125-201/-202 oder 0171 1234567", region: "DE")',
                'list("+493023125201", "+493023125202", "+491711234567")',
            ),
            Example('phones("call me", region: "DE")', "blank"),
        ),
    ),
    Function(
        "phone_extension",
        "phone",
        "The extension that stands behind a valid number (DW 45, App. 45, ext. 45, x45).",
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
