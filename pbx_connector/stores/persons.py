"""Which entries of several profiles are one person, by what they have in common, and which of them is shown.

A function of the entries and of the profiles' `merge:` alone: not of who ran first, nor of what was shown before. See
docs/adr/0035-merge-gives-way.md.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from pbx_connector.stores.matching import certain_number
from pbx_connector.stores.normalization import tail

COMPARED_NUMBERS = ("phone", "mobile")
"""The numbers that are a person's own, as a rule."""
COMPARED = ("email", *COMPARED_NUMBERS)


class Evidence(NamedTuple):
    """Something by which two entries are one person."""

    kind: Literal["email", "phone"]
    value: str
    """As it is compared: in small letters, or as E.164."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A company entry of a profile, as far as it is compared."""

    entry: int
    profile: str
    name: str
    region: str | None
    """Of its profile: whose country a number without a code is of."""
    fields: Mapping[str, str]
    """Those of `COMPARED` that it has."""


@dataclass(frozen=True, slots=True)
class Person:
    """Entries of different profiles that are one person."""

    entries: tuple[Candidate, ...]
    """By id."""
    because: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """What several profiles have, and one of them more than once: it tells nobody apart."""

    evidence: Evidence
    entries: int
    """So many have it."""


@dataclass(frozen=True, slots=True)
class Duplicates:
    persons: tuple[Person, ...]
    ambiguous: tuple[Ambiguous, ...]


def evidence(candidate: Candidate) -> Iterator[Evidence]:
    """Each once."""
    fields = candidate.fields
    if (address := fields.get("email")) and "@" in address:
        yield Evidence("email", in_small_letters(address.strip()))
    numbers = [fields[name] for name in COMPARED_NUMBERS if name in fields]
    certain = {_number(number, candidate.region) for number in numbers}
    yield from (Evidence("phone", number) for number in sorted(filter(None, certain)))


def in_small_letters(address: str) -> str:
    """Those of ASCII, as both databases do it."""
    return address.encode("utf-8", "surrogatepass").lower().decode("utf-8", "surrogatepass")


def _number(written: str, region: str | None) -> str | None:
    """Numbers that end differently are different ones, as for look-up."""
    number = certain_number(written, region)
    if number is None or number == written.replace(" ", ""):
        return number
    return number if tail(number) == tail(written) else None


def duplicates(candidates: Iterable[Candidate]) -> Duplicates:
    found = _by_evidence(candidates)
    told = {what: some for what, some in found.items() if tells(some)}
    ambiguous = [Ambiguous(what, len(some)) for what, some in found.items() if not tells(some) and _are_several(some)]
    return Duplicates(tuple(_persons(told)), tuple(sorted(ambiguous, key=lambda one: (-one.entries, one.evidence))))


def _by_evidence(candidates: Iterable[Candidate]) -> dict[Evidence, list[Candidate]]:
    found: dict[Evidence, list[Candidate]] = defaultdict(list)
    for candidate in candidates:
        for what in evidence(candidate):
            found[what].append(candidate)
    return found


def tells(some: Sequence[Candidate]) -> bool:
    """Whether what these entries have in common tells a person: several profiles have it, and each of them once."""
    return _are_several(some) and len({one.profile for one in some}) == len(some)


def _are_several(some: Sequence[Candidate]) -> bool:
    return len(some) > 1 and len({one.profile for one in some}) > 1


def _persons(told: Mapping[Evidence, Sequence[Candidate]]) -> Iterator[Person]:
    """Whoever is one with a third is one with the other."""
    groups = _Groups()
    members: dict[int, dict[int, Candidate]] = defaultdict(dict)
    because: dict[int, list[Evidence]] = defaultdict(list)
    for some in told.values():
        for one in some[1:]:
            groups.join(some[0].entry, one.entry)
    for what, some in told.items():
        first = groups.first(some[0].entry)
        because[first].append(what)
        members[first] |= {one.entry: one for one in some}
    for first in sorted(members):
        yield Person(tuple(one for _, one in sorted(members[first].items())), tuple(sorted(because[first])))


class _Groups:
    """Numbers that were joined, directly or by way of others; each group goes by its lowest."""

    def __init__(self) -> None:
        self._towards: dict[int, int] = {}

    def first(self, number: int) -> int:
        while (further := self._towards.get(number, number)) != number:
            self._towards[number] = self._towards.get(further, further)
            number = further
        return number

    def join(self, one: int, other: int) -> None:
        low, high = sorted((self.first(one), self.first(other)))
        self._towards[high] = low
