"""Entries as phones show them: clean text, numbers as they are dialed, and as many rows as a phone needs for one entry.

A phone that has one number a row gets several rows of one name, from the second on with what number it is in brackets.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from pbx_connector.api import Content, Entry
from pbx_directory.characters import Limit, fitting, one_line
from pbx_directory.dialing import E164, DialForm, all_dialed
from pbx_directory.words import ENGLISH, Words

KINDS = ("phone", "mobile", "home_phone", "fax")
"""Fields of an entry that hold numbers, in the order in which phones show them."""


@dataclass(frozen=True, slots=True)
class Number:
    kind: str
    """One of `KINDS`."""
    dialed: str
    """Digits, `*` and `#`, with a plus sign before them or without: no character that a format must escape."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One row of a phone's list: an entry, or some of its numbers."""

    entry: Entry
    name: str
    numbers: tuple[Number, ...]
    label: str = ""
    """Which number it is, if other rows have the same name."""

    def text(self, of: str, limit: Limit | None = None) -> str:
        """A field of the entry on one line; empty if it has none."""
        return fitting(one_line(self.entry.content.fields.get(of, "")), limit)

    def shown(self, limit: Limit | None = None) -> str:
        return fitting(self.name, limit, self._bracketed)

    def first_name(self, limit: Limit | None = None) -> str:
        return self.text("first_name", limit)

    def last_name(self, limit: Limit | None = None) -> str:
        """Who has neither first nor last name, as companies do, goes by the display name."""
        last = self.text("last_name") or ("" if self.text("first_name") else self.name)
        return fitting(last, limit, self._bracketed if last else self._bracketed.lstrip())

    @property
    def _bracketed(self) -> str:
        return f" ({self.label})" if self.label else ""


@dataclass(frozen=True, slots=True)
class Layout:
    """How many rows a phone needs for an entry."""

    numbers: int | None = None
    """As many in one row; None: any number of them."""
    labelled: bool = False
    """From the second row on the name says which number it is."""
    slots: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Instead of that: the places that a row has for numbers, and which kinds of number they are for."""

    def rows(self, listed: Listed, words: Words = ENGLISH) -> Iterator[Listed]:
        parts = _in_slots(listed.numbers, self.slots) if self.slots else _in_parts(listed.numbers, self.numbers)
        for place, numbers in enumerate(parts):
            label = words.kinds[numbers[0].kind] if self.labelled and place else ""
            yield replace(listed, numbers=tuple(numbers), label=label)

    def placed(self, row: Listed) -> dict[str, str]:
        """The number in each of the places that this row fills."""
        free = dict(self.slots)
        placed = {}
        for number in row.numbers:
            slot = next(name for name, kinds in free.items() if number.kind in kinds)
            placed[slot] = number.dialed
            del free[slot]
        return placed


@dataclass(frozen=True, slots=True)
class Link:
    """What a phone can go to."""

    title: str
    url: str


@dataclass(frozen=True, slots=True)
class Page:
    """What stands around the rows. Texts are clean, but not escaped."""

    title: str
    words: Words = ENGLISH
    first: str | None = None
    """Address of the first page, unless this is it."""
    next: str | None = None
    """Address of the page after it; known when the rows are written."""
    search: str | None = None
    """Address of the form that asks for a name."""
    rows: int = 0
    """How many there are; known when they are written."""


@dataclass(frozen=True, slots=True)
class Menu:
    title: str
    links: Sequence[Link]


@dataclass(frozen=True, slots=True)
class SearchForm:
    """Asks for a name or number and goes to `url` with it as the parameter `term`."""

    url: str
    words: Words = ENGLISH


def listed(entry: Entry, form: DialForm = E164) -> Listed:
    fields = entry.content.fields
    found: dict[str, Number] = {}
    for kind in KINDS:
        for number in all_dialed(fields[kind], form) if kind in fields else ():
            found.setdefault(number, Number(kind, number))
    return Listed(entry, one_line(fields.get("display_name", "")), tuple(found.values()))


def redialed(entry: Entry, form: DialForm) -> Entry:
    """The entry with its numbers in the dial form, for formats that show an entry as it is."""
    fields = dict(entry.content.fields)
    for kind in KINDS:
        if kind in fields:
            fields[kind] = ", ".join(all_dialed(fields[kind], form))
    shown = {name: value for name, value in fields.items() if value}
    return replace(entry, content=Content(entry.content.account, MappingProxyType(shown), entry.content.labels))


def _in_parts(numbers: tuple[Number, ...], most: int | None) -> Iterator[tuple[Number, ...]]:
    step = most or len(numbers) or 1
    return (numbers[begin : begin + step] for begin in range(0, len(numbers), step))


def _in_slots(numbers: tuple[Number, ...], slots: Mapping[str, tuple[str, ...]]) -> Iterator[list[Number]]:
    left = list(numbers)
    while left:
        row, free = [], list(slots.values())
        for number in left:
            if fits := next((kinds for kinds in free if number.kind in kinds), None):
                free.remove(fits)
                row.append(number)
        left = [number for number in left if number not in row]
        yield row
