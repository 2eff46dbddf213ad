"""What the engine of many tenants can do, with runs that do nothing: start delays, starts a second, memory, fairness.

    python benchmarks/fleet.py [starts] [fetch] [delay] [memory] [fair]

PostgreSQL and the workers are processes of this machine. A run loads nothing, opens no store and asks no source; it
waits as long as it is told. What is simulated is said beside each figure.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
from fleet_demo import postgres  # type: ignore[import-not-found]

from pbx_connector.cli.processes import leave
from pbx_connector.engine import waiting
from pbx_connector.engine.database import EngineDatabase
from pbx_connector.engine.dispatcher import Dispatcher
from pbx_connector.engine.limits import SourceLimits
from pbx_connector.engine.port import Ended, Job, Places, Queue, Result
from pbx_connector.engine.schema import prepare
from pbx_connector.engine.worker import Worker, WorkerSettings
from pbx_connector.logs import set_up
from pbx_connector.stopping import until_stopped
from pbx_connector.tenants.control import open_control

TENANTS = 5_000


class Nobody:
    """No run is loaded."""

    def load(self, tenant: str) -> None:
        return None


def work(control: str, seconds: float, throttled: int) -> int:
    """A worker whose runs wait `seconds`; the sources of the first `throttled` tenants want to be left alone."""
    set_up("json")
    stop = until_stopped()
    database = EngineDatabase(control, connections=6)
    worker = Worker(database, Nobody(), WorkerSettings(places=Places(20, 2, 4)))
    limits = SourceLimits(database)

    def make(job: Job) -> Ended:
        if throttled and int(job.tenant[1:]) < throttled:
            if (wait := limits.admit(job.tenant, "none")) is None:
                wait = timedelta(minutes=10)
                limits.throttled(job.tenant, "none", wait)
            return Ended(Result.POSTPONED, wait)
        time.sleep(seconds)
        return Ended(Result.DONE)

    worker._maker.make = make  # type: ignore[method-assign]
    worker.run(stop)
    return 0


class Fleet:
    def __init__(self, url: str) -> None:
        self.url = url
        open_control(url).close()
        self.database = EngineDatabase(url)
        prepare(self.database)
        self.workers: list[subprocess.Popen[bytes]] = []

    def sql(self, query: str, *values: Any) -> list[Any]:
        with psycopg.connect(self.url, options="-c search_path=pbx_engine") as connection:
            cursor = connection.execute(query, values or None)
            return cursor.fetchall() if cursor.description else []

    def add(self, count: int, every: float, spread: bool = True) -> None:
        """Nothing is left of those before. All have had their first run."""
        self.sql("TRUNCATE procrastinate_jobs, progress, bucket CASCADE")
        self.sql("TRUNCATE pbx_control.schedule, pbx_control.tenant CASCADE")
        self.sql(
            "INSERT INTO pbx_control.tenant (id, title, state, store, role, published, made, changed) "
            "SELECT 't' || number, '', 'active', '', '', 1, 0, 0 FROM generate_series(0, %s - 1) AS number",
            count,
        )
        rule = json.dumps({"every": f"{every:.0f}s"})
        place = f"extract(epoch FROM now()) + 3 + (number * 7919 % {count}) * {every / count}"
        due = place if spread else "0"
        query = (
            "INSERT INTO pbx_control.schedule (tenant, profile, version, rule, zone, next_at, jitter, state) "
            f"SELECT 't' || number, 'crm', 1, '{rule}', '', {due}, 0, 'ready' "
            f"FROM generate_series(0, {count} - 1) AS number"
        )
        self.sql(query)
        self.sql("INSERT INTO progress (tenant, profile, ran) SELECT tenant, profile, true FROM pbx_control.schedule")
        self.sql("ANALYZE")

    def start(self, count: int, seconds: float = 0.005, throttled: int = 0) -> None:
        command = [sys.executable, __file__, "--work", self.url, str(seconds), str(throttled)]
        self.workers = [subprocess.Popen(command, stderr=subprocess.DEVNULL) for _ in range(count)]
        while self.sql("SELECT count(*) FROM worker") != [(count,)]:
            time.sleep(0.1)

    def stop(self) -> None:
        for worker in self.workers:
            worker.terminate()
        for worker in self.workers:
            worker.wait(120)
        self.workers = []

    def memory(self) -> list[float]:
        """MiB of each worker at most so far."""
        found = []
        for worker in self.workers:
            lines = Path(f"/proc/{worker.pid}/status").read_text().splitlines()
            found.append(next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024)
        return found

    def delays(self, since: str) -> dict[str, list[float]]:
        """Of each tenant's jobs, from the moment that it was due to its start."""
        rows = self.sql(f"SELECT tenant, delay FROM public.started WHERE at > '{since}'")
        found: dict[str, list[float]] = {}
        for tenant, delay in rows:
            found.setdefault(tenant, []).append(delay)
        return found

    def record_starts(self) -> None:
        """What was due when, and when it began, by a trigger: dispatching moves `next_at`, and taking sets `begun`."""
        self.sql(
            "CREATE TABLE IF NOT EXISTS public.started (tenant text, delay float8, at timestamptz DEFAULT now());"
            "CREATE TABLE IF NOT EXISTS public.due (tenant text PRIMARY KEY, at float8);"
            "TRUNCATE public.started, public.due;"
            "CREATE OR REPLACE FUNCTION public.note_due() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "IF NEW.next_at > OLD.next_at THEN INSERT INTO public.due VALUES (OLD.tenant, OLD.next_at) "
            "ON CONFLICT (tenant) DO UPDATE SET at = excluded.at; END IF; RETURN NEW; END $$;"
            "CREATE OR REPLACE FUNCTION public.note_start() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "INSERT INTO public.started SELECT NEW.tenant, extract(epoch FROM clock_timestamp()) - at "
            "FROM public.due WHERE tenant = NEW.tenant; RETURN NEW; END $$;"
            "CREATE OR REPLACE TRIGGER note_due AFTER UPDATE OF next_at ON pbx_control.schedule "
            "FOR EACH ROW EXECUTE FUNCTION public.note_due();"
            "CREATE OR REPLACE TRIGGER note_start AFTER UPDATE OF begun ON progress "
            "FOR EACH ROW WHEN (NEW.ended IS NULL) EXECUTE FUNCTION public.note_start()"
        )


