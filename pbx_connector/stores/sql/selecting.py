"""Entries that fit a condition, in an order: `pbx_connector.stores.selection` in SQL."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterator, Sequence
from typing import Any, assert_never

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    and_,
    exists,
    false,
    func,
    not_,
    or_,
    select,
    true,
    union_all,
)

from pbx_connector.errors import StoreDamaged, UsageError
from pbx_connector.plan import storable
from pbx_connector.stores.normalization import fold, key_of
from pbx_connector.stores.selection import (
    AtLeast,
    AtMost,
    Condition,
    Equal,
    Every,
    Identified,
    Key,
    Labelled,
    Not,
    Order,
    Position,
    Present,
    Says,
    Some,
    Substrings,
    parts,
)
from pbx_connector.stores.sql.dialects.database import BACKUP, Database
from pbx_connector.stores.sql.entry_queries import (
    PAGE,
    as_shown,
    differing,
    differs,
    entry_query,
    is_shown,
    matching,
    to_entry,
)
from pbx_connector.stores.sql.schema.tables import entry, entry_label, given_way, label
from pbx_connector.stores.values import Entry

LAST = "\U0010ffff"
"""No text that begins with a part is greater than the part with this behind it."""
LONGEST = 1_000
"""Characters of a text to compare with: no key is much longer, and SQLite refuses patterns of many thousand."""
Compared = Equal | Substrings | AtLeast | AtMost | Present
ALWAYS_THERE = (Key.DISPLAY_NAME, Key.SURNAME)


class Selection:
    """One question to one database, within one transaction."""

    def __init__(self, connection: Connection, owners: Collection[str | None]) -> None:
        self._connection = connection
        self._owners = owners
        self._merged = connection.execute(select(given_way.c.entry).limit(1)).first() is not None

    def ids(
        self, condition: Condition, order: Sequence[Order], limit: int | None, after: Position | None
    ) -> array[int]:
        """Of the entries that fit, in the order given, then by id."""
        query = select(entry.c.id).where(self._condition(condition, after))
        query = query.order_by(*[part for each in order for part in _order(each)], entry.c.id).limit(limit)
        return array("q", self._connection.execute(query).scalars())

    def count(self, condition: Condition) -> int:
        query = select(func.count()).select_from(entry).where(self._condition(condition, None))
        return self._connection.execute(query).scalar_one()

    def _condition(self, condition: Condition, after: Position | None) -> ColumnElement[bool]:
        wanted = and_(_owned(self._owners), is_shown(), self._sql(condition))
        if after is None:
            return wanted
        name = entry.c.display_name_key
        return and_(wanted, name >= after.name, or_(name > after.name, entry.c.id > after.id))

    def _sql(self, condition: Condition) -> ColumnElement[bool]:
        match condition:
            case Every(conditions):
                return and_(true(), *map(self._sql, conditions))
            case Some(conditions):
                return self._some(conditions)
            case Not(negated):
                return not_(func.coalesce(self._sql(negated), false()))
            case Identified(ids):
                return entry.c.id.in_(list(ids))
            case Says(text):
                return matching(_checked(text))
            case Labelled(name, value):
                return self._labelled(name, value)
            case Equal() | Substrings():
                return entry.c.id.in_(union_all(*self._ids_of(condition)))
            case AtLeast() | AtMost() | Present():
                return or_(_compared(condition, entry), *self._filled(condition))
        assert_never(condition)

    def _some(self, conditions: Sequence[Condition]) -> ColumnElement[bool]:
        """What few entries have is looked for in the index of each key by itself."""
        few = [ids for each in conditions if isinstance(each, Equal | Substrings) for ids in self._ids_of(each)]
        found = [entry.c.id.in_(union_all(*few))] if few else []
        others = [self._sql(each) for each in conditions if not isinstance(each, Equal | Substrings)]
        return or_(false(), *found, *others)

    def _labelled(self, name: str | None, value: str | None) -> ColumnElement[bool]:
        mine = entry_label.alias()
        wanted: list[ColumnElement[bool]] = []
        if name is not None:
            known = self._connection.execute(select(label.c.id, label.c.name))
            wanted.append(mine.c.label.in_([no for no, held in known if fold(held) == fold(name)]))
        if value is not None:
            wanted.append(mine.c.value == value if storable(value) else false())
        own = exists().where(mine.c.entry == entry.c.id, *wanted)
        return or_(own, entry.c.id.in_(_labels_filled(mine, wanted))) if self._merged else own

    def _ids_of(self, condition: Equal | Substrings) -> Iterator[Select[Any]]:
        """Of one key's index alone: a database that weighs all conditions of a question at once reads whole entries."""
        yield select(entry.c.id).where(_compared(condition, entry))
        if self._merged:
            yield _fields_filled(condition)

    def _filled(self, condition: Compared) -> Iterator[ColumnElement[bool]]:
        if self._merged:
            yield entry.c.id.in_(_fields_filled(condition))


