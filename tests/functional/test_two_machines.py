"""Two services on one PostgreSQL store and one profiles folder, as on two machines; and an unreachable server."""

from __future__ import annotations

import re
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from pbx_exchange.sandbox import Sandbox
from pbx_exchange.sandbox.faults import Fault
from product import Connector
from serving import Serve, Serving, wait_until


@pytest.fixture
def shared(connector: Connector, profile: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> Connector:
    """The phone book is on the server; its accounts are known there."""
    connector.environment["PBX_CONNECTOR_STORE"] = postgres_url
    monkeypatch.setenv("PBX_CONNECTOR_STORE", postgres_url)
    connector("accounts", "import", "accounts.csv")
    connector("automate", profile, "--every", "1h")
    return connector


@pytest.fixture
def machines(shared: Connector, serve: Serve) -> list[Serving]:
    started = [serve(), serve()]
    for serving in started:
        serving.wait_for("serving")
    return started


def runs_of(connector: Connector, profile: str) -> list[dict[str, str]]:
    """From the history, the last one first, without what is no run."""
    listed: list[dict[str, str]] = connector("history", profile, "--json").json
    return listed


def test_of_many_profiles_each_is_run_once(
    shared: Connector, profile: Path, profiles: Path, machines: list[Serving]
) -> None:
    names = [f"p{number}" for number in range(6)]
    for name in names:
        text = profile.read_text().replace("{{DisplayName}}", f"{{{{DisplayName}}}} ({name})")
        (profiles / f"{name}.yaml").write_text(re.sub("title: .*", f"title: {name}", text))
    wait_until(lambda: sum(len(serving.events("run ended")) for serving in machines) >= len(names))
    time.sleep(1)
    ended = Counter(line["profile"] for serving in machines for line in serving.events("run ended"))
    assert ended == dict.fromkeys(names, 1)
    assert [[run["status"] for run in runs_of(shared, name)] for name in names] == [["done"]] * len(names)
    for serving in machines:
        assert serving.stop() == 0


def test_one_takes_over_when_the_other_is_killed_in_the_middle_of_a_run(
    shared: Connector, sandbox: Sandbox, profile: Path, profiles: Path, machines: list[Serving]
) -> None:
    sandbox.faults.add(Fault(name="silent", times=None))
    dropped = profile.rename(profiles / profile.name)
    wait_until(lambda: any(serving.events("run begins") for serving in machines))
    left, killed = sorted(machines, key=lambda serving: len(serving.events("run begins")))
    assert not left.events("run begins")
    killed.stop(signal.SIGKILL)
    sandbox.faults.clear()
    dropped.touch()  # looked at now, and not in a minute
    assert left.wait_for("run ended")["status"] == "done"
    assert any("ended without a word" in line["event"] for line in left.lines)
    last, lost = runs_of(shared, "exchange-contacts")
    assert (last["status"], lost["status"]) == ("done", "failed")
    assert "ended without a word" in lost["note"]
    assert shared.entries()
    assert left.stop() == 0


def test_a_server_that_is_unreachable_at_start_and_again_in_the_middle_of_a_run_is_waited_for(
    shared: Connector,
    sandbox: Sandbox,
    profile: Path,
    profiles: Path,
    postgres_url: str,
    serve: Serve,
    control_postgres: Callable[[str], None],
) -> None:
    control_postgres("stop")
    try:
        serving = serve()
        serving.wait_for("the store cannot be reached, runs wait")
        assert serving.health["ready"] is False
        sandbox.faults.add(Fault(name="slow", times=None, seconds=0.3))
        dropped = profile.rename(profiles / profile.name)
        serving.wait_for("profile loaded")
        control_postgres("restart")
        serving.wait_for("the store is back")
        serving.wait_for("run begins")
        control_postgres("stop")
        sandbox.faults.clear()
        serving.wait_for("the store is failing, the run waits")
    finally:
        control_postgres("restart")
    serving.wait_for("the store is back", count=2)
    serving.wait_for("the profile is being run already")  # as far as the store knows, for another minute
    with psycopg.connect(postgres_url) as minute_over:
        minute_over.execute(
            "UPDATE lease SET holder = jsonb_set(holder::jsonb, '{up}', to_jsonb((holder::jsonb->>'up')::float - 60))"
        )  # on the machine of the holder it is the time since its start that counts
    dropped.touch()
    assert serving.wait_for("run ended")["status"] == "done"
    assert len(serving.events("run ended")) == 1
    last, lost = runs_of(shared, "exchange-contacts")
    assert (last["status"], lost["status"]) == ("done", "failed")
    assert serving.stop() == 0
