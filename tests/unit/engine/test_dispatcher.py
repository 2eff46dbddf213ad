"""What is due is put into the queues, once, and what was missed does not become a herd."""

from __future__ import annotations

from collections import Counter
from typing import Any

import psycopg
import pytest
from fleet import add_tenants

from pbx_connector.engine import dispatcher as dispatching
from pbx_connector.engine.database import EngineDatabase
from pbx_connector.engine.dispatcher import Dispatcher, next_after

EVERY = '{"every": "15m"}'
QUARTER = 900.0


def row(next_at: float, now: float, rule: str = EVERY, **values: Any) -> dict[str, Any]:
    return {"rule": rule, "zone": "", "jitter": 0.0, "next_at": next_at, "now": now, **values}


def test_the_next_time_keeps_its_place_in_the_interval() -> None:
    assert next_after(row(1000.0, 1003.0)) == 1000.0 + QUARTER
    assert next_after(row(1000.0, 1000.0 + 4 * QUARTER + 10)) == 1000.0 + 5 * QUARTER


def test_after_an_outage_a_run_that_would_come_soon_after_is_left_out() -> None:
    assert next_after(row(1000.0, 1000.0 + 4 * QUARTER + 800)) == 1000.0 + 6 * QUARTER


def test_a_time_of_day_is_met_by_the_tenants_clock_and_later_by_its_jitter() -> None:
    noon = '{"cron": "0 12 * * *"}'
    day = 86400.0
    assert next_after(row(0.0, 5.0, noon, zone="Europe/Berlin", jitter=30.0)) == 11 * 3600.0 + 30
    assert next_after(row(0.0, 11 * 3600.0 + 30, noon, zone="Europe/Berlin", jitter=30.0)) == 11 * 3600.0 + 30 + day


def test_without_a_schedule_there_is_no_next_time() -> None:
    assert next_after(row(0.0, 5.0, "")) is None


def test_all_that_is_due_is_enqueued_once_in_batches(database: EngineDatabase, control_url: str, ask: Any) -> None:
    add_tenants(control_url, 25)
    dispatcher = Dispatcher(database, batch=10)
    assert [(done.due, done.enqueued) for done in (dispatcher.tick() for _ in range(4)) if done] == [
        (10, 10),
        (10, 10),
        (5, 5),
        (0, 0),
    ]
    assert ask("SELECT count(*), count(DISTINCT lock) FROM procrastinate_jobs") == [(25, 25)]


def test_what_waits_already_is_not_enqueued_again(database: EngineDatabase, control_url: str, ask: Any) -> None:
    add_tenants(control_url, 3)
    dispatcher = Dispatcher(database)
    dispatcher.tick()
    ask("UPDATE pbx_control.schedule SET next_at = 0 WHERE tenant <> 't0001'")
    done = dispatcher.tick()
    assert done is not None
    assert (done.due, done.enqueued) == (2, 0)
    assert ask("SELECT count(*) FROM pbx_control.schedule WHERE next_at < 1000") == [(0,)]


def test_after_an_outage_the_next_runs_are_spread_as_before(
    database: EngineDatabase, control_url: str, ask: Any
) -> None:
    add_tenants(control_url, 90)
    hour_ago = "floor(extract(epoch FROM now())) - 3600"
    ask(f"UPDATE pbx_control.schedule SET next_at = {hour_ago} + right(tenant, 4)::int * 10")
    Dispatcher(database).tick()
    found = ask("SELECT next_at FROM pbx_control.schedule")
    a_minute = Counter(int(at // 60) for (at,) in found)
    assert max(a_minute.values()) <= 7


def test_a_suspended_tenant_and_a_paused_profile_are_left_out(
    database: EngineDatabase, control_url: str, ask: Any
) -> None:
    add_tenants(control_url, 3)
    ask("UPDATE pbx_control.tenant SET state = 'suspended' WHERE id = 't0000'")
    ask("UPDATE pbx_control.schedule SET state = 'paused' WHERE tenant = 't0001'")
    Dispatcher(database).tick()
    assert ask("SELECT lock FROM procrastinate_jobs") == [("t0002",)]


def test_one_dispatcher_at_a_time(database: EngineDatabase, control_url: str) -> None:
    add_tenants(control_url, 1)
    with psycopg.connect(control_url) as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", [dispatching._LEADS])
        assert Dispatcher(database).tick() is None
    assert Dispatcher(database).tick() is not None


def test_a_first_run_goes_into_its_own_queue(database: EngineDatabase, control_url: str, ask: Any) -> None:
    add_tenants(control_url, 2)
    ask("INSERT INTO progress (tenant, profile, ran) VALUES ('t0000', 'crm', true)")
    Dispatcher(database).tick()
    assert ask("SELECT lock, queue_name FROM procrastinate_jobs ORDER BY 1") == [
        ("t0000", "scheduled"),
        ("t0001", "first"),
    ]


def test_no_more_is_enqueued_than_can_wait(
    database: EngineDatabase, control_url: str, ask: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_tenants(control_url, 20)
    monkeypatch.setattr(dispatching, "MOST_WAITING", 12)
    dispatcher = Dispatcher(database, batch=10)
    for _ in range(3):
        dispatcher.tick()
    assert ask("SELECT count(*) FROM procrastinate_jobs") == [(12,)]
    assert ask("SELECT count(*) FROM pbx_control.schedule WHERE next_at < extract(epoch FROM now())") == [(8,)]
