"""The scripted source keeps the contract of sources, and the contract notices one that does not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import wraps

import pytest

from pbx_connector.model import Book, BookGone, End, Row, StreamItem, Unchanged
from pbx_connector.source import Field, FieldSet, SourceType
from pbx_connector.testing import MemorySource, SourceContract

from .suites import broken_promises, promises


def scripted() -> MemorySource:
    source = MemorySource()
    for book_id, delta in (("public", False), ("changes", True)):
        book = source.add(book_id, delta=delta)
        book.put("ann", display_name="Ann")
        book.put("bob", display_name="Bob")
        book.skip("list")
        book.spoil("odd")
    return source


class TestMemorySource(SourceContract):
    @pytest.fixture
    def source(self) -> MemorySource:
        return scripted()

    @pytest.fixture
    def source_type(self, source: MemorySource) -> SourceType:
        return source.type()


# --- sources that break a promise: each takes the place of what the scripted one does -----------------------------

Break = Callable[[MemorySource], None]
Stream = Callable[[str | None, dict[str, str]], Iterator[StreamItem]]


def streams(change: Callable[[Stream], Stream]) -> Break:
    """Of both books."""

    @wraps(change)
    def break_it(source: MemorySource) -> None:
        for book in source.address_books.values():
            book.stream = change(book.stream)  # type: ignore[method-assign, assignment]

    return break_it


def has_no_books(source: MemorySource) -> None:
    source.hidden.update(source.address_books)


def gives_a_book_no_title(source: MemorySource) -> None:
    held = source.address_books["public"]
    held.book = replace(held.book, title="")


def lists_a_book_twice(source: MemorySource) -> None:
    right = source.books
    source.books = lambda: [*right(), *right()]  # type: ignore[method-assign]


def counts_in_its_titles(source: MemorySource) -> None:
    held = source.address_books["public"]
    right = source.books

    def books() -> object:
        held.book = replace(held.book, title=held.book.title + " (read)")
        return right()

    source.books = books  # type: ignore[method-assign, assignment]


def takes_a_book_that_is_there_for_gone(source: MemorySource) -> None:
    source.look = lambda book: BookGone(book.id)  # type: ignore[method-assign]


def finds_another_book(source: MemorySource) -> None:
    source.look = lambda book: Book("another", book.title, book.kind)  # type: ignore[method-assign]


@streams
def ends_without_an_end(right: Stream) -> Stream:
    return lambda since, known: (item for item in right(since, known) if not isinstance(item, End))


@streams
def ends_twice(right: Stream) -> Stream:
    def stream(since: str | None, known: dict[str, str]) -> Iterator[StreamItem]:
        items = list(right(since, known))
        yield from [*items, items[-1]] if since is None and not known else items

    return stream


@streams
def calls_everything_only_changes(right: Stream) -> Stream:
    def stream(since: str | None, known: dict[str, str]) -> Iterator[StreamItem]:
        return (replace(item, full=False) if isinstance(item, End) else item for item in right(since, known))

    return stream


@streams
def lists_a_row_twice(right: Stream) -> Stream:
    """As between two pages, when a contact was put in front."""

    def stream(since: str | None, known: dict[str, str]) -> Iterator[StreamItem]:
        first, *others = right(since, known)
        yield from [first] if isinstance(first, End) else [first, first]
        yield from others

    return stream


@streams
def has_no_versions(right: Stream) -> Stream:
    def stream(since: str | None, known: dict[str, str]) -> Iterator[StreamItem]:
        return (replace(item, version="") if isinstance(item, Row) else item for item in right(since, known))

    return stream


@streams
def has_an_undeclared_field(right: Stream) -> Stream:
    return _with_values(right, nickname="Annie")


@streams
def has_text_for_a_number(right: Stream) -> Stream:
    return _with_values(right, age="forty")


def _with_values(right: Stream, **values: str) -> Stream:
    def stream(since: str | None, known: dict[str, str]) -> Iterator[StreamItem]:
        for item in right(since, known):
            yield replace(item, values={**item.values, **values}) if isinstance(item, Row) else item

    return stream


@streams
def forgets_a_field_the_second_time(right: Stream) -> Stream:
    """Such as one that a cache does not keep."""
    times = iter(range(1000))

    def stream(since: str | None, known: dict[str, str]) -> Iterator[StreamItem]:
        forgets = since is None and not known and next(times) == 1
        for item in right(since, known):
            yield replace(item, values={}) if forgets and isinstance(item, Row) else item

    return stream


def remembers_one_book_at_a_time(source: MemorySource) -> None:
    """The last that was asked for, in a client of a single session."""
    selected: list[str] = []

    def changes(book: Book, since: str | None, known: Iterable[tuple[str, str]]) -> Iterator[StreamItem]:
        selected[:] = [book.id]
        for key in list(source.address_books[book.id].items):
            yield Row(f"{selected[0]} {key}", "v1", {})
        yield End()

    source.changes = changes  # type: ignore[method-assign]
    source.confirm_gone = lambda book, keys: []  # type: ignore[method-assign]


@streams
def lists_only_what_is_news(right: Stream) -> Stream:
    def stream(since: str | None, known: dict[str, str]) -> Iterator[StreamItem]:
        return (item for item in right(since, known) if not isinstance(item, Unchanged))

    return stream


@streams
def takes_what_is_known_for_unchanged(right: Stream) -> Stream:
    def stream(since: str | None, known: dict[str, str]) -> Iterator[StreamItem]:
        now = {item.key: item.version for item in right(None, {}) if isinstance(item, Row) and item.key in known}
        return right(since, now)

    return stream


@streams
def makes_up_a_change(right: Stream) -> Stream:
    def stream(since: str | None, known: dict[str, str]) -> Iterator[StreamItem]:
        if since is not None:
            yield Row("ann", "v9", {"display_name": "Ann again"})
        yield from right(since, known)

    return stream


def confirms_too_much(source: MemorySource) -> None:
    source.confirm_gone = lambda book, keys: list(keys)  # type: ignore[method-assign]


BOOKS = "test_books_have_ids_of_their_own_and_titles"
SAME_BOOKS = "test_books_are_the_same_each_time"
LOOK = "test_a_book_that_is_there_is_found_on_a_direct_look"
ONE_END = "test_a_full_reading_ends_with_one_end"
KEYS = "test_keys_are_unique_and_rows_have_versions"
FIELDS = "test_rows_have_only_fields_that_the_source_declares"
KNOWN_BY = "test_contacts_are_known_by_fields_that_the_source_declares"
TYPES = "test_values_have_the_types_that_the_source_declares"
TWICE = "test_reading_twice_gives_the_same"
TOGETHER = "test_books_that_are_read_at_the_same_time_do_not_mix"
KNOWN = "test_what_is_known_is_listed_all_the_same"
OUTDATED = "test_what_is_known_at_another_version_is_read_again"
NOTHING_NEW = "test_nothing_has_changed_since_a_checkpoint_just_taken"
NOT_GONE = "test_no_contact_that_is_there_is_confirmed_gone"

MUTANTS: dict[Break, set[str]] = {
    has_no_books: {BOOKS, KEYS},
    gives_a_book_no_title: {BOOKS},
    lists_a_book_twice: {BOOKS},
    counts_in_its_titles: {SAME_BOOKS},
    takes_a_book_that_is_there_for_gone: {LOOK},
    finds_another_book: {LOOK},
    ends_without_an_end: {ONE_END, NOTHING_NEW},
    ends_twice: {ONE_END},
    calls_everything_only_changes: {ONE_END},
    lists_a_row_twice: {KEYS},
    has_no_versions: {KEYS},
    has_an_undeclared_field: {FIELDS},
    has_text_for_a_number: {TYPES},
    forgets_a_field_the_second_time: {TWICE},
    remembers_one_book_at_a_time: {TOGETHER},
    lists_only_what_is_news: {KNOWN},
    takes_what_is_known_for_unchanged: {OUTDATED},
    makes_up_a_change: {NOTHING_NEW},
    confirms_too_much: {NOT_GONE},
}


def fixtures(break_it: Break = lambda source: None, known_by: str = "display_name") -> dict[str, object]:
    """The rows have a closed set of fields."""
    source = scripted()
    break_it(source)
    fields = FieldSet((Field("display_name"), Field("age", "number")), known_by=((known_by,),))
    return {"source": source, "source_type": replace(source.type(), fields=fields)}


def test_an_unbroken_source_keeps_every_promise() -> None:
    assert broken_promises(SourceContract, fixtures) == set()


@pytest.mark.parametrize("break_it", MUTANTS, ids=lambda break_it: break_it.__name__)
def test_a_source_that_breaks_a_promise_fails_its_test_and_no_other(break_it: Break) -> None:
    assert broken_promises(SourceContract, lambda: fixtures(break_it)) == MUTANTS[break_it]


def test_contacts_known_by_a_field_that_is_none_are_noticed() -> None:
    assert broken_promises(SourceContract, lambda: fixtures(known_by="nickname")) == {KNOWN_BY}


def test_every_promise_has_a_source_that_breaks_it_alone() -> None:
    alone = [broken for broken in MUTANTS.values() if len(broken) == 1]
    assert {KNOWN_BY}.union(*alone) == promises(SourceContract)