def starts(fleet: Fleet) -> None:
    """A thousand and more runs that are due at once."""
    for workers in (1, 2, 4):
        fleet.add(10, 86_400)
        fleet.start(workers)
        fleet.add(2_000, 86_400, spread=False)
        began = time.monotonic()
        done = 0
        while time.monotonic() - began < 20 and done < 2_000:
            time.sleep(0.25)
            done = fleet.sql("SELECT count(*) FROM progress WHERE ended IS NOT NULL")[0][0]
        took = time.monotonic() - began
        print(
            f"starts: {workers} workers made {done} runs of 5 ms in {took:.1f} s: {done / took:.0f} a second",
            flush=True,
        )
        fleet.stop()


def fetch(fleet: Fleet) -> None:
    for count in (100, 20_000):
        fleet.add(count, 86_400, spread=False)
        dispatcher, began = Dispatcher(fleet.database), time.monotonic()
        while (done := dispatcher.tick()) and done.due:
            pass
        dispatched = time.monotonic() - began
        fleet.sql("ANALYZE procrastinate_jobs")
        times = [_fetch_once(fleet) for _ in range(100)]
        print(
            f"fetch: with {count} waiting a job is taken in {statistics.median(times) * 1000:.1f} ms (median), "
            f"{statistics.quantiles(times, n=20)[-1] * 1000:.1f} ms (p95); dispatching them took {dispatched:.1f} s",
            flush=True,
        )


