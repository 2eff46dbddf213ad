"""Many phone books in one PostgreSQL database: a schema and a role each, over a few connections that all share.

Each transaction is the role's and sees the role's schema alone, until it ends: a condition that was forgotten finds
nothing of anybody else, and a statement outside of a transaction finds no table at all.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import psycopg
from sqlalchemy import URL, Connection, Engine, event, func, select, text

from pbx_connector.errors import OtherVersion
from pbx_connector.stores.sql.dialects.database import Database
from pbx_connector.stores.sql.dialects.postgres import PostgresDialect, postgres_engine


@dataclass(frozen=True, slots=True)
class Schema:
    """Where one phone book is."""

    name: str
    role: str
    """Who owns it, and may use nothing else."""
    place: str
    """For people."""
    version: str | None
    """What it has to be of to be written to, as programs of several versions may be about; None for who makes it so."""


class SchemaDialect(PostgresDialect):
    def __init__(self, patience: float, schema: Schema) -> None:
        super().__init__(patience, writer_of(schema.name))
        # Named last, temporary tables do not stand before those of the schema.
        self._path = f'"{quoted(schema.name)}", pg_temp'
        self._schema = schema

    def begin(self, connection: Connection, *, write: bool) -> None:
        super().begin(connection, write=write)
        role = func.set_config("role", self._schema.role, True)
        connection.execute(select(role, func.set_config("search_path", self._path, True)))
        if write and self._schema.version is not None:
            self._require_version(connection, self._schema.version)

    def _require_version(self, connection: Connection, version: str) -> None:
        """Nobody migrates it before this transaction ends: that takes the writers' lock, too."""
        if connection.execute(text("SELECT version_num FROM alembic_version")).scalar() != version:
            raise OtherVersion(
                f"{self._schema.place} was brought to another version meanwhile; nothing was changed",
                hint="run it again, with that version of pbx-connector",
            )


def quoted(identifier: str) -> str:
    """For between double quotes in SQL."""
    return identifier.replace('"', '""')


def writer_of(schema: str) -> int:
    """The advisory lock that its writers take: those of two schemas do not wait for one another."""
    digest = hashlib.sha256(f"writer of {schema}".encode()).digest()
    return int.from_bytes(digest[:8], signed=True)


def shared_engine(url: URL, connections: int) -> Engine:
    """Whatever was done to a connection, the next one to get it finds it as if it were new."""
    # What the driver had prepared is gone after the reset, which it does not notice.
    engine = postgres_engine(url, connections, {"prepare_threshold": None}, pool_reset_on_return=None)
    event.listen(engine, "reset", _reset)
    return engine


def schema_database(engine: Engine, schema: Schema, *, patience: float) -> Database:
    return Database(engine, SchemaDialect(patience, schema), schema.place, owns_engine=False)


def _reset(connection: psycopg.Connection[Any], _record: object, state: Any) -> None:
    """A failure closes the connection."""
    if state.terminate_only:
        return
    connection.rollback()
    connection.autocommit = True
    connection.execute("DISCARD ALL")
    connection.autocommit = False
