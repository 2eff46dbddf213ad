"""A store as a file: who may read it, and how one of an earlier version is brought up to date."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from pbx_connector.errors import StoreError
from pbx_connector.model import Account
from pbx_connector.plan import Content
from pbx_connector.stores import Store, open_store
from pbx_connector.stores.sql.dialects.sqlite import open_sqlite
from pbx_connector.stores.sql.schema.migrating import upgrade

NOBODY = 65534
posix = pytest.mark.skipif(os.name != "posix", reason="rights are POSIX ones")


@pytest.fixture
def generous_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


@posix
@pytest.mark.usefixtures("generous_umask")
def test_a_new_file_and_its_logs_are_their_owners_alone(tmp_path: Path) -> None:
    with open_store(f"sqlite:///{tmp_path / 'book.db'}") as store:
        store.add_entry(Content(None, {"display_name": "Ann"}))
        rights = {file.name: file.stat().st_mode & 0o777 for file in tmp_path.iterdir()}
    assert set(rights) >= {"book.db", "book.db-wal"}
    assert set(rights.values()) == {0o600}


@pytest.fixture
def folder() -> Iterator[Path]:
    """That users without rights can get to, which pytest's folders are not."""
    with TemporaryDirectory() as made:
        Path(made).chmod(0o755)
        yield Path(made)


@contextmanager
def without_rights(folder: Path) -> Iterator[None]:
    """As a user who may read all in a folder and write nothing."""
    for file in folder.iterdir():
        file.chmod(0o444)
    folder.chmod(0o555)
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)
        folder.chmod(0o755)
        for file in folder.iterdir():
            file.chmod(0o600)


def names(store: Store) -> list[str]:
    return [entry.content.fields["display_name"] for entry in store.entries()]


@posix
def test_who_may_only_read_sees_what_others_write(folder: Path) -> None:
    url = f"sqlite:///{folder / 'book.db'}"
    with open_store(url) as writer:
        writer.add_entry(Content(None, {"display_name": "Ann"}))
    with without_rights(folder):
        reader = open_store(url, read_only=True)
        assert names(reader) == ["Ann"]
    with reader, open_store(url) as writer:
        writer.add_entry(Content(None, {"display_name": "Bob"}))
        with without_rights(folder):
            assert names(reader) == ["Ann", "Bob"]


@posix
def test_a_look_that_others_wrote_into_ends_with_what_happened(folder: Path) -> None:
    url = f"sqlite:///{folder / 'book.db'}"
    open_store(url).close()
    with without_rights(folder):
        reader = open_store(url, read_only=True)
        looking = reader.open_workspace("crm", "CRM", simulate=True)
        workspace = looking.__enter__()
        assert workspace.accounts() == []
    with open_store(url) as writer:
        writer.add_account(Account("1"))
    with pytest.raises(StoreError, match="another program wrote to it while it was read"):
        workspace.accounts()
    looking.__exit__(None, None, None)


@posix
def test_a_listing_that_others_wrote_into_ends_with_what_happened(folder: Path) -> None:
    url = f"sqlite:///{folder / 'book.db'}"
    with open_store(url) as writer:
        for number in range(501):
            writer.add_entry(Content(None, {"display_name": f"Name {number}"}))
    with without_rights(folder):
        listing = open_store(url, read_only=True).entries()
        next(listing)
    with open_store(url) as writer:
        writer.remove_entry(501)
    with pytest.raises(StoreError, match="another program wrote to it while it was read"):
        list(listing)


@posix
def test_a_log_that_cannot_be_read_is_not_passed_over(folder: Path) -> None:
    url = f"sqlite:///{folder / 'book.db'}"
    with open_store(url) as writer:
        writer.add_entry(Content(None, {"display_name": "Ann"}))
        kept = shutil.copytree(folder, folder / "killed")
    (kept / "book.db-shm").unlink()
    with without_rights(kept), pytest.raises(StoreError, match=r"cannot be opened|read-only"):
        open_store(f"sqlite:///{kept / 'book.db'}", read_only=True)


def test_a_store_of_an_earlier_version_finds_short_numbers_once_it_is_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "book.db"
    database = open_sqlite(path, read_only=False, patience=5)
    with database.write() as connection:
        upgrade(connection, "0002")
    database.engine.dispose()
    with sqlite3.connect(path) as old:
        values = (1, "Ann", "+43 1 4000", "4314000", "ann")
        old.execute("INSERT INTO entry (id, display_name, phone, phone_tail, search) VALUES (?, ?, ?, ?, ?)", values)
    old.close()
    with open_store(f"sqlite:///{path}") as store:
        assert [match.entry.id for match in store.lookup("01 4000")] == [1]


def test_a_damaged_store_of_an_earlier_version_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "book.db"
    with open_store(f"sqlite:///{path}") as store:
        store.add_entry(Content(None, {"display_name": "Ann"}))
    with closing(sqlite3.connect(path)) as old:
        old.execute("INSERT INTO entry_label VALUES (1, 7, 'of no label')")
        old.execute("UPDATE alembic_version SET version_num = '0002'")
        old.commit()
    with pytest.raises(
        StoreError, match="was not brought to this version: entry_label has 1 row whose owner is missing"
    ):
        open_store(f"sqlite:///{path}")
    with closing(sqlite3.connect(path)) as old:
        assert old.execute("SELECT version_num FROM alembic_version").fetchall() == [("0002",)]
