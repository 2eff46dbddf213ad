"""What every source promises while its server changes, as a pytest suite: inherit it, and supply a fixture `stage`.

    class TestMySource(MovingSourceContract):
        @pytest.fixture
        def stage(self): return MyStage(...)  # a SourceStage

`source_contract.py` has the promises about a server that stands still. These are the ones that removals rest on: what
is gone is reported, what is there is never reported as gone, all of a large book is read, and a failure is neither.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from functools import partial
from typing import Any

from pbx_connector.errors import SourceError
from pbx_connector.model import Book, BookGone, End, Gone, Row, StreamItem, Unchanged, Unreadable
from pbx_connector.source import Source

NOBODY = "a-key-that-no-row-ever-had"
NONSENSE = "no checkpoint of any source"
MANY = 1200
"""More than servers give in one answer: pages of 1,000 in LDAP and EWS are common."""


class SourceStage(ABC):
    """A server with an address book that the suite plays with; it has three contacts or more at the start."""

    @abstractmethod
    def open(self) -> AbstractContextManager[Source]:
        """The source, opened on the server."""

    @abstractmethod
    def is_staged(self, book: Book) -> bool:
        """Whether this is the book that the suite plays with."""

    @abstractmethod
    def count(self) -> int:
        """How many contacts the book has now. Ask the server for its own count, or keep one; never ask the source."""

    @abstractmethod
    def add(self) -> None:
        """Put one more contact into the book, another one each time."""

    def fill(self) -> None:
        """Add contacts until the book has `MANY`. Override it if your server takes many at once, or needs more of them
        before it pages."""
        for _ in range(MANY - self.count()):
            self.add()

    @abstractmethod
    def change(self) -> None:
        """Change one contact of the book that was there at the start."""

    @abstractmethod
    def remove(self) -> None:
        """Take another contact out of the book, not the one that `change` changes."""

    @abstractmethod
    def remove_book(self) -> None:
        """Take the whole book away."""

    @abstractmethod
    def cut_short(self) -> None:
        """From now on the server ends its lists too early: a size limit, a page that is missing, half a file. The book
        is as large as before. Call `pytest.skip` with the reason if nothing can do that to your source."""

    @abstractmethod
    def break_down(self) -> None:
        """From now on the server gives no answer that is of any use."""


class MovingSourceContract:
    def test_a_change_changes_the_version_and_not_the_key(self, stage: SourceStage) -> None:
        with stage.open() as source:
            before = _rows(_read(source, _find(source, stage)))
            stage.change()
            after = _rows(_read(source, _find(source, stage)))
        assert len(before) >= 3, "the suite needs a book of three contacts or more"
        assert set(before) == set(after)
        changed = [key for key in before if before[key].version != after[key].version]
        assert len(changed) == 1
        assert before[changed[0]].values != after[changed[0]].values

    def test_what_changed_is_told_whatever_is_known(self, stage: SourceStage) -> None:
        with stage.open() as source:
            book = _find(source, stage)
            before = _rows(_read(source, book))
            stage.change()
            stage.add()
            items = _read(source, book, None, _versions(before))
            now = _rows(_read(source, book))
        unchanged = {item.key for item in items if isinstance(item, Unchanged)}
        assert unchanged | set(_rows(items)) == set(now)
        assert all(now[key] == before[key] for key in unchanged)

    def test_changes_lead_from_what_was_to_what_is(self, stage: SourceStage) -> None:
        with stage.open() as source:
            book = _find(source, stage)
            first = _read(source, book)
            held = _rows(first)
            for move in (stage.add, stage.change, stage.remove):
                move()
            items = _read(source, book, _end(first).checkpoint, _versions(held))
            gone = _gone(source, book, held, items)
            told = {key: row for key, row in (held | _rows(items)).items() if key not in gone}
            assert told == _rows(_read(source, book))
        assert len(gone) == 1

    def test_a_checkpoint_that_makes_no_sense_means_everything(self, stage: SourceStage) -> None:
        with stage.open() as source:
            book = _find(source, stage)
            expected = _read(source, book)
            if _end(expected).checkpoint is not None:
                items = _read(source, book, NONSENSE)
                assert _end(items).full
                assert _rows(items) == _rows(expected)

    def test_only_what_is_not_there_is_confirmed_gone(self, stage: SourceStage) -> None:
        with stage.open() as source:
            book = _find(source, stage)
            before = _rows(_read(source, book))
            assert list(source.confirm_gone(book, list(before))) == []
            assert list(source.confirm_gone(book, [])) == []
            stage.remove()
            gone = set(before) - set(_rows(_read(source, book)))
            assert len(gone) == 1
            assert set(source.confirm_gone(book, list(before))) == gone
            assert set(source.confirm_gone(book, [NOBODY])) <= {NOBODY}

    def test_a_full_list_has_every_contact_that_the_server_counts(self, stage: SourceStage) -> None:
        with stage.open() as source:
            book = _find(source, stage)
            assert len(_contacts(_read(source, book))) == stage.count()
            stage.fill()
            assert stage.count() >= MANY
            items = _read(source, book)
            assert len(_contacts(items)) == stage.count()
            assert len(_contacts(_read(source, book, None, _versions(_rows(items))))) == stage.count()

    def test_many_keys_are_confirmed_as_few_are(self, stage: SourceStage) -> None:
        with stage.open() as source:
            book = _find(source, stage)
            stage.fill()
            keys = sorted(_contacts(_read(source, book)))
            assert set(source.confirm_gone(book, [NOBODY, *keys])) <= {NOBODY}

    def test_a_list_cut_short_is_no_full_list(self, stage: SourceStage) -> None:
        with stage.open() as source:
            book = _find(source, stage)
            stage.fill()
            before = _read(source, book)
            there, known = _contacts(before), _versions(_rows(before))
            stage.cut_short()
            for since in (None, _end(before).checkpoint):
                items = _told(partial(source.changes, book, since, known))
                if any(isinstance(item, End) and item.full for item in items):
                    assert len(_contacts(items)) == stage.count(), "End(full=True) says that there are no more"
                assert not there & {item.key for item in items if isinstance(item, Gone)}
            assert not there & set(_told(lambda: source.confirm_gone(book, sorted(there))))

    def test_a_direct_look_knows_that_a_book_is_gone(self, stage: SourceStage) -> None:
        with stage.open() as source:
            book = _find(source, stage)
            stage.remove_book()
            assert isinstance(source.look(book), BookGone)
        with stage.open() as source:
            assert isinstance(source.look(book), BookGone), "a source that has not listed its books can look, too"
            assert not [found for found in source.books() if isinstance(found, Book) and stage.is_staged(found)]

    def test_a_failing_server_is_neither_an_empty_book_nor_a_gone_one(self, stage: SourceStage) -> None:
        with stage.open() as source:
            book = _find(source, stage)
            some = list(_rows(_read(source, book)))
            stage.break_down()
            assert not any(isinstance(item, End) for item in _told(lambda: source.changes(book, None, ())))
            assert _told(lambda: source.confirm_gone(book, some)) == []
            assert not any(isinstance(found, BookGone) for found in _told(lambda: [source.look(book)]))


def _find(source: Source, stage: SourceStage) -> Book:
    (book,) = [book for book in source.books() if isinstance(book, Book) and stage.is_staged(book)]
    return book


def _read(
    source: Source, book: Book, since: str | None = None, known: Iterable[tuple[str, str]] = ()
) -> list[StreamItem]:
    """The whole stream, whose last item is its only `End`."""
    items = list(source.changes(book, since, iter(known)))
    assert [isinstance(item, End) for item in items] == [False] * (len(items) - 1) + [True]
    return items


def _gone(source: Source, book: Book, held: Mapping[str, Row], items: Sequence[StreamItem]) -> set[str]:
    """As the pipeline finds it: what the source says is gone, and what a full list lacks; all of it confirmed."""
    told = {item.key for item in items if isinstance(item, Gone)}
    if _end(items).full:
        listed = {item.key for item in items if not isinstance(item, End | Gone)}
        told |= set(held) - listed
    return set(source.confirm_gone(book, sorted(told)))


def _told(ask: Callable[[], Iterable[Any]]) -> list[Any]:
    """What comes before the failure, if there is one; it must be a `SourceError`."""
    told = []
    with suppress(SourceError):
        for item in ask():
            told.append(item)  # noqa: PERF402 - kept when the stream fails
    return told


def _rows(items: Sequence[StreamItem]) -> dict[str, Row]:
    return {item.key: item for item in items if isinstance(item, Row)}


def _contacts(items: Sequence[StreamItem]) -> set[str]:
    """The keys of what a list says is there."""
    return {item.key for item in items if isinstance(item, Row | Unchanged | Unreadable)}


def _versions(rows: Mapping[str, Row]) -> list[tuple[str, str]]:
    return [(key, row.version) for key, row in rows.items()]


def _end(items: Sequence[StreamItem]) -> End:
    assert isinstance(items[-1], End)
    return items[-1]
