"""The difference between what was staged and what is held, worked out by the database.

Slots of staged books are the numbers of held ones, so staged rows join with provenance directly; a new book's slot is
negative and joins with nothing.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    cast,
    delete,
    exists,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    union,
    update,
)

from pbx_connector.plan import Action, EmptiedBook, PlanSummary, guarded
from pbx_connector.stores.sql.plan import losses
from pbx_connector.stores.sql.plan.staging import t_book, t_change, t_move, t_record, t_row
from pbx_connector.stores.sql.schema.tables import Id, book, provenance, row_note
from pbx_connector.stores.workspace import BookOutcome, Outcome

_same_row = and_(t_row.c.slot == provenance.c.book, t_row.c.row_key == provenance.c.row_key)
_same_record = and_(
    t_record.c.slot == provenance.c.book,
    t_record.c.row_key == provenance.c.row_key,
    t_record.c.record_key == provenance.c.record_key,
)


def incomplete(mirror: bool) -> Select[Any]:
    """Fully read books that did not list all that is held of them."""
    whole = select(t_book.c.slot).where(t_book.c.outcome == BookOutcome.READ, t_book.c.is_full)
    books = union(*[select(found.c.book) for found in _unlisted(mirror, whole)]).subquery()
    return select(books.c.book).order_by(books.c.book)


def missing(slot: int, mirror: bool, after: str) -> Select[Any]:
    """The row keys that a book holds and did not list, in their order."""
    keys = union(*[select(found.c.row_key) for found in _unlisted(mirror, [slot])]).subquery()
    return select(keys.c.row_key).where(keys.c.row_key > after).order_by(keys.c.row_key)


def _unlisted(mirror: bool, books: Any) -> list[Any]:
    """Of notes and, in mirror, of entries. Else a note counts only if its row has no entry, and an entry only if a new
    record says the same: it may have moved."""

    def unlisted(table: Any) -> Select[Any]:
        listed = exists().where(t_row.c.slot == table.c.book, t_row.c.row_key == table.c.row_key)
        return select(table.c.book, table.c.row_key).where(table.c.book.in_(books), ~listed)

    if mirror:
        return [unlisted(row_note).subquery(), unlisted(provenance).subquery()]
    has_entry = exists().where(provenance.c.book == row_note.c.book, provenance.c.row_key == row_note.c.row_key)
    new = select(t_record.c.digest).select_from(t_record.outerjoin(provenance, _same_record))
    moved = provenance.c.digest.in_(new.where(provenance.c.entry.is_(None)))
    return [unlisted(row_note).where(~has_entry).subquery(), unlisted(provenance).where(moved).subquery()]


def work_out(connection: Connection, profile: str, mirror: bool) -> None:
    """Fill `t_change`. Without `mirror` removals only serve to find moves."""
    connection.execute(delete(t_change))
    connection.execute(delete(t_move))
    _insert(connection, _additions(), 0)
    _insert(connection, _updates(profile), _last(connection))
    _insert(connection, _removals(profile), _last(connection))
    _pair_moves(connection)
    if not mirror:
        connection.execute(delete(t_change).where(t_change.c.action == Action.REMOVE))


def _last(connection: Connection) -> int:
    return connection.execute(select(func.max(t_change.c.seq))).scalar() or 0


def _insert(connection: Connection, changes: Select[Any], offset: int) -> None:
    """Numbered by book, row and record key, so that both databases give the same ids to the same entries."""
    found = changes.subquery()
    number = func.row_number().over(order_by=[found.c.book, found.c.row_key, found.c.record_key]) + offset
    columns = [number, found.c.action, found.c.entry, found.c.slot, found.c.record, found.c.digest]
    connection.execute(insert(t_change).from_select(list(t_change.c.keys()), select(*columns)))


def _described(
    action: Action, source: Any, entry_id: ColumnElement[Any], slot: Any, record: ColumnElement[Any]
) -> Select[Any]:
    return select(
        literal(str(action)).label("action"),
        entry_id.label("entry"),
        slot.label("slot"),
        record.label("record"),
        source.c.digest,
        source.c.row_key,
        source.c.record_key,
    )


def _additions() -> Select[Any]:
    return (
        _described(Action.ADD, t_record, cast(null(), Id), t_record.c.slot, t_record.c.no)
        .add_columns(t_book.c.id.label("book"))
        .select_from(t_record.join(t_book, t_book.c.slot == t_record.c.slot).outerjoin(provenance, _same_record))
        .where(provenance.c.entry.is_(None))
    )


def _updates(profile: str) -> Select[Any]:
    return (
        _described(Action.UPDATE, t_record, provenance.c.entry, t_record.c.slot, t_record.c.no)
        .add_columns(book.c.id.label("book"))
        .select_from(t_record.join(provenance, _same_record).join(book, book.c.no == provenance.c.book))
        .where(book.c.profile == profile, provenance.c.digest != t_record.c.digest)
    )


def _removals(profile: str) -> Select[Any]:
    """Rows that are gone or unwanted, records that a row no longer makes, and books that are gone."""
    made = exists().where(_same_record)
    unwanted = or_(t_row.c.outcome.in_([Outcome.GONE, Outcome.SKIPPED]), and_(t_row.c.outcome == Outcome.MAPPED, ~made))
    held = provenance.join(book, book.c.no == provenance.c.book).join(t_book, t_book.c.slot == provenance.c.book)
    return (
        _described(Action.REMOVE, provenance, provenance.c.entry, provenance.c.book, cast(null(), Id))
        .add_columns(book.c.id.label("book"))
        .select_from(held.outerjoin(t_row, _same_row))
        .where(book.c.profile == profile, or_(t_book.c.outcome == BookOutcome.GONE, unwanted))
    )


def _pair_moves(connection: Connection) -> None:
    """A removal and an addition of equal content are one entry that moved."""

    def numbered(action: Action) -> Any:
        order = func.row_number().over(partition_by=t_change.c.digest, order_by=t_change.c.seq)
        return select(t_change, order.label("nth")).where(t_change.c.action == action).subquery()

    gone, added = numbered(Action.REMOVE), numbered(Action.ADD)
    both = gone.join(added, and_(gone.c.digest == added.c.digest, gone.c.nth == added.c.nth))
    pairs = select(gone.c.seq, added.c.seq, gone.c.entry, gone.c.slot).select_from(both)
    connection.execute(insert(t_move).from_select(list(t_move.c.keys()), pairs))
    moved = select(t_move.c.entry).where(t_move.c.added == t_change.c.seq).scalar_subquery()
    connection.execute(
        update(t_change).where(t_change.c.seq.in_(select(t_move.c.added))).values(action=Action.MOVE, entry=moved)
    )
    connection.execute(delete(t_change).where(t_change.c.seq.in_(select(t_move.c.gone))))


# --- the plan in numbers -------------------------------------------------------------------------------------------


def summarize(connection: Connection, profile: str, now: float) -> PlanSummary:
    counts: dict[str, int] = dict(connection.execute(_count_by_action()).all())
    removed_lately, blanked_lately = losses.lately(connection, profile, now)
    updated = losses.of_updates(connection, profile) if counts.get(Action.UPDATE) else losses.Losses()
    return PlanSummary(
        present=connection.execute(_present(profile)).scalar_one(),
        added=counts.get(Action.ADD, 0),
        updated=counts.get(Action.UPDATE, 0),
        removed=counts.get(Action.REMOVE, 0),
        moved=counts.get(Action.MOVE, 0),
        blanked=updated.blanked,
        shared=updated.shared,
        changed=updated.changed,
        removed_lately=removed_lately,
        blanked_lately=blanked_lately,
        emptied=guarded(_emptied(connection)),
    )


def _count_by_action() -> Select[Any]:
    return select(t_change.c.action, func.count()).group_by(t_change.c.action)


def _present(profile: str) -> Select[Any]:
    held = provenance.join(book, book.c.no == provenance.c.book)
    return select(func.count()).select_from(held).where(book.c.profile == profile)


def _emptied(connection: Connection) -> list[EmptiedBook]:
    """Books that are still there, had entries and would have none, because some of them are removed."""
    lost = _by_slot(
        connection,
        select(t_change.c.slot)
        .join(t_book, t_book.c.slot == t_change.c.slot)
        .where(t_change.c.action == Action.REMOVE, or_(t_book.c.outcome == BookOutcome.READ, t_book.c.unwanted)),
    )
    if not lost:
        return []
    held = _by_slot(connection, select(provenance.c.book.label("slot")).where(provenance.c.book.in_(list(lost))))
    moved_out = _by_slot(connection, select(t_move.c.slot))
    gained = _by_slot(connection, select(t_change.c.slot).where(t_change.c.action.in_([Action.ADD, Action.MOVE])))
    books = connection.execute(select(t_book.c.slot, t_book.c.title, t_book.c.unwanted)).all()
    left = {slot: held[slot] - many - moved_out.get(slot, 0) + gained.get(slot, 0) for slot, many in lost.items()}
    return [EmptiedBook(title, held[slot], bool(unwanted)) for slot, title, unwanted in books if left.get(slot) == 0]


def _by_slot(connection: Connection, slots: Select[Any]) -> dict[int, int]:
    found = slots.subquery()
    return dict(connection.execute(select(found.c.slot, func.count()).group_by(found.c.slot)).all())
