"""Whether a phone book is whole: its database, and its entries against the digests that their runs left."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Select, select
from sqlalchemy.exc import DatabaseError

from pbx_connector.counting import counted
from pbx_connector.plan import Content, content_digest
from pbx_connector.stores.sql.dialects.database import Database, Dialect
from pbx_connector.stores.sql.entry_queries import content_json, labels_json
from pbx_connector.stores.sql.schema.tables import entry, provenance

NAMED = 10
"""So many entries are named by their ids."""


def faults(database: Database) -> tuple[str, ...]:
    """In words, without contact data; empty if it is whole. Raises `StoreError` if it cannot be looked at."""
    with database.read() as connection:
        damage = database.dialect.damage(connection)
        return tuple(damage or _entry_faults(connection, database.dialect))


def _entry_faults(connection: Connection, dialect: Dialect) -> list[str]:
    try:
        wrong = list(_differing(connection, dialect))
    except (DatabaseError, ValueError) as error:
        if isinstance(error, DatabaseError) and not dialect.is_damage(error):
            raise
        return ["entries cannot be read: there are bytes in them that are no text"]
    if not wrong:
        return []
    named = ", ".join(map(str, wrong[:NAMED])) + (", …" if len(wrong) > NAMED else "")
    return [f"the text differs from what was imported in {counted(len(wrong), 'entry')}: {named}"]


def _differing(connection: Connection, dialect: Dialect) -> Iterator[int]:
    for number, content, digest in connection.execute(_imported(dialect), execution_options={"yield_per": 1000}):
        if content_digest(Content.from_json(content)) != digest:
            yield number


def _imported(dialect: Dialect) -> Select[Any]:
    content = content_json(dialect, entry, labels_json(dialect, entry.c.id))
    source = entry.join(provenance, provenance.c.entry == entry.c.id)
    return select(entry.c.id, content, provenance.c.digest).select_from(source).order_by(entry.c.id)
