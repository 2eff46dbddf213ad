"""The service's look at the whole phone book: what it finds is told, and an unreachable store is no damaged one."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from pbx_connector.application.store_watch import StoreWatch
from pbx_connector.errors import StoreDamaged, StoreError
from pbx_connector.plan import Content
from pbx_connector.service.damage_watch import DamageWatch
from pbx_connector.stores.sql.dialects.postgres import PostgresDialect
from pbx_connector.stores.sql.dialects.sqlite import SqliteDialect


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[StoreWatch]:
    watch = StoreWatch(f"sqlite:///{tmp_path}/book.sqlite", lambda: datetime.now(UTC))
    watch.current().add_entry(Content(None, {"display_name": "Ann"}))
    yield watch
    watch.close()


def damage(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "book.sqlite")) as other:
        other.execute("INSERT INTO entry_label VALUES (1, 7, 'of no label')")
        other.commit()


def test_what_is_damaged_is_told_and_that_all_is_whole(watch: StoreWatch, tmp_path: Path) -> None:
    found: list[tuple[str, ...]] = []
    checking = DamageWatch(watch, found.append)
    checking.check()
    damage(tmp_path)
    checking.check()
    assert found == [(), ("entry_label has 1 row whose owner is missing",)]


def test_the_first_look_is_at_the_start(watch: StoreWatch) -> None:
    checked, stop = threading.Event(), threading.Event()
    DamageWatch(watch, lambda faults: checked.set()).start(stop)
    assert checked.wait(60)
    stop.set()


def test_a_store_that_does_not_answer_is_not_called_damaged(watch: StoreWatch) -> None:
    watch.lost_since = datetime.now(UTC)
    found: list[tuple[str, ...]] = []
    with pytest.raises(StoreError):
        DamageWatch(watch, found.append).check()
    assert found == []


def test_bytes_that_are_no_text_are_damage_and_a_busy_or_lost_database_is_not(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "a", timeout=0)) as one, closing(sqlite3.connect(tmp_path / "a")) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(sqlite3.Error) as busy:
            one.execute("SELECT * FROM sqlite_master")
        other.rollback()
        with pytest.raises(sqlite3.Error) as no_text:
            one.execute("SELECT CAST(x'ff' AS TEXT)").fetchall()
    assert SqliteDialect().is_damage(no_text.value)
    assert not SqliteDialect().is_damage(busy.value)
    assert PostgresDialect(5).is_damage(psycopg.errors.DataCorrupted())
    assert not PostgresDialect(5).is_damage(psycopg.OperationalError())


def test_a_file_too_damaged_to_be_opened_is_told_as_damage(watch: StoreWatch, tmp_path: Path) -> None:
    watch.close()
    (tmp_path / "book.sqlite").write_bytes(b"no database" * 1000)
    assert not watch.look()
    found: list[tuple[str, ...]] = []
    assert DamageWatch(watch, found.append).check() == watch.faults
    assert "the file is damaged" in found[0][0]


def test_nobody_goes_on_writing_to_a_file_that_was_found_damaged(watch: StoreWatch, tmp_path: Path) -> None:
    """Not even through what was open before."""
    assert watch.current().compare_and_set("a", "", "1")
    damage(tmp_path)
    DamageWatch(watch, lambda faults: None).check()
    with pytest.raises(StoreDamaged, match="entry_label has 1 row whose owner is missing"):
        watch.current().compare_and_set("a", "1", "2")
