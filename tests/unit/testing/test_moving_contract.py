"""The scripted source keeps what sources promise while they change, and the suite notices one that does not."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from pbx_connector.errors import SourceUnavailable
from pbx_connector.model import Book, BookGone, End, Problem, Row
from pbx_connector.source import Source, SourceContext
from pbx_connector.testing import MemorySource, MovingSourceContract, SourceStage
from pbx_connector.testing.memory_source import MemorySettings


class MemoryStage(SourceStage):
    def __init__(self, *, delta: bool) -> None:
        self.server = MemorySource()
        self.book = self.server.add("customers", delta=delta)
        for name in ("ann", "bo", "cy"):
            self.book.put(name, display_name=name)
        self.book.skip("team")

    def open(self) -> AbstractContextManager[Source]:
        return self.server.type().open(MemorySettings(), SourceContext())

    def is_staged(self, book: Book) -> bool:
        return book.id == "customers"

    def add(self) -> None:
        self.book.put("dee", display_name="dee")

    def change(self) -> None:
        self.book.put("ann", display_name="Ann")

    def remove(self) -> None:
        self.book.drop("bo")

    def remove_book(self) -> None:
        del self.server.address_books["customers"]

    def break_down(self) -> None:
        self.server.down = SourceUnavailable("the server does not answer")
        self.server.unknown["customers"] = Problem("T002", "the server does not answer")
        self.book.fail_after = 0
        self.book.mute = True


class TestMemorySource(MovingSourceContract):
    @pytest.fixture
    def stage(self) -> SourceStage:
        return MemoryStage(delta=False)


class TestMemorySourceWithDelta(MovingSourceContract):
    @pytest.fixture
    def stage(self) -> SourceStage:
        return MemoryStage(delta=True)


def that_keeps_versions(stage: MemoryStage) -> None:
    def put(key: str, **values: str) -> None:
        stage.book.items[key] = Row(key, "v1", values)

    stage.book.put = put  # type: ignore[method-assign]


def that_forgets_deletions(stage: MemoryStage) -> None:
    stage.book.drop = stage.book.items.pop  # type: ignore[method-assign, assignment]


def that_confirms_what_is_there(stage: MemoryStage) -> None:
    stage.server.confirm_gone = lambda book, keys: list(keys)  # type: ignore[method-assign]


def that_takes_nonsense_for_a_state(stage: MemoryStage) -> None:
    changed = stage.book._changed

    def stream(since: str | None, known: dict[str, str]) -> object:
        yield from changed(0 if since is None else len(stage.book.log))
        yield End("state", full=since is None)

    stage.book.stream = stream  # type: ignore[method-assign, assignment]


def that_is_never_gone(stage: MemoryStage) -> None:
    stage.server.look = lambda book: book  # type: ignore[method-assign]


def that_is_empty_while_failing(stage: MemoryStage) -> None:
    stage.break_down = stage.book.items.clear  # type: ignore[method-assign]


def that_is_gone_while_failing(stage: MemoryStage) -> None:
    stage.server.look = lambda book: BookGone(book.id)  # type: ignore[method-assign]


@pytest.mark.parametrize(
    ("break_it", "promise"),
    [
        (that_keeps_versions, "test_a_change_changes_the_version_and_not_the_key"),
        (that_keeps_versions, "test_what_changed_is_told_whatever_is_known"),
        (that_forgets_deletions, "test_changes_lead_from_what_was_to_what_is"),
        (that_takes_nonsense_for_a_state, "test_a_checkpoint_that_makes_no_sense_means_everything"),
        (that_confirms_what_is_there, "test_only_what_is_not_there_is_confirmed_gone"),
        (that_is_never_gone, "test_a_direct_look_knows_that_a_book_is_gone"),
        (that_is_empty_while_failing, "test_a_failing_server_is_neither_an_empty_book_nor_a_gone_one"),
        (that_is_gone_while_failing, "test_a_failing_server_is_neither_an_empty_book_nor_a_gone_one"),
    ],
)
def test_a_source_that_breaks_a_promise_fails_its_test(break_it: Callable[[MemoryStage], None], promise: str) -> None:
    getattr(MovingSourceContract(), promise)(MemoryStage(delta=True))
    broken = MemoryStage(delta=True)
    break_it(broken)
    with pytest.raises(AssertionError):
        getattr(MovingSourceContract(), promise)(broken)
