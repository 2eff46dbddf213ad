"""Who is one person, worked out from the database and kept in it: `given_way` says which entries give way to which.

The table is a function of the entries and the profiles; each transaction that changes one of them brings it up to date.
"""

from __future__ import annotations

import json
import operator
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from functools import reduce
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    bindparam,
    case,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    union_all,
    update,
)

from pbx_connector.model import Merge
from pbx_connector.plan import Action
from pbx_connector.stores.normalization import SEVERAL
from pbx_connector.stores.persons import COMPARED, COMPARED_NUMBERS, NEW, Candidate, Link, Shift, given_way, shift
from pbx_connector.stores.sql.plan.staging import t_change, t_record
from pbx_connector.stores.sql.schema.tables import book, entry, profile, provenance, run
from pbx_connector.stores.sql.schema.tables import given_way as links
from pbx_connector.targets import FIELD_NAMES

_TAILS = tuple(f"{name}_tail" for name in COMPARED_NUMBERS)


def merges(connection: Connection) -> dict[str, Merge]:
    """Of the profiles that have one."""
    said = select(profile.c.id, profile.c.merge).where(profile.c.merge.is_not(None))
    return {row.id: to_merge(row.merge) for row in connection.execute(said)}


def merge_text(merge: Merge | None) -> str | None:
    return None if merge is None else json.dumps(asdict(merge))


def to_merge(text: str) -> Merge:
    parts = json.loads(text)
    return Merge(tuple(parts["by"]), parts["prefer"])


# --- candidates


def candidates(connection: Connection) -> Iterator[Candidate]:
    """Company entries whose e-mail address, or end of a number, another entry has as well."""
    query = _held().where(entry.c.account.is_(None), or_(*_shared(entry, [entry])))
    return _read(connection, query)


def candidates_after(connection: Connection, owner: str, region: str | None) -> Iterator[Candidate]:
    """As they would be after the plan that is staged for the profile `owner`."""
    changed = select(t_change.c.entry).where(t_change.c.action.in_([Action.UPDATE, Action.REMOVE]))
    staying = _held().where(entry.c.account.is_(None), entry.c.id.not_in(changed), or_(*_both(entry)))
    number = case((t_change.c.entry.is_(None), t_change.c.seq + NEW), else_=t_change.c.entry)
    made = (
        select(number, literal(owner), literal(None), *_said(t_record))
        .select_from(t_change.join(t_record, t_record.c.no == t_change.c.record))
        .where(t_change.c.action.in_([Action.ADD, Action.UPDATE]), t_record.c.account.is_(None), or_(*_both(t_record)))
    )
    yield from _read(connection, staying, {owner: region})
    yield from _read(connection, made, {owner: region})


def _both(source: FromClause) -> Iterator[ColumnElement[bool]]:
    changed = t_change.join(t_record, t_record.c.no == t_change.c.record)
    said = select(t_record.c.email_key, *[t_record.c[name] for name in _TAILS]).select_from(changed)
    return _shared(source, [entry, said.where(t_change.c.action != Action.MOVE).subquery()])


def _held() -> Select[Any]:
    source = entry.join(provenance, provenance.c.entry == entry.c.id).join(book, book.c.no == provenance.c.book)
    joined = source.join(profile, profile.c.id == book.c.profile)
    return select(entry.c.id, book.c.profile, profile.c.region, *_said(entry)).select_from(joined)


def _said(source: FromClause) -> list[ColumnElement[Any]]:
    bits = [case((source.c[name].is_not(None), 1 << place), else_=0) for place, name in enumerate(FIELD_NAMES)]
    filled: ColumnElement[int] = reduce(operator.add, bits)
    return [source.c.display_name, filled.label("filled"), *[source.c[name] for name in COMPARED]]


def _read(
    connection: Connection, query: Select[Any], regions: Mapping[str, str | None] | None = None
) -> Iterator[Candidate]:
    """`regions` count before those that the store knows."""
    said = regions or {}
    for number, owner, region, name, filled, *values in connection.execute(query, execution_options={"yield_per": 500}):
        fields = {field: value for field, value in zip(COMPARED, values, strict=True) if value is not None}
        yield Candidate(number, owner, name, said.get(owner, region), fields, filled)


def _shared(source: FromClause, everywhere: Iterable[FromClause]) -> Iterator[ColumnElement[bool]]:
    """Whether an entry of `source` has something that is more than once in `everywhere`."""
    tables = list(everywhere)
    addresses = [select(table.c.email_key.label("key")).where(table.c.email_key.is_not(None)) for table in tables]
    yield source.c.email_key.in_(_several(addresses))
    ends = [select(table.c[name].label("key")).where(table.c[name] != SEVERAL) for table in tables for name in _TAILS]
    yield from (source.c[name].in_(_several(ends)) for name in _TAILS)


def _several(keys: list[Select[Any]]) -> Select[Any]:
    found = union_all(*keys).subquery()
    return select(found.c.key).group_by(found.c.key).having(func.count() > 1)


# --- who gives way


def shift_of_plan(connection: Connection, owner: str, merge: Merge | None, region: str | None) -> Shift:
    """What the plan that is staged would change; costs nothing where nobody merges."""
    before = {link.entry for link in _links(connection)}
    wanted = {**merges(connection), **({owner: merge} if merge else {})}
    if merge is None:
        wanted.pop(owner, None)
    if not wanted and not before:
        return Shift()
    gone = connection.execute(select(t_change.c.entry).where(t_change.c.action == Action.REMOVE)).scalars()
    found = candidates_after(connection, owner, region) if wanted else ()
    return shift(found, wanted, before, set(gone))


def settle(connection: Connection) -> None:
    """Bring `given_way` up to date; what stays is not written."""
    held, wanted = set(_links(connection)), set(_wanted(connection))
    if gone := held - wanted:
        same = links.c.entry == bindparam("gone")
        connection.execute(delete(links).where(same), [{"gone": link.entry} for link in gone])
    if new := sorted(wanted - held, key=lambda link: link.entry):
        connection.execute(insert(links), [asdict(link) for link in new])


def is_settled(connection: Connection) -> bool:
    return set(_links(connection)) == set(_wanted(connection))


def _links(connection: Connection) -> Iterator[Link]:
    return (Link(*row) for row in connection.execute(select(links)))


def _wanted(connection: Connection) -> Iterable[Link]:
    said = merges(connection)
    return given_way(candidates(connection), said) if said else ()


# --- what profiles say


def put_merge(connection: Connection, no: int, owner: str, merge: Merge | None) -> None:
    """As the run `no` applies it; what it was before stands with the run."""
    change_merge(connection, no, owner, merge_text(merge))


def change_merge(connection: Connection, no: int, owner: str, after: str | None) -> None:
    before = connection.execute(select(profile.c.merge).where(profile.c.id == owner)).scalar()
    if before != after:
        connection.execute(update(profile).where(profile.c.id == owner).values(merge=after))
        changed = json.dumps({"before": before, "after": after})
        connection.execute(update(run).where(run.c.no == no).values(merge=changed))


def take_merge_back(connection: Connection, no: int, undone: int) -> None:
    """What the run `undone` changed, unless a later one has changed it again; `no` is the undo."""
    owner, text = connection.execute(select(run.c.profile, run.c.merge).where(run.c.no == undone)).one()
    if text is None:
        return
    changed = json.loads(text)
    known = select(profile.c.merge).where(profile.c.id == owner)
    if connection.execute(known).scalar() == changed["after"]:
        change_merge(connection, no, owner, changed["before"])
