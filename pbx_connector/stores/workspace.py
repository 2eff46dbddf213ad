"""The part of a store that one run works with: what is held, what was staged, and the plan between the two.

Staging is private to the run and never shows in the phone book. `pbx_connector.run` is the only caller; its worker
threads share one workspace, so every method but those of `PlanTransaction` may be called from any thread.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from pbx_connector.model import Account, Book, Problem, Record, Report
from pbx_connector.plan import Change, PlanSummary

if TYPE_CHECKING:
    from pbx_connector.stores.persons import Shift


@dataclass(frozen=True, slots=True)
class HeldBook:
    """An address book of an earlier run."""

    book: Book
    fingerprint: str
    """What its checkpoint and the versions of its rows were made with."""
    checkpoint: str | None


class Outcome(StrEnum):
    """What a run found out about one row."""

    MAPPED = "mapped"
    SKIPPED = "skipped"
    """The rules do not want it: in mirror its entries go."""
    FAILED = "failed"
    """It could not be read or mapped: its entries stay."""
    GONE = "gone"
    SAME = "same"
    """It is at the version that is held: nothing was mapped."""


@dataclass(frozen=True, slots=True)
class StagedRow:
    """What a run made of one row."""

    key: str
    outcome: Outcome
    version: str = ""
    """Empty: the row must be read again by the next run."""
    records: tuple[Record, ...] = ()
    reason: str = ""
    """Why it is skipped."""
    problems: tuple[Problem, ...] = ()


class BookOutcome(StrEnum):
    READ = "read"
    KEPT = "kept"
    """Failed or unknown: whatever was staged for it is dropped."""
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class BookResult:
    """How the reading of one book ended."""

    book: Book
    outcome: BookOutcome
    full: bool = False
    checkpoint: str | None = None
    """Counts only if no row of the book must be read again."""
    fingerprint: str = ""
    unwanted: bool = False
    """Of a book that is gone: it is still there, and the profile does not take it any more."""


class PlanTransaction(Protocol):
    """The plan, inside the one transaction that applies it or leaves everything as it was.

    The profile's lease is verified in it by the database's clock. Leaving the context without `apply` changes nothing.
    """

    @property
    def summary(self) -> PlanSummary: ...

    @property
    def shift(self) -> Shift:
        """Who would give way to whom, and did not before."""
        ...

    def changes(self) -> Iterator[Change]:
        """What would change, by book, row and record key."""
        ...

    def records(self) -> Iterator[Change]:
        """All entries that the profile would have or lose, those that stay as they are among them."""
        ...

    def problems(self) -> Iterator[Problem]:
        """Of all rows, those of earlier runs that are not resolved among them."""
        ...

    def skipped(self) -> dict[str, int]:
        """Reason to number of rows, of the rows that this run looked at."""
        ...

    def apply(self, report: Report, *, plan: str | None = None, released: bool = False) -> None:
        """Entries, labels, provenance, checkpoints, journal and the run's record, at once.

        `plan` names a kept plan that this run uses up; `released` says that the guard was overruled.
        """
        ...

    def keep(self, report: Report, digest: str, reasons: Sequence[str]) -> str:
        """Keep the plan, and the record of a run, and change nothing in the phone book; returns the plan's id."""
        ...


class Workspace(Protocol):
    @property
    def run(self) -> str:
        """The run's id; empty for a simulation."""
        ...

    @property
    def file(self) -> Path | None:
        """What holds the phone book, if it is a file of this machine."""
        ...

    def accounts(self) -> list[Account]: ...
    def labels(self) -> Collection[str]: ...
    def held_books(self) -> list[HeldBook]: ...

    def known(self, book: str) -> Iterator[tuple[str, str]]:
        """The (row key, version) pairs held of a book, by key, without rows that must be read again."""
        ...

    def versions(self, book: str, keys: Sequence[str]) -> dict[str, str]:
        """The part of `known` for these keys."""
        ...

    def entries_of(self, book: str, keys: Sequence[str]) -> dict[str, Mapping[str, str]]:
        """What the entries of these rows say, by target field; of several that a row has made the first one."""
        ...

    def stage(self, book: str, rows: Sequence[StagedRow]) -> None:
        """Remember rows of a book; of several with the same key the last one counts."""
        ...

    def close_book(self, result: BookResult) -> None: ...

    def settle(self) -> None:
        """All books are closed: drop what does not count and make ready to compare."""
        ...

    def incomplete(self, mirror: bool) -> list[str]:
        """The books whose full reading did not list all that is held of them: in mirror every row counts, else only
        those without an entry, whose problems may be outdated, and those whose entry may be one that is new elsewhere
        with the same content."""
        ...

    def missing(self, book: str, mirror: bool) -> Iterator[Sequence[str]]:
        """The keys of those rows, in batches, which may be staged meanwhile."""
        ...

    def plan_transaction(self, *, mirror: bool, write: bool) -> AbstractContextManager[PlanTransaction]:
        """Compare. Without `write` nothing can be applied or kept, but a read-only store will do."""
        ...

    def fail(self, report: Report, note: str) -> None:
        """Record a run that came to no decision."""
        ...
