"""A new store is made at once, an old one step by step: both have the same tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from pbx_connector.stores.address import postgres_address
from pbx_connector.stores.sql.dialects.database import Database
from pbx_connector.stores.sql.dialects.postgres import PostgresDialect, open_postgres
from pbx_connector.stores.sql.dialects.sqlite import open_sqlite
from pbx_connector.stores.sql.schema.migrating import HEAD, STEPS, bring_up_to_date, upgrade
from pbx_connector.stores.sql.schema.tables import metadata

Opened = Callable[[], Database]


@pytest.fixture(params=["sqlite", "postgres"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opened]:
    """Opens databases that are empty."""
    opened: list[Database] = []

    def open_one() -> Database:
        if request.param == "sqlite":
            database = open_sqlite(tmp_path / f"{len(opened)}.db", read_only=False, patience=5)
        else:
            database = open_postgres(
                postgres_address(request.getfixturevalue("new_database")()), PostgresDialect(5), place="new"
            )
        opened.append(database)
        return database

    yield open_one
    for database in opened:
        database.engine.dispose()


@pytest.fixture
def migrated(empty: Opened) -> Database:
    database = empty()
    with database.write() as connection:
        upgrade(connection)
    return database


def test_the_last_step_is_the_one_that_stores_are_brought_to() -> None:
    assert ScriptDirectory(str(STEPS)).get_current_head() == HEAD


def test_a_store_that_is_made_at_once_is_as_the_steps_make_it(empty: Opened, migrated: Database) -> None:
    made = empty()
    bring_up_to_date(made)
    with made.read() as one, migrated.read() as other:
        assert all_of(one) == all_of(other)
        version = text("SELECT version_num FROM alembic_version")
        assert one.execute(version).all() == other.execute(version).all() == [(HEAD,)]


def test_the_steps_make_the_tables_of_this_version(migrated: Database) -> None:
    with migrated.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []


def test_a_step_that_was_forgotten_is_seen(empty: Opened, migrated: Database) -> None:
    made = empty()
    bring_up_to_date(made)
    with migrated.write() as connection:
        connection.execute(text("ALTER TABLE shared_state ADD COLUMN extra TEXT"))
        connection.execute(text("DROP INDEX journal_account"))
    with made.read() as one, migrated.read() as other:
        made_so, migrated_so = all_of(one), all_of(other)
        found = compare_metadata(MigrationContext.configure(other), metadata)
    differ = {what for what, said in made_so.items() if said != migrated_so[what]}
    assert differ == {"columns of shared_state", "indices of journal"}
    assert sorted(difference[0] for difference in found) == ["add_index", "remove_column"]


def all_of(connection: Connection) -> dict[str, Any]:
    """What makes up the tables, in an order of its own: a column that a step adds is the last one."""
    found: dict[str, Any] = {}
    inspector = inspect(connection)
    for table in sorted(inspector.get_table_names()):
        found[f"columns of {table}"] = sorted(map(repr, inspector.get_columns(table)))
        # Without its name: that of a table which a step renamed has the old one.
        found[f"primary key of {table}"] = inspector.get_pk_constraint(table)["constrained_columns"]
        found[f"foreign keys of {table}"] = sorted(map(repr, inspector.get_foreign_keys(table)))
        found[f"unique in {table}"] = sorted(map(repr, inspector.get_unique_constraints(table)))
        found[f"indices of {table}"] = sorted(repr(plain(index)) for index in inspector.get_indexes(table))
        found[f"checks of {table}"] = inspector.get_check_constraints(table)
    if connection.dialect.name == "sqlite":
        tables = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'table'"))
        found["without row ids"] = {name for name, sql in tables if "WITHOUT ROWID" in sql}
    return found


def plain(index: Any) -> dict[str, Any]:
    """With the condition as text."""
    options = {name: str(value) for name, value in index.get("dialect_options", {}).items()}
    return {**index, "dialect_options": options}
