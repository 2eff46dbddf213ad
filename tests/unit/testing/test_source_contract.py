"""The scripted source keeps the contract of sources, and the contract notices one that does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from pbx_connector.model import Row
from pbx_connector.source import Field, FieldSet, SourceType
from pbx_connector.testing import MemorySource, SourceContract


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


def without_end(source: MemorySource) -> None:
    source.address_books["public"].cut_after = 2


def with_new_versions_each_time(source: MemorySource) -> None:
    book = source.address_books["public"]
    stream = book.stream

    def restless(since: str | None, known: dict[str, str]) -> object:
        book.put("ann", display_name="Ann")
        return stream(since, known)

    book.stream = restless  # type: ignore[method-assign, assignment]


def that_confirms_too_much(source: MemorySource) -> None:
    source.confirm_gone = lambda book, keys: list(keys)  # type: ignore[method-assign]


def that_calls_everything_unchanged(source: MemorySource) -> None:
    book = source.address_books["public"]
    stream = book.stream

    def lazy(since: str | None, known: dict[str, str]) -> object:
        versions = {key: item.version for key, item in book.items.items() if isinstance(item, Row) and key in known}
        return stream(since, versions)

    book.stream = lazy  # type: ignore[method-assign, assignment]


@pytest.mark.parametrize(
    ("break_it", "promise"),
    [
        (without_end, "test_a_full_reading_ends_with_one_end"),
        (with_new_versions_each_time, "test_reading_twice_gives_the_same"),
        (that_confirms_too_much, "test_no_contact_that_is_there_is_confirmed_gone"),
        (that_calls_everything_unchanged, "test_what_is_known_at_another_version_is_read_again"),
    ],
)
def test_a_source_that_breaks_a_promise_fails_its_test(break_it: Callable[[MemorySource], None], promise: str) -> None:
    source = scripted()
    getattr(SourceContract(), promise)(source)
    break_it(source)
    with pytest.raises(AssertionError):
        getattr(SourceContract(), promise)(source)


def test_values_of_another_type_are_noticed() -> None:
    source = scripted()
    with_dates = replace(source.type(), fields=FieldSet((Field("display_name", "date"),)))
    with pytest.raises(AssertionError):
        SourceContract().test_values_have_the_types_that_the_source_declares(source, with_dates)


def test_undeclared_fields_are_noticed() -> None:
    source = scripted()
    closed = replace(source.type(), fields=replace(source.type().fields, closed=True))
    with pytest.raises(AssertionError):
        SourceContract().test_rows_have_only_fields_that_the_source_declares(source, closed)
