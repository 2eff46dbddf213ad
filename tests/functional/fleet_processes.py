"""A fleet of processes: a control database, workers and dispatchers that tests kill, and a log of what they did."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import fleet_worker
import psycopg
from fleet import add_tenants

from pbx_connector.stores import Store, open_store
from pbx_connector.tenants import registry
from pbx_connector.tenants.control import open_control
from pbx_connector.tenants.phone_books import PhoneBooks

KILLS = int(os.environ.get("PBX_KILLS", "4"))
"""So many workers are killed at random; `make crash` has many."""
PATIENCE = 200.0
PROCESSES = multiprocessing.get_context("forkserver")
"""Forked from one that has all modules: to start an interpreter for each costs more than what it then does."""
PROCESSES.set_forkserver_preload(
    ["pbx_connector.run", "pbx_connector.stores.sql.dialects.postgres", "pbx_connector.testing", "fleet_worker"]
)


class FleetProcess:
    """A worker or a dispatcher."""

    def __init__(self, options: str, log: Path) -> None:
        self.log = log
        log.touch()
        self._process = PROCESSES.Process(target=fleet_worker.work, args=(options, str(log)))
        self._process.start()
        self.pid = self._process.pid or 0

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def wait(self, seconds: float | None = None) -> int | None:
        """Returns its exit code; None if it goes on."""
        self._process.join(seconds)
        return self.returncode

    def send(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def kill(self) -> int | None:
        self.send(signal.SIGKILL)
        return self.wait(60)

    def terminate(self) -> None:
        self.send(signal.SIGTERM)

    def said(self) -> list[dict[str, Any]]:
        """Its log lines."""
        return [json.loads(line) for line in self.log.read_text().splitlines() if line.endswith("}")]


class Fleet:
    """A control database, workers, and a log of what they did."""

    def __init__(self, control: str, folder: Path) -> None:
        self.control = control
        self.folder = folder
        self.processes: list[FleetProcess] = []
        self.tenants: list[str] = []
        self.ask("CREATE TABLE public.run_log (tenant text, attempt text, at timestamptz, clock timestamptz)")

    def add(self, count: int, **how: Any) -> None:
        self.tenants = add_tenants(self.control, count, **how)

    def add_with_phone_books(self, count: int, **how: Any) -> None:
        """Their phone books are schemas of the control database; their workers are started with `schemas`."""
        self.add(count, **how)
        with open_control(self.control) as control:
            self.ask("UPDATE pbx_control.tenant SET role = 'tenant_' || id || '_' || %s", control.id)
            known = registry.all_tenants(control)
        books = PhoneBooks(self.control)
        for tenant in known:
            books.make(tenant)
        books.close()

    def start(self, **options: Any) -> FleetProcess:
        given = {"control": self.control, "log": self.control, "folder": str(self.folder), **options}
        process = FleetProcess(json.dumps(given), self.folder / f"worker-{len(self.processes)}.log")
        self.processes.append(process)
        return process

    def ask(self, query: str, *values: Any) -> list[Any]:
        with psycopg.connect(self.control, options="-c search_path=pbx_engine,public") as connection:
            cursor = connection.execute(query, values)
            return cursor.fetchall() if cursor.description else []

    def done(self) -> set[str]:
        return {tenant for (tenant,) in self.ask("SELECT tenant FROM progress WHERE result = 'done'")}

    def wait_for(self, happened: Callable[[], object], seconds: float = PATIENCE) -> None:
        deadline = time.monotonic() + seconds
        while not happened():
            if time.monotonic() > deadline:
                raise AssertionError(self.state())
            time.sleep(0.05)

    def state(self) -> str:
        jobs = self.ask("SELECT id, status, lock, worker_id FROM procrastinate_jobs WHERE status IN ('todo', 'doing')")
        logs = [path.read_text()[-1500:] for path in sorted(self.folder.glob("worker-*.log"))[-8:]]
        return f"done {sorted(self.done())}, jobs {jobs}\n" + "\n".join(logs)

    def attempts(self) -> dict[str, list[tuple[datetime, datetime]]]:
        """From the first note to the last note of each run, by tenant."""
        rows = self.ask("SELECT tenant, min(at), max(at) FROM run_log GROUP BY tenant, attempt ORDER BY 2")
        found: dict[str, list[tuple[datetime, datetime]]] = defaultdict(list)
        for tenant, first, last in rows:
            found[tenant].append((first, last))
        return found

    def overlaps(self) -> int:
        return sum(after[0] < before[1] for spans in self.attempts().values() for before, after in pairwise(spans))

    @contextmanager
    def phone_book(self, tenant: str) -> Iterator[Store]:
        """Wherever it is."""
        with open_control(self.control) as control:
            known = registry.find(control, tenant)
        if not known.role:
            with open_store(f"sqlite:///{self.folder / tenant}.db") as store:
                yield store
            return
        books = PhoneBooks(self.control)
        with books.open(known) as store:
            yield store
        books.close()

    def check_phone_books(self, rows: int = 3) -> None:
        for tenant in self.tenants:
            with self.phone_book(tenant) as store:
                names = sorted(entry.content.fields["display_name"] for entry in store.entries())
                assert [name.split()[:2] for name in names] == [[tenant, str(number)] for number in range(rows)]
                assert store.faults() == ()

    def end(self) -> None:
        for process in self.processes:
            process.send(signal.SIGCONT)
            process.terminate()
        for process in self.processes:
            if process.wait(40) is None:
                process.kill()
