"""Reads the address books of a source into a run's staging, several at a time.

A book that fails is a value, its `Problem`; only a failure of the store or of the source as a whole is raised.
"""

from __future__ import annotations

import hashlib
import json
import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass, field, replace
from functools import partial
from typing import assert_never

from pbx_connector.errors import ConnectorError, ProtocolViolation, RunCancelled, SourceError, SourceUnavailable
from pbx_connector.machine import machine_error
from pbx_connector.model import (
    Account,
    Book,
    BookGone,
    BookReport,
    BookStatus,
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
from pbx_connector.plan import storable
from pbx_connector.pool import Pool
from pbx_connector.profile import Profile
from pbx_connector.run import naming, problems
from pbx_connector.run.batching import batches
from pbx_connector.run.progress import Cancelled, NoObserver, Observer, Progress, never
from pbx_connector.run.screening import Screen
from pbx_connector.source import Source
from pbx_connector.stores.workspace import BookOutcome, BookResult, HeldBook, Outcome, StagedRow, Workspace

LOG = logging.getLogger(__name__)


@dataclass
class BookReading:
    """The reading of all address books of one run."""

    profile: Profile
    source: Source
    workspace: Workspace
    progress: Progress
    full: bool
    """Read everything and map it anew, whatever is known."""
    accounts: Sequence[Account]
    cancelled: Cancelled = never
    observer: Observer = field(default_factory=NoObserver)
    reports: dict[str, BookReport] = field(default_factory=dict)
    problems: dict[str, Problem] = field(default_factory=dict)
    """Those of whole books, by book."""
    warnings: list[Problem] = field(default_factory=list)
    """What the source says about its list of books."""
    retry_after: float | None = None
    """Seconds after which the source wants to be asked again, if it said so of a book."""

    def __post_init__(self) -> None:
        labels = None if self.profile.labels == "create" else frozenset(self.workspace.labels())
        self._screen = Screen(self.profile, {account.id for account in self.accounts}, labels)
        self._held = {held.book.id: held for held in self.workspace.held_books()}
        self._lock = threading.Lock()
        self._stopped = threading.Event()

    @property
    def complete(self) -> bool:
        return not self.problems

    def book_problems(self) -> Iterator[Problem]:
        return problems.gathered(problem for _, problem in sorted(self.problems.items()))

    def read(self, parallel: int) -> None:
        """Raises `SourceError` if the source cannot even list its books, and `StoreError`."""
        listed = self._list()
        missing = [held.book for held in self._held.values() if held.book.id not in listed]
        self.progress.books(len(listed) + len(missing))
        jobs = [lambda found=found: self._take(found) for found in listed.values()]
        jobs += [lambda book=book: self._take(self._look(book)) for book in missing]
        self._work_off(jobs, parallel)
        self.workspace.settle()
        failed = len(self.problems)
        gaps = self.workspace.incomplete(self.profile.mode == "mirror")
        self._work_off([partial(self._confirm, self.reports[book].book) for book in gaps], parallel)
        if len(self.problems) > failed:
            self.workspace.settle()

    def go_on(self) -> None:
        """Raises `RunCancelled` if somebody wants the run to stop."""
        if self.cancelled():
            raise RunCancelled("it was cancelled; nothing was changed")

    def _list(self) -> dict[str, Book | BookUnknown]:
        listed: dict[str, Book | BookUnknown] = {}
        with plugin_faults():
            for found in self.source.books():
                self.go_on()
                if isinstance(found, Problem):
                    self.warnings.append(replace(found, severity="warning"))
                    continue
                book = found.book if isinstance(found, BookUnknown) else found
                if book.id in listed or not book.id or not storable(book.id):
                    raise ProtocolViolation(f"the source lists an address book twice or without an id: {book.title}")
                listed[book.id] = found
        return listed

    def _look(self, book: Book) -> Book | BookGone | BookUnknown:
        try:
            with plugin_faults():
                found = self.source.look(book)
            answered = found.book.id if isinstance(found, BookUnknown) else found.id
            if answered != book.id:
                raise ProtocolViolation("the source answered about another address book", code="S102")
            return found
        except SourceError as error:
            self._heed(error)
            return BookUnknown(book, problems.book_failed(book, error))

    def _work_off(self, jobs: Iterable[Callable[[], None]], parallel: int) -> None:
        with Pool(max(1, parallel), thread_name_prefix="book") as pool:
            futures = [pool.submit(job) for job in jobs]
            try:
                for future in futures:
                    future.result()
            except BaseException:
                self._stopped.set()
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    # one book

    def _take(self, found: Book | BookGone | BookUnknown) -> None:
        self.go_on()
        if isinstance(found, BookUnknown):
            self._give_up(found.book, found.problem, BookStatus.UNKNOWN)
        elif isinstance(found, BookGone):
            gone = BookResult(self._held[found.id].book, BookOutcome.GONE, unwanted=found.unwanted)
            self._close(gone, BookStatus.GONE, 0)
        else:
            self._read(found)

    def _read(self, book: Book) -> None:
        try:
            end, rows = self._stage(book)
        except SourceError as error:
            self._heed(error)
            self._give_up(book, problems.book_failed(book, error), BookStatus.FAILED)
        else:
            result = BookResult(book, BookOutcome.READ, end.full, end.checkpoint, self._fingerprint(book))
            self._close(result, BookStatus.DONE, rows)

    def _heed(self, error: SourceError) -> None:
        if isinstance(error, SourceUnavailable) and error.retry_after is not None:
            with self._lock:
                self.retry_after = max(self.retry_after or 0.0, error.retry_after)

    def _give_up(self, book: Book, problem: Problem, status: BookStatus) -> None:
        self.problems[book.id] = problem
        self._close(BookResult(book, BookOutcome.KEPT), status, 0)

    def _close(self, result: BookResult, status: BookStatus, rows: int) -> None:
        report = BookReport(result.book, status, rows)
        self.workspace.close_book(result)
        with self._lock:
            self.reports[result.book.id] = report
            self.progress.book_done(report)

    def _stage(self, book: Book) -> tuple[End, int]:
        """Returns how the stream ended and how many contacts it had."""
        trusted = self._trusted(book)
        since = trusted.checkpoint if trusted else None
        known = self.workspace.known(book.id) if trusted else iter(())
        end: End | None = None
        rows = 0
        for batch in batches(self._stream(book, since, known)):
            if end is not None:
                raise ProtocolViolation("the source went on after the end of an address book", code="S102")
            last = batch[-1]
            if isinstance(last, End):
                end = last
                batch.pop()
            rows += self._stage_batch(book, batch, trusted is not None)
        if end is None:
            raise ProtocolViolation("the source stopped before the end of the address book", code="S102")
        if since is None and not end.full:
            raise ProtocolViolation("the source listed only changes where everything was asked for", code="S102")
        return end, rows

    def _stream(self, book: Book, since: str | None, known: Iterable[tuple[str, str]]) -> Iterator[StreamItem]:
        with plugin_faults():
            stream = iter(self.source.changes(book, since, known))
        while not self._stopped.is_set():
            self.go_on()
            try:
                item = next(stream, None)
            except Exception as error:  # noqa: BLE001 - a plugin may raise anything
                raise _fault(error) from _cause(error)
            if item is None:
                return
            yield item

    def _trusted(self, book: Book) -> HeldBook | None:
        """What is held of a book, if it was made with the same things as this run."""
        held = self._held.get(book.id)
        return held if held and not self.full and held.fingerprint == self._fingerprint(book) else None

    def _fingerprint(self, book: Book) -> str:
        """All that a checkpoint and the versions of rows depend on (safety rule 8)."""
        account = [astuple(account) for account in self.accounts if account.id == book.account]
        labels = None if self._screen.labels is None else sorted(self._screen.labels)
        parts = [self.profile.fingerprint, book.account, account, labels, self.profile.publish_personal]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    def _stage_batch(self, book: Book, batch: Sequence[StreamItem], trusted: bool) -> int:
        for item in batch:
            if isinstance(item, End) or not isinstance(item, StreamItem):
                raise ProtocolViolation(f"the source sent a {type(item).__name__} among the contacts", code="S102")
            if not item.key or not storable(item.key):
                raise ProtocolViolation("the source sent a contact without a usable key", code="S102")
        keys = [item.key for item in batch if isinstance(item, Row | Unchanged)]
        held = self.workspace.versions(book.id, keys) if trusted else {}
        staged = [self._staged(book, item, held) for item in batch]
        named = self._named(book, staged)
        self.workspace.stage(book.id, named)
        rows = sum(isinstance(item, Row | Unchanged | Unreadable) for item in batch)
        with self._lock:
            self.observer.staged(book, batch, named)
            self.progress.rows(rows)
        return rows

    def _staged(self, book: Book, item: StreamItem, held: dict[str, str]) -> StagedRow:
        if isinstance(item, Row):  # by far the most, so asked for first
            same = item.version and held.get(item.key) == item.version
            return StagedRow(item.key, Outcome.SAME) if same else self._screen.stage(item, book)
        match item:
            case Unchanged(key) if key in held:
                return StagedRow(key, Outcome.SAME)
            case Unchanged(key):
                return StagedRow(key, Outcome.FAILED, problems=(problems.unknown_row_unchanged(book, key),))
            case Unreadable(key, problem):
                return StagedRow(key, Outcome.FAILED, problems=(problem,))
            case Skipped(key, reason):
                return StagedRow(key, Outcome.SKIPPED, reason=reason)
            case Gone(key):
                return StagedRow(key, Outcome.GONE)
            case End():
                raise ProtocolViolation("the source sent an End among the contacts", code="S102")
            case _:
                assert_never(item)

    def _named(self, book: Book, rows: list[StagedRow]) -> list[StagedRow]:
        """A row that could not be read is known by the entry that it has, if it has one."""
        unnamed = [row.key for row in rows if any(not problem.contact for problem in row.problems)]
        entries = self.workspace.entries_of(book.id, unnamed) if unnamed else {}
        return [naming.named(row, naming.of_entry(entries[row.key])) if row.key in entries else row for row in rows]

    # absences

    def _confirm(self, book: Book) -> None:
        """Ask the source for every row that it did not list (safety rule 2); a book that it cannot tell about has
        failed."""
        try:
            for keys in self.workspace.missing(book.id, self.profile.mode == "mirror"):
                if self._stopped.is_set():
                    return
                self.go_on()
                with plugin_faults():
                    gone = set(self.source.confirm_gone(book, keys))
                staged = [_absence(book, key, key in gone) for key in keys]
                self.workspace.stage(book.id, self._named(book, staged))
        except SourceError as error:
            self._heed(error)
            self._give_up(book, problems.book_failed(book, error), BookStatus.FAILED)


def _absence(book: Book, key: str, gone: bool) -> StagedRow:
    if gone:
        return StagedRow(key, Outcome.GONE)
    return StagedRow(key, Outcome.FAILED, problems=(problems.not_listed(book, key),))


@contextmanager
def plugin_faults() -> Iterator[None]:
    """An error of a plugin that it should have translated concerns what was asked for and nothing else; what the
    machine lacks concerns the whole run, also where the plugin blames a server for it."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - a plugin may raise anything
        raise _fault(error) from _cause(error)


def _cause(error: Exception) -> BaseException | None:
    """What an error that may be raised again as it is was raised from."""
    return error.__cause__ if isinstance(error, ConnectorError) else error


def _fault(error: Exception) -> ConnectorError:
    if lacking := machine_error(error):
        return lacking
    if isinstance(error, ConnectorError):
        return error
    LOG.debug("the source plugin failed", exc_info=error)
    name = type(error).__name__
    return ProtocolViolation(f"the source plugin failed with {name}", code="S106", hint="tell its author")
