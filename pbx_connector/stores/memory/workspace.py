"""A run's staging in memory, and the plan worked out the plain way."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager

from pbx_connector.model import Account, Merge, Report
from pbx_connector.plan import content_digest
from pbx_connector.stores.memory.plan_transaction import MemoryPlanTransaction
from pbx_connector.stores.memory.state import Run, State
from pbx_connector.stores.values import RunKind, RunRecord
from pbx_connector.stores.workspace import BookOutcome, BookResult, HeldBook, PlanTransaction, StagedRow

PAGE = 500


class MemoryWorkspace:
    def __init__(
        self,
        read: Callable[[], State],
        write: Callable[[], AbstractContextManager[State]],
        profile: str,
        number: int | None,
        *,
        region: str | None = None,
        merge: Merge | None = None,
    ) -> None:
        self._region = region
        self._merge = merge
        self._read = read
        self._write = write
        self._profile = profile
        self._number = number
        self._lock = threading.Lock()
        self._staged: dict[str, dict[str, StagedRow]] = defaultdict(dict)
        self._results: dict[str, BookResult] = {}
        self._held = {held.book.id for held in self.held_books()}

    @property
    def run(self) -> str:
        return "" if self._number is None else str(self._number)

    @property
    def file(self) -> None:
        return None

    def accounts(self) -> list[Account]:
        return [account for _, account in sorted(self._read().accounts.items())]

    def labels(self) -> Collection[str]:
        return set(self._read().labels)

    def held_books(self) -> list[HeldBook]:
        books = self._read().books.values()
        return [
            HeldBook(held.book, held.fingerprint, held.checkpoint) for held in books if held.profile == self._profile
        ]

    def known(self, book: str) -> Iterator[tuple[str, str]]:
        return iter(sorted(self._versions(book).items()))

    def versions(self, book: str, keys: Sequence[str]) -> dict[str, str]:
        known = self._versions(book)
        return {key: known[key] for key in keys if key in known}

    def _versions(self, book: str) -> dict[str, str]:
        state = self._read()
        number = state.book(self._profile, book)
        entered = {source.row: source.version for _, _, source in state.owned(self._profile) if source.book == number}
        noted = {key: note.version for (place, key), note in state.notes.items() if place == number}
        return {key: version for key, version in (entered | noted).items() if version}

    def entries_of(self, book: str, keys: Sequence[str]) -> dict[str, Mapping[str, str]]:
        state = self._read()
        number = state.book(self._profile, book)
        found = [(source, held) for _, held, source in state.owned(self._profile) if source.book == number]
        found.sort(key=lambda one: one[0].record, reverse=True)
        fields = {source.row: held.content.fields for source, held in found}
        return {key: fields[key] for key in keys if key in fields}

    def stage(self, book: str, rows: Sequence[StagedRow]) -> None:
        with self._lock:
            self._staged[book] |= {row.key: row for row in rows}

    def close_book(self, result: BookResult) -> None:
        with self._lock:
            self._results[result.book.id] = result

    def settle(self) -> None:
        for book, result in self._results.items():
            if result.outcome is not BookOutcome.READ:
                self._staged.pop(book, None)

    def incomplete(self, mirror: bool) -> list[str]:
        read = [book for book, result in self._results.items() if result.outcome is BookOutcome.READ and result.full]
        return [book for book in read if self._missing(book, mirror)]

    def missing(self, book: str, mirror: bool) -> Iterator[Sequence[str]]:
        keys = self._missing(book, mirror)
        return (keys[start : start + PAGE] for start in range(0, len(keys), PAGE))

    def _missing(self, book: str, mirror: bool) -> list[str]:
        state = self._read()
        number = state.book(self._profile, book)
        owned = {source.row: held for _, held, source in state.owned(self._profile) if source.book == number}
        noted = {key for place, key in state.notes if place == number}
        with self._lock:
            moved = set() if mirror else self._new_contents(state)
            asked = {key for key, held in owned.items() if mirror or content_digest(held.content) in moved}
            return sorted((asked | (noted if mirror else noted - owned.keys())) - self._staged[book].keys())

    def _new_contents(self, state: State) -> set[str]:
        """The digests of staged records that are no entries yet."""
        owned = {
            (state.books[source.book].book.id, source.row, source.record) for _, _, source in state.owned(self._profile)
        }
        return {
            record.digest
            for book, rows in self._staged.items()
            for key, row in rows.items()
            for record in row.records
            if (book, key, record.key) not in owned
        }

    @contextmanager
    def plan_transaction(self, *, mirror: bool, write: bool) -> Iterator[PlanTransaction]:
        with self._write() if write else _only_looked_at(self._read()) as state:
            yield MemoryPlanTransaction(
                state,
                self._profile,
                self._number,
                self._results,
                self._staged,
                mirror,
                self._held,
                self._region,
                self._merge,
            )

    def fail(self, report: Report, note: str) -> None:
        if self._number is not None:
            with self._write() as state:
                state.runs.setdefault(self._number, Run(RunRecord(RunKind.RUN, report, note), time.time()))


@contextmanager
def _only_looked_at(state: State) -> Iterator[State]:
    yield state.copy()
