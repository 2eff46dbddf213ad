"""A worker as a process that tests can kill, or that kills itself where a test says; see `Options`.

python fleet_worker.py '{"control": "postgresql://...", "folder": "/tmp/..."}'
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from pydantic import BaseModel

from pbx_connector.cli.processes import leave, until_stopped
from pbx_connector.engine import making, unattended, waiting
from pbx_connector.engine.database import EngineDatabase
from pbx_connector.engine.dispatcher import Dispatcher
from pbx_connector.engine.heart import Timing
from pbx_connector.engine.limits import Rate
from pbx_connector.engine.port import Ended, Job, Places
from pbx_connector.engine.worker import Worker, WorkerSettings
from pbx_connector.logs import set_up
from pbx_connector.source import Source
from pbx_connector.stores.sql.plan.plan_transaction import SqlPlanTransaction
from pbx_connector.testing import MemorySource
from pbx_connector.testing.fleet import ScriptedTenants

FAST = Timing(beat=0.3, silent=3.0, sweep=0.5)
FREE = Rate(burst=1000, interval=timedelta(seconds=0.01))


class Options(BaseModel):
    control: str
    folder: Path
    """Where phone books, the log of runs and marks are."""
    log: str = ""
    """The database that runs are noted in; default: the control database."""
    seconds: float = 0.0
    """How long a source takes."""
    rows: int = 3
    kill: str = ""
    """In which phase of a run of `victim` the process kills itself: fetched, reading, applying, ended, dispatching."""
    victim: str = ""
    always: bool = False
    """Whether it does so each time, not only the first time of all processes."""
    ahead: float = 0.0
    """Of its clock, in seconds."""
    dispatch: bool = True
    only_dispatch: bool = False
    places: tuple[int, int, int] = (6, 1, 2)
    stop_within: float = 20.0
    version: int = waiting.VERSION


class ScriptedWorker:
    def __init__(self, options: Options) -> None:
        self.options = options
        unattended.BUSY_PAUSE = timedelta(seconds=1)
        unattended.STORE_RETRY = unattended.RETRY = timedelta(seconds=1)

    def run(self) -> int:
        given, stop = self.options, until_stopped()
        database = EngineDatabase(given.control, connections=6)
        self.kill_in_phases()
        if given.only_dispatch:
            Dispatcher(database).run(stop)
            return 0
        settings = WorkerSettings(
            places=Places(*given.places),
            timing=FAST,
            rate=FREE,
            dispatch=given.dispatch,
            stop_within=timedelta(seconds=given.stop_within),
        )
        tenants = ScriptedTenants(lambda tenant: f"sqlite:///{given.folder / tenant}.db", self.opened)
        worker = Worker(database, tenants, settings, clock=self.clock)
        worker.engine._version = given.version
        return 0 if worker.run(stop) else 1

    def clock(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.options.ahead)

    @contextmanager
    def opened(self, tenant: str, profile: str) -> Iterator[Source]:
        attempt = f"{os.getpid()}-{time.monotonic_ns()}"
        self.note(tenant, attempt)
        source = MemorySource()
        book = source.add("public")
        for number in range(self.options.rows):
            book.put(str(number), display_name=f"{tenant} {number}")
        stream = book.stream

        def slow(since: str | None, known: dict[str, str]) -> Iterator[Any]:
            self.die("reading", tenant)
            for item in stream(since, known):
                time.sleep(self.options.seconds / self.options.rows)
                yield item

        book.stream = slow  # type: ignore[method-assign]
        yield source
        self.note(tenant, attempt)

    def note(self, tenant: str, attempt: str) -> None:
        with psycopg.connect(self.options.log or self.options.control, autocommit=True) as connection:
            connection.execute("INSERT INTO run_log VALUES (%s, %s, clock_timestamp())", [tenant, attempt])

    def kill_in_phases(self) -> None:
        made, apply, defer = making.RunMaker.make, SqlPlanTransaction.apply, waiting.defer

        def make(maker: making.RunMaker, job: Job) -> Ended:
            self.die("fetched", job.tenant)
            ended = made(maker, job)
            self.die("ended", job.tenant)
            return ended

        def applied(transaction: Any, *arguments: Any, **options: Any) -> None:
            apply(transaction, *arguments, **options)
            self.die("applying", self.options.victim)

        def deferred(*arguments: Any, **options: Any) -> int:
            found = defer(*arguments, **options)
            if found:
                self.die("dispatching", self.options.victim)
            return found

        making.RunMaker.make = make  # type: ignore[method-assign, assignment]
        SqlPlanTransaction.apply = applied  # type: ignore[method-assign, assignment]
        waiting.defer = deferred

    def die(self, phase: str, tenant: str) -> None:
        if phase != self.options.kill or tenant != self.options.victim:
            return
        mark = self.options.folder / f"killed-{phase}"
        if self.options.always or not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    set_up("json")
    leave(ScriptedWorker(Options.model_validate_json(sys.argv[1])).run())
