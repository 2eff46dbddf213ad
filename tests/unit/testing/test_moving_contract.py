"""The scripted source keeps what sources promise while they change, and the suite notices one that does not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from functools import wraps

import pytest

from pbx_connector.errors import SourceUnavailable
from pbx_connector.model import Book, BookGone, End, Gone, Problem, Row, Skipped, StreamItem, Unchanged
from pbx_connector.source import Source, SourceContext
from pbx_connector.testing import MemorySource, MovingSourceContract, SourceStage
from pbx_connector.testing.memory_source import MemorySettings

from .suites import broken_promises, promises


class MemoryStage(SourceStage):
    def __init__(self, *, delta: bool = True) -> None:
        self.server = MemorySource()
        self.book = self.server.add("customers", delta=delta)
        for name in ("ann", "bo", "cy", "di"):
            self.book.put(name, display_name=name)
        self.book.skip("team")

    def open(self) -> AbstractContextManager[Source]:
        return self.server.type().open(MemorySettings(), SourceContext())

    def is_staged(self, book: Book) -> bool:
        return book.id == "customers"

    def count(self) -> int:
        return sum(not isinstance(item, Skipped) for item in self.book.items.values())

    def add(self) -> None:
        name = f"dee {len(self.book.log)}"
        self.book.put(name, display_name=name)

    def change(self) -> None:
        self.book.put("ann", display_name="Ann")

    def remove(self) -> None:
        self.book.drop("bo")

    def remove_book(self) -> None:
        del self.server.address_books["customers"]

    def cut_short(self) -> None:
        self.book.cut_after = 2

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
        return MemoryStage()


# --- sources that break a promise: each takes the place of what the scripted one does -----------------------------

Break = Callable[[MemoryStage], None]
Stream = Callable[[str | None, dict[str, str]], Iterator[StreamItem]]
Confirm = Callable[[Book, Sequence[str]], list[str]]


def streams(change: Callable[[MemoryStage, Stream], Stream]) -> Break:
    @wraps(change)
    def break_it(stage: MemoryStage) -> None:
        stage.book.stream = change(stage, stage.book.stream)  # type: ignore[method-assign, assignment]

    return break_it


def confirms(change: Callable[[MemoryStage, Confirm], Confirm]) -> Break:
    @wraps(change)
    def break_it(stage: MemoryStage) -> None:
        right = stage.server.confirm_gone
        stage.server.confirm_gone = change(stage, lambda book, keys: list(right(book, keys)))  # type: ignore[method-assign, assignment]

    return break_it


@streams
def gives_all_rows_the_version_of_the_book(stage: MemoryStage, right: Stream) -> Stream:
    """Such as the state of a collection, taken for that of its members."""

    def stream(since: str | None, known: dict[str, str]) -> Iterator[StreamItem]:
        for item in right(None, {}):
            yield Row(item.key, str(len(stage.book.log)), item.values) if isinstance(item, Row) else item

    return stream


@streams
def takes_what_is_known_for_unchanged(stage: MemoryStage, right: Stream) -> Stream:
    def stream(since: str | None, known: dict[str, str]) -> Iterator[StreamItem]:
        now = {key: item.version for key, item in stage.book.items.items() if isinstance(item, Row) and key in known}
        return right(since, now)

    return stream


def forgets_deletions(stage: MemoryStage) -> None:
    stage.book.drop = stage.book.items.pop  # type: ignore[method-assign, assignment]


@streams
def forgets_additions(stage: MemoryStage, right: Stream) -> Stream:
    """It asks for what was changed since, by a date that new contacts do not have."""

    def stream(since: str | None, known: dict[str, str]) -> Iterator[StreamItem]:
        full = since is None or not since.isdigit()
        return (item for item in right(since, known) if full or isinstance(item, End) or item.key in known)

    return stream


@streams
def takes_nonsense_for_the_latest_state(stage: MemoryStage, right: Stream) -> Stream:
    def stream(since: str | None, known: dict[str, str]) -> Iterator[StreamItem]:
        return right(since if since is None or since.isdigit() else str(len(stage.book.log)), known)

    return stream


@confirms
def confirms_one_too_many(stage: MemoryStage, right: Confirm) -> Confirm:
    """As one that looks for the wrong end of a range does."""

    def confirm_gone(book: Book, keys: Sequence[str]) -> list[str]:
        gone = right(book, keys)
        return [*gone, *[key for key in keys if key not in gone][:1]] if "bo" in gone else gone

    return confirm_gone


@confirms
def confirms_all_if_asked_for_none(stage: MemoryStage, right: Confirm) -> Confirm:
    """`WHERE id IN ()` without its condition."""

    def confirm_gone(book: Book, keys: Sequence[str]) -> list[str]:
        return right(book, keys) if keys else ["ann", "bo", "cy"]

    return confirm_gone


@confirms
def takes_keys_that_it_did_not_ask_for_as_gone(stage: MemoryStage, right: Confirm) -> Confirm:
    """It asks for a hundred at once, and leaves it at that."""
    return lambda book, keys: [*right(book, keys[:100]), *keys[100:]]


@confirms
def cannot_ask_for_many_keys(stage: MemoryStage, right: Confirm) -> Confirm:
    """They do not fit into one address."""

    def confirm_gone(book: Book, keys: Sequence[str]) -> list[str]:
        if len(keys) > 1000:
            raise SourceUnavailable("URI too long")
        return right(book, keys)

    return confirm_gone


@streams
def reads_one_page(stage: MemoryStage, right: Stream) -> Stream:
    """500 of 1,200 rows, and `End(full=True)`: an LDAP size limit that the client does not raise."""

    def stream(since: str | None, known: dict[str, str]) -> Iterator[StreamItem]:
        return (item for number, item in enumerate(right(since, known)) if number < 500 or isinstance(item, End))

    return stream


@streams
def leaves_a_contact_out(stage: MemoryStage, right: Stream) -> Stream:
    """Always the same one: one without an address, perhaps."""
    return lambda since, known: (item for item in right(since, known) if isinstance(item, End) or item.key != "di")


@streams
def forgets_one_of_the_known(stage: MemoryStage, right: Stream) -> Stream:
    """It asks for what has another version than is known, and takes the last of a full page for the next page's."""

    def stream(since: str | None, known: dict[str, str]) -> Iterator[StreamItem]:
        for number, item in enumerate(right(since, known)):
            if not (isinstance(item, Unchanged) and number == 1000):
                yield item

    return stream


