"""Workers that died are found, and the profile that killed them is, without those that died beside it."""

from __future__ import annotations

from typing import Any

import pytest
from fleet import add_tenants

from pbx_connector.engine import notes, waiting
from pbx_connector.engine.database import EngineDatabase
from pbx_connector.engine.dispatcher import Dispatcher
from pbx_connector.engine.heart import Heart
from pbx_connector.engine.port import Ended, Job, Queue, Result
from pbx_connector.engine.sweep import sweep

QUEUES = list(Queue)


class Fleet:
    """Workers without threads."""

    def __init__(self, database: EngineDatabase, ask: Any) -> None:
        self.database = database
        self.ask = ask
        self.dispatcher = Dispatcher(database)

    def take_all(self) -> tuple[int, list[tuple[int, Job]]]:
        """A new worker takes all that it can."""
        heart = Heart(self.database, 20)
        heart.beat()
        assert heart.worker is not None
        taken = []
        with self.database.transaction() as connection:
            while row := waiting.fetch(connection, waiting.queue_names(QUEUES), heart.worker):
                taken.append((row["id"], waiting.job_of(row)))
        return heart.worker, taken

    def dies(self, worker: int) -> None:
        self.ask("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 hour' WHERE id = %s", worker)

    def finish(self, taken: list[tuple[int, Job]]) -> None:
        with self.database.transaction() as connection:
            for number, job in taken:
                waiting.finish(connection, number)
                notes.ended(connection, job, Ended(Result.DONE))

    def lost(self) -> dict[str, tuple[int, str]]:
        rows = self.ask("SELECT tenant, lost, state FROM pbx_control.schedule ORDER BY tenant")
        return {tenant: (lost, state) for tenant, lost, state in rows}


@pytest.fixture
def fleet(database: EngineDatabase, ask: Any) -> Fleet:
    return Fleet(database, ask)


def test_jobs_of_a_living_worker_are_left_alone(fleet: Fleet, control_url: str) -> None:
    add_tenants(control_url, 3)
    fleet.dispatcher.tick()
    _, taken = fleet.take_all()
    assert len(taken) == 3
    assert sweep(fleet.database).found == ()


def test_the_jobs_of_a_dead_worker_go_before_what_waits(fleet: Fleet, control_url: str) -> None:
    add_tenants(control_url, 3)
    fleet.dispatcher.tick()
    worker, taken = fleet.take_all()
    waits = Job(tenant="other", profile="crm")
    with fleet.database.transaction() as connection:
        waiting.defer(connection, [waits])
    fleet.dies(worker)
    assert {job.key for job in sweep(fleet.database).found} == {job.key for _, job in taken}
    assert sweep(fleet.database).found == ()
    _, again = fleet.take_all()
    assert [job.tenant for _, job in again] == ["t0000", "t0001", "t0002", "other"]
    assert fleet.ask("SELECT count(*) FROM lost_worker") == [(1,)]


def test_a_profile_that_kills_its_workers_is_quarantined_and_those_beside_it_are_not(
    fleet: Fleet, control_url: str
) -> None:
    names = add_tenants(control_url, 5)
    quarantined: list[Job] = []
    for _ in range(12):
        fleet.dispatcher.tick()
        worker, taken = fleet.take_all()
        if any(job.tenant == "t0002" for _, job in taken):
            fleet.dies(worker)  # with all that it was at
        else:
            fleet.finish(taken)
        quarantined += sweep(fleet.database).quarantined
    assert [job.tenant for job in quarantined] == ["t0002"]
    assert fleet.lost() == dict.fromkeys(names, (0, "ready")) | {"t0002": (3, "quarantined")}


def test_a_release_lets_it_run_again(fleet: Fleet, control_url: str, ask: Any) -> None:
    add_tenants(control_url, 1)
    ask("UPDATE pbx_control.schedule SET state = 'quarantined', lost = 3, next_at = NULL")
    assert fleet.dispatcher.tick().due == 0  # type: ignore[union-attr]
    with fleet.database.transaction() as connection:
        assert notes.release(connection, "t0000", "crm")
        assert not notes.release(connection, "t0000", "crm")
    assert fleet.dispatcher.tick().enqueued == 1  # type: ignore[union-attr]


def test_what_a_worker_left_as_it_stopped_is_no_fault_of_the_profiles(fleet: Fleet, control_url: str) -> None:
    add_tenants(control_url, 1)
    fleet.dispatcher.tick()
    worker, _ = fleet.take_all()
    fleet.ask("UPDATE worker SET stopping = true WHERE id = %s", worker)
    fleet.dies(worker)
    assert len(sweep(fleet.database).found) == 1
    assert fleet.lost() == {"t0000": (0, "ready")}


def test_finished_jobs_are_deleted(fleet: Fleet, control_url: str) -> None:
    add_tenants(control_url, 3)
    fleet.dispatcher.tick()
    _, taken = fleet.take_all()
    fleet.finish(taken)
    sweep(fleet.database)
    assert fleet.ask("SELECT count(*) FROM procrastinate_jobs") == [(0,)]
