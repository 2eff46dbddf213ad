"""A worker as a process that tests can kill, or that kills itself where a test says; see `Options`."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import fleet_faults
import psycopg
from fleet_faults import Fault
from pydantic import BaseModel

from pbx_connector.application.installation import Installation
from pbx_connector.cli.processes import leave
from pbx_connector.engine import making, unattended, waiting
from pbx_connector.engine.database import EngineDatabase
from pbx_connector.engine.directory import TenantDirectory
from pbx_connector.engine.dispatcher import Dispatcher
from pbx_connector.engine.heart import Timing
from pbx_connector.engine.limits import Rate
from pbx_connector.engine.port import Ended, Job, Places
from pbx_connector.engine.worker import Worker, WorkerSettings
from pbx_connector.logs import set_up
from pbx_connector.model import Row
from pbx_connector.profile import Profile
from pbx_connector.source import Source
from pbx_connector.stopping import until_stopped
from pbx_connector.stores import Store
from pbx_connector.stores.sql.history import leases
from pbx_connector.stores.sql.plan.plan_transaction import SqlPlanTransaction
from pbx_connector.stores.sql.schema import migrating
from pbx_connector.tenants import phone_books, registry
from pbx_connector.tenants.control import open_control
from pbx_connector.tenants.phone_books import PhoneBooks
from pbx_connector.testing import MemorySource
from pbx_connector.testing.fleet import ScriptedTenant, ScriptedTenants

FAST = Timing(beat=0.3, silent=6.0, sweep=0.5)
"""A worker that a busy machine leaves no time for so long is taken for dead."""
LEASE = 12.0
"""Seconds; a fifth of the usual, as `silent` is."""
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
    silent: float = FAST.silent
    """After so many seconds it takes others for dead."""
    version: int = waiting.VERSION
    schemas: bool = False
    """Whether phone books are schemas of the control database, as in a real fleet."""
    generations: bool = False
    """Whether rows are of the generation that the table `wanted` says; see `fleet_tally`."""
    schema_version: str = ""
    """Of which version of phone books the worker is; default: this one."""
    crowd: int = 0
    """So many rows the source of tenant t0000 has, as fast as they can be read."""
    machine: str = ""
    """What its machine is called; processes of others are not seen to end, so that a run's lease must run out."""
    fault: Fault = ""


class ScriptedWorker:
    def __init__(self, options: Options) -> None:
        self.options = options
        unattended.BUSY_PAUSE = timedelta(seconds=1)
        unattended.STORE_RETRY = unattended.RETRY = timedelta(seconds=1)
        leases.SECONDS = LEASE
        if options.schema_version:
            migrating.HEAD = phone_books.SCHEMA_VERSION = options.schema_version
        if options.machine:
            socket.gethostname = lambda: options.machine
        self._log: psycopg.Connection | None = None
        self._logging = threading.Lock()

    def run(self) -> int:
        given, stop = self.options, until_stopped()
        database = EngineDatabase(given.control, connections=6)
        self.kill_in_phases()
        fleet_faults.bring_in(given.fault)
        if given.only_dispatch:
            Dispatcher(database).run(stop)
            return 0
        settings = WorkerSettings(
            places=Places(*given.places),
            timing=replace(FAST, silent=given.silent),
            rate=FREE,
            dispatch=given.dispatch,
            stop_within=timedelta(seconds=given.stop_within),
        )
        worker = Worker(database, self.tenants(), settings, clock=self.clock)
        worker.engine._version = given.version
        return 0 if worker.run(stop) else 1

    def tenants(self) -> TenantDirectory:
        given = self.options
        scripted = ScriptedTenants(lambda tenant: f"sqlite:///{given.folder / tenant}.db", self.opened)
        return InSchemas(scripted, given.control, given.places[0] + 2) if given.schemas else scripted

    def clock(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.options.ahead)

    @contextmanager
    def opened(self, tenant: str, profile: str) -> Iterator[Source]:
        attempt = f"{os.getpid()}-{time.monotonic_ns()}"
        self.note(tenant, attempt)
        source = MemorySource()
        book = source.add("public")
        crowd = self.options.crowd if tenant == "t0000" else 0
        if not crowd:
            for key, name in self.rows(tenant):
                book.put(key, display_name=name)
        stream = book.stream

        def slow(since: str | None, known: dict[str, str]) -> Iterator[Any]:
            self.die("reading", tenant)
            for number in range(crowd):
                yield Row(str(number), "v1", {"display_name": f"{tenant} {number}"})
            for item in stream(since, known):
                time.sleep(self.options.seconds / self.options.rows)
                self.note(tenant, attempt)
                yield item

        book.stream = slow  # type: ignore[method-assign]
        yield source
        self.note(tenant, attempt)

    def rows(self, tenant: str) -> Iterator[tuple[str, str]]:
        first, of = 0, ""
        if self.options.generations:
            first = self.ask("SELECT generation FROM public.wanted WHERE tenant = %s", tenant)
            of = f" {first}"
        for number in range(first, first + self.options.rows):
            yield str(number), f"{tenant} {number}{of}"

    def note(self, tenant: str, attempt: str) -> None:
        """Dated when it was, however long the database could not be reached since."""
        began = time.monotonic()
        query = "INSERT INTO run_log VALUES (%s, %s, clock_timestamp() - make_interval(secs => %s), %s) RETURNING 1"
        self.ask(query, tenant, attempt, lambda: time.monotonic() - began, self.clock())

    def ask(self, query: str, *values: Any) -> Any:
        """Over one connection, which is made anew however long a database takes to be restarted: a source that failed
        would be another story. Values that are functions are called for each try."""
        while True:
            try:
                with self._logging:
                    if self._log is None:
                        self._log = psycopg.connect(self.options.log or self.options.control, autocommit=True)
                    given = [value() if callable(value) else value for value in values]
                    row = self._log.execute(query, given).fetchone()
                    return row[0] if row else None
            except psycopg.OperationalError:
                self._log = None
                time.sleep(0.2)

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


class InSchemas:
    """Scripted tenants, the phone book of each a schema of the control database with a role of its own."""

    def __init__(self, scripted: ScriptedTenants, control: str, connections: int) -> None:
        self._scripted = scripted
        self._books = PhoneBooks(control, connections=connections)
        with open_control(control) as database:
            self._known = {tenant.id: tenant for tenant in registry.all_tenants(database)}

    def load(self, tenant: str) -> InSchema | None:
        scripted = self._scripted.load(tenant)
        return InSchema(scripted, self._books, self._known[tenant]) if scripted else None


@dataclass(frozen=True)
class InSchema:
    scripted: ScriptedTenant
    books: PhoneBooks
    tenant: registry.Tenant

    @property
    def installation(self) -> Installation:
        return self.scripted.installation

    def profile(self, id: str) -> Profile | None:
        return self.scripted.profile(id)

    def open_store(self) -> Store:
        return self.books.open(self.tenant)


def work(options: str, log: str) -> None:
    """What the process does; its log lines go to the file `log`."""
    with open(log, "wb") as stream:
        os.dup2(stream.fileno(), 2)
    set_up("json")
    leave(ScriptedWorker(Options.model_validate_json(options)).run())
