"""Whether a phone book is whole: its database, what stands in its columns, and its entries against their digests."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Column, Connection, Select, Table, func, select
from sqlalchemy.exc import DatabaseError

from pbx_connector.plan import Content
from pbx_connector.stores.sql.dialects.database import Database, Dialect
from pbx_connector.stores.sql.entry_queries import content_json, differing, differs, labels_json
from pbx_connector.stores.sql.plan.plan_queries import STREAMED
from pbx_connector.stores.sql.schema.tables import audit, book, counter, entry, label, metadata, provenance, run

JSON = {
    ("run", "report"),
    ("run", "merge"),
    ("profile", "merge"),
    ("plan", "summary"),
    ("plan", "reasons"),
    *((table, column) for table in ("journal", "plan_change") for column in ("before", "after")),
    ("journal", "origin"),
    ("row_note", "problems"),
    ("lease", "holder"),
    ("device", "options"),
    ("device", "verifiers"),
    ("audit", "detail"),
}
"""Columns of JSON, which may be empty, too."""
COUNTED: dict[str, Column[Any]] = {
    "entry": entry.c.id,
    "label": label.c.id,
    "book": book.c.no,
    "run": run.c.no,
    "audit": audit.c.no,
}
"""What each counter gives the numbers of."""


def faults(database: Database) -> tuple[str, ...]:
    """In words, without contact data; empty if it is whole. Raises `StoreError` if it cannot be looked at."""
    with database.read() as connection:
        damage = database.dialect.damage(connection) or list(_column_faults(connection, database.dialect))
        return tuple(damage or [*_counter_faults(connection), *_entry_faults(connection, database.dialect)])


def _column_faults(connection: Connection, dialect: Dialect) -> Iterator[str]:
    for table in metadata.sorted_tables:
        try:
            wrong = set().union(
                *(_wrong(table, row) for row in connection.execute(select(table), execution_options=STREAMED))
            )
        except (DatabaseError, ValueError) as error:
            if isinstance(error, DatabaseError) and not dialect.is_damage(error.orig):
                raise
            yield f"{table.name} cannot be read: its columns or its texts are damaged"
        else:
            yield from (f"{table.name} has something else in {column} than belongs there" for column in sorted(wrong))


def _wrong(table: Table, row: Iterable[Any]) -> set[str]:
    """The columns whose value is of another kind."""
    return {column.name for column, value in zip(table.columns, row, strict=True) if not _fits(table, column, value)}


def _fits(table: Table, column: Column[Any], value: Any) -> bool:
    if value is None:
        return bool(column.nullable)
    if not isinstance(value, column.type.python_type):
        return False
    return not value or (table.name, column.name) not in JSON or _is_json(value)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _counter_faults(connection: Connection) -> Iterator[str]:
    """A number that is given twice would be somebody else's."""
    given = dict(connection.execute(select(counter.c.name, counter.c.value)).all())
    for name, column in COUNTED.items():
        highest = connection.execute(select(func.max(column))).scalar() or 0
        if highest > given.get(name, 0):
            yield f"the counter of {column.table.name} is at {given.get(name, 0)}, and there is a {highest}"


def _entry_faults(connection: Connection, dialect: Dialect) -> list[str]:
    wrong = list(_differing(connection, dialect))
    return [differing(wrong)] if wrong else []


def _differing(connection: Connection, dialect: Dialect) -> Iterator[int]:
    for number, content, digest in connection.execute(_imported(dialect), execution_options=STREAMED):
        if differs(Content.from_json(content), digest):
            yield number


def _imported(dialect: Dialect) -> Select[Any]:
    content = content_json(dialect, entry, labels_json(dialect, entry.c.id))
    source = entry.join(provenance, provenance.c.entry == entry.c.id)
    return select(entry.c.id, content, provenance.c.digest).select_from(source).order_by(entry.c.id)
