"""A worker makes what is due, and what a worker that died was at."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from fleet import add_tenants

from pbx_connector.engine.database import EngineDatabase
from pbx_connector.engine.port import Places
from pbx_connector.engine.worker import Worker, WorkerSettings
from pbx_connector.stores import open_store
from pbx_connector.testing.fleet import ScriptedTenants


def wait_until(happened: Callable[[], object], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture
def database(control_url: str) -> Iterator[EngineDatabase]:
    database = EngineDatabase(control_url)
    yield database
    database.close()


def asked(url: str, query: str) -> Any:
    with psycopg.connect(url, options="-c search_path=pbx_engine") as connection:
        return connection.execute(query).fetchall()  # type: ignore[call-overload]


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


def test_each_tenant_that_is_due_is_run_once(control_url: str, database: EngineDatabase, tmp_path: Path) -> None:
    names = add_tenants(control_url, 5)
    tenants = ScriptedTenants(lambda tenant: f"sqlite:///{tmp_path / tenant}.db")
    with working(Worker(database, tenants, WorkerSettings(places=Places(6, 1, 2)))):
        wait_until(lambda: asked(control_url, "SELECT count(*) FROM progress WHERE result = 'done'") == [(5,)])
    for name in names:
        with open_store(f"sqlite:///{tmp_path / name}.db") as store:
            assert len(list(store.runs())) == 1
            assert [entry.content.fields["display_name"] for entry in store.entries()] == [f"Reception of {name}"]
    assert asked(control_url, "SELECT count(*) FROM procrastinate_workers") == [(0,)]
