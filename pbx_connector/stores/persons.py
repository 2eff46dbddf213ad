"""Which entries of several profiles are one person, by what they have in common, and which of them is shown.

A function of the entries and of the profiles' `merge:` alone: not of who ran first, nor of what was shown before. See
docs/adr/0035-merge-gives-way.md.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

from pbx_connector.model import Merge
from pbx_connector.plan import Content
from pbx_connector.stores.matching import certain_number
from pbx_connector.stores.normalization import tail
from pbx_connector.stores.values import Entry, Match
from pbx_connector.targets import FIELD_NAMES

COMPARED_NUMBERS = ("phone", "mobile")
"""The numbers that are a person's own, as a rule."""
COMPARED = ("email", *COMPARED_NUMBERS)
NEW = 2**60
"""From here on, numbers stand for entries that a plan would add, in the order in which they get their ids."""


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
    filled: int = 0
    """One bit for each of `FIELD_NAMES` that it has, the first one lowest."""

    @property
    def is_new(self) -> bool:
        """A plan would add it: it has no id yet."""
        return self.entry >= NEW

    def fills(self, other: Candidate) -> tuple[str, ...]:
        """The fields that it has and `other` leaves blank."""
        missing = self.filled & ~other.filled
        return tuple(name for position, name in enumerate(FIELD_NAMES) if missing >> position & 1)


@dataclass(frozen=True, slots=True)
class Link:
    """An entry that gives way to another one."""

    entry: int
    shown: int
    place: int
    """Among all that give way to the same: the first one fills its blanks first."""


@dataclass(frozen=True, slots=True)
class Person:
    """Entries of different profiles that are one person."""

    entries: tuple[Candidate, ...]
    """By id."""
    because: tuple[Evidence, ...]
    links: tuple[Link, ...] = ()
    """Those of them that give way."""


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


@dataclass(frozen=True, slots=True)
class GivesWay:
    """Someone who would no longer be shown by one entry, but by another."""

    entry: Candidate
    to: Candidate

    @property
    def fills(self) -> tuple[str, ...]:
        return self.entry.fills(self.to)


@dataclass(frozen=True, slots=True)
class Shift:
    """What a plan changes in who gives way to whom."""

    giving: tuple[GivesWay, ...] = ()
    returning: int = 0
    """Entries that gave way and are shown again."""

    @property
    def held(self) -> tuple[GivesWay, ...]:
        """Without the entries that are only added."""
        return tuple(each for each in self.giving if not each.entry.is_new)


def filled_bits(fields: Mapping[str, str]) -> int:
    return sum(1 << position for position, name in enumerate(FIELD_NAMES) if name in fields)


def given_way(candidates: Iterable[Candidate], merges: Mapping[str, Merge]) -> list[Link]:
    """Of candidates in any order; `merges` are those of the profiles that have one."""
    if not merges:
        return []
    return _links({what: some for what, some in _by_evidence(candidates).items() if tells(some)}, merges)


def _links(told: Mapping[Evidence, Sequence[Candidate]], merges: Mapping[str, Merge]) -> list[Link]:
    standing = _Standing(merges)
    for what, some in told.items() if merges else ():
        standing.compare(what, some)
    return list(standing.links())


Rank = tuple[int, str, int]
"""Whoever is lowest is shown: by what the profile prefers, then by its id, then by the entry's."""


@dataclass
class _Standing:
    merges: Mapping[str, Merge]
    _ranks: dict[int, Rank] = field(default_factory=dict)
    _towards: dict[int, Rank] = field(default_factory=dict)

    def compare(self, what: Evidence, some: Sequence[Candidate]) -> None:
        """Each gives way to the first before it that one of their two profiles wants to be one with."""
        ranked = sorted((self._rank(one), one) for one in some)
        for position, (mine, one) in enumerate(ranked):
            for rank, other in ranked[:position]:
                if self._wants(one, what) or self._wants(other, what):
                    self._ranks[one.entry] = mine
                    self._towards[one.entry] = min(rank, self._towards.get(one.entry, rank))
                    break

    def _rank(self, one: Candidate) -> Rank:
        merge = self.merges.get(one.profile)
        level = 1 if merge is None else 0 if merge.prefer == "mine" else 2
        return level, one.profile, one.entry

    def _wants(self, one: Candidate, what: Evidence) -> bool:
        merge = self.merges.get(one.profile)
        return merge is not None and what.kind in merge.by

    def links(self) -> Iterator[Link]:
        """Those to whom nobody is before come to the end of each chain: ranks only fall."""
        places: dict[int, int] = defaultdict(int)
        for _, entry in sorted((rank, entry) for entry, rank in self._ranks.items()):
            shown = entry
            while shown in self._towards:
                shown = self._towards[shown][-1]
            places[shown] += 1
            yield Link(entry, shown, places[shown])


def shift(
    candidates: Iterable[Candidate], merges: Mapping[str, Merge], before: Collection[int], gone: Collection[int]
) -> Shift:
    """From the entries that give way (`before`) to those that would, once the `gone` ones are removed."""
    known = {one.entry: one for one in candidates}
    after = {link.entry: link.shown for link in given_way(known.values(), merges)}
    giving = [GivesWay(known[entry], known[shown]) for entry, shown in after.items() if entry not in before]
    return Shift(tuple(giving), sum(entry not in after and entry not in gone for entry in before))


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


def duplicates(candidates: Iterable[Candidate], merges: Mapping[str, Merge]) -> Duplicates:
    found = _by_evidence(candidates)
    told = {what: some for what, some in found.items() if tells(some)}
    ambiguous = [Ambiguous(what, len(some)) for what, some in found.items() if not tells(some) and _are_several(some)]
    links = {link.entry: link for link in _links(told, merges)}
    persons = tuple(_persons(told, links))
    return Duplicates(persons, tuple(sorted(ambiguous, key=lambda one: (-one.entries, one.evidence))))


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


def _persons(told: Mapping[Evidence, Sequence[Candidate]], links: Mapping[int, Link]) -> Iterator[Person]:
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
        entries = tuple(one for _, one in sorted(members[first].items()))
        giving = tuple(links[one.entry] for one in entries if one.entry in links)
        yield Person(entries, tuple(sorted(because[first])), giving)


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


# --- as it is shown


def merged(entry: Entry, others: Sequence[Entry]) -> Entry:
    """What an entry says, with its blanks filled by those that give way to it, the first one first."""
    if not others:
        return entry
    said = [entry.content, *(other.content for other in others)]
    fields = {name: value for content in reversed(said) for name, value in content.fields.items()}
    labels = {name: value for content in reversed(said) for name, value in content.labels.items()}
    ordered = {name: fields[name] for name in FIELD_NAMES if name in fields}
    content = Content(entry.content.account, ordered, dict(sorted(labels.items())))
    return replace(entry, content=content, merged=tuple(other.id for other in others))


def one_each(matches: Iterable[Match], shown: Mapping[int, Entry]) -> list[Match]:
    """Each person once, by the first match. `shown` has who is shown for each entry that gives way or is filled."""
    found: dict[int, Match] = {}
    for match in matches:
        entry = shown.get(match.entry.id, match.entry)
        found.setdefault(entry.id, replace(match, entry=entry))
    return list(found.values())
