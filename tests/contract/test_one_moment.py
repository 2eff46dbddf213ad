"""A listing shows the phone book as of one moment, whatever is written while it is read, on every store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import pytest

from pbx_connector.model import Report
from pbx_connector.profile.model import ChangeLimit, Limits
from pbx_connector.stores import Entry, Store
from pbx_connector.testing import MemoryBook, MemorySource

from .conftest import crowd

Run = Callable[..., Report]
MANY = 1200
"""Entries enough for more than two pages."""
UNGUARDED = Limits(change_at_most=ChangeLimit(share=1))


def named(entries: Iterable[Entry]) -> set[str]:
    return {entry.content.fields["display_name"] for entry in entries}


def rename(book: MemoryBook, many: int) -> None:
    for number in range(many):
        book.put(f"k{number}", display_name=f"Other Name {number}", phone=f"+4999{number}", mobile=f"+4917{number}")


@pytest.mark.parametrize(
    "listing",
    [lambda store: store.entries(), lambda store: store.search("name"), lambda store: store.entries(limit=MANY)],
    ids=["entries", "search", "limited"],
)
def test_a_run_that_commits_between_two_pages_shows_whole_or_not_at_all(
    run: Run, source: MemorySource, store: Store, listing: Callable[[Store], Iterator[Entry]]
) -> None:
    book = crowd(source, MANY)
    run()
    reading = listing(store)
    first = next(reading)
    rename(book, MANY)
    for number in range(20):
        book.drop(f"k{number}")
    run(limits=UNGUARDED)
    assert named([first, *reading]) == {f"Name {number}" for number in range(MANY)}
    assert named(listing(store)) == {f"Other Name {number}" for number in range(20, MANY)}


def test_a_reader_that_stops_half_way_holds_up_nobody(run: Run, source: MemorySource, store: Store) -> None:
    book = crowd(source, MANY)
    run()
    started = [store.entries() for _ in range(4)]
    for reading in started:
        next(reading)
    rename(book, MANY)
    assert run(limits=UNGUARDED).counts.updated == MANY
    for reading in started:
        assert not any(name.startswith("Other") for name in named(reading))


def test_readers_that_are_given_up_leave_their_connections_to_others(
    run: Run, source: MemorySource, store: Store
) -> None:
    crowd(source, MANY)
    run()
    for _ in range(40):
        next(store.entries())
    assert len(named(store.entries(after=MANY - 10, limit=5))) == 5
