"""Every test of this folder runs on every store, and a part of them on the phone book of a tenant."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from empty_book import copy_book, empty_book
from postgres_server import emptying
from sqlalchemy import delete, select, update

from pbx_connector.errors import UsageError
from pbx_connector.model import Book, Mapped, Record, Report, Row
from pbx_connector.plan import Content
from pbx_connector.profile import ChangeLimit, Limits, Profile, RemovalLimit
from pbx_connector.run import run_profile
from pbx_connector.stores import Entry, Store, Undone, open_store
from pbx_connector.stores.memory.store import MemoryStore
from pbx_connector.stores.sql.schema.tables import metadata
from pbx_connector.stores.sql.store import SqlStore
from pbx_connector.tenants.phone_books import PhoneBooks
from pbx_connector.tenants.registry import Tenant, TenantState
from pbx_connector.testing import MemoryBook, MemorySource
from pbx_connector.testing.memory_source import MemorySettings

if TYPE_CHECKING:
    from fleet_processes import Fleet

__all__ = ["empty_book"]

FREE = Limits(RemovalLimit(share=1.0, entries=1000), ChangeLimit(share=1.0))


tables = metadata.tables


def map_row(row: Row, book: Book) -> Mapped:
    """The rows' values are target fields, but for `label`, `skip`, `owner` and `also` (a second record)."""
    values = {name: str(value) for name, value in row.values.items()}
    if "skip" in values:
        return Mapped(skipped=values["skip"])
    if "bad" in values:
        raise AssertionError("a profile's mapping must not be asked for this row")
    label, also, owner = values.pop("label", ""), values.pop("also", ""), values.pop("owner", book.account)
    labels = {"Department": label} if label else {}
    records = [Record("", owner or None, values, labels)]
    if also:
        records.append(Record("also", owner or None, {"display_name": also}))
    return Mapped(tuple(records))


def dump(store: Store) -> Any:
    """All that a store holds, table by table, to be compared with itself at another time."""
    if isinstance(store, MemoryStore):
        return store._state.copy()
    assert isinstance(store, SqlStore)
    with store._database.read() as connection:
        return {name: sorted(map(repr, connection.execute(select(table)))) for name, table in tables.items()}


def grow_older(store: Store, span: timedelta) -> None:
    """As if all runs and plans so far had been made earlier."""
    if isinstance(store, SqlStore):
        with store._database.write() as connection:  # they say how long ago they were, whatever the clock says
            shared = tables["shared_state"]
            connection.execute(delete(shared).where(shared.c.key.like("losses %")))
    if isinstance(store, MemoryStore):
        runs = store._state.runs
        store._state.runs = {no: replace(run, up=run.up - span.total_seconds()) for no, run in runs.items()}
    set_clock(store, span)


def set_clock(store: Store, span: timedelta) -> None:
    """As if the clock had been set forward, or back, since the runs and plans so far."""
    if isinstance(store, MemoryStore):
        state = store._state
        state.runs = {no: replace(run, finished=run.finished - span.total_seconds()) for no, run in state.runs.items()}
        state.plans = {no: (replace(kept, made=kept.made - span), rest) for no, (kept, rest) in state.plans.items()}
        state.audit = {no: replace(done, time=done.time - span) for no, done in state.audit.items() if done.time}
        return
    assert isinstance(store, SqlStore)
    with store._database.write() as connection:
        for table, made in ((tables["run"], "finished"), (tables["plan"], "made"), (tables["audit"], "time")):
            connection.execute(update(table).values({made: table.c[made] - span.total_seconds()}))


KINDS = ["memory", "sqlite", "postgres"]
OF_A_TENANT = {
    *("test_adoption", "test_devices", "test_history", "test_leases", "test_phone_book"),
    *("test_rule_5_all_or_nothing", "test_rule_6_ids", "test_rule_7_private", "test_rule_8_checkpoints"),
    *("test_rule_9_leases", "test_shared_state", "test_side_by_side"),
    *("test_undo", "test_undo_of_accounts", "test_undo_preview"),
}
"""The files whose tests run on a tenant's phone book, too: what it does differently is how its transactions begin."""


