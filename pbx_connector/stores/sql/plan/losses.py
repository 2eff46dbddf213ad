"""What the guard counts against a plan: numbers that go, and numbers that go wrong."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, case, func, or_, select, union_all

from pbx_connector.model import PHONE_FIELDS
from pbx_connector.plan import IDENTITY, SHARED_BY, Action
from pbx_connector.stores.sql.history import loss_notes
from pbx_connector.stores.sql.plan.staging import t_change, t_record
from pbx_connector.stores.sql.schema.tables import book, entry, provenance, run

DAY = 86400.0

_changes = t_change.join(t_record, t_record.c.no == t_change.c.record)
_updates = _changes.join(entry, entry.c.id == t_change.c.entry)


@dataclass(frozen=True, slots=True)
class Losses:
    """As in `PlanSummary`."""

    blanked: int = 0
    changed: int = 0
    shared: int = 0


def of_updates(connection: Connection, profile: str) -> Losses:
    changed = or_(*map(_replaced, IDENTITY), *map(_is_blanked, IDENTITY))
    blanked = reduce(ColumnElement.__add__, (_one(_is_blanked(name)) for name in PHONE_FIELDS))
    replaced = [func.sum(_one(_replaced(name))) for name in PHONE_FIELDS]
    query = select(func.sum(blanked), func.sum(_one(changed)), *replaced).select_from(_updates)
    row = connection.execute(query.where(t_change.c.action == Action.UPDATE)).one()
    shared = sum(
        connection.execute(_shared(profile, name)).scalar_one()
        for name, many in zip(PHONE_FIELDS, row[2:], strict=True)
        if many
    )
    return Losses(row[0] or 0, row[1] or 0, shared)


def lately(connection: Connection, profile: str, now: float) -> tuple[int, int]:
    """Entries and numbers. A run that lies in the future, because the clock was set back, counts as well, and so does
    one that is long ago only by a clock that was set forward."""
    of_today = or_(run.c.finished > now - DAY, run.c.no.in_(loss_notes.recent(connection, profile)))
    query = select(func.sum(run.c.removed), func.sum(run.c.blanked)).where(
        run.c.profile == profile, of_today, ~run.c.released, run.c.undone_by.is_(None)
    )
    removed, blanked = connection.execute(query).one()
    return removed or 0, blanked or 0


def _one(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return case((condition, 1), else_=0)


def _is_blanked(name: str) -> ColumnElement[bool]:
    return and_(entry.c[name].is_not(None), t_record.c[name].is_(None))


def _replaced(name: str) -> ColumnElement[bool]:
    return entry.c[name] != t_record.c[name]


def _shared(profile: str, name: str) -> Select[Any]:
    """Numbers of one entry that give way to one that many entries of the profile then have."""
    had = _held(profile, name).subquery()
    given = _given(name).subquery()
    have = union_all(select(had), select(given)).subquery()
    after = select(have.c.number).group_by(have.c.number).having(func.sum(have.c.many) >= SHARED_BY)
    before = select(had.c.number).where(had.c.many >= SHARED_BY)
    return (
        select(func.count())
        .select_from(_updates)
        .where(
            t_change.c.action == Action.UPDATE,
            _replaced(name),
            t_record.c[name].in_(after),
            entry.c[name].not_in(before),
        )
    )


def _held(profile: str, name: str) -> Select[Any]:
    owned = entry.join(provenance, provenance.c.entry == entry.c.id).join(book, book.c.no == provenance.c.book)
    number = entry.c[name].label("number")
    return (
        select(number, func.count().label("many"))
        .select_from(owned)
        .where(book.c.profile == profile, number.is_not(None))
        .group_by(number)
    )


def _given(name: str) -> Select[Any]:
    """What entries get that did not have it."""
    number = t_record.c[name].label("number")
    return (
        select(number, func.count().label("many"))
        .select_from(_changes.outerjoin(entry, entry.c.id == t_change.c.entry))
        .where(
            t_change.c.action.in_([Action.ADD, Action.UPDATE]),
            number.is_not(None),
            func.coalesce(entry.c[name], "") != number,
        )
        .group_by(number)
    )
