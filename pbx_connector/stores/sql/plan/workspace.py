"""A run's staging in the database: rows go into temporary tables, and `diff.py` compares them with what is held.

One connection serves all worker threads, one at a time; each call is a short transaction of its own. The first one that
fails is the last one: a new connection would know nothing of what was staged.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic_core import to_json
from sqlalchemy import Connection, Select, Table, delete, exists, func, select, text, union
from sqlalchemy.exc import IntegrityError

from pbx_connector.errors import StoreError
from pbx_connector.model import Account, Book, Merge, Record, Report
from pbx_connector.stores.normalization import found_by
from pbx_connector.stores.sql.dialects.database import Database
from pbx_connector.stores.sql.history import leases
from pbx_connector.stores.sql.history.records import record_run
from pbx_connector.stores.sql.plan import diff
from pbx_connector.stores.sql.plan.plan_transaction import SqlPlanTransaction
from pbx_connector.stores.sql.plan.staging import JOINED, create_tables, t_book, t_record, t_row
from pbx_connector.stores.sql.schema.tables import account, book, entry, label, provenance, row_note
from pbx_connector.stores.workspace import BookOutcome, BookResult, HeldBook, PlanTransaction, StagedRow
from pbx_connector.targets import FIELD_NAMES

PAGE = 500


class SqlWorkspace:
    def __init__(
        self,
        database: Database,
        connection: Connection,
        profile: str,
        run: int | None,
        taken: leases.Lease | None,
        *,
        region: str | None = None,
        merge: Merge | None = None,
    ) -> None:
        self._region = region
        self._merge = merge
        self._database = database
        self._connection = connection
        self._lock = threading.RLock()
        self._profile = profile
        self._run = run
        self._taken = taken
        self._results: dict[int, BookResult] = {}
        self._labels: set[str] = set()
        self._rows = 0
        self._records = 0
        self._settled = False
        self._failure: StoreError | None = None
        with self._transaction() as transaction:
            self._database.dialect.prepare_staging(transaction)
            create_tables(transaction)
            self._held = {held.id: held for held in transaction.execute(select(book).where(book.c.profile == profile))}
        self._slots: dict[str, int] = {held.id: held.no for held in self._held.values()}

    @property
    def run(self) -> str:
        return "" if self._run is None else str(self._run)

    @property
    def file(self) -> Path | None:
        return self._database.file

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        with self._alone():
            self._database.dialect.begin(self._connection, write=False)
            try:
                yield self._connection
                self._connection.commit()
            except BaseException:
                self._connection.rollback()
                raise

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with self._lock:
            if self._failure:
                raise self._failure
            try:
                with self._database.translated():
                    yield
            except StoreError as error:
                self._failure = error
                self._connection.invalidate()  # or its locks would hold up the record of this failure
                raise

    # what is held

    def accounts(self) -> list[Account]:
        with self._transaction() as transaction:
            return [Account(*row) for row in transaction.execute(select(account).order_by(account.c.id))]

    def labels(self) -> Collection[str]:
        with self._transaction() as transaction:
            return set(transaction.execute(select(label.c.name)).scalars())

    def held_books(self) -> list[HeldBook]:
        return [
            HeldBook(Book(held.id, held.title, held.kind, held.account), held.fingerprint, held.checkpoint)
            for held in self._held.values()
        ]

    def known(self, book: str) -> Iterator[tuple[str, str]]:
        if book not in self._held:
            return
        last = ""
        while page := self._known_after(self._slots[book], last):
            yield from page
            last = page[-1][0]

    def _known_after(self, no: int, last: str) -> Sequence[tuple[str, str]]:
        """A note's version counts before the one of the entries."""
        overruled = exists().where(row_note.c.book == no, row_note.c.row_key == provenance.c.row_key)
        both = union(
            _versions_in(row_note, no).where(row_note.c.row_key > last),
            _versions_in(provenance, no).where(provenance.c.row_key > last, ~overruled),
        ).subquery()
        query = select(both).where(both.c.version != "").order_by(both.c.row_key).limit(PAGE)
        with self._transaction() as transaction:
            return [(row.row_key, row.version) for row in transaction.execute(query)]

    def versions(self, book: str, keys: Sequence[str]) -> dict[str, str]:
        if book not in self._held:
            return {}
        found: dict[str, str] = {}
        with self._transaction() as transaction:
            for table in (provenance, row_note):
                wanted = self._database.dialect.among(table.c.row_key, keys)
                found |= dict(transaction.execute(_versions_in(table, self._slots[book]).where(wanted)).all())
        return {key: version for key, version in found.items() if version}

    def entries_of(self, book: str, keys: Sequence[str]) -> dict[str, Mapping[str, str]]:
        if book not in self._held:
            return {}
        of_rows = self._database.dialect.among(provenance.c.row_key, keys)
        query = (
            select(provenance.c.row_key, *[entry.c[name] for name in FIELD_NAMES])
            .join(entry, entry.c.id == provenance.c.entry)
            .where(provenance.c.book == self._slots[book], of_rows)
            .order_by(provenance.c.record_key.desc())
        )
        with self._transaction() as transaction:
            found = transaction.execute(query)
            return {key: dict(filter(all, zip(FIELD_NAMES, values, strict=True))) for key, *values in found}

    # what is staged

    def stage(self, book: str, rows: Sequence[StagedRow]) -> None:
        with self._lock:
            slot = self._slot(book)
            row_values, record_values = [], []
            for row in rows:
                self._rows += 1
                row_values.append(_row_values(self._rows, slot, row))
                for record in row.records:
                    self._records += 1
                    self._labels.update(record.labels)
                    record_values.append(_record_values(self._records, self._rows, slot, row, record))
            with self._transaction() as transaction:
                self._database.dialect.load(transaction, t_row, row_values)
                self._database.dialect.load(transaction, t_record, record_values)

    def _slot(self, book: str) -> int:
        return self._slots.setdefault(book, -1 - len(self._slots))

    def close_book(self, result: BookResult) -> None:
        with self._lock:
            self._results[self._slot(result.book.id)] = result

    def settle(self) -> None:
        kept = [slot for slot, result in self._results.items() if result.outcome is not BookOutcome.READ]
        with self._transaction() as transaction:
            for slot in kept:
                transaction.execute(delete(t_row).where(t_row.c.slot == slot))
                transaction.execute(delete(t_record).where(t_record.c.slot == slot))
            transaction.execute(delete(t_book))
            self._database.dialect.load(transaction, t_book, [self._book_values(slot) for slot in self._results])
            if not self._settled:
                _index(transaction)
            self._settled = True
            self._database.dialect.analyze(transaction, JOINED)

    def _book_values(self, slot: int) -> tuple[Any, ...]:
        result = self._results[slot]
        number = slot if slot > 0 else None
        return slot, number, result.book.id, result.book.title, str(result.outcome), result.full, result.unwanted

    def incomplete(self, mirror: bool) -> list[str]:
        with self._transaction() as transaction:
            slots = transaction.execute(diff.incomplete(mirror)).scalars()
            return [self._results[slot].book.id for slot in slots]

    def missing(self, book: str, mirror: bool) -> Iterator[Sequence[str]]:
        last = ""
        while page := self._missing_after(self._slots[book], mirror, last):
            yield page
            last = page[-1]

    def _missing_after(self, slot: int, mirror: bool, last: str) -> Sequence[str]:
        with self._transaction() as transaction:
            return transaction.execute(diff.missing(slot, mirror, last).limit(PAGE)).scalars().all()

    # the decision

    @contextmanager
    def plan_transaction(self, *, mirror: bool, write: bool) -> Iterator[PlanTransaction]:
        with self._alone():
            self._database.dialect.begin(self._connection, write=write)
            try:
                if self._taken:
                    leases.verify(self._connection, self._taken)
                decision = SqlPlanTransaction(
                    self._connection,
                    self._database.dialect,
                    self._profile,
                    self._run,
                    self._results,
                    self._labels,
                    mirror,
                    self._region,
                    self._merge,
                )
                yield decision
                if decision.written:
                    self._give_back(self._connection)
                    self._database.commit(self._connection)
            finally:
                self._connection.rollback()

    def fail(self, report: Report, note: str) -> None:
        if self._run is not None:
            with self._database.write() as transaction:
                record_run(transaction, self._database.dialect, report, note=note)
                self._give_back(transaction)

    def _give_back(self, transaction: Connection) -> None:
        """With the run's record, so that a death right after it does not pass for one before it."""
        if self._taken:
            leases.give_back(transaction, self._taken)


