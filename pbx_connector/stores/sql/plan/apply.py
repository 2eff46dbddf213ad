"""Writes the plan into the phone book: a dozen set operations inside the transaction that `workspace.py` opens.

What was staged never passes through Python again. The order matters: the journal is written while the entries still
say what they said before.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Select, and_, case, delete, exists, func, insert, literal, or_, select, true, update

from pbx_connector.errors import StoreError
from pbx_connector.plan import Action
from pbx_connector.stores.sql.counters import take
from pbx_connector.stores.sql.dialects.database import Dialect
from pbx_connector.stores.sql.entry_queries import FOUND_BY, origin_json
from pbx_connector.stores.sql.plan import plan_queries
from pbx_connector.stores.sql.plan.staging import t_book, t_change, t_record, t_row
from pbx_connector.stores.sql.schema.tables import (
    account,
    book,
    entry,
    entry_label,
    journal,
    label,
    plan_change,
    provenance,
    row_note,
)
from pbx_connector.stores.workspace import BookOutcome, BookResult, Outcome
from pbx_connector.targets import FIELD_NAMES

WRITTEN = ("account", *FIELD_NAMES, *FOUND_BY)
"""The columns that an entry takes over from a staged record."""


def apply_plan(
    connection: Connection,
    dialect: Dialect,
    profile: str,
    run: int,
    results: Mapping[int, BookResult],
    labels: Collection[str],
    mirror: bool,
) -> None:
    _check_accounts(connection)
    take(connection, "revision")
    _number_additions(connection)
    _write_books(connection, profile, results)
    _write_journal(connection, dialect, run)
    created = _create_labels(connection, labels)
    connection.execute(delete(entry).where(entry.c.id.in_(_entries(Action.REMOVE))))
    _add_entries(connection)
    _update_entries(connection)
    _write_labels(connection, dialect)
    _drop_unused(connection, created)
    _write_provenance(connection)
    _write_notes(connection)
    _forget_books(connection, results, mirror)


def _entries(*actions: Action) -> Select[Any]:
    return select(t_change.c.entry).where(t_change.c.action.in_(actions))


def _staged(*actions: Action) -> Any:
    return t_change.join(t_record, and_(t_record.c.no == t_change.c.record, t_change.c.action.in_(actions)))


def _check_accounts(connection: Connection) -> None:
    """An account may have been removed while the source was read."""
    known = select(account.c.id)
    lost = select(t_record.c.account).where(t_record.c.account.is_not(None), t_record.c.account.not_in(known)).limit(1)
    read = (t_book.c.outcome == BookOutcome.READ) & t_book.c.no.is_not(None)
    forgotten = select(t_book.c.title).where(read, t_book.c.no.not_in(select(book.c.no))).limit(1)
    if found := connection.execute(lost).scalar():
        what = f"account {found} was"
    elif found := connection.execute(forgotten).scalar():
        what = f"the account of {found} was"
    else:
        return
    raise StoreError(f"{what} removed while the source was read; nothing was changed", hint="run the profile again")


def _number_additions(connection: Connection) -> None:
    """Additions come first in the plan, so that their numbers give their ids; those that became moves leave gaps."""
    last = connection.execute(
        select(func.max(t_change.c.seq)).where(t_change.c.action.in_([Action.ADD, Action.MOVE]))
    ).scalar()
    if last:
        base = take(connection, "entry", last)
        added = t_change.c.action == Action.ADD
        connection.execute(update(t_change).where(added).values(entry=t_change.c.seq + base))


def _write_books(connection: Connection, profile: str, results: Mapping[int, BookResult]) -> None:
    again = set(
        connection.execute(
            select(t_row.c.slot).where(t_row.c.outcome == Outcome.FAILED, t_row.c.version == "").distinct()
        ).scalars()
    )
    read = {slot: result for slot, result in results.items() if result.outcome is BookOutcome.READ}
    new = [slot for slot in read if slot < 0]
    base = take(connection, "book", len(new)) if new else 0
    for number, slot in enumerate(new, base + 1):
        connection.execute(insert(book).values(no=number, profile=profile, **_book_values(read[slot], slot in again)))
        connection.execute(update(t_book).where(t_book.c.slot == slot).values(no=number))
    for slot in read.keys() - set(new):
        _update_book(connection, slot, read[slot], slot in again)


def _book_values(result: BookResult, again: bool) -> dict[str, Any]:
    return {
        "id": result.book.id,
        "title": result.book.title,
        "kind": result.book.kind,
        "account": result.book.account,
        "fingerprint": result.fingerprint,
        "checkpoint": None if again else result.checkpoint,
    }


def _update_book(connection: Connection, slot: int, result: BookResult, again: bool) -> None:
    """With rows to be read again, an earlier checkpoint stays if it was made with the same things."""
    values = _book_values(result, again)
    held = connection.execute(select(book.c.fingerprint, book.c.checkpoint).where(book.c.no == slot)).one()
    if again and not result.full and held.fingerprint == result.fingerprint:
        values["checkpoint"] = held.checkpoint
    connection.execute(update(book).where(book.c.no == slot).values(**values))


def _write_journal(connection: Connection, dialect: Dialect, run: int) -> None:
    """Before and after of every change; of a removal also where the entry came from, so that it can be undone."""
    change = plan_queries.changes(dialect).order_by(None).subquery()
    removed = and_(provenance.c.entry == change.c.entry, change.c.action == Action.REMOVE)
    source = change.outerjoin(provenance, removed).outerjoin(book, book.c.no == provenance.c.book)
    columns = {
        "run": literal(run),
        "seq": change.c.seq,
        "action": change.c.action,
        "entry": change.c.entry,
        "book": change.c.book,
        "before": change.c.before,
        "after": change.c.after,
        "origin": case((book.c.no.is_not(None), origin_json(dialect))),
    }
    connection.execute(insert(journal).from_select(list(columns), select(*columns.values()).select_from(source)))


def keep_changes(connection: Connection, dialect: Dialect, no: int) -> None:
    """The plan as it is shown, for later."""
    change = plan_queries.changes(dialect).order_by(None).subquery()
    names = ("seq", "action", "entry", "book", "before", "after")
    kept = select(literal(no), *[change.c[name] for name in names])
    connection.execute(insert(plan_change).from_select(["plan", *names], kept))


def _create_labels(connection: Connection, names: Collection[str]) -> Sequence[int]:
    """Of all staged records, also of those that will not land; returns the numbers given."""
    missing = sorted(set(names) - set(connection.execute(select(label.c.name)).scalars()))
    if not missing:
        return ()
    base = take(connection, "label", len(missing))
    numbers = range(base + 1, base + 1 + len(missing))
    connection.execute(insert(label), [{"id": no, "name": name} for no, name in zip(numbers, missing, strict=True)])
    return numbers


def _add_entries(connection: Connection) -> None:
    values = select(t_change.c.entry, *[t_record.c[name] for name in WRITTEN]).select_from(_staged(Action.ADD))
    connection.execute(insert(entry).from_select(["id", *WRITTEN], values.order_by(t_change.c.seq)))


def _update_entries(connection: Connection) -> None:
    connection.execute(
        update(entry)
        .values({name: t_record.c[name] for name in WRITTEN})
        .where(entry.c.id == t_change.c.entry, t_change.c.record == t_record.c.no, t_change.c.action == Action.UPDATE)
    )


def _write_labels(connection: Connection, dialect: Dialect) -> None:
    connection.execute(delete(entry_label).where(entry_label.c.entry.in_(_entries(Action.UPDATE))))
    pair = dialect.pairs(t_record.c.labels)
    values = (
        select(t_change.c.entry, label.c.id, pair.c.value)
        .select_from(_staged(Action.ADD, Action.UPDATE).join(pair, true()).join(label, label.c.name == pair.c.key))
        .where(t_record.c.labels != "{}")
        .order_by(t_change.c.seq)
    )
    connection.execute(insert(entry_label).from_select(["entry", "label", "value"], values))


def _drop_unused(connection: Connection, created: Sequence[int]) -> None:
    """What was read before an address book failed, or was said again differently, leaves no label behind."""
    if created:
        carried = exists().where(entry_label.c.label == label.c.id)
        connection.execute(delete(label).where(label.c.id.between(created[0], created[-1]), ~carried))


def _write_provenance(connection: Connection) -> None:
    source = [t_book.c.no, t_record.c.row_key, t_record.c.record_key, t_record.c.version, t_record.c.digest]
    names = ["book", "row_key", "record_key", "version", "digest"]
    added = _staged(Action.ADD).join(t_book, t_book.c.slot == t_record.c.slot)
    values = select(t_change.c.entry, *source).select_from(added).order_by(t_change.c.seq)
    connection.execute(insert(provenance).from_select(["entry", *names], values))
    connection.execute(
        update(provenance)
        .values(dict(zip(names, source, strict=True)))
        .where(provenance.c.entry == t_change.c.entry, t_change.c.action.in_([Action.UPDATE, Action.MOVE]))
        .where(t_record.c.no == t_change.c.record, t_book.c.slot == t_record.c.slot)
    )
    connection.execute(
        update(provenance)
        .values(version=t_row.c.version)
        .where(provenance.c.book == t_row.c.slot, provenance.c.row_key == t_row.c.row_key)
        .where(t_row.c.outcome == Outcome.MAPPED, provenance.c.version != t_row.c.version)
    )


def _write_notes(connection: Connection) -> None:
    """What is worth remembering about rows beside their entries; a row that was looked at anew gets a new note.

    A row whose records were all dropped by their conditions is noted, too: it is known at its version.
    """
    looked_at = exists().where(
        t_row.c.slot == row_note.c.book, t_row.c.row_key == row_note.c.row_key, t_row.c.outcome != Outcome.SAME
    )
    connection.execute(delete(row_note).where(looked_at))
    names = ("row_key", "version", "outcome", "reason", "problems")
    worth = or_(
        and_(t_row.c.outcome == Outcome.SKIPPED, t_row.c.version != ""),
        t_row.c.outcome == Outcome.FAILED,
        and_(t_row.c.outcome == Outcome.MAPPED, or_(t_row.c.problems != "", t_row.c.records == 0)),
    )
    noted = select(t_book.c.no, *[t_row.c[name] for name in names]).join(t_book, t_book.c.slot == t_row.c.slot)
    connection.execute(insert(row_note).from_select(["book", *names], noted.where(worth)))


def _forget_books(connection: Connection, results: Mapping[int, BookResult], mirror: bool) -> None:
    """A gone book whose entries an upsert keeps is held on to, as its entries are."""
    gone = [slot for slot, result in results.items() if slot > 0 and result.outcome is BookOutcome.GONE]
    if mirror and gone:
        connection.execute(delete(book).where(book.c.no.in_(gone)))