def _fetch_once(fleet: Fleet) -> float:
    began = time.perf_counter()
    with fleet.database.transaction() as connection:
        worker = connection.execute("SELECT min(id) AS id FROM procrastinate_workers").fetchone()
        number = worker["id"] if worker and worker["id"] else waiting.register_worker(connection)
        assert waiting.fetch(connection, waiting.queue_names([Queue.SCHEDULED]), number)
    return time.perf_counter() - began


def delay(fleet: Fleet) -> None:
    """The load of 5,000 tenants every 15 minutes, which is 5.6 starts a second, of runs of half a second."""
    count, every = TENANTS // 15, 60.0  # a fifteenth of the tenants, each fifteen times as often
    _delays(fleet, f"{count} tenants every {every:.0f} s", count, every, workers=2, seconds=60)
    _delays(fleet, f"{TENANTS} tenants every 15 min, one minute of it", TENANTS, 900.0, workers=2, seconds=60)


def _delays(fleet: Fleet, what: str, count: int, every: float, *, workers: int, seconds: float) -> None:
    fleet.add(count, every)
    fleet.record_starts()
    fleet.start(workers, seconds=0.5)
    time.sleep(seconds)
    found = [delay for each in fleet.delays("2000-01-01").values() for delay in each]
    memory = max(fleet.memory())
    fleet.stop()
    cut = statistics.quantiles(found, n=20)
    print(
        f"delay: {what}, {workers} workers: {len(found)} starts in {seconds:.0f} s, start delay "
        f"median {statistics.median(found):.2f} s, p95 {cut[-1]:.2f} s, longest {max(found):.2f} s; {memory:.0f} MiB",
        flush=True,
    )


def memory(fleet: Fleet) -> None:
    for count in (100, TENANTS):
        fleet.add(count, 10.0 if count == 100 else 100.0)
        fleet.start(1, seconds=0.01)
        time.sleep(25)
        runs = fleet.sql("SELECT count(*) FROM progress WHERE ended IS NOT NULL")[0][0]
        print(f"memory: {count} tenants, {runs} of them run: {fleet.memory()[0]:.0f} MiB a worker at most", flush=True)
        fleet.stop()


def fair(fleet: Fleet) -> None:
    """A tenth of the tenants is hot (due again every 10 s), three tenths have sources that want to be left alone."""
    count = 400
    fleet.add(count, 20.0)
    fleet.sql("UPDATE pbx_control.schedule SET rule = '{\"every\": \"10s\"}' WHERE right(tenant, 1) = '9'")
    fleet.record_starts()
    fleet.start(2, seconds=0.2, throttled=count * 3 // 10)
    time.sleep(110)
    found = fleet.delays("2000-01-01")
    fleet.stop()
    others = {
        tenant: statistics.mean(delays)
        for tenant, delays in found.items()
        if int(tenant[1:]) >= count * 3 // 10 and not tenant.endswith("9")
    }
    hot = sum(len(delays) for tenant, delays in found.items() if tenant.endswith("9"))
    service = [20.0 / (20.0 + each) for each in others.values()]
    print(
        f"fair: {len(others)} ordinary tenants beside {hot} hot starts and {count * 3 // 10} held sources: Jain index "
        f"{jain(list(others.values())):.3f} of mean delays, {jain(service):.4f} of intervals kept; "
        f"mean delay {statistics.mean(others.values()):.2f} s, longest {max(others.values()):.2f} s",
        flush=True,
    )


def jain(values: list[float]) -> float:
    return sum(values) ** 2 / (len(values) * sum(value * value for value in values))


PARTS = {part.__name__: part for part in (starts, fetch, delay, memory, fair)}


def main(names: list[str]) -> None:
    with tempfile.TemporaryDirectory(prefix="pbx-fleet-", ignore_cleanup_errors=True) as folder:
        os.chmod(folder, 0o755)
        with postgres(Path(folder) / "postgres") as url:
            fleet = Fleet(url)
            for name in names or list(PARTS):
                PARTS[name](fleet)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--work"]:
        leave(work(sys.argv[2], float(sys.argv[3]), int(sys.argv[4])))
    main(sys.argv[1:])
