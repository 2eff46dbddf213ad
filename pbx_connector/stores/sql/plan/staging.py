"""The temporary tables of one run: private to its connection, gone with it, and writable beside a read-only store.

A staged book has a slot: the number of the held book, or a negative one while it is new.
"""

from __future__ import annotations

from functools import cache

from sqlalchemy import Boolean, Column, Connection, Integer, MetaData, Table
from sqlalchemy.dialects import registry
from sqlalchemy.schema import CreateTable

from pbx_connector.stores.sql.schema.tables import Id, Key, field_columns, key_columns, required, tail_columns

staging = MetaData()
TEMPORARY = ("TEMPORARY",)

t_book = Table(
    "t_book",
    staging,
    Column("slot", Id, primary_key=True, autoincrement=False),
    Column("no", Id),
    Column("id", Key, nullable=False),
    required("title"),
    required("outcome"),
    Column("is_full", Boolean, nullable=False),
    Column("unwanted", Boolean, nullable=False),
    prefixes=TEMPORARY,
)

t_row = Table(
    "t_row",
    staging,
    Column("seq", Id, primary_key=True, autoincrement=False),
    Column("slot", Id, nullable=False),
    Column("row_key", Key, nullable=False),
    required("outcome"),
    required("version"),
    required("reason"),
    required("problems"),
    Column("records", Integer, nullable=False),
    prefixes=TEMPORARY,
)

t_record = Table(
    "t_record",
    staging,
    Column("no", Id, primary_key=True, autoincrement=False),
    Column("seq", Id, nullable=False),
    Column("slot", Id, nullable=False),
    Column("row_key", Key, nullable=False),
    Column("record_key", Key, nullable=False),
    required("version"),
    required("digest"),
    required("labels"),
    Column("account", Key),
    *field_columns(),
    *tail_columns(),
    *key_columns(),
    required("search"),
    prefixes=TEMPORARY,
)

t_change = Table(
    "t_change",
    staging,
    Column("seq", Id, primary_key=True, autoincrement=False),
    required("action"),
    Column("entry", Id),
    Column("slot", Id, nullable=False),
    Column("record", Id),
    required("digest"),
    prefixes=TEMPORARY,
)

t_move = Table(
    "t_move",
    staging,
    Column("gone", Id, primary_key=True, autoincrement=False),
    Column("added", Id, nullable=False),
    Column("entry", Id, nullable=False),
    Column("slot", Integer, nullable=False),
    prefixes=TEMPORARY,
)

JOINED = {
    t_book: ("slot", "outcome"),
    t_row: ("slot", "row_key", "outcome"),
    t_record: ("no", "slot", "row_key", "record_key"),
}
"""What the difference is worked out by."""


def create_tables(connection: Connection) -> None:
    for statement in _statements(connection.dialect.name):
        connection.exec_driver_sql(statement)


@cache
def _statements(database: str) -> tuple[str, ...]:
    """Made once, as they are wanted by every run."""
    dialect = registry.load(database)()
    return tuple(str(CreateTable(table).compile(dialect=dialect)) for table in staging.sorted_tables)
