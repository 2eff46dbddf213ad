"""PostgreSQL, for more than one machine: staged by COPY, writers one after the other by an advisory lock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import (
    ARRAY,
    JSON,
    URL,
    ColumnElement,
    Connection,
    Double,
    Engine,
    FromClause,
    Table,
    Text,
    any_,
    bindparam,
    cast,
    create_engine,
    func,
    literal,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from pbx_connector.errors import UsageError
from pbx_connector.stores.sql.dialects.database import Database

WRITER = 0x70627863
"""The advisory lock that every writing transaction of a phone book takes first."""

TIME_LIMITS = {
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
"""Parameters of libpq, which an address may overrule: seconds, but milliseconds for the last. Without them a server
that vanished from the network is waited for until the kernel gives up, up to hours."""

STANDSTILL = 60.0
"""Seconds for which a writing transaction may ask nothing of the server, which ends it then: whoever stopped in the
middle of it, as a machine does that is suspended, would lock the phone book for as long."""

CONNECTIONS = 15
"""Of one program to one database."""

KNOWN_ERRORS: tuple[tuple[type[psycopg.Error], str, str], ...] = (
    (
        psycopg.errors.LockNotAvailable,
        "another program is writing to it",
        "try again; if it stays so, look for a run that hangs",
    ),
    (
        psycopg.errors.IdleInTransactionSessionTimeout,
        "this program stood still for too long while it was writing, and the server let others write",
        "nothing was changed; run again",
    ),
    (psycopg.errors.InsufficientPrivilege, "the database user may not do that", "let the user own the database"),
    (psycopg.errors.DiskFull, "the server's disk is full", "nothing was changed; make room and run again"),
    (psycopg.errors.ReadOnlySqlTransaction, "the server is read-only", "use the primary server"),
)

NO_ENTRY = (
    (
        "password authentication failed",
        "the server does not accept user or password",
        "correct them in the store's address",
    ),
    ("does not exist", "the server has no such database or user", "createdb makes a database, createuser a user"),
    ("", "the server cannot be reached or does not let us in", "look whether it runs, and at the parts of its address"),
)
"""What a server answers before there is a connection has no code, only words, and those in its own language."""


class PostgresDialect:
    def __init__(self, patience: float, writer: int = WRITER) -> None:
        self._patience = round(patience * 1000)
        self._writer = writer

    def begin(self, connection: Connection, *, write: bool) -> None:
        connection.begin()
        if write:
            limits = {"lock_timeout": self._patience, "idle_in_transaction_session_timeout": round(STANDSTILL * 1000)}
            connection.execute(select(*(func.set_config(name, str(limit), True) for name, limit in limits.items())))
            connection.execute(select(func.pg_advisory_xact_lock(self._writer)))
        else:
            connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))

    def load(self, connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
        driver = connection.connection.dbapi_connection
        assert isinstance(driver, psycopg.Connection)  # noqa: S101 - the engine of this module makes no others
        names = ", ".join(column.name for column in table.columns)
        with driver.cursor() as cursor, cursor.copy(f"COPY {table.name} ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)

    def now(self) -> ColumnElement[float]:
        return cast(func.extract("epoch", func.clock_timestamp()), Double)

    def json_object(self, parts: Iterable[tuple[str, ColumnElement[Any]]]) -> ColumnElement[Any]:
        return func.json_build_object(*[part for name, value in parts for part in (literal(name), value)])

    def json_text(self, json: ColumnElement[Any]) -> ColumnElement[str]:
        return cast(json, Text)

    def parsed(self, text: ColumnElement[Any]) -> ColumnElement[Any]:
        return cast(text, JSON)

    def member(self, text: ColumnElement[Any], name: str) -> ColumnElement[Any]:
        return func.json_extract_path_text(cast(text, JSON), name)

    def with_member(self, text: ColumnElement[Any], name: str, value: str) -> ColumnElement[str]:
        member = func.to_jsonb(cast(value, Text))
        return cast(func.jsonb_set(cast(text, JSONB), cast([name], ARRAY(Text)), member), Text)

    def collected(self, key: ColumnElement[str], value: ColumnElement[str]) -> ColumnElement[Any]:
        return func.json_object_agg(key, value)

    def pairs(self, text: ColumnElement[str]) -> FromClause:
        return func.json_each_text(cast(text, JSON)).table_valued("key", "value")

    def among(self, column: ColumnElement[str], values: Sequence[str]) -> ColumnElement[bool]:
        return column == any_(bindparam(None, list(values), ARRAY(Text)))

    def prepare_staging(self, connection: Connection) -> None:
        """Room for a hundred thousand contacts; more of them go to the disk."""
        connection.execute(text("SET temp_buffers = '64MB'"))
        connection.execute(text("SET work_mem = '64MB'"))

    def analyze(self, connection: Connection, columns: Mapping[Table, Sequence[str]]) -> None:
        for table, names in columns.items():
            connection.execute(text(f"ANALYZE {table.name} ({', '.join(names)})"))

    def damage(self, connection: Connection) -> list[str]:
        """A server looks after its files itself."""
        return []

    def is_damage(self, error: BaseException | None) -> bool:
        return isinstance(error, psycopg.errors.DataCorrupted | psycopg.errors.IndexCorrupted)

    def copy(self, connection: Connection, target: Path) -> None:
        raise UsageError("a phone book in PostgreSQL is kept by its own tools", hint="pg_dump, and pg_restore")

    def translate(self, error: Exception) -> tuple[str, str] | None:
        if not isinstance(error, psycopg.Error):
            return None
        for kind, message, hint in KNOWN_ERRORS:
            if isinstance(error, kind):
                return message, hint
        if _while_connecting(error):
            return next((message, hint) for words, message, hint in NO_ENTRY if words in str(error))
        if self.leaves_open(error):
            return (
                "the connection to the server broke",
                "pbx-connector history says whether the run was applied; to run again is safe",
            )
        passing = isinstance(error, psycopg.OperationalError)
        return f"PostgreSQL answered with {type(error).__name__}", "nothing was changed; try again" if passing else ""

    def leaves_open(self, error: BaseException | None) -> bool:
        """No answer from the server, or its farewell."""
        lost = isinstance(error, psycopg.OperationalError) and error.sqlstate is None
        return lost or isinstance(error, psycopg.errors.AdminShutdown | psycopg.errors.CrashShutdown)


def _while_connecting(error: psycopg.Error) -> bool:
    """psycopg keeps the failed attempt, unless there was none because the host has no address or time ran out."""
    if isinstance(error, psycopg.errors.ConnectionTimeout) or error.pgconn is not None:
        return True
    return str(error).startswith("failed to resolve host")


def open_postgres(url: URL, dialect: PostgresDialect, *, place: str, connections: int = CONNECTIONS) -> Database:
    return Database(postgres_engine(url, connections), dialect, place)


def postgres_engine(
    url: URL, connections: int = CONNECTIONS, driver: Mapping[str, Any] | None = None, **pool: Any
) -> Engine:
    """With so many connections at most, of which a few stay open; more of them are waited for."""
    kept = min(connections, 5)
    limits = {name: value for name, value in TIME_LIMITS.items() if name not in url.query}
    return create_engine(
        url.set(drivername="postgresql+psycopg"),
        hide_parameters=True,
        pool_pre_ping=True,
        pool_size=kept,
        max_overflow=connections - kept,
        connect_args={**limits, **(driver or {})},
        **pool,
    )