def _versions_in(table: Table, no: int) -> Select[Any]:
    return select(table.c.row_key, table.c.version).where(table.c.book == no)


def _index(transaction: Connection) -> None:
    """One row a key; of several the last one counts, which is looked for only where there are several."""
    # Not as `Index` objects: those would belong to the tables that all threads share, and show up in others' staging.
    by_key = text("CREATE UNIQUE INDEX t_row_key ON t_row (slot, row_key)")
    try:
        with transaction.begin_nested():
            transaction.execute(by_key)
    except IntegrityError:
        last = select(func.max(t_row.c.seq)).group_by(t_row.c.slot, t_row.c.row_key)
        transaction.execute(delete(t_row).where(t_row.c.seq.not_in(last)))
        transaction.execute(delete(t_record).where(t_record.c.seq.not_in(select(t_row.c.seq))))
        transaction.execute(by_key)
    transaction.execute(text("CREATE INDEX t_record_source ON t_record (slot, row_key, record_key)"))


def _row_values(seq: int, slot: int, row: StagedRow) -> tuple[Any, ...]:
    problems = json.dumps([asdict(problem) for problem in row.problems]) if row.problems else ""
    return seq, slot, row.key, str(row.outcome), row.version, row.reason, problems, len(row.records)


def _record_values(no: int, seq: int, slot: int, row: StagedRow, record: Record) -> tuple[Any, ...]:
    fields = record.fields
    return (
        no,
        seq,
        slot,
        row.key,
        record.key,
        row.version,
        record.digest,
        to_json(record.labels).decode() if record.labels else "{}",
        record.account,
        *map(fields.get, FIELD_NAMES),
        *found_by(fields),
    )
