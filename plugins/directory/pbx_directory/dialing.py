"""Numbers as a phone dials them and shows them, and the way back: what a phone asks with, as the phone book knows it.

The phone book has `+498999998190`; a phone behind a phone system may have to dial `0008999998190`. Which of these a
device needs is its dial form.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import phonenumbers
from phonenumbers import NumberParseException, PhoneMetadata, PhoneNumber, PhoneNumberFormat, PhoneNumberType

from pbx_connector.api import numbers_in

_E164 = re.compile(r"\+[1-9][0-9]{5,14}")
_UNSIGNED = re.compile(r"[^0-9*#]+")
_BRACKETS = re.compile(r"\(\s*0+\s*\)")
SHORTEST_NATIONAL = 7
"""Digits of a number without its country's code that is none of the phone system's own, at least."""
CACHED = 10_000


class Form(StrEnum):
    E164 = "e164"
    """`+498999998190`"""
    INTERNATIONAL = "international"
    """`00498999998190`, with what the region dials in place of the plus sign."""
    NATIONAL = "national"
    """`08999998190`, and other countries' numbers as in `INTERNATIONAL`."""


@dataclass(frozen=True, slots=True)
class DialForm:
    """How a device dials."""

    form: Form = Form.E164
    region: str | None = None
    """The country that the device stands in, as two letters such as `DE`. Without one there is no national form."""
    outside_line: str = ""
    """What is dialed before every number outside, but for those that begin with a plus sign."""


E164 = DialForm()


def dialed(number: str, form: DialForm = E164) -> str:
    """One number of the phone book, as the device dials it. A short number or a code stays as it is; empty if there is
    nothing to dial."""
    full = international(number, form.region)
    if full is None:
        return _signs(number)
    if form.form is Form.E164:
        return full
    return form.outside_line + _without_plus(full, form)


def all_dialed(text: str, form: DialForm = E164) -> tuple[str, ...]:
    """Each number of a field of the phone book once, in its order."""
    return tuple(dict.fromkeys(filter(None, (dialed(one, form) for one in numbers_in(text)))))


def asked(number: str, form: DialForm = E164) -> tuple[str, ...]:
    """What to look up, the likeliest first, for what a phone sends: a phone system may or may not have put the
    outside line before a caller's number."""
    signs = _signs(re.sub(r"^sips?:|[@;].*$", "", number.strip()))
    bare = signs.removeprefix(form.outside_line)
    known = [international(one, form.region) or one for one in (signs, bare) if one]
    return tuple(sorted(dict.fromkeys(known), key=_doubt))


def beginnings(text: str, form: DialForm = E164) -> tuple[str, ...]:
    """What numbers of the phone book begin with, for the beginning of one as the device dials it."""
    signs = _signs(text)
    found = (begin for one in (signs, signs.removeprefix(form.outside_line)) for begin in _begun(one, form.region))
    return tuple(dict.fromkeys(found))


def _begun(signs: str, region: str | None) -> Iterator[str]:
    abroad, plan = _abroad(region), _plan(region)
    if signs.startswith("+"):
        yield signs
    elif signs.startswith(abroad) and len(signs) > len(abroad):
        yield "+" + signs.removeprefix(abroad)
    elif plan and signs.startswith(plan.trunk) and len(signs) > len(plan.trunk):
        yield plan.code + signs.removeprefix(plan.trunk)


@lru_cache(maxsize=CACHED)
def international(number: str, region: str | None = None) -> str | None:
    """As E.164; None for short numbers and codes."""
    if _E164.fullmatch(number):
        return number
    signs = _signs(_BRACKETS.sub("", number))
    if signs.startswith("+"):
        return signs if _E164.fullmatch(signs) else None
    if _E164.fullmatch(plus := "+" + signs.removeprefix(_abroad(region))) and signs.startswith(_abroad(region)):
        return plus
    return _from_national(signs, region)


def _signs(number: str) -> str:
    signs = _UNSIGNED.sub("", number)
    return "+" + signs if signs and number.lstrip(" (").startswith("+") else signs


def _doubt(number: str) -> int:
    if not number.startswith("+"):
        return 1
    parsed = _parsed(number)
    return 0 if parsed and phonenumbers.is_valid_number(parsed) else 2


def _from_national(signs: str, region: str | None) -> str | None:
    """A number of the region, and none of the phone system's own."""
    plan = _plan(region)
    if plan is None or len(signs) < SHORTEST_NATIONAL or not signs.startswith(plan.written):
        return None
    parsed = _parsed(signs, region)
    is_one = phonenumbers.is_possible_number if plan.written else phonenumbers.is_valid_number
    return str(phonenumbers.format_number(parsed, PhoneNumberFormat.E164)) if parsed and is_one(parsed) else None


def _without_plus(full: str, form: DialForm) -> str:
    plan = _plan(form.region) if form.form is Form.NATIONAL else None
    if plan is None or not full.startswith(plan.code):
        return _abroad(form.region) + full[1:]
    return plan.trunk + full.removeprefix(plan.code) if plan.regular else _formatted(full, plan.region)


@dataclass(frozen=True, slots=True)
class _Plan:
    """How a country's own numbers are dialed there."""

    region: str
    code: str
    """`+49`"""
    trunk: str
    """What is dialed before the rest: `0`, `1`, or nothing."""
    written: str
    """What every number there is written with at its beginning: `0`, or nothing."""
    regular: bool
    """Whether that holds for each kind of number; the library knows the exceptions, and takes fifty times as long."""


@lru_cache(maxsize=256)
def _plan(region: str | None) -> _Plan | None:
    """None for what is no country."""
    region = (region or "").upper()
    metadata = PhoneMetadata.metadata_for_region(region)
    if metadata is None:
        return None
    code = f"+{metadata.country_code}"
    kinds = [kind for kind in PhoneNumberType.values() if kind != PhoneNumberType.PAGER]
    samples = [*filter(None, (phonenumbers.example_number_for_type(region, kind) for kind in kinds))]
    fulls = [str(phonenumbers.format_number(each, PhoneNumberFormat.E164)) for each in samples]
    trunk = metadata.national_prefix or ""
    usual = (phonenumbers.format_number(each, PhoneNumberFormat.NATIONAL) for each in samples[:1])
    written = trunk if all(_UNSIGNED.sub("", each).startswith(trunk) for each in usual) else ""
    for prefix in (trunk, ""):
        if all(_formatted(full, region) == prefix + full.removeprefix(code) for full in fulls):
            return _Plan(region, code, prefix, written, regular=True)
    return _Plan(region, code, trunk, written, regular=False)


@lru_cache(maxsize=CACHED)
def _formatted(full: str, region: str) -> str:
    parsed = phonenumbers.parse(full)
    return _UNSIGNED.sub("", phonenumbers.format_out_of_country_calling_number(parsed, region))


@lru_cache(maxsize=256)
def _abroad(region: str | None) -> str:
    """What is dialed in place of the plus sign; where callers choose among several companies, the common `00`."""
    metadata = PhoneMetadata.metadata_for_region(region.upper()) if region else None
    if metadata is None:
        return "00"
    choices = (metadata.international_prefix, metadata.preferred_international_prefix)
    return next((one.replace("~", "") for one in choices if one and one.replace("~", "").isdecimal()), "00")


@lru_cache(maxsize=CACHED)
def _parsed(number: str, region: str | None = None) -> PhoneNumber | None:
    try:
        return phonenumbers.parse(number, region)
    except NumberParseException:
        return None
