"""The plan of a run in memory: compared entry by entry, in the order that the contract fixes."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from pbx_connector.errors import StoreError
from pbx_connector.model import Merge, Problem, Record, Report
from pbx_connector.plan import (
    Action,
    Change,
    Content,
    EmptiedBook,
    PlanSummary,
    RowPlace,
    blanked_numbers,
    changes_identity,
    content_digest,
    guarded,
)
from pbx_connector.stores.memory import losses
from pbx_connector.stores.memory.state import BookState, Held, Line, Note, Run, Source, State, candidate
from pbx_connector.stores.persons import NEW, Candidate, Shift, shift
from pbx_connector.stores.values import JournalLine, KeptPlan, RunKind, RunRecord
from pbx_connector.stores.workspace import BookOutcome, BookResult, Outcome, StagedRow

DAY = 86400.0
Place = tuple[str, str, str]
"""Book id, row key, record key."""


@dataclass
class Step:
    """One change on its way: where it is, which entry, and what it will say."""

    action: Action
    place: Place
    entry: int | None = None
    record: Record | None = None
    number: int = 0
    """Of an addition: its place among them, which gives its id."""
    came_from: str = ""
    """Of a move: the book that it leaves."""


@dataclass
class MemoryPlanTransaction:
    state: State
    profile: str
    number: int | None
    results: Mapping[str, BookResult]
    staged: Mapping[str, Mapping[str, StagedRow]]
    mirror: bool
    held: Collection[str]
    """The ids of the books that the run began with."""
    region: str | None = None
    merge: Merge | None = None
    steps: list[Step] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._owned: dict[Place, int] = {}
        for number, _, source in self.state.owned(self.profile):
            self._owned[self.state.books[source.book].book.id, source.row, source.record] = number
        self._made = {
            (book, key, record.key): record
            for book, rows in self.staged.items()
            for key, row in rows.items()
            for record in row.records
        }
        self.steps = [*self._additions(), *self._updates(), *self._removals()]
        self._pair_moves()
        if not self.mirror:
            self.steps = [step for step in self.steps if step.action is not Action.REMOVE]
        self.shift = self._shift()
        self.summary = self._summarize()

    # the comparison

    def _additions(self) -> Iterator[Step]:
        new = sorted(place for place in self._made if place not in self._owned)
        for number, place in enumerate(new, 1):
            yield Step(Action.ADD, place, record=self._made[place], number=number)

    def _updates(self) -> Iterator[Step]:
        for place in sorted(self._made.keys() & self._owned.keys()):
            entry = self._owned[place]
            if content_digest(self.state.entries[entry].content) != self._made[place].digest:
                yield Step(Action.UPDATE, place, entry, self._made[place])

    def _removals(self) -> Iterator[Step]:
        for place, entry in sorted(self._owned.items()):
            if self._is_gone(place):
                yield Step(Action.REMOVE, place, entry)

    def _is_gone(self, place: Place) -> bool:
        result = self.results.get(place[0])
        if result is not None and result.outcome is BookOutcome.GONE:
            return True
        row = self.staged.get(place[0], {}).get(place[1])
        if row is None:
            return False
        unmade = row.outcome is Outcome.MAPPED and place not in self._made
        return unmade or row.outcome in (Outcome.GONE, Outcome.SKIPPED)

    def _pair_moves(self) -> None:
        """A removal and an addition of equal content are one entry that moved."""
        gone: dict[str, list[Step]] = defaultdict(list)
        for step in self.steps:
            if step.action is Action.REMOVE and step.entry is not None:
                gone[content_digest(self.state.entries[step.entry].content)].append(step)
        for step in self.steps:
            if step.action is Action.ADD and step.record and (waiting := gone[step.record.digest]):
                left = waiting.pop(0)
                step.action, step.entry, step.came_from = Action.MOVE, left.entry, left.place[0]
                self.steps = [other for other in self.steps if other is not left]

    def _summarize(self) -> PlanSummary:
        many = Counter(step.action for step in self.steps)
        lately = [
            run
            for run in self.state.runs.values()
            if run.record.report.profile == self.profile and run.up > time.monotonic() - DAY
            if not run.record.released and run.record.undone_by is None
        ]
        held = [self.state.entries[entry].content for entry in self._owned.values()]
        added = [_content(step.record) for step in self.steps if step.action is Action.ADD and step.record]
        updates = [
            (self.state.entries[step.entry].content, _content(step.record))
            for step in self.steps
            if step.action is Action.UPDATE and step.entry is not None and step.record
        ]
        return PlanSummary(
            present=len(self._owned),
            added=many[Action.ADD],
            updated=many[Action.UPDATE],
            removed=many[Action.REMOVE],
            moved=many[Action.MOVE],
            blanked=sum(blanked_numbers(before, after) for before, after in updates),
            shared=losses.shared_numbers(updates, added, held),
            changed=sum(changes_identity(before, after) for before, after in updates),
            removed_lately=sum(run.removed for run in lately),
            blanked_lately=sum(run.blanked for run in lately),
            emptied=guarded(self._emptied()),
            giving_way=len(self.shift.held),
            present_of_others=self._others(),
        )

    def _shift(self) -> Shift:
        merges = {id: merge for id, merge in self.state.merges().items() if id != self.profile}
        merges |= {self.profile: self.merge} if self.merge else {}
        gone = {step.entry for step in self.steps if step.action is Action.REMOVE and step.entry}
        before = {link.entry for link in self.state.given_way()}
        if not merges and not before:
            return Shift()
        return shift(self._candidates(gone), merges, before, gone)

    def _candidates(self, gone: Collection[int]) -> Iterator[Candidate]:
        """As they would be after the plan."""
        changed = {step.entry for step in self.steps if step.action is Action.UPDATE} | {*gone}
        for one in self.state.candidates():
            if one.entry not in changed:
                yield replace(one, region=self.region) if one.profile == self.profile else one
        for step in self.steps:
            if step.action in (Action.ADD, Action.UPDATE) and step.record and step.record.account is None:
                number = NEW + step.number if step.entry is None else step.entry
                yield candidate(number, self.profile, self.region, _content(step.record))

    def _others(self) -> int:
        """How many entries have the other profiles of which some would give way."""
        losing = {each.entry.profile for each in self.shift.held} - {self.profile}
        return sum(len(self.state.owned(profile)) for profile in losing)

    def _emptied(self) -> list[EmptiedBook]:
        held = Counter(place[0] for place in self._owned)
        left = held.copy()
        left.subtract(step.place[0] for step in self.steps if step.action is Action.REMOVE)
        left.subtract(step.came_from for step in self.steps if step.action is Action.MOVE)
        left.update(step.place[0] for step in self.steps if step.action in (Action.ADD, Action.MOVE))
        losing = {step.place[0] for step in self.steps if step.action is Action.REMOVE}
        return [
            EmptiedBook(result.book.title, held[book], result.unwanted)
            for book, result in self.results.items()
            if book in losing and not left[book] and (result.unwanted or result.outcome is BookOutcome.READ)
        ]

    def _title(self, book: str) -> str:
        return self.results[book].book.title

    # what is shown

    def changes(self) -> Iterator[Change]:
        for step in self.steps:
            held = None if step.entry is None else self.state.entries[step.entry].content
            after = _content(step.record) if step.record else None
            place = RowPlace(*step.place[:2])
            yield Change(step.action, step.entry, self._title(place.book), held, after, row=place)

    def records(self) -> Iterator[Change]:
        yield from self.changes()
        touched = {step.entry for step in self.steps}
        for number, held, source in self.state.owned(self.profile):
            if number not in touched:
                book = self.state.books[source.book].book
                place = RowPlace(book.id, source.row)
                yield Change(Action.KEEP, number, book.title, held.content, held.content, row=place)

    def problems(self) -> Iterator[Problem]:
        found = {
            (book, key): row.problems for book, rows in self.staged.items() for key, row in rows.items() if row.problems
        }
        for (number, key), note in self.state.notes.items():
            book = self.state.books[number]
            if book.profile == self.profile and not self._replaced(book.book.id, key):
                found.setdefault((book.book.id, key), note.problems)
        for _, problems in sorted(found.items(), key=lambda item: item[0]):
            yield from problems

    def _replaced(self, book: str, key: str) -> bool:
        result = self.results.get(book)
        row = self.staged.get(book, {}).get(key)
        gone = result is not None and result.outcome is BookOutcome.GONE
        return gone or (row is not None and row.outcome is not Outcome.SAME)

    def skipped(self) -> dict[str, int]:
        reasons: Counter[str] = Counter()
        for book, rows in self.staged.items():
            number = self.state.book(self.profile, book)
            for key, row in rows.items():
                note = self.state.notes.get((number, key)) if number is not None else None
                if row.outcome is Outcome.SKIPPED:
                    reasons[row.reason] += 1
                elif row.outcome is Outcome.SAME and note and note.outcome is Outcome.SKIPPED:
                    reasons[note.reason] += 1
        return dict(sorted(reasons.items()))

    # the end

    def apply(self, report: Report, *, plan: str | None = None, released: bool = False) -> None:
        if self.number is None:
            raise StoreError("a simulation applies nothing")
        if plan is not None:
            self._use_up(int(plan))
        self._check_accounts()
        self.state.take("revision")
        record = RunRecord(RunKind.RUN, report, released=released)
        held = self.state.profiles[self.profile]
        changed = None if held.merge == self.merge else (held.merge, self.merge)
        lost, blanked = self.summary.entries_lost, self.summary.numbers_lost
        self.state.runs[self.number] = Run(record, time.time(), lost, blanked, changed)
        self.state.profiles[self.profile] = replace(held, merge=self.merge)
        self._number_additions()
        books = self._write_books()
        self.state.journal[self.number] = tuple(self._journal())
        for step in self.steps:
            self._write(step, books)
        self._write_versions(books)
        self._write_notes(books)
        if self.mirror:
            gone = {book for book, result in self.results.items() if result.outcome is BookOutcome.GONE}
            self.state.forget_books({number for number, held in self._books() if held.book.id in gone})

    def keep(self, report: Report, digest: str, reasons: Sequence[str]) -> str:
        number = self.state.take("run") + 1 if self.number is None else self.number
        if self.number is not None:
            self.state.runs[number] = Run(RunRecord(RunKind.RUN, report), time.time())
        kept = KeptPlan(str(number), self.profile, datetime.now(UTC), digest, self.summary, tuple(reasons))
        self.state.plans[number] = (kept, tuple(self.changes()))
        return str(number)

    def _use_up(self, number: int) -> None:
        kept, changes = self.state.plans[number]
        if kept.used is not None:
            raise StoreError(f"plan {number} was applied before", hint="simulate again")
        self.state.plans[number] = (replace(kept, used=str(self.number)), changes)

    def _check_accounts(self) -> None:
        for record in self._made.values():
            if record.account is not None and record.account not in self.state.accounts:
                raise StoreError(
                    f"account {record.account} was removed while the source was read; nothing was changed",
                    hint="run the profile again",
                )
        for book, result in self.results.items():
            if result.outcome is BookOutcome.READ and book in self.held and self.state.book(self.profile, book) is None:
                raise StoreError(
                    f"the account of {result.book.title} was removed while the source was read; nothing was changed",
                    hint="run the profile again",
                )

    def _books(self) -> list[tuple[int, BookState]]:
        return [(number, held) for number, held in self.state.books.items() if held.profile == self.profile]

    def _number_additions(self) -> None:
        candidates = max((step.number for step in self.steps), default=0)
        base = self.state.take("entry", candidates) if candidates else 0
        for step in self.steps:
            if step.action is Action.ADD:
                step.entry = base + step.number

    def _write_books(self) -> dict[str, int]:
        numbers = {held.book.id: number for number, held in self._books()}
        for book, result in self.results.items():
            if result.outcome is BookOutcome.READ:
                number = numbers.setdefault(book, 0) or self.state.take("book") + 1
                numbers[book] = number
                self.state.books[number] = self._book_state(book, result, self.state.books.get(number))
        return numbers

    def _book_state(self, book: str, result: BookResult, held: BookState | None) -> BookState:
        again = any(row.outcome is Outcome.FAILED and not row.version for row in self.staged.get(book, {}).values())
        checkpoint = None if again else result.checkpoint
        if again and not result.full and held and held.fingerprint == result.fingerprint:
            checkpoint = held.checkpoint
        return BookState(self.profile, result.book, result.fingerprint, checkpoint)

    def _journal(self) -> Iterator[Line]:
        for step in self.steps:
            held = self.state.entries.get(step.entry) if step.entry is not None else None
            origin = self.state.origin(held.source) if held and step.action is Action.REMOVE else None
            after = _content(step.record) if step.record else None
            line = JournalLine(step.action, step.entry, None, held.content if held else None, after, origin)
            yield Line(line, self._title(step.place[0]))

    def _write(self, step: Step, books: Mapping[str, int]) -> None:
        assert step.entry is not None  # noqa: S101 - numbered before
        if step.record is None:
            del self.state.entries[step.entry]
            return
        book, row, record = step.place
        source = Source(books[book], row, record, self.staged[book][row].version)
        self.state.entries[step.entry] = Held(_content(step.record), source)
        self.state.labels |= dict.fromkeys(step.record.labels)

    def _write_versions(self, books: Mapping[str, int]) -> None:
        ids = {number: book for book, number in books.items()}
        for entry, held, source in self.state.owned(self.profile):
            row = self.staged.get(ids.get(source.book, ""), {}).get(source.row)
            if row is not None and row.outcome is Outcome.MAPPED:
                self.state.entries[entry] = replace(held, source=replace(source, version=row.version))

    def _write_notes(self, books: Mapping[str, int]) -> None:
        for book, rows in self.staged.items():
            for key, row in rows.items():
                if row.outcome is not Outcome.SAME:
                    self.state.notes.pop((books[book], key), None)
                    if _is_worth_a_note(row):
                        self.state.notes[books[book], key] = Note(row.version, row.outcome, row.reason, row.problems)


def _is_worth_a_note(row: StagedRow) -> bool:
    if row.outcome is Outcome.MAPPED:
        return bool(row.problems) or not row.records
    return row.outcome is Outcome.FAILED or (row.outcome is Outcome.SKIPPED and bool(row.version))


def _content(record: Record) -> Content:
    return Content(record.account, record.fields, dict(sorted(record.labels.items())))
