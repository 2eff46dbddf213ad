"""What every engine holds to, in one process and on many machines."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from pbx_connector.engine.database import EngineDatabase
from pbx_connector.engine.heart import Heart
from pbx_connector.engine.in_process import InProcessEngine
from pbx_connector.engine.port import Ended, Engine, Job, Places, Queue, Result
from pbx_connector.engine.postgres import PostgresEngine

PLACES = Places(total=6, interactive=1, first=2)


@pytest.fixture(params=["in process", "postgres"])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    if request.param == "in process":
        yield InProcessEngine()
        return
    database = EngineDatabase(request.getfixturevalue("control_url"))
    yield PostgresEngine(database, heart=Heart(database, PLACES.total))
    database.close()


class Runs:
    """Runs that go on until they are let go; what was at once."""

    def __init__(self) -> None:
        self.begun: list[Job] = []
        self.ended: list[Job] = []
        self.overlaps = 0
        self.go = threading.Semaphore(0)
        self._at: set[str] = set()
        self._lock = threading.Lock()

    def make(self, job: Job) -> Ended:
        with self._lock:
            self.overlaps += job.tenant in self._at
            self._at.add(job.tenant)
            self.begun.append(job)
        assert self.go.acquire(timeout=60)
        with self._lock:
            self._at.discard(job.tenant)
            self.ended.append(job)
        return Ended(Result.DONE)


@pytest.fixture
def runs() -> Runs:
    return Runs()


@contextmanager
def working(engine: Engine, runs: Runs) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=engine.work, args=(runs.make, PLACES, stop))
    thread.start()
    try:
        yield
    finally:
        runs.go.release(1000)
        stop.set()
        thread.join(60)
    assert not thread.is_alive()


def wait_until(happened: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def scheduled(tenant: str, profile: str = "crm") -> Job:
    return Job(tenant=tenant, profile=profile)


def test_a_profile_waits_once(engine: Engine) -> None:
    assert engine.enqueue(scheduled("a"))
    assert not engine.enqueue(scheduled("a"))
    assert engine.enqueue(scheduled("a", "other"))
    assert engine.enqueue_many([scheduled("a"), scheduled("b"), scheduled("b"), scheduled("c")]) == 2
    assert {state.queue: state.waiting for state in engine.queues()} == {
        Queue.INTERACTIVE: 0,
        Queue.SCHEDULED: 4,
        Queue.FIRST: 0,
    }


def test_what_somebody_waits_for_takes_the_place_of_what_is_scheduled(engine: Engine, runs: Runs) -> None:
    engine.enqueue(scheduled("a"))
    assert engine.enqueue(Job(tenant="a", profile="crm", queue=Queue.INTERACTIVE, full=True))
    assert [(state.queue, state.waiting) for state in engine.queues() if state.waiting] == [(Queue.INTERACTIVE, 1)]
    with working(engine, runs):
        wait_until(lambda: runs.begun)
    assert runs.ended == [Job(tenant="a", profile="crm", queue=Queue.INTERACTIVE, full=True)]


def test_what_was_cancelled_is_not_run(engine: Engine, runs: Runs) -> None:
    engine.enqueue_many([scheduled("a"), scheduled("b")])
    assert engine.cancel("a", "crm")
    assert not engine.cancel("a", "crm")
    with working(engine, runs):
        wait_until(lambda: runs.begun)
        assert not engine.cancel("b", "crm")
    assert runs.ended == [scheduled("b")]


def test_no_two_runs_of_a_tenant_at_once_and_none_is_lost(engine: Engine, runs: Runs) -> None:
    jobs = [scheduled(f"t{number % 4}", f"p{number}") for number in range(16)]
    assert engine.enqueue_many(jobs) == 16
    runs.go.release(1000)
    with working(engine, runs):
        wait_until(lambda: len(runs.ended) == 16)
    assert runs.overlaps == 0
    assert sorted(job.profile for job in runs.ended) == sorted(job.profile for job in jobs)


def test_each_queue_has_places_that_no_other_can_take(engine: Engine, runs: Runs) -> None:
    engine.enqueue_many([scheduled(f"s{number}") for number in range(9)])
    engine.enqueue_many([Job(tenant=f"f{number}", profile="crm", queue=Queue.FIRST) for number in range(9)])
    with working(engine, runs):
        wait_until(lambda: len(runs.begun) == PLACES.total - PLACES.interactive)
        engine.enqueue(Job(tenant="x", profile="crm", queue=Queue.INTERACTIVE))
        wait_until(lambda: len(runs.begun) == PLACES.total)
        begun = [job.queue for job in runs.begun]
        running = {state.queue: state.running for state in engine.queues()}
    assert (begun.count(Queue.SCHEDULED), begun.count(Queue.FIRST), begun.count(Queue.INTERACTIVE)) == (3, 2, 1)
    assert running == {Queue.SCHEDULED: 3, Queue.FIRST: 2, Queue.INTERACTIVE: 1}


def test_a_profile_may_wait_while_it_is_run(engine: Engine, runs: Runs) -> None:
    engine.enqueue(scheduled("a"))
    with working(engine, runs):
        wait_until(lambda: runs.begun)
        assert engine.enqueue(scheduled("a"))
        assert not engine.enqueue(scheduled("a"))
        runs.go.release(2)
        wait_until(lambda: len(runs.ended) == 2)
    assert runs.overlaps == 0


def test_a_bug_in_a_run_costs_no_place(engine: Engine) -> None:
    made: list[str] = []

    def make(job: Job) -> Ended:
        made.append(job.tenant)
        if job.tenant.startswith("bug"):
            raise ZeroDivisionError
        return Ended(Result.DONE)

    stop = threading.Event()
    thread = threading.Thread(target=engine.work, args=(make, PLACES, stop))
    engine.enqueue_many([scheduled(f"bug{number}") for number in range(8)])
    engine.enqueue(scheduled("good"))
    thread.start()
    wait_until(lambda: "good" in made)
    stop.set()
    thread.join(60)
    assert sorted(made)[-1] == "good"


def test_the_age_of_the_oldest_job_is_told(engine: Engine) -> None:
    engine.enqueue(scheduled("a"))
    time.sleep(0.3)
    engine.enqueue(scheduled("b"))
    oldest = next(state.oldest for state in engine.queues() if state.queue is Queue.SCHEDULED)
    assert oldest is not None
    assert timedelta(seconds=0.3) <= oldest < timedelta(seconds=60)
