"""Whatever a database does at whatever moment: only errors of our own come out, and nothing is half done.

The databases are real, and so are their drivers. Each call of a driver (to execute, fetch, copy, commit, roll back)
fails once, one after the other; on PostgreSQL the connection is lost with it. `make crash` tries every call, else it is
every commit and one in nineteen of the others: `PBX_FAULTS_EVERY` says which.
"""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from pbx_connector.errors import PlanRefused, StoreError
from pbx_connector.model import Account, Book, Mapped, Record, Row
from pbx_connector.plan import Content
from pbx_connector.profile import ChangeLimit, Limits, Profile, RemovalLimit
from pbx_connector.run import run_profile, simulate_profile
from pbx_connector.stores import Store, open_store
from pbx_connector.stores.sql.schema.tables import lease
from pbx_connector.stores.sql.store import SqlStore
from pbx_connector.testing import MemorySource
from pbx_connector.testing.memory_source import MemorySettings

EVERY = int(os.environ.get("PBX_FAULTS_EVERY", "19"))


@dataclass
class Fate:
    """Counts the calls of all connections and says which one fails."""

    fails: int | None = None
    too_late: bool = False
    """The call does its work all the same."""
    calls: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self, fails: int | None = None, too_late: bool = False) -> None:
        self.fails, self.too_late, self.calls = fails, too_late, []

    def call(self, connection: Any, name: str, act: Callable[[], Any]) -> Any:
        with self.lock:
            self.calls.append(name)
            struck = len(self.calls) == self.fails
        if connection.lost or (struck and not self.too_late):
            raise connection.trouble()
        done = act()
        if struck:
            raise connection.trouble()
        return done


FATE = Fate()


class FaultyCursor:
    """Mixed into a driver's own class."""

    connection: Any

    def _call(self, name: str, *arguments: Any, **named: Any) -> Any:
        return FATE.call(self.connection, name, lambda: getattr(super(FaultyCursor, self), name)(*arguments, **named))


for _name in ("execute", "executemany", "fetchone", "fetchmany", "fetchall", "copy"):
    setattr(FaultyCursor, _name, lambda self, *a, _name=_name, **n: self._call(_name, *a, **n))


class FaultySqliteCursor(FaultyCursor, sqlite3.Cursor):
    pass


class FaultySqlite(sqlite3.Connection):
    """What failed once may work the next time. Nothing here waits for the disk."""

    lost = False

    def execute(self, statement: str, *arguments: Any) -> sqlite3.Cursor:
        return super().execute(statement.replace("synchronous = FULL", "synchronous = OFF"), *arguments)

    def cursor(self, factory: Any = FaultySqliteCursor) -> Any:
        return super().cursor(factory)

    def commit(self) -> None:
        FATE.call(self, "commit", super().commit)

    def rollback(self) -> None:
        FATE.call(self, "rollback", super().rollback)

    def trouble(self) -> sqlite3.Error:
        return sqlite3.OperationalError("disk I/O error")


def break_postgres(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("psycopg")
    import psycopg

    class Cursor(FaultyCursor, psycopg.Cursor[Any]):
        pass

    class ServerCursor(FaultyCursor, psycopg.ServerCursor[Any]):
        pass

    class Connection(psycopg.Connection[Any]):
        lost = False
        server_cursor_factory = ServerCursor

        def commit(self) -> None:
            FATE.call(self, "commit", super().commit)

        def rollback(self) -> None:
            FATE.call(self, "rollback", super().rollback)

        def trouble(self) -> psycopg.Error:
            self.lost = True
            self.close()
            return psycopg.OperationalError("server closed the connection unexpectedly")

    def connect(*arguments: Any, **named: Any) -> Connection:
        made = Connection.connect(*arguments, **named)
        made.cursor_factory, made.server_cursor_factory = Cursor, ServerCursor
        return made

    monkeypatch.setattr(psycopg, "connect", connect)


@pytest.fixture(autouse=True)
def faulty_sqlite(monkeypatch: pytest.MonkeyPatch) -> None:
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *a, **n: connect(*a, factory=FaultySqlite, **n))
    FATE.__init__()  # type: ignore[misc]


