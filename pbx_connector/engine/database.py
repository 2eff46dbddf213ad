"""The engine's way to the control database: short transactions that end in time, whatever happens to the network.

A server that vanished is noticed by libpq's own limits, one whose answers stop while its connection lives by nobody: so
each transaction has a moment by which it must have ended, and `Guard` cuts the connection of one that has not.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from pbx_connector.errors import StoreError, UsageError
from pbx_connector.stores import shown

try:
    import psycopg
    from procrastinate.exceptions import ConnectorException
    from psycopg.rows import dict_row
    from psycopg_pool import ConnectionPool, PoolTimeout
except ImportError:
    raise UsageError("many tenants need an extra", hint="pip install 'pbx-connector[scale]'") from None

SCHEMA = "pbx_engine"
TIME_LIMITS = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}
"""Parameters of libpq: seconds, but milliseconds for the last."""
TRANSACTION_SECONDS = 15.0
"""How long one transaction may take; each handles a bounded number of rows."""

_BEGIN = f"""
SET LOCAL search_path = {SCHEMA}; SET LOCAL lock_timeout = '5s'; SET LOCAL statement_timeout = '10s';
SET LOCAL idle_in_transaction_session_timeout = '15s'; SET LOCAL timezone = 'UTC'
"""
"""Local to the transaction, so that a pooler between us and the server may hand the session on."""

Connection = psycopg.Connection[dict[str, Any]]


class EngineDatabase:
    def __init__(self, url: str, *, connections: int = 4) -> None:
        """Nothing is connected before it is needed. Raises `UsageError` for an address of another kind."""
        if not url.startswith(("postgresql://", "postgres://", "postgresql+psycopg://")):
            raise UsageError(
                f"the control database is a PostgreSQL server, not {shown(url)}",
                hint="postgresql://user@host/database",
            )
        self.place = shown(url)
        """For people; carries no password."""
        self._guard = Guard()
        self._pool: ConnectionPool[Connection] = ConnectionPool(
            url.replace("postgresql+psycopg://", "postgresql://", 1),
            kwargs={**TIME_LIMITS, "row_factory": dict_row, "prepare_threshold": None, "application_name": SCHEMA},
            min_size=0,
            max_size=connections,
            max_idle=60,
            timeout=10,
            reconnect_timeout=0,
            open=False,
        )
        self._opened = False
        self._lock = threading.Lock()

    @contextmanager
    def transaction(self, seconds: float = TRANSACTION_SECONDS) -> Iterator[Connection]:
        """Commits at the end of the block. Raises `StoreError` for whatever the database fails on."""
        with (
            self._translated(),
            self._connection() as connection,
            self._guard.within(connection, seconds),
            connection.transaction(),
        ):
            connection.execute(_BEGIN)
            yield connection

    def close(self) -> None:
        with self._lock:
            if self._opened:
                self._pool.close(timeout=1)
            self._opened = False
        self._guard.stop()

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        with self._lock:
            if not self._opened:
                self._pool.open(wait=False)
                self._opened = True
        with self._pool.connection() as connection:
            try:
                yield connection
            except (psycopg.OperationalError, ConnectorException):
                connection.close()  # nobody knows what became of it; the pool makes another one
                raise

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except PoolTimeout:
            raise StoreError(
                f"{self.place}: the control database cannot be reached, or all connections are taken",
                hint="look whether the server runs, and at max_connections",
            ) from None
        except psycopg.errors.UndefinedTable as error:
            raise StoreError(
                f"{self.place} is no control database of this version",
                hint="run: pbx-connector fleet prepare",
            ) from error
        except (psycopg.Error, ConnectorException) as error:
            raise StoreError(
                f"{self.place}: the control database answered with {type(error.__cause__ or error).__name__}"
            ) from error


class Guard:
    """Cuts the connections whose time is up; one thread for all of them, started with the first."""

    def __init__(self, tick: float = 0.5) -> None:
        self._tick = tick
        self._lock = threading.Lock()
        self._open: dict[int, tuple[Connection, float]] = {}
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    @contextmanager
    def within(self, connection: Connection, seconds: float) -> Iterator[None]:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="connections", daemon=True)
                self._thread.start()
            self._open[id(connection)] = connection, time.monotonic() + seconds
        try:
            yield
        finally:
            with self._lock:
                self._open.pop(id(connection), None)

    def stop(self) -> None:
        self._over.set()

    def _watch(self) -> None:
        while not self._over.wait(self._tick):
            with self._lock:
                late = [connection for connection, until in self._open.values() if time.monotonic() > until]
            for connection in late:
                _cut(connection)


def _cut(connection: Connection) -> None:
    """Whoever waits for an answer gets an error: the descriptor is that of the same connection for all its copies."""
    with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(connection.fileno())) as copy:
        copy.shutdown(socket.SHUT_RDWR)
