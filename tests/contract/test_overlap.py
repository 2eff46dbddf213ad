"""Four processes run, simulate, undo, adopt and prune at once, and no two runs of a profile overlap.

Each run notes by the real clock of the database, and on a connection of its own, when it was inside: between taking its
lease and giving it back. The clocks that the connector goes by, the database's and the process's, are stepped all the
while. `PBX_OVERLAP_SECONDS` sets for how long; `make overlap` takes ten minutes on each database.
"""

from __future__ import annotations

import ctypes
import os
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import ColumnElement, Engine, create_engine, literal, text
from sqlalchemy.pool import NullPool

from pbx_connector.errors import ConnectorError, ProfileBusy
from pbx_connector.model import RunStatus
from pbx_connector.profile import Profile
from pbx_connector.run import run_profile, simulate_profile
from pbx_connector.stores import Store, open_store
from pbx_connector.stores.sql.dialects.postgres import PostgresDialect
from pbx_connector.stores.sql.dialects.sqlite import SqliteDialect
from pbx_connector.stores.sql.history import leases
from pbx_connector.stores.sql.plan.plan_transaction import SqlPlanTransaction
from pbx_connector.testing import MemorySource
from pbx_connector.testing.memory_source import MemorySettings

from .conftest import FREE, map_row
from .test_crashes import PROCESSES

SECONDS = float(os.environ.get("PBX_OVERLAP_SECONDS", "4"))
WORKERS = 4
PROFILES = ("crm", "new")
STEPS = (-30 * 86400.0, -3600.0, -5.0, 0.0, 5.0, 3600.0, 30 * 86400.0)
"""Seconds that the database's clock is off."""


@dataclass(frozen=True)
class Log:
    """When runs were inside, by the database's own clock."""

    url: str

    def engine(self) -> Engine:
        more = {"connect_args": {"timeout": 60}} if self.url.startswith("sqlite") else {}
        return create_engine(self.url, poolclass=NullPool, isolation_level="AUTOCOMMIT", **more)

    def make(self) -> None:
        with self.engine().connect() as connection:
            connection.execute(
                text("CREATE TABLE IF NOT EXISTS inside (attempt TEXT, profile TEXT, moment DOUBLE PRECISION)")
            )

    def drop(self) -> None:
        with self.engine().connect() as connection:
            connection.execute(text("DROP TABLE IF EXISTS inside"))

    def note(self, attempt: str, profile: str) -> None:
        now = "(julianday('now') - 2440587.5) * 86400.0"
        if self.url.startswith("postgresql"):
            now = "extract(epoch FROM clock_timestamp())"
        insert = text(f"INSERT INTO inside SELECT :attempt, :profile, {now}")
        with self.engine().connect() as connection:
            connection.execute(insert, {"attempt": attempt, "profile": profile})

    def intervals(self, profile: str) -> list[tuple[float, float]]:
        """In the order in which they began."""
        query = text("SELECT min(moment), max(moment) FROM inside WHERE profile = :profile GROUP BY attempt")
        with self.engine().connect() as connection:
            found = [(begin, end) for begin, end in connection.execute(query, {"profile": profile})]
        return sorted(found)


def overlaps(intervals: list[tuple[float, float]]) -> int:
    return sum(later[0] < earlier[1] for earlier, later in pairwise(intervals))


@dataclass
class Worker:
    url: str
    log: Log
    step: ctypes.c_double
    seconds: float
    choice: random.Random
    expected: type[Exception] = ConnectorError
    """Without leases, two runs get into each other's way in any manner."""

    def work(self, ready: Barrier) -> Counter[str]:
        acts = (self.run, self.run, self.run, self.simulate, self.undo, self.adopt, self.prune, self.resume)
        done: Counter[str] = Counter()
        with open_store(self.url, patience=60) as store:
            ready.wait(120)
            until = time.monotonic() + self.seconds
            while time.monotonic() < until:
                act = self.choice.choice(acts)
                try:
                    act(store)
                    done[act.__name__] += 1
                except ProfileBusy:
                    done["busy"] += 1
                except self.expected as error:
                    done[type(error).__name__] += 1
        return done

    def clock(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.choice.choice(STEPS))

    def profile(self, id: str, note: Callable[[], None] = lambda: None) -> Profile:
        """Its source says when a run has begun to read, and when it has read."""
        source = MemorySource()
        book = source.add(f"public of {id}")
        for number in range(20):
            book.put(f"k{number}", display_name=f"{id} {number} {self.choice.randrange(3)}")
        opened = source.type().open

        @contextmanager
        def open_noted(*arguments: Any) -> Iterator[Any]:
            note()
            with opened(*arguments) as inner:
                yield inner
            time.sleep(self.choice.uniform(0, 0.3))
            note()

        source._open = open_noted  # type: ignore[method-assign, assignment]
        return Profile(id, id, source.type(), MemorySettings(), map_row, frozenset(), "f1", limits=FREE)

    def run(self, store: Store) -> None:
        attempt, id, apply = uuid4().hex, self.choice.choice(PROFILES), SqlPlanTransaction.apply
        profile = self.profile(id, lambda: self.log.note(attempt, id))

        def noted_apply(transaction: SqlPlanTransaction, *arguments: Any, **options: Any) -> None:
            apply(transaction, *arguments, **options)
            self.log.note(attempt, id)  # not yet committed, so the lease is not yet given back

        SqlPlanTransaction.apply = noted_apply  # type: ignore[method-assign, assignment]
        try:
            run_profile(profile, store, clock=self.clock)
        finally:
            SqlPlanTransaction.apply = apply  # type: ignore[method-assign]

    def simulate(self, store: Store) -> None:
        profile, save = self.profile(self.choice.choice(PROFILES)), self.choice.random() < 0.3
        with simulate_profile(profile, store, save=save, clock=self.clock) as simulation:
            list(simulation.changes())

    def undo(self, store: Store) -> None:
        store.undo(self.choice.choice([run.id for run in store.runs(limit=3)] or ["1"]))

    def adopt(self, store: Store) -> None:
        old, new = self.choice.sample(PROFILES, 2)
        store.adopt_profile(old, new)

    def prune(self, store: Store) -> None:
        store.prune(timedelta(days=1))

    def resume(self, store: Store) -> None:
        store.resume_profile(self.choice.choice(PROFILES))