# --- what is done --------------------------------------------------------------------------------------------------


def plain(row: Row, book: Book) -> Mapped:
    values = {name: str(value) for name, value in row.values.items()}
    return Mapped((Record("", book.account, values, {"Group": values["display_name"]}),))


def profile_of(generation: int) -> Profile:
    """Rows are added, changed, dropped, moved and spoilt from one generation to the next."""
    source = MemorySource()
    book, mine = source.add("public"), source.add("mine", account="7")
    for number in range(12):
        name = f"Name {number}" if number % 3 else f"Name {number} of {generation}"
        if number % 4 != generation:
            book.put(f"k{number}", display_name=name, phone=f"+4999{number}")
    book.put(f"moved {generation}", display_name="Moved")
    book.spoil(f"spoilt {generation}")
    mine.put("a", display_name="Mine")
    free = Limits(RemovalLimit(1.0, 100), ChangeLimit(1.0))
    return Profile("crm", "CRM", source.type(), MemorySettings(), plain, frozenset(), f"f{generation}", limits=free)


def shown(store: Store) -> Any:
    """All that people see, but for the history."""
    profiles = [(state.id, state.entries, state.held) for state in store.profiles()]
    return list(store.entries()), store.accounts(), store.labels(), profiles, list(store.problems("crm"))


def as_if_time_had_passed(store: Store) -> None:
    """A lease that could not be given back has expired."""
    assert isinstance(store, SqlStore)
    with store._database.write() as connection:
        connection.execute(update(lease).values(holder=""))


def calls_of(act: Callable[[], object]) -> list[str]:
    FATE.start()
    act()
    made = FATE.calls
    FATE.start()
    return made


def fail_at(call: int, act: Callable[[], object], *, too_late: bool = False) -> bool:
    """Whether the failure was told. Anything but an error of our own comes out as it is."""
    FATE.start(call, too_late)
    try:
        act()
    except StoreError:
        return True
    finally:
        FATE.start()
    return False


def trials(calls: list[str]) -> list[tuple[int, bool]]:
    """Which call fails, and whether too late."""
    some = set(range(1 + random.randrange(EVERY), len(calls) + 1, EVERY))
    commits = {number for number, made in enumerate(calls, 1) if made == "commit"}
    return sorted([(number, False) for number in some | commits] + [(number, True) for number in commits])


def run(store: Store, generation: int) -> object:
    return run_profile(profile_of(generation), store, parallel=1)


def refused(store: Store) -> PlanRefused:
    guarded = replace(profile_of(1), limits=Limits(RemovalLimit(0.0, 0)), fingerprint="guarded")
    with pytest.raises(PlanRefused) as caught:
        run_profile(guarded, store, parallel=1)
    return caught.value


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A phone book that has seen two runs, an undo, a refused plan and an entry by hand."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'book.db'}"
    else:
        url = str(request.getfixturevalue("postgres_url"))
        break_postgres(request.getfixturevalue("monkeypatch"))
    with open_store(url, patience=60) as store:
        store.import_accounts([Account("7", "ann"), Account("8", "bob")])
        store.add_entry(Content(None, {"display_name": "By hand", "phone": "110"}, {"VIP": "yes"}))
        store.add_label("Unused")
        run(store, 0)
        run(store, 1)
        store.undo("4")
        store.resume_profile("crm")
        refused(store)
    return url


# --- the tests -----------------------------------------------------------------------------------------------------


def test_a_run_fails_at_any_call_with_an_error_of_ours_and_changes_all_or_nothing(url: str) -> None:
    with open_store(url, patience=60) as store:
        run(store, 1)
        told = []
        for generation in (0, 1):
            tried = trials(calls_of(partial(run, store, generation)))
            after = without_ids(shown(store))
            for number, too_late in tried[generation::2]:
                run(store, 1 - generation)
                before = shown(store)
                told.append(fail_at(number, partial(run, store, generation), too_late=too_late))
                found = shown(store)
                assert found == before or without_ids(found) == after, (number, too_late)
                as_if_time_had_passed(store)
                run(store, generation)
                assert without_ids(shown(store)) == after, (number, too_late)
                assert found in (before, shown(store)), (number, too_late)
        assert sum(told) > len(told) / 2


