"""What every source promises, as a pytest suite: inherit it, and supply the two fixtures.

    class TestMySource(SourceContract):
        @pytest.fixture
        def source_type(self): return MY_SOURCE_TYPE

        @pytest.fixture
        def source(self): ...  # open, on a server that nobody changes meanwhile, with at least one contact

The core's safety rests on these promises, and on those of `moving_contract.py`; see `pbx_connector.source.Source` and
docs/write-a-source.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from itertools import zip_longest

from pbx_connector.model import Book, End, Gone, Row, Skipped, StreamItem, Unchanged, Unreadable
from pbx_connector.source import Source, SourceType

_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "text": str,
    "number": (int, float, Decimal),
    "yes/no": bool,
    "date": date,
    "list": (list, tuple),
    "record": Mapping,
}
Item = Row | Gone | Unreadable | Skipped | Unchanged


class SourceContract:
    def test_books_have_ids_of_their_own_and_titles(self, source: Source) -> None:
        books = _books(source)
        assert books, "the suite needs a source with at least one address book"
        assert len({book.id for book in books}) == len(books)
        assert all(book.id and book.title and book.kind for book in books)

    def test_books_are_the_same_each_time(self, source: Source) -> None:
        assert _books(source) == _books(source)

    def test_a_book_that_is_there_is_found_on_a_direct_look(self, source: Source) -> None:
        for book in _books(source):
            found = source.look(book)
            assert isinstance(found, Book)
            assert found.id == book.id

    def test_a_full_reading_ends_with_one_end(self, source: Source) -> None:
        for book in _books(source):
            *items, end = source.changes(book, None, ())
            assert isinstance(end, End)
            assert end.full
            assert not any(isinstance(item, End) for item in items)

    def test_keys_are_unique_and_rows_have_versions(self, source: Source) -> None:
        rows = _all_rows(source)
        assert rows, "the suite needs a source with at least one contact"
        for book in _books(source):
            keys = [item.key for item in _items(source, book)]
            assert len(set(keys)) == len(keys)
        assert all(row.key and row.version for row in rows)

    def test_rows_have_only_fields_that_the_source_declares(self, source: Source, source_type: SourceType) -> None:
        if source_type.fields.closed:
            declared = set(source_type.fields.names())
            assert {name for row in _all_rows(source) for name in row.values} <= declared

    def test_contacts_are_known_by_fields_that_the_source_declares(self, source_type: SourceType) -> None:
        if source_type.fields.closed:
            declared = set(source_type.fields.names())
            assert {name for names in source_type.fields.known_by for name in names} <= declared

    def test_values_have_the_types_that_the_source_declares(self, source: Source, source_type: SourceType) -> None:
        declared = {field.name: _TYPES[field.type] for field in source_type.fields.fields}
        for row in _all_rows(source):
            for name, value in row.values.items():
                assert value is None or isinstance(value, declared.get(name, object)), name

    def test_reading_twice_gives_the_same(self, source: Source) -> None:
        for book in _books(source):
            assert _by_key(_items(source, book)) == _by_key(_items(source, book))

    def test_books_that_are_read_at_the_same_time_do_not_mix(self, source: Source) -> None:
        books = _books(source)
        streams = [source.changes(book, None, ()) for book in books]
        items: list[list[StreamItem]] = [[] for _ in books]
        for row in zip_longest(*streams):
            for read, item in zip(items, row, strict=True):
                read += [item] if item is not None else []
        assert [set(_by_key(read)) for read in items] == [set(_by_key(_items(source, book))) for book in books]

    def test_what_is_known_is_listed_all_the_same(self, source: Source) -> None:
        for book in _books(source):
            before = _by_key(_items(source, book))
            known = [(item.key, item.version) for item in before.values() if isinstance(item, Row)]
            again = _by_key(_items(source, book, known))
            assert again.keys() == before.keys()
            assert all(isinstance(item, Unchanged) or item == before[key] for key, item in again.items())

    def test_what_is_known_at_another_version_is_read_again(self, source: Source) -> None:
        for book in _books(source):
            rows = [item for item in _items(source, book) if isinstance(item, Row)]
            outdated = [(row.key, f"not {row.version}") for row in rows]
            again = _by_key(_items(source, book, outdated))
            assert all(again[row.key] == row for row in rows)

    def test_nothing_has_changed_since_a_checkpoint_just_taken(self, source: Source) -> None:
        for book in _books(source):
            *items, end = source.changes(book, None, ())
            assert isinstance(end, End)
            if end.checkpoint is not None:
                known = [(item.key, item.version) for item in items if isinstance(item, Row)]
                *later, last = source.changes(book, end.checkpoint, known)
                assert isinstance(last, End)
                assert not any(isinstance(item, End) for item in later)
                before, after = _by_key(items), _by_key(later)
                assert all(isinstance(item, Unchanged) or item == before.get(key) for key, item in after.items())

    def test_no_contact_that_is_there_is_confirmed_gone(self, source: Source) -> None:
        for book in _books(source):
            keys = [item.key for item in _items(source, book) if isinstance(item, Row)]
            assert list(source.confirm_gone(book, keys)) == []


def _books(source: Source) -> list[Book]:
    return [found for found in source.books() if isinstance(found, Book)]


def _items(source: Source, book: Book, known: Iterable[tuple[str, str]] = ()) -> list[Item]:
    return [item for item in source.changes(book, None, known) if not isinstance(item, End)]


def _all_rows(source: Source) -> list[Row]:
    return [item for book in _books(source) for item in _items(source, book) if isinstance(item, Row)]


def _by_key(items: Iterable[StreamItem]) -> dict[str, Item]:
    return {item.key: item for item in items if not isinstance(item, End)}
