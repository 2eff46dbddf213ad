"""The control database: its tables and steps agree, and what was published never changes."""

from __future__ import annotations

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from pbx_connector.application.fleet import Fleet
from pbx_connector.errors import OtherVersion
from pbx_connector.tenants.control import HEAD, STEPS, open_control
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


def test_programs_of_the_version_before_go_on_unless_a_step_shuts_them_out(fleet: Fleet) -> None:
    with psycopg.connect(fleet.config.database, autocommit=True) as connection:
        connection.execute("UPDATE pbx_control.alembic_version SET version_num = '9998'")
        with open_control(fleet.config.database) as control:
            assert control.id == fleet.control.id
        connection.execute("INSERT INTO pbx_control.control VALUES ('oldest step', '9997')")
        with pytest.raises(OtherVersion, match="made by a newer version"):
            open_control(fleet.config.database)
