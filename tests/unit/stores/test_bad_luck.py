"""Stores that fail: what is said, and that nothing is changed."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import event, text

from pbx_connector.errors import StoreError, UsageError
from pbx_connector.model import Account, Book, Mapped, Record, Row
from pbx_connector.plan import Content
from pbx_connector.profile import Profile
from pbx_connector.run import run_profile, simulate_profile
from pbx_connector.stores import Store, open_store
from pbx_connector.stores.sql.dialects.database import Database
from pbx_connector.stores.sql.dialects.sqlite import open_sqlite
from pbx_connector.stores.sql.schema import migrating
from pbx_connector.stores.sql.store import SqlStore
from pbx_connector.testing import MemorySource


@pytest.fixture
def source() -> MemorySource:
    source = MemorySource()
    source.add("public").put("ann", display_name="Ann")
    return source


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "book.db"


@pytest.fixture
def url(path: Path, profile: Profile) -> str:
    """A phone book with one entry."""
    url = f"sqlite:///{path}"
    with open_store(url) as store:
        run_profile(profile, store)
    return url


def test_a_damaged_file_is_told_from_a_phone_book(path: Path) -> None:
    path.write_bytes(b"no database" * 1000)
    with pytest.raises(StoreError, match="damaged") as caught:
        open_store(f"sqlite:///{path}")
    assert "backup" in caught.value.hint


def test_a_file_damaged_in_its_middle_fails_when_it_is_read(url: str, path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    content = bytearray(path.read_bytes())
    for page in range(2, len(content) // 4096):
        content[page * 4096 : page * 4096 + 200] = b"\xff" * 200
    path.write_bytes(bytes(content))
    with pytest.raises(StoreError, match="damaged"), open_store(url) as store:
        list(store.entries())


def test_the_database_of_another_program_is_left_alone(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE mail (text)")
    with pytest.raises(StoreError, match="something else"):
        open_store(f"sqlite:///{path}")


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be opened"):
        open_store(f"sqlite:///{tmp_path}/nowhere/book.db")


@pytest.mark.parametrize("address", ["mysql://x", "sqlite://", "sqlite:///", "", "book.db"])
def test_an_address_of_no_store_is_a_usage_error(address: str) -> None:
    with pytest.raises(UsageError, match="there is no store at"):
        open_store(address)


def test_a_writer_that_does_not_end_is_waited_for_and_then_reported(url: str, path: Path, profile: Profile) -> None:
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with open_store(url, patience=0.2) as store:
        with pytest.raises(StoreError, match="another program is writing"):
            run_profile(profile, store)
        assert store.count_entries() == 1
        other.execute("ROLLBACK")
        assert run_profile(profile, store).counts.unchanged == 1
    other.close()


def test_a_full_disk_changes_nothing(url: str, source: MemorySource, profile: Profile) -> None:
    book = source.address_books["public"]
    for number in range(3000):
        book.put(f"k{number}", display_name=f"Name {number}", notes="long " * 50)
    with open_store(url) as store:
        assert isinstance(store, SqlStore)

        def little_room(connection: sqlite3.Connection, _: object) -> None:
            connection.execute("PRAGMA max_page_count = 100")

        event.listen(store._database.engine, "connect", little_room)
        store._database.engine.dispose()
        with pytest.raises(StoreError, match="the disk is full") as caught:
            run_profile(profile, store)
        assert "nothing was changed" in caught.value.hint
        assert [entry.content.fields["display_name"] for entry in store.entries()] == ["Ann"]
        event.remove(store._database.engine, "connect", little_room)
        store._database.engine.dispose()
        assert run_profile(profile, store).counts.added == 3000


def test_a_read_only_store_can_be_looked_at_and_simulated_on(
    url: str, path: Path, source: MemorySource, profile: Profile
) -> None:
    source.address_books["public"].put("bob", display_name="Bob")
    before = path.read_bytes()
    with open_store(url, read_only=True) as store:
        assert store.read_only
        assert [entry.content.fields["display_name"] for entry in store.entries()] == ["Ann"]
        with simulate_profile(profile, store) as simulation:
            assert simulation.report.counts.added == 1
        changes: list[Callable[[], object]] = [
            lambda: run_profile(profile, store),
            lambda: store.add_account(Account("1")),
            lambda: store.add_entry(Content(None, {"display_name": "Cid"})),
            lambda: store.remove_profile("crm"),
        ]
        for change in changes:
            with pytest.raises(StoreError, match="is read-only"):
                change()
    assert path.read_bytes() == before


def test_a_read_only_store_must_be_there(path: Path) -> None:
    with pytest.raises(StoreError, match="does not exist"):
        open_store(f"sqlite:///{path}", read_only=True)


def test_an_account_that_is_removed_while_the_source_is_read_stops_the_run(
    url: str, source: MemorySource, profile: Profile
) -> None:
    def private(row: Row, book: Book) -> Mapped:
        if any(account.id == "7" for account in store.accounts()):
            store.remove_account("7")
        return Mapped((Record("", "7", {"display_name": "Ann"}),))

    with open_store(url) as store:
        store.add_account(Account("7"))
        with pytest.raises(StoreError, match="account 7 was removed"):
            run_profile(replace(profile, map=private, fingerprint="f2"), store)
        assert [entry.content.account for entry in store.entries()] == [None]


def test_an_unreachable_server_is_named_without_its_password() -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(StoreError, match="cannot be reached") as caught:
        open_store("postgresql://ann:s3cret@127.0.0.1:1/book")
    assert "s3cret" not in f"{caught.value!r} {caught.value.hint}"


@pytest.mark.parametrize(
    ("address", "said", "hint"),
    [
        ("postgres@/nosuch", "has no such database", "createdb"),
        ("nobody@/postgres", "has no such database or user", "createuser"),
        ("postgres@nohost.invalid/postgres", "cannot be reached", "look whether it runs"),
    ],
)
def test_a_server_that_lets_nobody_in_is_told_apart_from_a_connection_that_breaks(
    postgres_server: str, address: str, said: str, hint: str
) -> None:
    host = "" if "nohost" in address else postgres_server.partition("?")[2]
    with pytest.raises(StoreError, match=said) as caught:
        open_store(f"postgresql://{address}?{host}")
    assert hint in caught.value.hint
    assert "history" not in caught.value.hint


def test_a_query_that_the_server_cancels_is_no_lost_connection(postgres_url: str) -> None:
    from pbx_connector.stores.sql.store import SqlStore

    def take_too_long(store: SqlStore) -> None:
        with store._database.read() as connection:
            connection.execute(text("SET LOCAL statement_timeout = 20"))
            connection.execute(text("SELECT pg_sleep(5)"))

    with open_store(postgres_url) as store:
        assert isinstance(store, SqlStore)
        with pytest.raises(StoreError, match="QueryCanceled") as caught:
            take_too_long(store)
    assert caught.value.hint == "nothing was changed; try again"


def test_the_last_step_is_in_the_store(url: str, path: Path) -> None:
    with open_sqlite(path, read_only=False, patience=1).read() as connection:
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    steps = sorted(step.name[:4] for step in (migrating.STEPS / "versions").glob("*.py"))
    assert found == migrating.HEAD == steps[-1]


def database_of(store: Store) -> Database:
    assert isinstance(store, SqlStore)
    return store._database


@pytest.fixture(params=["sqlite", "postgres"])
def any_url(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue("url" if request.param == "sqlite" else "postgres_url"))


def test_a_store_of_a_newer_version_is_left_alone(any_url: str) -> None:
    def set_version(version: str) -> None:
        with database.write() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = :version"), {"version": version})

    with open_store(any_url) as store:
        database = database_of(store)
        set_version("9999")
        try:
            with pytest.raises(StoreError, match="newer version") as caught:
                open_store(any_url)
        finally:
            set_version(migrating.HEAD)
    assert (caught.value.exit_code, caught.value.hint) == (4, "update pbx-connector on this machine")
