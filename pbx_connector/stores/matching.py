"""Looking a number up: which of the candidates really have it, and whose name is shown first."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import IntEnum
from functools import lru_cache
from types import MappingProxyType

import phonenumbers
from pbx_rules.functions.phone_reading import read
from phonenumbers import MatchType, NumberParseException, PhoneNumberFormat

from pbx_connector.model import PHONE_FIELDS
from pbx_connector.stores.normalization import TAIL, digits, numbers_in, switchboards, tail, tails
from pbx_connector.stores.values import Entry, Match

_SWITCHBOARD = re.compile(r"[-/]\s*0\s*$")
_CERTAIN = re.compile(r"\+[1-9]{4}[0-9]{5,11}", re.ASCII)
"""A number that is E.164 as it stands: whatever the length of its country's code, no zero of an area follows it."""
_FIELD = {name: position for position, name in enumerate(PHONE_FIELDS)}


class Likeness(IntEnum):
    """How sure it is that an entry's number is the one that calls; the surest first."""

    SAME = 0
    GUESSED = 1
    """As far as a number without its country's code can tell."""
    SWITCHBOARD = 2
    """Another telephone of the same company rings."""


def ordered_matches(
    number: str, candidates: Iterable[Entry], regions: Mapping[str, str] = MappingProxyType({})
) -> list[Match]:
    """Private before company entries, then the same number before a guess, then by the order of phone fields, then by
    id. A switchboard counts only where nobody has the number. `regions` are those of profiles: a number without a
    country code in one of their entries is of that country and of no other."""
    caller = _Caller(number, regions)
    ranked = sorted(caller.ranked(candidates), key=lambda found: found[0])
    direct = [match for _, match in ranked if not match.switchboard]
    return direct or [match for _, match in ranked]


class _Caller:
    def __init__(self, number: str, regions: Mapping[str, str]) -> None:
        self._number = number
        self._regions = regions
        self._tails = tails(number)
        self._switchboards = switchboards(number)
        self._verdicts: dict[tuple[str, str | None], Likeness | None] = {}

    def ranked(self, candidates: Iterable[Entry]) -> Iterable[tuple[tuple[bool, int, int, int], Match]]:
        for entry in candidates:
            region = self._regions.get(entry.origin.profile) if entry.origin else None
            found = [
                (likeness, name)
                for name in PHONE_FIELDS
                if (written := entry.content.fields.get(name)) is not None
                and (likeness := self._verdict(written, region)) is not None
            ]
            if found:
                likeness, name = min(found, key=lambda each: (each[0], _FIELD[each[1]]))
                rank = (entry.content.account is None, int(likeness), _FIELD[name], entry.id)
                written = entry.content.fields[name]
                yield rank, Match(entry, name, written, likeness is Likeness.SWITCHBOARD)

    def _verdict(self, written: str, region: str | None) -> Likeness | None:
        """Many entries may share their company's number: each notation is judged once."""
        if (written, region) not in self._verdicts:
            near = tail(written) in self._tails
            self._verdicts[written, region] = self._judge(written, region) if near else None
        return self._verdicts[written, region]

    def _judge(self, written: str, region: str | None) -> Likeness | None:
        found = [likeness for one in numbers_in(written) if (likeness := self._likeness(one, region)) is not None]
        return min(found, default=None)

    def _likeness(self, written: str, region: str | None) -> Likeness | None:
        if not digits(written):
            return None
        if (found := likeness(self._number, written, region)) is not None:
            return found
        switchboard = _SWITCHBOARD.search(written)
        if switchboard and any(likeness(one, written, region) is not None for one in self._switchboards):
            return Likeness.SWITCHBOARD
        return None


def likeness(one: str, other: str, region: str | None = None) -> Likeness | None:
    """Of two notations; `+49 991 12345` and `0991/12345` may mean one number. `region` is that of the second."""
    first, second = international(one), international(other) or _national(other, region)
    if first and second:
        return Likeness.SAME if first == second else None
    if digits(one) == digits(other):
        return Likeness.SAME
    match = phonenumbers.is_number_match(first or one, second or other)
    return Likeness.GUESSED if match in (MatchType.EXACT_MATCH, MatchType.NSN_MATCH) else None


@lru_cache(maxsize=10_000)
def international(number: str) -> str | None:
    """As E.164, if its country is known: by `+`, by `00`, or by a code that the digits begin with."""
    bare, written = number.lstrip(" ("), digits(number)
    if bare.startswith("+"):
        return _e164(bare) or f"+{written}"
    if written.startswith("00"):
        return _e164(f"+{written[2:]}") or f"+{written[2:]}"
    return None if written.startswith("0") else _e164(f"+{written}", valid=True)


def certain_number(written: str, region: str | None) -> str | None:
    """As E.164, if a field holds one number, its country is known, and it is no switchboard's."""
    plain = written.replace(" ", "")
    if _CERTAIN.fullmatch(plain):
        return plain
    numbers = numbers_in(written)
    if len(numbers) > 1 or _SWITCHBOARD.search(numbers[0]):
        return None
    number = numbers[0]
    has_code = number.lstrip(" (").startswith("+") or digits(number).startswith("00")
    found = international(number) if has_code else _national(number, region)
    return found if found and len(found) > TAIL else None


@lru_cache(maxsize=10_000)
def _national(number: str, region: str | None) -> str | None:
    """As E.164, if the number is certainly one of the region."""
    found = read(number, region) if region else ()
    return str(phonenumbers.format_number(found[0], PhoneNumberFormat.E164)) if len(found) == 1 else None


def _e164(number: str, *, valid: bool = False) -> str | None:
    try:
        parsed = phonenumbers.parse(number)
    except NumberParseException:
        return None
    if valid and not phonenumbers.is_valid_number(parsed):
        return None
    return str(phonenumbers.format_number(parsed, PhoneNumberFormat.E164))