def _fields_filled(condition: Compared) -> Select[Any]:
    """The entries that leave the field blank and are filled by one that fits."""
    name = f"{condition.key}_key"
    shown, other, earlier = entry.alias(), entry.alias(), entry.alias()
    sooner = given_way.alias()
    before = exists().where(
        sooner.c.shown == given_way.c.shown,
        sooner.c.place < given_way.c.place,
        earlier.c.id == sooner.c.entry,
        earlier.c[name].is_not(None),
    )
    joined = given_way.join(other, other.c.id == given_way.c.entry).join(shown, shown.c.id == given_way.c.shown)
    query = select(given_way.c.shown).select_from(joined)
    return query.where(shown.c[name].is_(None), _compared(condition, other), ~before)


def _labels_filled(mine: FromClause, wanted: Sequence[ColumnElement[bool]]) -> Select[Any]:
    """The entries that do not carry the label and are filled by one that does; `mine` has its labels."""
    sooner, theirs = given_way.alias(), entry_label.alias()
    own = exists().where(theirs.c.entry == given_way.c.shown, theirs.c.label == mine.c.label)
    carried = entry_label.alias()
    before = exists().where(
        sooner.c.shown == given_way.c.shown,
        sooner.c.place < given_way.c.place,
        carried.c.entry == sooner.c.entry,
        carried.c.label == mine.c.label,
    )
    joined = given_way.join(mine, mine.c.entry == given_way.c.entry)
    return select(given_way.c.shown).select_from(joined).where(*wanted, ~own, ~before)


def _compared(condition: Compared, source: FromClause) -> ColumnElement[bool]:
    column = source.c[f"{condition.key}_key"]
    match condition:
        case Present():
            return column.is_not(None)
        case Substrings():
            return _has_parts(column, [_checked(part) for part in parts(condition)])
        case Equal(key, value):
            return column == _checked(key_of(key, value))
        case AtLeast(key, value):
            return column >= _checked(key_of(key, value))
        case AtMost(key, value):
            return column <= _checked(key_of(key, value))
    assert_never(condition)


def _checked(text: str) -> str:
    """What no entry can hold is like nothing that one holds, but a database may refuse to compare with it."""
    if len(text) > LONGEST:
        raise UsageError(f"the text to look for has more than {LONGEST} characters", hint="a part of it is enough")
    return text if storable(text) else LAST


def _has_parts(column: ColumnElement[Any], wanted: Sequence[str]) -> ColumnElement[bool]:
    """The index finds what it begins with; what else there is, a pattern."""
    initial, *others = wanted
    conditions: list[ColumnElement[bool]] = [column.is_not(None)]
    if initial:
        conditions += [column >= initial, column < initial + LAST]
    if any(others):
        conditions.append(column.like("%".join(map(_literal, wanted)), escape="\\"))
    return and_(*conditions)


def _literal(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _owned(owners: Collection[str | None]) -> ColumnElement[bool]:
    """The company has most entries: its index of owners would only lead away from better ones."""
    accounts = sorted(owner for owner in owners if owner is not None and storable(owner))
    if None in owners:
        return func.coalesce(entry.c.account, "").in_(["", *accounts])
    return entry.c.account.in_(accounts)


def _order(order: Order) -> Iterator[ColumnElement[Any]]:
    column = entry.c[f"{order.key}_key"]
    if order.key not in ALWAYS_THERE:
        yield column.is_not(None) if order.descending else column.is_(None)
    yield column.desc() if order.descending else column


def selected(
    database: Database,
    condition: Condition,
    owners: Collection[str | None],
    order: Sequence[Order],
    limit: int | None,
    after: Position | None,
) -> Iterator[Entry]:
    """All as of one moment, read page by page. Raises `StoreDamaged` after the last one if some do not say what was
    imported."""
    database.look_over()
    wrong: list[int] = []
    with database.read() as connection:
        found = Selection(connection, owners).ids(condition, order, limit, after)
        for start in range(0, len(found), PAGE):
            page = found[start : start + PAGE]
            rows = connection.execute(entry_query(database.dialect).where(entry.c.id.in_(page.tolist())))
            known = {row.id: row for row in rows}
            held = [to_entry(known[number]) for number in page]
            yield from as_shown(connection, database.dialect, held)
            wrong += [said.id for said in held if differs(said.content, known[said.id].digest)]
    if wrong:
        raise StoreDamaged(f"{database.place} is damaged: {differing(wrong)}", hint=BACKUP)