MIGRATED_APART = "_of_an_older_version"
"""In the names of tests; a tenant's phone book is not migrated when it is opened."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    marks = metafunc.definition.iter_markers("parametrize")
    if "store_url" not in metafunc.fixturenames or any("store_url" in mark.args[0] for mark in marks):
        return
    is_chosen = metafunc.module.__name__.rpartition(".")[2] in OF_A_TENANT
    tenants = ["tenant"] if is_chosen and MIGRATED_APART not in metafunc.function.__name__ else []
    metafunc.parametrize("store_url", [*KINDS, *tenants], indirect=True)


@pytest.fixture
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param in ("memory", "tenant"):
        return f"{request.param}:"
    if request.param == "postgres":
        return str(request.getfixturevalue("postgres_url"))
    return f"sqlite:///{tmp_path / 'book.db'}"


@pytest.fixture(scope="session")
def phone_books(postgres_server: str, provider: str) -> Iterator[tuple[PhoneBooks, Tenant]]:
    """With one tenant, beside another one whose phone book is not empty."""
    import psycopg

    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE tenants OWNER {provider}")
    books = PhoneBooks(postgres_server.replace("postgres@/postgres", f"{provider}@/tenants"), patience=60)
    acme, bolt = (Tenant(id, id, TenantState.ACTIVE, "", f"tenant_{id}_c0ffee", "", 0, 0, 0) for id in ("acme", "bolt"))
    for tenant in (acme, bolt):
        books.make(tenant)
    with books.open(bolt) as store:
        store.add_entry(Content(None, {"display_name": "Somebody else"}))
    yield books, acme
    books.close()


@pytest.fixture
def tenant_store(phone_books: tuple[PhoneBooks, Tenant]) -> Store:
    books, tenant = phone_books
    store = books.open(tenant)
    assert isinstance(store, SqlStore)
    with store._database.write() as connection:
        connection.exec_driver_sql(emptying())
    return store


@pytest.fixture
def store(store_url: str, empty_book: Path, request: pytest.FixtureRequest) -> Iterator[Store]:
    """Whatever a test does to it, it stays whole."""
    copy_book(empty_book, store_url)
    is_tenants = store_url == "tenant:"
    with request.getfixturevalue("tenant_store") if is_tenants else open_store(store_url, patience=60) as store:
        yield store
        assert store.faults() == ()


@pytest.fixture
def source() -> MemorySource:
    return MemorySource()


@pytest.fixture
def profile(source: MemorySource) -> Profile:
    return Profile("crm", "CRM", source.type(), MemorySettings(), map_row, frozenset({"display_name"}), "f1")


@pytest.fixture
def run(profile: Profile, store: Store) -> Callable[..., Report]:
    """Run the profile, with some of its parts replaced."""

    def run(*, full: bool = False, release: str | None = None, plan: str | None = None, **parts: Any) -> Report:
        return run_profile(replace(profile, **parts), store, full=full, release=release, plan=plan)

    return run


@pytest.fixture
def names(store: Store) -> Callable[[], dict[str, int]]:
    """Display names and ids of all entries."""

    def name(entry: Entry) -> str:
        return entry.content.fields["display_name"]

    return lambda: {name(entry): entry.id for entry in store.entries()}


def fill(book: MemoryBook, *names: str) -> MemoryBook:
    for name in names:
        book.put(name.lower(), display_name=name)
    return book


def crowd(source: MemorySource, many: int, *, delta: bool = False) -> MemoryBook:
    book = source.add("public", delta=delta)
    for number in range(many):
        book.put(f"k{number}", display_name=f"Name {number}", phone=f"+4999{number}", mobile=f"+4917{number}")
    return book


@pytest.fixture
def fleet(control_url: str, tmp_path: Path) -> Iterator[Fleet]:
    from fleet_processes import Fleet

    fleet = Fleet(control_url, tmp_path)
    yield fleet
    fleet.end()


@pytest.fixture
def undone_as_shown(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a test undoes, its preview says so before."""
    undo = store.undo

    def checked(run: str) -> Undone:
        before = dump(store)
        with suppress(UsageError):
            shown = store.simulate_undo(run)
        assert dump(store) == before
        undone = undo(run)
        assert replace(undone, run="") == shown
        return undone

    monkeypatch.setattr(store, "undo", checked)
