"""What an undo would make of each change of a run, told by the database where that is plain.

A change is plain if nothing has changed its entry since, and the entry stands, or is missing, as the run left it; or
if a later run changed it, which leaves it. Everything else is judged as the undo itself judges.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Text, and_, case, cast, exists, or_, select

from pbx_connector.plan import Action
from pbx_connector.stores.changeset import BATCH
from pbx_connector.stores.checking import LARGEST
from pbx_connector.stores.contract import JournalLine, Left
from pbx_connector.stores.sql.dialects.database import Dialect
from pbx_connector.stores.sql.history.changeset import SqlChangeSet
from pbx_connector.stores.sql.history.records import to_line
from pbx_connector.stores.sql.schema.tables import book, entry, journal, provenance
from pbx_connector.stores.undo import changed_later, owner_fault, take_back
from pbx_connector.stores.undo_preview import UndoPreview


def undo_outcomes(connection: Connection, dialect: Dialect, run: str) -> Iterator[Left | None]:
    """As `take_back`, without a change; accounts and their entries depend on one another, so that a run that has
    changed accounts is judged change by change."""
    everything = SqlChangeSet(connection, dialect, LARGEST)
    of_accounts = select(journal.c.seq).where(journal.c.run == int(run), journal.c.account.is_not(None))
    if connection.execute(of_accounts.limit(1)).first():
        yield from take_back(UndoPreview(everything), run)
        return
    fault = cache(partial(owner_fault, UndoPreview(everything), run))
    found = connection.execute(_changes(dialect, everything, run)).all()
    plain = [row.plain and not any(fault(owner) for owner in (row.owner, row.reader) if owner) for row in found]
    unsure = [row.seq for row, known in zip(found, plain, strict=True) if not known and row.later is None]
    judged = take_back(UndoPreview(_Some(connection, dialect, unsure)), run)
    for row, known in zip(found, plain, strict=True):
        if row.later is not None:
            yield Left(row.entry, None, changed_later(str(row.later)))
        else:
            yield None if known else next(judged)


def is_taken_back(dialect: Dialect, left: Collection[Left]) -> ColumnElement[bool]:
    """Of a line of the journal, by an undo that leaves these."""
    entries = dialect.among(cast(journal.c.entry, Text), [str(one.entry) for one in left if one.entry is not None])
    accounts = dialect.among(journal.c.account, [one.account for one in left if one.account is not None])
    stays = case((journal.c.account.is_(None), entries), else_=accounts)
    return and_(journal.c.action != Action.MOVE, ~stays)


class _Some(SqlChangeSet):
    """Reads only these lines of the journal."""

    def __init__(self, connection: Connection, dialect: Dialect, lines: Sequence[int]) -> None:
        super().__init__(connection, dialect, LARGEST)
        self._wanted = lines

    def journal_backwards(self, run: str) -> Iterator[Sequence[JournalLine]]:
        of_run = select(journal).where(journal.c.run == int(run)).order_by(journal.c.seq.desc())
        for start in range(0, len(self._wanted), BATCH):
            some = self._wanted[start : start + BATCH]
            yield [to_line(row) for row in self._connection.execute(of_run.where(journal.c.seq.in_(some)))]


def _changes(dialect: Dialect, history: SqlChangeSet, run: str) -> Select[Any]:
    """The last ones first: `later` is the run that counts and changed the entry since, `owner` and `reader` are the
    accounts that have to be there for it."""
    held = journal.outerjoin(entry, entry.c.id == journal.c.entry)
    held = held.outerjoin(provenance, provenance.c.entry == entry.c.id).outerjoin(book, book.c.no == provenance.c.book)
    origin = _Origin(dialect)
    came_from = case((entry.c.id.is_not(None), book.c.account), else_=origin.account)
    as_left = or_(
        and_(journal.c.after.is_not(None), entry.c.id.is_not(None)),
        and_(journal.c.after.is_(None), entry.c.id.is_(None), or_(journal.c.origin.is_(None), ~origin.is_taken())),
    )
    return (
        select(
            journal.c.seq,
            journal.c.entry,
            history.last_change(run, journal.c.entry).label("later"),
            and_(as_left, ~_touched_since(run)).label("plain"),
            dialect.member(journal.c.before, "account").label("owner"),
            case((journal.c.before.is_not(None), came_from)).label("reader"),
        )
        .select_from(held)
        .where(journal.c.run == int(run), journal.c.action != Action.MOVE)
        .order_by(journal.c.seq.desc())
    )


def _touched_since(run: str) -> ColumnElement[bool]:
    """By whatever run, also one that was undone, or an undo."""
    later = journal.alias()
    return exists().where(later.c.entry == journal.c.entry, later.c.run > int(run), later.c.action != Action.MOVE)


@dataclass(frozen=True, slots=True)
class _Origin:
    """Where the removed entry of a line came from."""

    dialect: Dialect

    def _says(self, name: str) -> ColumnElement[Any]:
        return self.dialect.member(journal.c.origin, name)

    def _book(self, name: str) -> ColumnElement[Any]:
        return self.dialect.member(self._says("book"), name)

    @property
    def account(self) -> ColumnElement[Any]:
        return self._book("account")

    def is_taken(self) -> ColumnElement[bool]:
        there, whose = provenance.alias(), book.alias()
        return exists().where(
            whose.c.profile == self._says("profile"),
            whose.c.id == self._book("id"),
            there.c.book == whose.c.no,
            there.c.row_key == self._says("row"),
            there.c.record_key == self._says("record"),
        )
