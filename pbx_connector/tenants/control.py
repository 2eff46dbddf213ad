"""The control database: its transactions, and how it is opened and brought to this version."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy import Connection, func, select, text

from pbx_connector.errors import OtherVersion, UsageError
from pbx_connector.stores.address import postgres_address, shown
from pbx_connector.stores.sql.dialects.database import Database
from pbx_connector.stores.sql.dialects.postgres import PostgresDialect, open_postgres
from pbx_connector.tenants.tables import SCHEMA, control

PATIENCE = 30.0
"""Seconds to wait for another program that holds the same rows."""
CONNECTIONS = 4
"""At most that many of one process, to the control database."""
HEAD = "0002"
"""The last step in `migrations/versions`; a test holds the two together."""
STEPS = Path(__file__).parent / "migrations"
MIGRATES = 0x70627874
"""The advisory lock of whoever brings the control database to another version."""


class ControlDialect(PostgresDialect):
    """Writers wait for the rows that they want, not for one another."""

    def begin(self, connection: Connection, *, write: bool) -> None:
        connection.begin()
        connection.execute(text(f"SET LOCAL lock_timeout = {self._patience}"))


class ControlDatabase:
    """`read` and `write` are transactions on its tables (`tables.py`), READ COMMITTED: who reads in order to write
    locks the rows. For several threads at once."""

    def __init__(self, database: Database) -> None:
        self._database = database
        _bring_up_to_date(database)
        with self.read() as connection:
            query = select(control.c.value).where(control.c.name == "id")
            self.id: str = connection.execute(query).scalar_one()
            """Tells it apart from another one on the same server."""

    @property
    def place(self) -> str:
        return self._database.place

    def read(self) -> AbstractContextManager[Connection]:
        return self._database.read()

    def write(self) -> AbstractContextManager[Connection]:
        """Commits at the end of the block, or changes nothing."""
        return self._database.write()

    def now(self, connection: Connection) -> float:
        """By the database's clock: those of workers may differ."""
        return float(connection.execute(select(self._database.dialect.now())).scalar_one())

    def close(self) -> None:
        self._database.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_control(url: str, *, patience: float = PATIENCE, connections: int = CONNECTIONS) -> ControlDatabase:
    """It is made, or brought to this version, as needed. Raises `StoreError`, and `UsageError` for what is no address
    of a PostgreSQL database."""
    if not url.startswith(("postgresql:", "postgres:", "postgresql+psycopg:")):
        raise UsageError(
            f"{shown(url)} cannot hold many tenants", hint="give a PostgreSQL database: postgresql://user@host/database"
        )
    dialect = ControlDialect(patience)
    return ControlDatabase(open_postgres(postgres_address(url), dialect, place=shown(url), connections=connections))


def _bring_up_to_date(database: Database) -> None:
    with database.read() as connection:
        if _version(connection, database) == HEAD:
            return
    with database.write() as connection:
        connection.execute(select(func.pg_advisory_xact_lock(MIGRATES)))
        if _version(connection, database) != HEAD:  # somebody else may have been faster
            connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"))
            _upgrade(connection)


def _version(connection: Connection, database: Database) -> str | None:
    if connection.execute(select(func.to_regclass(f"{SCHEMA}.alembic_version"))).scalar() is None:
        return None
    version = str(connection.execute(text(f"SELECT version_num FROM {SCHEMA}.alembic_version")).scalar())  # noqa: S608
    if version > HEAD:
        _require_usable(connection, database)
        return HEAD
    return version


def _require_usable(connection: Connection, database: Database) -> None:
    """Steps add to the tables, so that programs of the version before go on; one that cannot notes whom it shuts out.
    Raises `OtherVersion`."""
    query = select(control.c.value).where(control.c.name == "oldest step")
    if str(connection.execute(query).scalar() or "") > HEAD:
        raise OtherVersion(
            f"the control database {database.place} was made by a newer version of pbx-connector",
            hint="update pbx-connector on this machine",
        )


def _upgrade(connection: Connection) -> None:
    from alembic import command  # loaded for a database that needs it
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(STEPS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
