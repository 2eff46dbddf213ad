"""All that a phone book in memory is. Values never change in place: copied dictionaries are a snapshot."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from typing import Self

from pbx_connector.model import Account, Book, Merge, Problem
from pbx_connector.plan import Change, Content
from pbx_connector.stores.devices import Device
from pbx_connector.stores.persons import COMPARED, Candidate, Link, filled_bits, given_way, merged
from pbx_connector.stores.users import AuditRecord, User, WebSession
from pbx_connector.stores.values import Entry, JournalLine, KeptPlan, Origin, RunRecord
from pbx_connector.stores.workspace import Outcome


@dataclass(frozen=True, slots=True)
class Profile:
    title: str
    held: str | None = None
    file: str | None = None
    region: str | None = None
    merge: Merge | None = None
    """As of the last run that was applied."""


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
    merge: tuple[Merge | None, Merge | None] | None = None
    """What it changed the `merge` of its profile from, and to."""
    undoes: int | None = None
    """What an undo took back, whether it still counts or not."""
    up: float = field(default_factory=time.monotonic)
    """When it finished by a clock that nobody sets."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the journal with the title of its book."""

    line: JournalLine
    book: str


def candidate(number: int, profile: str, region: str | None, content: Content) -> Candidate:
    fields = content.fields
    compared = {name: fields[name] for name in COMPARED if name in fields}
    return Candidate(number, profile, fields["display_name"], region, compared, filled_bits(fields))


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
    users: dict[str, User] = field(default_factory=dict)
    sessions: dict[str, WebSession] = field(default_factory=dict)
    audit: dict[int, AuditRecord] = field(default_factory=dict)
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
                profile = self.books[held.source.book].profile
                known = self.profiles.get(profile)
                yield candidate(number, profile, known.region if known else None, held.content)

    def merges(self) -> dict[str, Merge]:
        return {id: profile.merge for id, profile in self.profiles.items() if profile.merge}

    def given_way(self) -> list[Link]:
        return given_way(self.candidates(), self.merges())

    def persons(self) -> Persons:
        return Persons(self, self.given_way())

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


class Persons:
    """The entries of a state as they are shown."""

    def __init__(self, state: State, links: Sequence[Link]) -> None:
        self._state = state
        self.towards = {link.entry: link.shown for link in links}
        self._others: dict[int, list[int]] = defaultdict(list)
        for link in sorted(links, key=lambda link: link.place):
            self._others[link.shown].append(link.entry)

    def apart(self, shown: int) -> list[Entry]:
        """The entry, and those that give way to it."""
        found = (self._state.entry(number) for number in (shown, *self._others.get(shown, ())))
        return [entry for entry in found if entry]

    def shown(self, number: int) -> Entry:
        """Whoever is shown for an entry, with its blanks filled."""
        first, *others = self.apart(self.towards.get(number, number))
        return merged(first, others)


class StateHolder:
    """What all parts of the store share. Writers come one after the other; each works on a copy that counts once it is
    whole."""

    def __init__(self) -> None:
        self._state = State()
        self._writing = threading.Lock()

    @contextmanager
    def _write(self) -> Iterator[State]:
        with self._writing:
            state = self._state.copy()
            yield state
            self._state = state
