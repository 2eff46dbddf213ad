"""The entries that may be one person, from the database: company entries of profiles that share something."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Select, func, or_, select, union_all

from pbx_connector.stores.normalization import SEVERAL
from pbx_connector.stores.persons import COMPARED, COMPARED_NUMBERS, Candidate
from pbx_connector.stores.sql.schema.tables import book, entry, profile, provenance

_TAILS = tuple(f"{name}_tail" for name in COMPARED_NUMBERS)


def candidates(connection: Connection) -> Iterator[Candidate]:
    """Those whose e-mail address, or end of a number, another entry has as well; by id."""
    query = _held().where(entry.c.account.is_(None), or_(*_shared(entry))).order_by(entry.c.id)
    return map(_to_candidate, connection.execute(query, execution_options={"yield_per": 500}))


def _held() -> Select[Any]:
    source = entry.join(provenance, provenance.c.entry == entry.c.id).join(book, book.c.no == provenance.c.book)
    return select(
        entry.c.id,
        book.c.profile,
        profile.c.region,
        entry.c.display_name,
        *[entry.c[name] for name in COMPARED],
    ).select_from(source.join(profile, profile.c.id == book.c.profile))


def _to_candidate(row: Any) -> Candidate:
    number, owner, region, name, *values = row
    fields = {field: value for field, value in zip(COMPARED, values, strict=True) if value is not None}
    return Candidate(number, owner, name, region, fields)


def _shared(source: FromClause) -> Iterator[ColumnElement[bool]]:
    """Whether an entry of `source` has something that more than one has."""
    address = source.c.email_key
    yield address.in_(_several([select(address.label("key")).where(address.is_not(None))]))
    ends = _several([select(source.c[name].label("key")).where(source.c[name] != SEVERAL) for name in _TAILS])
    yield from (source.c[name].in_(ends) for name in _TAILS)


def _several(keys: list[Select[Any]]) -> Select[Any]:
    found = union_all(*keys).subquery()
    return select(found.c.key).group_by(found.c.key).having(func.count() > 1)
