"""The CSV source as the run pipeline sees it: each list is a book, read in two passes.

The first pass (`survey.py`) finds that the bytes are whole, the second (`lines.py`, `rows.py`) makes rows of them; a
list ends only if both saw the same. What is asked about later is answered by the list as it is then.
"""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from pbx_connector.api import (
    Book,
    BookGone,
    BookUnknown,
    End,
    Problem,
    SourceContext,
    SourceError,
    StreamItem,
    UnreadableFile,
)
from pbx_csv import error_catalog as errors
from pbx_csv.copies import Copy
from pbx_csv.lines import dialect_of, opened
from pbx_csv.lists import KIND, Lists
from pbx_csv.origins import Origin
from pbx_csv.rows import Item, RowReader
from pbx_csv.seen import SeenKeys
from pbx_csv.settings import CsvSettings
from pbx_csv.survey import Survey, survey
from pbx_csv.table import table

_TRUSTED = 30.0
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    mark: str
    digest: str
    accounts: str
    """What the account column was read with."""

    def write(self) -> str:
        return json.dumps([self.mark, self.digest, self.accounts])


def read_checkpoint(text: str | None) -> Checkpoint | None:
    """None if it is none of ours."""
    try:
        mark, digest, accounts = json.loads(text or "")
    except (ValueError, TypeError):
        return None
    return Checkpoint(str(mark), str(digest), str(accounts))


@dataclass(slots=True)
class _Reading:
    """A list as it was read last, for questions about what it did not have."""

    checkpoint: Checkpoint
    seen: SeenKeys
    proven: float = -math.inf
    """When the list was last asked for again, and found to be the same."""

    @property
    def is_fresh(self) -> bool:
        """Whether it answers without asking again: a list without a mark can only be fetched as a whole."""
        return not self.checkpoint.mark and time.monotonic() - self.proven < _TRUSTED


class CsvSource:
    def __init__(self, settings: CsvSettings, context: SourceContext, lists: Lists) -> None:
        self._settings = settings
        self._fields = context.fields
        self._accounts = accounts_by_name(context)
        self._lists = lists
        self._readings: dict[str, _Reading] = {}
        self._lock = threading.Lock()

    def close(self) -> None:
        for reading in self._readings.values():
            reading.seen.close()

    def books(self) -> Iterator[Book | BookUnknown | Problem]:
        for identity, origin in self._lists.find().items():
            book = Book(identity, origin.title, KIND)
            try:
                origin.check()
            except SourceError as error:
                yield BookUnknown(book, Problem(error.code, error.message, book.title, error.hint))
            else:
                yield book
                yield from self._remarks(origin)

    def look(self, book: Book) -> Book | BookGone | BookUnknown:
        try:
            origin = self._lists.origin(book.id)
            if origin is None:
                return self._lists.absence(book)
            origin.check()
        except SourceError as error:
            return BookUnknown(book, Problem(error.code, error.message, book.title, error.hint))
        return book

    def changes(self, book: Book, since: str | None, known: Iterable[tuple[str, str]]) -> Iterator[StreamItem]:
        origin, held = self._origin(book), read_checkpoint(since)
        if held is not None and held.accounts != self._marked_accounts():
            held = None
        copy = origin.obtain(held.mark if held else "")
        if copy is None:
            yield End(since, full=False)
            return
        with copy.lasting():
            found = survey(copy, self._settings)
            now = Checkpoint(copy.mark, found.digest, self._marked_accounts())
            if held is not None and held.digest == found.digest:
                yield End(now.write(), full=False)
                return
            yield from self._read(book, copy, found, now)
        yield End(now.write(), full=True)

    def confirm_gone(self, book: Book, keys: Sequence[str]) -> Iterable[str]:
        return self._current(book).seen.absent(keys) if keys else []

    def _read(self, book: Book, copy: Copy, found: Survey, now: Checkpoint) -> Iterator[Item]:
        seen = SeenKeys()
        try:
            yield from read_rows(copy, found, self._settings, self._fields, self._accounts, seen)
        except BaseException:
            seen.close()
            raise
        self._keep(book, _Reading(now, seen))

    def _keep(self, book: Book, reading: _Reading) -> None:
        with self._lock:
            before, self._readings[book.id] = self._readings.get(book.id), reading
        if before is not None:
            before.seen.close()

    def _current(self, book: Book) -> _Reading:
        """What the list has now; it is read again unless it is proven to be the same still."""
        reading, origin = self._readings.get(book.id), self._origin(book)
        if reading is not None and reading.is_fresh:
            return reading
        copy = origin.obtain(reading.checkpoint.mark if reading else "")
        if copy is not None:
            with copy.lasting():
                found = survey(copy, self._settings)
                if reading is None or reading.checkpoint.digest != found.digest:
                    now = Checkpoint(copy.mark, found.digest, self._marked_accounts())
                    for _ in self._read(book, copy, found, now):
                        pass
        reading = self._readings[book.id]
        reading.proven = time.monotonic()
        return reading

    def _origin(self, book: Book) -> Origin:
        origin = self._lists.origin(book.id)
        if origin is None:
            raise errors.MISSING.error(book.title)
        return origin

    def _marked_accounts(self) -> str:
        return json.dumps(sorted(self._accounts.items())) if self._settings.account is not None else ""

    def _remarks(self, origin: Origin) -> Iterator[Problem]:
        """What a first look at a file shows; whatever prevents it is said where the list is read."""
        try:
            guess = origin.guess()
        except (SourceError, UnreadableFile, OSError):
            return
        if guess:
            yield errors.GUESSED.of(guess).warning(origin.title)


def read_rows(
    copy: Copy,
    found: Survey,
    settings: CsvSettings,
    fields: frozenset[str],
    accounts: dict[str, str],
    seen: SeenKeys,
) -> Iterator[Item]:
    """Every row of a list, to its proven end. Raises `SourceError`."""
    with opened(copy, found, dialect_of(copy, found.encoding, settings), settings) as opened_lines:
        lines = iter(opened_lines)
        first = next(lines, None)
        if first is None:
            raise errors.NO_LINES.error(copy.title)
        columns = table(copy.title, first[1], fields, settings)
        reader = RowReader(copy.title, columns, accounts, settings, seen)
        nothing = True
        for item in reader.read(lines if settings.header else _with(first, lines)):
            nothing = False
            yield item
        if nothing and not settings.empty:
            raise errors.NO_LINES.error(copy.title)


def _with(first: tuple[int, list[str]], lines: Iterator[tuple[int, list[str]]]) -> Iterator[tuple[int, list[str]]]:
    yield first
    yield from lines


def accounts_by_name(context: SourceContext) -> dict[str, str]:
    """Ids before user names before addresses; a name that two accounts have is nobody's."""
    found: dict[str, str] = {}
    for names in ("email", "username", "id"):
        given = [(str(getattr(account, names)).casefold(), account.id) for account in context.accounts]
        taken: dict[str, set[str]] = {}
        for name, account in given:
            taken.setdefault(name, set()).add(account)
        found |= {name: min(ids) for name, ids in taken.items() if name and len(ids) == 1}
        found = {name: ident for name, ident in found.items() if len(taken.get(name, ())) < 2}
    return found


@contextmanager
def open_csv(settings: CsvSettings, context: SourceContext) -> Iterator[CsvSource]:
    """Raises `SourceError` if certificates or secrets cannot be read."""
    with Lists(settings) as lists:
        source = CsvSource(settings, context, lists)
        try:
            yield source
        finally:
            source.close()
