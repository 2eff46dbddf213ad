"""The entries that a device is shown, in the order of their names and within the limits of its format."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice, takewhile
from typing import TYPE_CHECKING

from pbx_connector.api import Entry, Every, Key, Order, Position, Present, Some, position
from pbx_directory.asking import NUMBERS, Asked, position_of, written
from pbx_directory.listing import Listed, Page, listed

if TYPE_CHECKING:
    from pbx_directory.formats import Rows

BY_NAME = (Order(Key.DISPLAY_NAME),)
NUMBERED = Some(tuple(Present(key) for key in NUMBERS))
SLACK = 10
"""A part of a book that grows while a phone pages through it has room for every tenth row more."""


def found(asked: Asked, *, numbered: bool, limit: int | None = None) -> Iterator[Entry]:
    if asked.is_hopeless:
        return iter(())
    entries = asked.book.find(
        Every((asked.condition, NUMBERED)) if numbered else asked.condition,
        owners=asked.device.owners,
        order=BY_NAME,
        limit=limit,
        after=position_of(asked.query.get("after")),
    )
    until = position_of(asked.query.get("until"))
    return takewhile(lambda entry: _place(position(entry)) <= _place(until), entries) if until else entries


def rows(format: Rows, asked: Asked, entry: Entry) -> Iterator[Listed]:
    shown = listed(entry, asked.form)
    return format.layout.rows(shown, asked.words) if shown.numbers or format.numbered else iter((shown,))


def framed(format: Rows, page: Page, shown: Iterable[Listed]) -> Iterator[str]:
    """As they are written, with what stands around them."""
    yield format.head(page)
    for place, row in enumerate(shown, 1):
        yield format.row(row, place)
    yield format.tail(page)


def budgeted(format: Rows, shown: Iterable[Listed]) -> Iterator[Listed]:
    """As much as the phone takes."""
    wanted = _distinct(shown) if format.distinct else iter(shown)
    fitting = _within(format, format.most_bytes, wanted) if format.most_bytes else wanted
    return islice(fitting, format.most_entries)


def _distinct(shown: Iterable[Listed]) -> Iterator[Listed]:
    """For formats of one number a row."""
    seen = set()
    for row in shown:
        if (number := row.numbers[0].dialed) not in seen:
            seen.add(number)
            yield row


def _within(format: Rows, most: int, shown: Iterable[Listed]) -> Iterator[Listed]:
    room = most - FRAME
    for place, row in enumerate(shown, 1):
        room -= len(format.row(row, place).encode())
        if room < 0:
            return
        yield row


FRAME = 1000
"""Bytes that are left for what stands around the rows."""


@dataclass(frozen=True, slots=True)
class Part:
    """Entries in a row, with no more rows than a phone takes."""

    first: str
    """The name that it begins with."""
    last: str
    after: str
    """The position before it; empty for the beginning."""
    until: str


def parts(format: Rows, asked: Asked) -> Iterator[Part]:
    most = format.most_entries or 0
    size, held, before = most - most // SLACK, 0, ""
    first = last = None
    for entry in found(asked, numbered=format.numbered):
        needed = sum(1 for _ in rows(format, asked, entry))
        if first and last and held + needed > size:
            yield _part(first, last, before)
            before, held, first = written(position(last)), 0, None
        held, first, last = held + needed, first or entry, entry
    if first and last:
        yield _part(first, last, before)


def _part(first: Entry, last: Entry, before: str) -> Part:
    return Part(listed(first).name, listed(last).name, before, written(position(last)))


def _place(of: Position) -> tuple[str, int]:
    return of.name, of.id
