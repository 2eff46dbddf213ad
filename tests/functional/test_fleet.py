"""A provider's day: tenants are published, a worker runs them, and its state can be asked for."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from product import Connector
from serving import wait_until

PROFILE = """\
title: Reception
source: csv
settings: {file: ../people.csv}
schedule: {every: 1h}
structure: {phonebook: [{028pho_bez: "{{name}}", 028pho_phone: "{{phone}}"}]}
"""


class Provider:
    def __init__(self, connector: Connector, database: str) -> None:
        self.connector = connector
        self.database = database
        connector.environment |= {
            "PBX_CONNECTOR_CONTROL_DATABASE": database,
            "PBX_CONNECTOR_CONTROL_CACHE": str(connector.home / "cache"),
            "PBX_CONNECTOR_CONTROL_FILES": str(connector.home / "files"),
            "PBX_CONNECTOR_SERVICE_LISTEN": "127.0.0.1:0",
        }
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(self, *arguments: str) -> Callable[[], list[dict[str, Any]]]:
        """Returns what tells its log lines."""
        log = self.connector.home / f"{arguments[0]}-{len(self.processes)}.log"
        command = [str(Path(sys.executable).with_name("pbx-connector")), *arguments, "--log", "json"]
        environment = self.connector.environment
        with log.open("wb") as stream:
            self.processes.append(subprocess.Popen(command, env=environment, stderr=stream, cwd=self.connector.home))
        return lambda: [json.loads(line) for line in log.read_text().splitlines() if line.endswith("}")]

    def results(self) -> dict[str, str]:
        with psycopg.connect(self.database) as connection:
            return dict(connection.execute("SELECT tenant, result FROM pbx_engine.progress").fetchall())


@pytest.fixture
def provider(
    connector: Connector, new_database: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Provider]:
    provider = Provider(connector, new_database())
    for name, value in connector.environment.items():
        monkeypatch.setenv(name, value)
    yield provider
    for process in provider.processes:
        if process.poll() is None:
            process.kill()
            process.wait()


def got(address: str, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://{address}{path}", timeout=100) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def publish(connector: Connector, *tenants: str) -> None:
    for tenant in tenants:
        profiles = connector.home / "tenants" / tenant / "profiles"
        profiles.mkdir(parents=True)
        (profiles / "people.yaml").write_text(PROFILE)
        profiles.with_name("people.csv").write_text("id,name,phone\n1,Reception,+49891234\n")
        connector("tenants", "add", tenant)
    connector("tenants", "publish", "tenants")


def test_a_worker_runs_what_is_published_and_tells_how_it_is(connector: Connector, provider: Provider) -> None:
    publish(connector, "acme", "beta")
    assert "pbx-connector fleet prepare" in connector("fleet", "status", code=4).err
    connector("fleet", "prepare")
    assert "ready already" in connector("fleet", "prepare").out
    status = connector("fleet", "status", "--json", code=1).json
    assert (status["well"], status["complaints"], status["tenants"]) == (False, ["no worker is running"], 2)
    assert status["unserved_since"]

    lines = provider.start("worker", "--places", "4", "--interactive", "1", "--first", "1")
    wait_until(lambda: any(line["event"] == "working" for line in lines()))
    address = next(line["health"] for line in lines() if line["event"] == "working")
    connector("fleet", "run", "acme", "people")
    assert "no worker" not in connector("fleet", "run", "beta", "people", "--full").err
    wait_until(lambda: provider.results() == {"acme": "done", "beta": "done"})
    ended = [line for line in lines() if line["event"] == "run ended"]
    assert {(line["tenant"], line["profile"], line["status"], line["added"]) for line in ended} == {
        ("acme", "people", "done", 1),
        ("beta", "people", "done", 1),
    }
    wait_until(lambda: got(address, "/readyz")[0] == 200)
    assert got(address, "/livez") == (200, "ok\n")
    counted = 'pbx_connector_worker_jobs_total{queue="interactive",result="done"} 2.0'
    wait_until(lambda: counted in got(address, "/metrics")[1])
    metrics = got(address, "/metrics")[1]
    assert "pbx_connector_fleet_tenants 2.0" in metrics
    assert "acme" not in metrics
    status = connector("fleet", "status", "--json").json
    assert (status["well"], len(status["workers"]), status["workers"][0]["places"]) == (True, 1, 4)
    assert status["unserved_since"] is None
    assert "2 tenants with 2 profiles" in connector("fleet", "status").out

    [profile] = connector("tenants", "show", "acme", "--json").json["profiles"]
    assert profile["last_run"]["status"] == "done"
    assert "done, 20" in connector("tenants", "show", "acme").out

    [worker] = provider.processes
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(100) == 0
    assert connector("fleet", "status", "--json", code=1).json["workers"] == []


def test_a_dispatcher_of_its_own_puts_what_is_due_into_the_queues(connector: Connector, provider: Provider) -> None:
    publish(connector, "acme")
    connector("fleet", "prepare")
    with psycopg.connect(provider.database) as connection:
        connection.execute("UPDATE pbx_control.schedule SET next_at = 0")
    lines = provider.start("dispatcher")
    wait_until(lambda: connector("fleet", "status", "--json", code=1).json["queues"][2]["waiting"] == 1)
    address = next(line["health"] for line in lines() if line["event"] == "dispatching")
    assert got(address, "/readyz")[0] == 200
    assert 'pbx_connector_queue_waiting{queue="first"} 1.0' in got(address, "/metrics")[1]
    [dispatcher] = provider.processes
    dispatcher.send_signal(signal.SIGTERM)
    assert dispatcher.wait(100) == 0


def test_what_cannot_be_asked_for_is_said(connector: Connector, provider: Provider) -> None:
    publish(connector, "acme")
    connector("fleet", "prepare")
    assert "no profile other is published for tenant acme" in connector("fleet", "run", "acme", "other", code=2).err
    assert "is quarantined or paused" in connector("fleet", "release", "acme", "people", code=2).err
    warned = connector("fleet", "run", "acme", "people").err
    assert "no worker has been running since 20" in warned
    assert "pbx-connector worker starts one" in warned
    connector("tenants", "suspend", "acme")
    stopped = connector("fleet", "run", "acme", "people", code=2).err
    assert "tenant acme is suspended: nothing of it is run" in stopped
    assert "tenants resume acme" in stopped
    connector("tenants", "resume", "acme")
    assert "give more --places" in connector("worker", "--places", "3", "--interactive", "2", code=2).err
    with psycopg.connect(provider.database) as connection:
        connection.execute("UPDATE pbx_control.schedule SET state = 'quarantined', lost = 3, reason = 'three died'")
    told = connector("fleet", "status", code=1)
    assert "three died" in told.out
    assert "1 profile quarantined or paused" in told.err
    assert "runs again" in connector("fleet", "release", "acme", "people").out
