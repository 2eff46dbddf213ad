"""A worker makes what is due, and what a worker that died was at."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from fleet import add_tenants

from pbx_connector.engine.database import EngineDatabase
from pbx_connector.engine.heart import Timing
from pbx_connector.engine.port import Places
from pbx_connector.engine.worker import Worker, WorkerSettings
from pbx_connector.schedule import Schedule
from pbx_connector.source import Source
from pbx_connector.stores import open_store
from pbx_connector.testing.fleet import ScriptedTenants, quiet


def wait_until(happened: Callable[[], object], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@contextmanager
def working(worker: Worker) -> Iterator[Worker]:
    stop = threading.Event()
    thread = threading.Thread(target=worker.run, args=[stop])
    thread.start()
    try:
        yield worker
    finally:
        stop.set()
        thread.join(60)
    assert not thread.is_alive()


def test_each_tenant_that_is_due_is_run_once(
    control_url: str, database: EngineDatabase, ask: Any, tmp_path: Path
) -> None:
    names = add_tenants(control_url, 5)
    tenants = ScriptedTenants(lambda tenant: f"sqlite:///{tmp_path / tenant}.db")
    with working(Worker(database, tenants, WorkerSettings(places=Places(6, 1, 2)))):
        wait_until(lambda: ask("SELECT count(*) FROM progress WHERE result = 'done'") == [(5,)])
    for name in names:
        with open_store(f"sqlite:///{tmp_path / name}.db") as store:
            assert len(list(store.runs())) == 1
            assert [entry.content.fields["display_name"] for entry in store.entries()] == [f"Reception of {name}"]
    assert ask("SELECT count(*) FROM procrastinate_workers") == [(0,)]


def test_a_worker_looks_for_profiles_that_do_not_succeed(
    control_url: str, database: EngineDatabase, ask: Any, tmp_path: Path
) -> None:
    [tenant] = add_tenants(control_url, 1, due_in=3600)
    ask("INSERT INTO progress (tenant, profile, look_at) VALUES (%s, 'crm', now())", tenant)
    schedule = Schedule(every=timedelta(hours=1))
    tenants = ScriptedTenants(lambda tenant: f"sqlite:///{tmp_path / tenant}.db", schedule=schedule)
    settings = WorkerSettings(places=Places(6, 1, 2), timing=Timing(look=0.1))
    with working(Worker(database, tenants, settings)):
        wait_until(lambda: ask("SELECT look_at > now() + interval '25 hours' FROM progress") == [(True,)])


def test_dead_servers_and_huge_sources_delay_no_other(
    control_url: str, database: EngineDatabase, ask: Any, tmp_path: Path
) -> None:
    """Two scheduled runs and a first one stand still; each has places left beside it."""
    add_tenants(control_url, 12)
    known = "SELECT tenant, profile, tenant <> 't0002' FROM pbx_control.schedule"
    ask(f"INSERT INTO progress (tenant, profile, ran) {known}")
    let_go, standing = threading.Event(), []

    @contextmanager
    def opened(tenant: str, profile: str) -> Iterator[Source]:
        if tenant <= "t0002":
            standing.append(tenant)
            assert let_go.wait(200)
        with quiet(tenant, profile) as source:
            yield source

    tenants = ScriptedTenants(lambda tenant: f"sqlite:///{tmp_path / tenant}.db", opened)
    done = "SELECT count(*) FROM progress WHERE result = 'done'"
    with working(Worker(database, tenants, WorkerSettings(places=Places(6, 1, 2)))):
        try:
            wait_until(lambda: ask(done) == [(9,)] and len(standing) == 3)
            assert sorted(standing) == ["t0000", "t0001", "t0002"]
        finally:
            let_go.set()
        wait_until(lambda: ask(done) == [(12,)])
