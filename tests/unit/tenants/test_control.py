"""The control database: its tables and steps agree, and what was published never changes."""

from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from pbx_connector.application.fleet import Fleet
from pbx_connector.tenants.control import HEAD, STEPS
from pbx_connector.tenants.tables import SCHEMA, metadata


def test_the_last_step_is_the_one_that_control_databases_are_brought_to() -> None:
    assert ScriptDirectory(str(STEPS)).get_current_head() == HEAD


def test_the_steps_make_the_tables(fleet: Fleet) -> None:
    with fleet.control.read() as connection:
        options = {"include_schemas": True, "version_table_schema": SCHEMA}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []


def test_one_control_database_is_told_from_another(fleet: Fleet) -> None:
    assert len(fleet.control.id) == 8