def without_ids(found: Any) -> Any:
    entries, *rest = found
    return sorted(entry.content.to_json() for entry in entries), *rest


def simulate(store: Store, *, save: bool) -> None:
    with simulate_profile(profile_of(1), store, save=save, parallel=1) as simulation:
        assert list(simulation.changes())
        assert list(simulation.records())


LOOKS: dict[str, Callable[[Store], object]] = {
    "simulate": lambda store: simulate(store, save=False),
    "entries": lambda store: [list(store.entries()), store.entry(1), store.count_entries()],
    "search": lambda store: [list(store.search("name")), store.lookup("+49991", account="7")],
    "accounts": lambda store: [store.accounts(), store.labels(), store.count_account_entries("7")],
    "history": lambda store: [list(store.runs("crm")), store.run("3"), list(store.changes("3"))],
    "plans": lambda store: [store.plan("6"), list(store.plan_changes("6"))],
    "profiles": lambda store: [store.profiles(), list(store.problems("crm")), store.shared_state("x")],
    "import": lambda store: store.plan_account_import([Account("8")], remove_missing=True),
}


def test_looking_fails_at_any_call_with_an_error_of_ours(url: str) -> None:
    with open_store(url, patience=60) as store:
        before = shown(store)
        for name, look in LOOKS.items():
            tried = trials(calls_of(partial(look, store)))
            told = [fail_at(number, partial(look, store), too_late=too_late) for number, too_late in tried]
            assert EVERY > 1 or sum(told) > len(told) / 3, name
        assert shown(store) == before


CHANGES: dict[str, Callable[[Store], object]] = {
    "save": lambda store: simulate(store, save=True),
    "refused": refused,
    "undo": lambda store: store.undo("3"),
    "remove account": lambda store: store.remove_account("7"),
    "import accounts": lambda store: store.import_accounts([Account("9"), Account("8", "eve")], remove_missing=True),
    "add by hand": lambda store: store.add_entry(Content("7", {"display_name": "New"}, {"VIP": "no"})),
    "edit by hand": lambda store: store.edit_entry(1, lambda _: Content(None, {"display_name": "Else"})),
    "remove by hand": lambda store: store.remove_entry(1),
    "add label": lambda store: store.add_label("New"),
    "remove label": lambda store: store.remove_label("Unused"),
    "adopt": lambda store: store.adopt_profile("crm", "new"),
    "remove profile": lambda store: store.remove_profile("crm"),
    "prune": lambda store: store.prune(timedelta(days=1)),
    "shared state": lambda store: store.compare_and_set("x", "", "y"),
}


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("name", CHANGES)
def test_a_change_fails_at_any_call_with_an_error_of_ours_and_is_made_whole_or_not(
    url: str, tmp_path: Path, name: str
) -> None:
    def on_a_copy(act: Callable[[Store], object]) -> Any:
        shutil.copy(tmp_path / "book.db", tmp_path / "copy.db")
        with open_store(f"sqlite:///{tmp_path / 'copy.db'}", patience=60) as store:
            act(store)
            return shown(store)

    change = CHANGES[name]
    before, after = on_a_copy(lambda store: None), on_a_copy(change)
    calls: list[str] = []
    on_a_copy(lambda store: calls.extend(calls_of(lambda: change(store))))
    told = []
    for number, too_late in trials(calls):

        def fail(store: Store, number: int = number, too_late: bool = too_late) -> None:
            told.append(fail_at(number, lambda: change(store), too_late=too_late))

        assert on_a_copy(fail) in (before, after), (number, too_late)
    assert sum(told) > len(told) / 3


def test_a_new_store_that_fails_at_any_call_is_made_by_the_next_context(tmp_path: Path) -> None:
    def opened(number: int) -> Store:
        return open_store(f"sqlite:///{tmp_path / f'{number}.db'}")

    def open_and_close(number: int) -> None:
        opened(number).close()

    calls = calls_of(partial(open_and_close, 0))
    for number, too_late in trials(calls):
        fail_at(number, partial(open_and_close, number), too_late=too_late)
        with opened(number) as store:
            assert store.accounts() == []