def step_clocks(step: ctypes.c_double) -> None:
    """What the connector takes for the database's clock is off by `step`."""
    for dialect in (SqliteDialect, PostgresDialect):

        def now(self: Any, real: Callable[[Any], ColumnElement[float]] = dialect.now) -> ColumnElement[float]:
            return real(self) + literal(step.value)

        dialect.now = now  # type: ignore[method-assign]


def work_in_child(worker: Worker, leased: bool, ready: Barrier, results: Any) -> None:
    step_clocks(worker.step)
    if not leased:
        leases._alive = lambda *_: False
        worker.expected = Exception
    results.put(worker.work(ready))


def all_at_once(url: str, log: Log, seconds: float, *, leased: bool = True) -> Counter[str]:
    """What the processes did; the database's clock is stepped four times a second."""
    open_store(url).close()
    log.make()
    step, results = PROCESSES.Value("d", 0.0, lock=False), PROCESSES.SimpleQueue()
    ready = PROCESSES.Barrier(WORKERS)
    workers = [Worker(url, log, step, seconds, random.Random()) for _ in range(WORKERS)]
    children = [PROCESSES.Process(target=work_in_child, args=(worker, leased, ready, results)) for worker in workers]
    for child in children:
        child.start()
    while any(child.is_alive() for child in children):
        step.value = random.choice(STEPS)
        time.sleep(0.25)
    assert [child.exitcode for child in children] == [0] * WORKERS
    return sum((results.get() for _ in children), Counter())


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgres":
        return str(request.getfixturevalue("empty_postgres")())
    return f"sqlite:///{tmp_path / 'book.db'}"


@pytest.fixture
def log(url: str, tmp_path: Path) -> Iterator[Log]:
    """SQLite has one writer at a time: there it is a file of its own. Other tests look at the tables of PostgreSQL."""
    log = Log(f"sqlite:///{tmp_path / 'log.db'}" if url.startswith("sqlite") else driver_url(url))
    yield log
    log.drop()


def driver_url(url: str) -> str:
    return "postgresql+psycopg://" + url.partition("://")[2]


@pytest.mark.timeout(1800)
def test_rule_9_no_two_runs_of_a_profile_overlap_whatever_four_processes_and_clocks_do(url: str, log: Log) -> None:
    done = all_at_once(url, log, SECONDS)
    for _ in range(5):  # on a busy machine the four may have taken turns
        if done["run"] and done["busy"]:
            break
        done += all_at_once(url, log, SECONDS)
    intervals = {id: log.intervals(id) for id in PROFILES}
    print(dict(done), {id: len(found) for id, found in intervals.items()})
    assert done["run"], done
    assert done["busy"], done
    assert {id: overlaps(found) for id, found in intervals.items()} == dict.fromkeys(PROFILES, 0)
    check_whole(url)


def test_rule_9_without_the_lease_runs_overlap_and_the_log_shows_it(url: str, log: Log) -> None:
    found = 0
    for _ in range(5):  # chance may keep the few runs of one time apart
        all_at_once(url, log, 4.0, leased=False)
        found = sum(overlaps(log.intervals(id)) for id in PROFILES)
        if found:
            break
    assert found > 0


def check_whole(url: str) -> None:
    """Each profile runs again, and then owns its twenty rows and nothing else."""
    worker = Worker(url, Log(""), ctypes.c_double(), 0.0, random.Random())
    with open_store(url) as store:
        for id in PROFILES:
            if id in {state.id for state in store.profiles()}:
                store.resume_profile(id)
            assert run_profile(worker.profile(id), store).status is RunStatus.DONE
        found = sorted(entry.origin.row for entry in store.entries() if entry.origin)
        assert found == sorted([f"k{number}" for number in range(20)] * 2)
