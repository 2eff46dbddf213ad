"""All that a phone book in memory is. Values never change in place: copied dictionaries are a snapshot."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from typing import Self

from pbx_connector.model import Account, Book, Problem
from pbx_connector.plan import Change, Content
from pbx_connector.stores.contract import Device, Entry, JournalLine, KeptPlan, Origin, RunRecord
from pbx_connector.stores.persons import COMPARED, Candidate
from pbx_connector.stores.workspace import Outcome


@dataclass(frozen=True, slots=True)
class Profile:
    title: str
    held: str | None = None
    file: str | None = None
    region: str | None = None


@dataclass(frozen=True, slots=True)
class BookState:
    profile: str
    book: Book
    fingerprint: str = ""
    checkpoint: str | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """Where an entry comes from: a book by its number, and keys in it."""

    book: int
    row: str
    record: str
    version: str


@dataclass(frozen=True, slots=True)
class Held:
    content: Content
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """What is remembered about a row beside its entries."""

    version: str
    outcome: Outcome
    reason: str
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Run:
    record: RunRecord
    finished: float
    removed: int = 0
    blanked: int = 0
    undoes: int | None = None
    """What an undo took back, whether it still counts or not."""
    up: float = field(default_factory=time.monotonic)
    """When it finished by a clock that nobody sets."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the journal with the title of its book."""

    line: JournalLine
    book: str


@dataclass
class State:
    accounts: dict[str, Account] = field(default_factory=dict)
    labels: dict[str, None] = field(default_factory=dict)
    profiles: dict[str, Profile] = field(default_factory=dict)
    books: dict[int, BookState] = field(default_factory=dict)
    entries: dict[int, Held] = field(default_factory=dict)
    notes: dict[tuple[int, str], Note] = field(default_factory=dict)
    runs: dict[int, Run] = field(default_factory=dict)
    journal: dict[int, tuple[Line, ...]] = field(default_factory=dict)
    plans: dict[int, tuple[KeptPlan, tuple[Change, ...]]] = field(default_factory=dict)
    devices: dict[str, Device] = field(default_factory=dict)
    shared_state: dict[str, str] = field(default_factory=dict)
    counters: dict[str, int] = field(default_factory=dict)

    def copy(self) -> Self:
        return replace(self, **{part.name: dict(getattr(self, part.name)) for part in fields(self)})

    def take(self, counter: str, many: int = 1) -> int:
        """Reserve numbers; returns the last one given before them."""
        last = self.counters.get(counter, 0)
        self.counters[counter] = last + many
        return last

    def entry(self, number: int) -> Entry | None:
        held = self.entries.get(number)
        return None if held is None else Entry(number, held.content, self.origin(held.source))

    def origin(self, source: Source | None) -> Origin | None:
        if source is None:
            return None
        book = self.books[source.book]
        return Origin(book.profile, book.book, source.row, source.record, source.version)

    def book(self, profile: str, book_id: str) -> int | None:
        for number, state in self.books.items():
            if (state.profile, state.book.id) == (profile, book_id):
                return number
        return None

    def owned(self, profile: str) -> list[tuple[int, Held, Source]]:
        """The entries of a profile, by id."""
        return [
            (number, held, held.source)
            for number, held in sorted(self.entries.items())
            if held.source and self.books[held.source.book].profile == profile
        ]

    def candidates(self) -> Iterator[Candidate]:
        """Company entries of profiles, by id."""
        for number, held in sorted(self.entries.items()):
            if held.source and held.content.account is None:
                yield self.candidate(number, self.books[held.source.book].profile, held.content)

    def candidate(self, number: int, profile: str, content: Content) -> Candidate:
        compared = {name: content.fields[name] for name in COMPARED if name in content.fields}
        known = self.profiles.get(profile)
        return Candidate(number, profile, content.fields["display_name"], known.region if known else None, compared)

    def of_account(self, account: str) -> list[int]:
        """Its private entries, and company entries that come from its books."""
        books = {number for number, held in self.books.items() if held.book.account == account}
        return [
            number
            for number, held in sorted(self.entries.items())
            if held.content.account == account or (held.source and held.source.book in books)
        ]

    def forget_books(self, numbers: set[int]) -> None:
        """With the notes about them; their entries are gone already."""
        for number in numbers:
            del self.books[number]
        self.notes = {place: note for place, note in self.notes.items() if place[0] not in numbers}
