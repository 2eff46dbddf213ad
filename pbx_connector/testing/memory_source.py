"""A source whose address books are scripted: rows come, change and go, books fail and vanish, as a test says.

It keeps the contract of `pbx_connector.source.Source`, which `SourceContract` proves, and misbehaves only when told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict

from pbx_connector.errors import SourceError, SourceUnavailable
from pbx_connector.model import (
    Book,
    BookGone,
    BookUnknown,
    End,
    Gone,
    Problem,
    Row,
    Skipped,
    StreamItem,
    Unchanged,
    Unreadable,
)
from pbx_connector.source import FieldSet, SourceContext, SourceType


@dataclass
class MemoryBook:
    """One scripted address book. `items` is what is in it; the rest is how it behaves."""

    book: Book
    delta: bool = False
    """Whether it keeps a state and lists only changes since then."""
    items: dict[str, Row | Unreadable | Skipped] = field(default_factory=dict)
    fail_after: int | None = None
    """The stream fails once it has listed so many items."""
    cut_after: int | None = None
    """The stream stops without an `End` once it has listed so many items."""
    withheld: set[str] = field(default_factory=set)
    """Keys that a full listing forgets although they are there."""
    mute: bool = False
    """Whether it fails when asked for single keys."""
    log: list[str] = field(default_factory=list)
    """Keys in the order in which they changed."""

    def put(self, key: str, **values: str) -> None:
        """Add or change a row."""
        self._change(key, Row(key, f"v{len(self.log) + 1}", values))

    def spoil(self, key: str) -> None:
        """Make a row unreadable."""
        self._change(key, Unreadable(key, Problem("T001", "cannot be read", where=key)))

    def skip(self, key: str, reason: str = "distribution list") -> None:
        """Put something there that is no contact."""
        self._change(key, Skipped(key, reason))

    def drop(self, key: str) -> None:
        del self.items[key]
        self.log.append(key)

    def _change(self, key: str, item: Row | Unreadable | Skipped) -> None:
        self.items[key] = item
        self.log.append(key)

    def stream(self, since: str | None, known: dict[str, str]) -> Iterator[StreamItem]:
        if not self.delta or not (since or "").isdigit():
            since = None
        listed = self._all(known) if since is None else self._changed(int(since))
        for number, item in enumerate(listed):
            if number == self.fail_after:
                raise SourceUnavailable("the server does not answer", hint="see to it")
            if number == self.cut_after:
                return
            yield item
        if self.fail_after is not None and self.fail_after >= len(self.items):
            raise SourceUnavailable("the server does not answer", hint="see to it")
        if self.cut_after is None:
            yield End(str(len(self.log)) if self.delta else None, full=since is None)

    def _changed(self, since: int) -> Iterator[StreamItem]:
        for key in dict.fromkeys(self.log[since:]):
            yield self.items.get(key) or Gone(key)

    def _all(self, known: dict[str, str]) -> Iterator[StreamItem]:
        for key, item in self.items.items():
            if key not in self.withheld:
                same = isinstance(item, Row) and known.get(key) == item.version
                yield Unchanged(key) if same else item


class MemorySettings(BaseModel):
    model_config = ConfigDict(extra="forbid")


@dataclass
class MemorySource:
    """The scripted server: it outlives the runs that open it."""

    address_books: dict[str, MemoryBook] = field(default_factory=dict)
    unknown: dict[str, Problem] = field(default_factory=dict)
    """Books that cannot be told about at the moment, by id."""
    hidden: set[str] = field(default_factory=set)
    """Books that are there but not listed."""
    unwanted: set[str] = field(default_factory=set)
    """Books that are there, and that the settings do not take."""
    warnings: list[Problem] = field(default_factory=list)
    """What is said beside the list of books."""
    down: SourceError | None = None
    """What listing the books fails with."""
    contexts: list[SourceContext] = field(default_factory=list)
    """What the runs said when they opened it."""

    def add(self, book_id: str, *, account: str | None = None, delta: bool = False) -> MemoryBook:
        kind = "personal" if account else "public"
        book = MemoryBook(Book(book_id, book_id.title(), kind, account), delta)
        self.address_books[book_id] = book
        return book

    def type(self) -> SourceType:
        """As a plugin would register it."""
        return SourceType("memory", "Scripted books", MemorySettings, FieldSet((), closed=False), self._open)

    def _open(self, settings: MemorySettings, context: SourceContext) -> AbstractContextManager[MemorySource]:
        self.contexts.append(context)
        return nullcontext(self)

    def books(self) -> Iterable[Book | BookUnknown | Problem]:
        if self.down:
            raise self.down
        yield from self.warnings
        for book_id, held in self.address_books.items():
            if book_id in self.unknown:
                yield BookUnknown(held.book, self.unknown[book_id])
            elif book_id not in self.hidden | self.unwanted:
                yield held.book

    def look(self, book: Book) -> Book | BookGone | BookUnknown:
        if book.id in self.unknown:
            return BookUnknown(book, self.unknown[book.id])
        if book.id in self.unwanted:
            return BookGone(book.id, "switched off in the settings", unwanted=True)
        return self.address_books[book.id].book if book.id in self.address_books else BookGone(book.id, "not found")

    def changes(self, book: Book, since: str | None, known: Iterable[tuple[str, str]]) -> Iterator[StreamItem]:
        return self.address_books[book.id].stream(since, dict(known))

    def confirm_gone(self, book: Book, keys: Sequence[str]) -> Iterable[str]:
        held = self.address_books[book.id]
        if held.mute:
            raise SourceUnavailable("the server does not answer", hint="see to it")
        return [key for key in keys if key not in held.items]
