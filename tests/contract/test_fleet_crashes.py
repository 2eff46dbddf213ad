"""Whatever is killed, restarted or cut off: no run twice at once, none lost, each found again.

Workers are processes of their own, whose patience is a fifth of the usual. Random kills are in `test_fleet_kills.py`.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from functools import partial
from typing import Literal

import pytest
from fleet_processes import KILLS, Fleet
from fleet_worker import FAST
from relay import Relay

from pbx_connector.engine.database import EngineDatabase
from pbx_connector.engine.port import Job, Queue
from pbx_connector.engine.postgres import PostgresEngine
from pbx_connector.engine.waiting import VERSION


@pytest.mark.parametrize("phase", ["fetched", "reading", "applying", "ended"])
def test_a_worker_that_is_killed_in_a_run_leaves_it_to_another(fleet: Fleet, phase: str) -> None:
    fleet.add(6)
    victim = fleet.start(kill=phase, victim="t0003", dispatch=True)
    fleet.wait_for(lambda: victim.returncode is not None)
    assert victim.returncode == -signal.SIGKILL
    [(lost,)] = fleet.ask("SELECT count(*) FROM procrastinate_jobs WHERE status = 'doing'")
    assert lost > 0
    fleet.start()
    fleet.wait_for(lambda: fleet.done() == set(fleet.tenants))
    fleet.wait_for(lambda: not fleet.ask("SELECT 1 FROM procrastinate_jobs WHERE status IN ('todo', 'doing')"))
    assert fleet.overlaps() == 0
    assert fleet.ask("SELECT count(*) FROM lost_worker") == [(1,)]
    fleet.check_phone_books()


def test_a_dispatcher_that_is_killed_in_the_middle_loses_nothing_and_sends_nothing_twice(fleet: Fleet) -> None:
    fleet.add(6)
    dispatcher = fleet.start(only_dispatch=True, kill="dispatching", victim="any")
    fleet.wait_for(lambda: dispatcher.returncode is not None)
    assert dispatcher.returncode == -signal.SIGKILL
    fleet.wait_for(lambda: fleet.ask("SELECT count(*) FROM procrastinate_jobs") == [(0,)])
    fleet.start(only_dispatch=True)
    fleet.wait_for(lambda: fleet.ask("SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo'") == [(6,)])
    fleet.start(dispatch=False, silent=300)
    fleet.wait_for(lambda: fleet.done() == set(fleet.tenants))
    assert {tenant: len(spans) for tenant, spans in fleet.attempts().items()} == dict.fromkeys(fleet.tenants, 1)


@pytest.mark.skipif(KILLS < 50, reason="takes long: make crash")
def test_a_profile_that_kills_three_workers_is_quarantined_and_the_others_go_on(fleet: Fleet) -> None:
    fleet.add(4)
    for _ in range(3):
        killed = fleet.start(kill="reading", victim="t0001", always=True)
        fleet.wait_for(partial(killed.wait, 60))
        assert killed.returncode == -signal.SIGKILL
    fleet.start(kill="reading", victim="t0001", always=True)
    stopped = "SELECT lost, reason FROM pbx_control.schedule WHERE tenant = 't0001' AND state = 'quarantined'"
    fleet.wait_for(lambda: fleet.ask(stopped))
    assert fleet.ask(stopped) == [(3, "3 workers died in its runs, one after the other")]
    fleet.wait_for(lambda: fleet.done() == set(fleet.tenants) - {"t0001"})
    assert fleet.processes[-1].returncode is None
    fleet.wait_for(lambda: '"trouble":"failing"' in notices(fleet, "t0001"))


def test_the_database_is_restarted_in_the_middle_of_runs(
    fleet: Fleet, control_postgres: Callable[[Literal["stop", "restart"]], None]
) -> None:
    fleet.add(12)
    workers = [fleet.start(seconds=0.6) for _ in range(2)]
    fleet.wait_for(lambda: len(fleet.attempts()) >= 4)
    began = fleet.ask("SELECT pg_postmaster_start_time()")
    control_postgres("restart")
    assert fleet.ask("SELECT pg_postmaster_start_time()") != began
    fleet.wait_for(lambda: fleet.done() == set(fleet.tenants))
    said = [line["event"] for worker in workers for line in worker.said() if line["level"] in ("error", "warning")]
    assert said, "nobody noticed the restart"
    assert all(worker.returncode is None for worker in workers)
    assert fleet.overlaps() == 0
    fleet.check_phone_books()


def test_the_database_is_down_for_longer_than_workers_are_trusted(
    fleet: Fleet, control_postgres: Callable[[Literal["stop", "restart"]], None]
) -> None:
    """When it comes back the worker that looks first goes on. It takes the one that cannot beat yet for dead: its runs
    are made once more, and not twice at once."""
    fleet.add_with_phone_books(4)
    workers = [fleet.start(seconds=FAST.silent + 10, schemas=True, machine=f"machine-{number}") for number in range(2)]
    fleet.wait_for(lambda: len(fleet.attempts()) == 4)
    [(late,)] = fleet.ask(
        "SELECT process FROM procrastinate_jobs JOIN worker ON worker.id = worker_id WHERE status = 'doing' LIMIT 1"
    )
    control_postgres("stop")
    time.sleep(FAST.silent + 1.5)
    [slower] = [worker for worker in workers if worker.pid == late]
    slower.send(signal.SIGSTOP)  # or chance would say whether both beat before one looks, which is as well
    control_postgres("restart")
    fleet.wait_for(lambda: fleet.ask("SELECT 1 FROM lost_worker WHERE process = %s", late))
    slower.send(signal.SIGCONT)
    fleet.wait_for(lambda: fleet.done() == set(fleet.tenants))
    fleet.wait_for(lambda: not fleet.ask("SELECT 1 FROM worker WHERE running > 0"))
    assert {len(spans) for spans in fleet.attempts().values()} != {1}
    assert fleet.overlaps() == 0
    assert all(worker.returncode is None for worker in workers)
    fleet.check_phone_books()


def test_a_worker_that_was_frozen_writes_nothing_when_it_wakes(fleet: Fleet) -> None:
    """As on a machine that slept: it cannot know that others made its runs meanwhile, only the phone book does."""
    fleet.add_with_phone_books(2)
    frozen = fleet.start(seconds=10.0, rows=2, schemas=True, machine="asleep")
    fleet.wait_for(lambda: len(fleet.attempts()) == 2)
    frozen.send(signal.SIGSTOP)
    fleet.start(rows=3, schemas=True, machine="awake")
    fleet.wait_for(lambda: fleet.done() == set(fleet.tenants))
    frozen.send(signal.SIGCONT)
    fleet.wait_for(lambda: any("taken for dead" in line["event"] for line in frozen.said()))
    fleet.wait_for(lambda: not fleet.ask("SELECT 1 FROM worker WHERE running > 0"))
    fleet.check_phone_books(rows=3)


def test_clocks_that_are_minutes_wrong_change_nothing(fleet: Fleet) -> None:
    fleet.add(8, every="10s")
    fleet.start(ahead=420.0, silent=300)
    fleet.start(ahead=-420.0, silent=300)
    fleet.wait_for(lambda: fleet.done() == set(fleet.tenants))
    fleet.wait_for(lambda: all(len(spans) > 1 for spans in fleet.attempts().values()))
    wrong = "SELECT DISTINCT round(extract(epoch FROM clock - at) / 420)::int FROM run_log ORDER BY 1"
    fleet.wait_for(lambda: fleet.ask(wrong) == [(-1,), (1,)])  # both have made runs
    assert fleet.overlaps() == 0
    [(now,)] = fleet.ask("SELECT now()")
    for tenant in fleet.tenants:
        with fleet.phone_book(tenant) as store:
            for run in store.runs():
                assert run.report.started is not None
                assert abs((run.report.started - now).total_seconds()) < 300


def test_what_an_older_worker_does_not_understand_is_left_to_a_newer_one(fleet: Fleet) -> None:
    fleet.add(2, due_in=3600)
    database = EngineDatabase(fleet.control)
    newer = Job(tenant="t0000", profile="crm", queue=Queue.INTERACTIVE)
    PostgresEngine(database, version=VERSION + 1).enqueue(newer)
    PostgresEngine(database).enqueue(Job(tenant="t0001", profile="crm", queue=Queue.INTERACTIVE))
    database.close()
    fleet.start()
    fleet.wait_for(lambda: fleet.done() == {"t0001"})
    time.sleep(2)
    assert fleet.ask("SELECT status FROM procrastinate_jobs WHERE lock = 't0000'") == [("todo",)]
    fleet.start(version=VERSION + 1)
    fleet.wait_for(lambda: fleet.done() == set(fleet.tenants))


def test_a_phone_book_of_another_version_is_left_to_workers_of_that(fleet: Fleet) -> None:
    """As while a fleet is brought to a new version: its workers are of two."""
    fleet.add_with_phone_books(4)
    old = fleet.start(schemas=True, schema_version="0009")
    postponed = "the tenant's phone book is of another version"
    fleet.wait_for(lambda: {line["tenant"] for line in old.said() if line["event"] == postponed} == set(fleet.tenants))
    assert fleet.attempts() == {}
    fleet.start(schemas=True, machine="new")
    fleet.wait_for(lambda: fleet.done() == set(fleet.tenants))
    assert old.returncode is None
    assert fleet.overlaps() == 0
    fleet.check_phone_books()


def test_a_crowd_of_contacts_delays_no_other_tenant(fleet: Fleet) -> None:
    """At one worker, which reads it as fast as it can all the while."""
    fleet.add(8)
    fleet.start(crowd=1_000_000, stop_within=1.0)
    fleet.wait_for(lambda: fleet.done() == set(fleet.tenants[1:]))
    assert fleet.ask("SELECT 1 FROM procrastinate_jobs WHERE status = 'doing' AND lock = 't0000'")
    [(first, last)] = fleet.attempts()["t0000"]
    assert first == last, "it was read to its end"


@pytest.mark.parametrize("schemas", [False, True])
def test_a_worker_that_is_cut_off_gives_its_runs_up_before_others_make_them(fleet: Fleet, schemas: bool) -> None:
    """From the control database, and from the phone books."""
    fleet.add_with_phone_books(4) if schemas else fleet.add(4)
    with Relay(fleet.control) as relay:
        cut = fleet.start(control=relay.url, seconds=FAST.silent + 10, rows=1200, schemas=schemas, machine="cut off")
        fleet.wait_for(lambda: len(fleet.attempts()) == 2)  # both first places
        relay.stall()
        fleet.start(seconds=0.1, schemas=schemas, machine="other")
        fleet.wait_for(lambda: fleet.done() == set(fleet.tenants))
        relay.go_on()
        fleet.wait_for(lambda: any("taken for dead" in line["event"] for line in cut.said()))
        assert relay.held > 0
        fleet.wait_for(lambda: not fleet.ask("SELECT 1 FROM worker WHERE running > 0"))
        cut.kill()
    fleet.check_phone_books()
    assert fleet.overlaps() == 0
    assert fleet.ask("SELECT count(*) FROM lost_worker") != [(0,)]


def test_a_worker_that_is_told_to_stop_finishes_its_runs(fleet: Fleet) -> None:
    fleet.add(2)
    worker = fleet.start(seconds=FAST.silent + 4)
    fleet.wait_for(lambda: len(fleet.attempts()) == 2)
    worker.terminate()
    other = fleet.start()  # its patience with silent workers is shorter: it must not take this one for dead
    assert worker.wait(60) == 0
    assert fleet.done() == set(fleet.tenants)
    assert other.returncode is None
    assert {len(spans) for spans in fleet.attempts().values()} == {1}
    assert fleet.ask("SELECT count(*) FROM lost_worker") == [(0,)]


def test_runs_that_do_not_end_in_time_are_left_to_others(fleet: Fleet) -> None:
    fleet.add(1)
    worker = fleet.start(seconds=600.0, rows=1, stop_within=0.5)
    fleet.wait_for(lambda: len(fleet.attempts()) == 1)
    worker.terminate()
    assert worker.wait(60) == 1
    fleet.start()
    fleet.wait_for(lambda: fleet.done() == set(fleet.tenants))
    assert fleet.ask("SELECT lost FROM pbx_control.schedule") == [(0,)]  # no fault of the profile's
    fleet.check_phone_books()


def notices(fleet: Fleet, tenant: str) -> str:
    """What people are to hear of a tenant's profile."""
    with fleet.phone_book(tenant) as store:
        return store.shared_state("notices crm")
