"""Brings a store to the schema of this version when it is opened, and refuses what it does not know.

A new store gets its tables as they are now, at once; only an old one goes through the steps of `migrations/`, which
load Alembic and take long. A test holds the two ways together.
"""

from __future__ import annotations

import threading
from pathlib import Path

from sqlalchemy import Column, Connection, MetaData, PrimaryKeyConstraint, String, Table, inspect, text

from pbx_connector.errors import OtherVersion, StoreError
from pbx_connector.stores.sql.dialects.database import Database
from pbx_connector.stores.sql.schema.tables import metadata

HEAD = "0011"
"""The last step in `migrations/versions`; a test holds the two together."""
STEPS = Path(__file__).parent / "migrations"
VERSION = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)
"""As Alembic makes it, for it."""
_ONE_AT_A_TIME = threading.Lock()
"""Alembic keeps what is under way in globals: two stores made by two threads at once got each other's tables."""


def bring_up_to_date(database: Database) -> None:
    """Make or migrate the tables, in one transaction. Raises `StoreError` for a store of a newer version, for a
    database of something else, and for an old store that is read-only."""
    with database.read() as connection:
        if _version(connection, database) == HEAD:
            return
        # A migration would make a damage larger, or permanent.
        database.require_sound(connection, "is damaged and was not brought to this version")
    with database.write() as connection:
        found = _version(connection, database)
        if found is None:
            _make(connection)
        elif found != HEAD:  # somebody else may have been faster
            upgrade(connection)


def require_current(database: Database) -> None:
    """Raises `OtherVersion`: many phone books are brought to another version one after the other, while programs of
    both versions run; each leaves alone what is not of its own."""
    with database.read() as connection:
        if _version(connection, database) != HEAD:
            raise OtherVersion(f"{database.place} is not yet of this version", hint="pbx-connector tenants migrate")


def _version(connection: Connection, database: Database) -> str | None:
    """None without any tables. Raises `StoreError` for those of something else."""
    tables = inspect(connection).get_table_names()
    if "alembic_version" not in tables:
        if tables:
            raise StoreError(f"{database.place} is the database of something else", hint="give the phone book its own")
        return None
    version = connection.execute(text("SELECT version_num FROM alembic_version")).scalar() or ""
    if version > HEAD:
        raise OtherVersion(
            f"{database.place} was made by a newer version of pbx-connector",
            hint="update pbx-connector on this machine",
        )
    return str(version)


def _make(connection: Connection) -> None:
    metadata.create_all(connection, checkfirst=False)
    VERSION.create(connection)
    connection.execute(VERSION.insert().values(version_num=HEAD))


def upgrade(connection: Connection, to: str = HEAD) -> None:
    """One step after the other, from an empty database on."""
    from alembic import command  # loaded for a store that needs it, which is once for each new version
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(STEPS))
    config.attributes["connection"] = connection
    with _ONE_AT_A_TIME:
        command.upgrade(config, to)