@streams
def takes_a_cut_for_the_end(stage: MemoryStage, right: Stream) -> Stream:
    def stream(since: str | None, known: dict[str, str]) -> Iterator[StreamItem]:
        yield from right(since, known)
        if stage.book.cut_after is not None:
            yield End(None, full=since is None)

    return stream


@streams
def calls_gone_what_a_cut_list_lacks(stage: MemoryStage, right: Stream) -> Stream:
    def stream(since: str | None, known: dict[str, str]) -> Iterator[StreamItem]:
        items = list(right(since, known))
        yield from items
        if stage.book.cut_after is not None:
            yield from (Gone(key) for key in known.keys() - {item.key for item in items if not isinstance(item, End)})

    return stream


@confirms
def confirms_by_the_cut_list(stage: MemoryStage, right: Confirm) -> Confirm:
    def confirm_gone(book: Book, keys: Sequence[str]) -> list[str]:
        cut = stage.book.cut_after
        return right(book, keys) if cut is None else list(keys[cut:])

    return confirm_gone


def never_knows_that_a_book_is_gone(stage: MemoryStage) -> None:
    stage.server.look = lambda book: book  # type: ignore[method-assign]


def is_empty_while_failing(stage: MemoryStage) -> None:
    stage.break_down = stage.book.items.clear  # type: ignore[method-assign]


def is_gone_while_failing(stage: MemoryStage) -> None:
    stage.server.look = lambda book: BookGone(book.id)  # type: ignore[method-assign]


@confirms
def confirms_while_failing(stage: MemoryStage, right: Confirm) -> Confirm:
    return lambda book, keys: list(keys) if stage.book.mute else right(book, keys)


@streams
def lets_foreign_errors_through(stage: MemoryStage, right: Stream) -> Stream:
    def stream(since: str | None, known: dict[str, str]) -> Iterator[StreamItem]:
        try:
            yield from right(since, known)
        except SourceUnavailable as error:
            raise ConnectionResetError from error

    return stream


A_CHANGE = "test_a_change_changes_the_version_and_not_the_key"
WHAT_CHANGED = "test_what_changed_is_told_whatever_is_known"
CHANGES = "test_changes_lead_from_what_was_to_what_is"
NO_SENSE = "test_a_checkpoint_that_makes_no_sense_means_everything"
CONFIRMED = "test_only_what_is_not_there_is_confirmed_gone"
EVERY_CONTACT = "test_a_full_list_has_every_contact_that_the_server_counts"
MANY_KEYS = "test_many_keys_are_confirmed_as_few_are"
CUT_SHORT = "test_a_list_cut_short_is_no_full_list"
LOOK = "test_a_direct_look_knows_that_a_book_is_gone"
FAILING = "test_a_failing_server_is_neither_an_empty_book_nor_a_gone_one"

MUTANTS: dict[Break, set[str]] = {
    gives_all_rows_the_version_of_the_book: {A_CHANGE},
    takes_what_is_known_for_unchanged: {WHAT_CHANGED},
    forgets_deletions: {CHANGES},
    forgets_additions: {CHANGES},
    takes_nonsense_for_the_latest_state: {NO_SENSE},
    confirms_one_too_many: {CONFIRMED},
    confirms_all_if_asked_for_none: {CONFIRMED},
    takes_keys_that_it_did_not_ask_for_as_gone: {MANY_KEYS, CUT_SHORT},
    cannot_ask_for_many_keys: {MANY_KEYS},
    reads_one_page: {EVERY_CONTACT},
    leaves_a_contact_out: {EVERY_CONTACT},
    forgets_one_of_the_known: {EVERY_CONTACT},
    takes_a_cut_for_the_end: {CUT_SHORT},
    calls_gone_what_a_cut_list_lacks: {CUT_SHORT},
    confirms_by_the_cut_list: {CUT_SHORT},
    never_knows_that_a_book_is_gone: {LOOK},
    is_empty_while_failing: {FAILING},
    is_gone_while_failing: {FAILING},
    confirms_while_failing: {FAILING},
    lets_foreign_errors_through: {FAILING},
}


def test_an_unbroken_source_keeps_every_promise() -> None:
    assert broken_promises(MovingSourceContract, lambda: {"stage": MemoryStage()}) == set()


@pytest.mark.parametrize("break_it", MUTANTS, ids=lambda break_it: break_it.__name__)
def test_a_source_that_breaks_a_promise_fails_its_test_and_no_other(break_it: Break) -> None:
    def fixtures() -> dict[str, MemoryStage]:
        stage = MemoryStage()
        break_it(stage)
        return {"stage": stage}

    assert broken_promises(MovingSourceContract, fixtures) == MUTANTS[break_it]


def test_every_promise_has_a_source_that_breaks_it_alone() -> None:
    alone = [broken for broken in MUTANTS.values() if len(broken) == 1]
    assert set[str]().union(*alone) == promises(MovingSourceContract)
