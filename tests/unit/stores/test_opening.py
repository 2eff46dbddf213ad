"""A store as a file: who may read it, and how one of an earlier version is brought up to date."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from pbx_connector.plan import Content
from pbx_connector.stores import open_store
from pbx_connector.stores.sql.migrating import HEAD, STEPS
from pbx_connector.stores.sql.sqlite import open_sqlite


@pytest.fixture
def generous_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.mark.skipif(os.name != "posix", reason="rights are POSIX ones")
@pytest.mark.usefixtures("generous_umask")
def test_a_new_file_and_its_logs_are_their_owners_alone(tmp_path: Path) -> None:
    with open_store(f"sqlite:///{tmp_path / 'book.db'}") as store:
        store.add_entry(Content(None, {"display_name": "Ann"}))
        rights = {file.name: file.stat().st_mode & 0o777 for file in tmp_path.iterdir()}
    assert set(rights) >= {"book.db", "book.db-wal"}
    assert set(rights.values()) == {0o600}


def test_the_last_step_is_the_one_that_stores_are_brought_to() -> None:
    assert ScriptDirectory(str(STEPS)).get_current_head() == HEAD


def test_a_store_of_an_earlier_version_finds_short_numbers_once_it_is_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "book.db"
    database = open_sqlite(path, read_only=False, patience=5)
    with database.write() as connection:
        config = Config()
        config.set_main_option("script_location", str(STEPS))
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
    database.engine.dispose()
    with sqlite3.connect(path) as old:
        values = (1, "Ann", "+43 1 4000", "4314000", "ann")
        old.execute("INSERT INTO entry (id, display_name, phone, phone_tail, search) VALUES (?, ?, ?, ?, ?)", values)
    old.close()
    with open_store(f"sqlite:///{path}") as store:
        assert [match.entry.id for match in store.lookup("01 4000")] == [1]
