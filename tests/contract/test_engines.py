"""What every engine holds to, in one process and on many machines."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import pytest

from pbx_connector.engine import postgres
from pbx_connector.engine.database import EngineDatabase
from pbx_connector.engine.heart import Heart
from pbx_connector.engine.in_process import BY_PROFILE, BY_TENANT, InProcessEngine
from pbx_connector.engine.port import Ended, Engine, Job, Places, Queue, Result, SharedPlaces
from pbx_connector.engine.postgres import PostgresEngine

PLACES = Places(total=6, interactive=1, first=2)


@dataclass
class Kind:
    """One of the engines, and what it keeps apart."""

    make: Callable[[timedelta], Engine]
    apart: Callable[[Job], Hashable]


@pytest.fixture(params=["in process", "in process, by profile", "postgres"])
def kind(request: pytest.FixtureRequest) -> Iterator[Kind]:
    if request.param == "postgres":
        database = EngineDatabase(request.getfixturevalue("control_url"))
        heart = Heart(database, PLACES.total)
        yield Kind(lambda within: PostgresEngine(database, heart=heart, stop_within=within), BY_TENANT)
        heart.stop()
        database.close()
    else:
        apart = BY_PROFILE if "profile" in request.param else BY_TENANT
        yield Kind(lambda within: InProcessEngine(apart=apart, stop_within=within), apart)


@pytest.fixture
def engine(kind: Kind) -> Engine:
    return kind.make(timedelta(seconds=60))


class Runs:
    """Runs that go on until they are let go; what was at once."""

    def __init__(self, apart: Callable[[Job], Hashable]) -> None:
        self.begun: list[Job] = []
        self.ended: list[Job] = []
        self.overlaps = 0
        self.most_at_once = 0
        self.go = threading.Semaphore(0)
        self._apart = apart
        self._at: list[Hashable] = []
        self._lock = threading.Lock()

    def make(self, job: Job) -> Ended:
        with self._lock:
            self.overlaps += self._apart(job) in self._at
            self._at.append(self._apart(job))
            self.most_at_once = max(self.most_at_once, len(self._at))
            self.begun.append(job)
        assert self.go.acquire(timeout=60)
        with self._lock:
            self._at.remove(self._apart(job))
            self.ended.append(job)
        return Ended(Result.DONE)


@pytest.fixture
def runs(kind: Kind) -> Runs:
    return Runs(kind.apart)


@contextmanager
def working(engine: Engine, runs: Runs, places: Places | SharedPlaces = PLACES) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=engine.work, args=(runs.make, places, stop))
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


def test_no_two_runs_of_what_is_kept_apart_at_once_and_none_is_lost(engine: Engine, runs: Runs) -> None:
    jobs = [scheduled(f"t{number % 4}", f"p{number}") for number in range(16)]
    assert engine.enqueue_many(jobs) == 16
    runs.go.release(1000)
    with working(engine, runs):
        wait_until(lambda: len(runs.ended) == 16)
    assert runs.overlaps == 0
    assert sorted(job.profile for job in runs.ended) == sorted(job.profile for job in jobs)


def test_as_many_at_once_as_are_kept_apart_and_have_a_place(engine: Engine, kind: Kind, runs: Runs) -> None:
    jobs = [scheduled("a", "1"), scheduled("a", "2"), scheduled("b", "1")]
    many = len({kind.apart(job) for job in jobs})
    engine.enqueue_many(jobs)
    with working(engine, runs):
        wait_until(lambda: len(runs.begun) == many)
        assert sorted(run.job.profile for run in engine.running()) == sorted(job.profile for job in runs.begun)
        assert all(run.since <= time.monotonic() for run in engine.running())
        runs.go.release(1000)
        wait_until(lambda: len(runs.ended) == 3)
    assert sorted(map(str, runs.ended)) == sorted(map(str, jobs))
    assert engine.running() == []


@pytest.mark.parametrize("total", [1, 2, 3, 5])
def test_where_places_are_shared_first_runs_leave_one_to_the_others(engine: Engine, runs: Runs, total: int) -> None:
    engine.enqueue_many([Job(tenant=f"f{number}", profile="crm", queue=Queue.FIRST) for number in range(9)])
    of_first = max(1, total - 1)
    with working(engine, runs, SharedPlaces(total)):
        wait_until(lambda: len(runs.begun) == of_first)
        engine.enqueue_many([scheduled(f"s{number}") for number in range(9)])
        wait_until(lambda: len(runs.begun) == total)
        begun = [job.queue for job in runs.begun]
        runs.go.release(1000)
        wait_until(lambda: len(runs.ended) == 18)
    assert begun.count(Queue.FIRST) == of_first
    assert runs.most_at_once == total


def test_a_place_for_all_takes_what_somebody_waits_for_and_then_the_oldest(engine: Engine, runs: Runs) -> None:
    wanted = [("a", Queue.FIRST), ("b", Queue.SCHEDULED), ("c", Queue.FIRST), ("d", Queue.INTERACTIVE)]
    for tenant, queue in wanted:
        engine.enqueue(Job(tenant=tenant, profile="crm", queue=queue))
    runs.go.release(1000)
    with working(engine, runs, SharedPlaces(1)):
        wait_until(lambda: len(runs.ended) == 4)
    assert [job.tenant for job in runs.ended] == ["d", "a", "b", "c"]


def test_how_a_job_ended_is_told_when_its_profile_can_be_run_again(engine: Engine, runs: Runs) -> None:
    told: list[tuple[Job, Ended]] = []

    def once_more(job: Job, ended: Ended, seconds: float) -> None:
        assert 0 <= seconds < 60
        told.append((job, ended))
        if len(told) == 1:
            assert engine.enqueue(job)

    engine.on_ended = once_more
    runs.go.release(1000)
    with working(engine, runs):
        engine.enqueue(scheduled("a"))
        wait_until(lambda: len(told) == 2)
    assert told == [(scheduled("a"), Ended(Result.DONE))] * 2
    assert runs.overlaps == 0


def test_a_bug_in_whoever_is_told_costs_neither_a_place_nor_a_second_run(engine: Engine, runs: Runs) -> None:
    def tell(job: Job, ended: Ended, seconds: float) -> None:
        raise ZeroDivisionError

    engine.on_ended = tell
    jobs = [scheduled("a", f"p{number}") for number in range(8)]
    engine.enqueue_many(jobs)
    runs.go.release(1000)
    with working(engine, runs):
        wait_until(lambda: len(runs.ended) == 8)
    assert sorted(job.profile for job in runs.ended) == sorted(job.profile for job in jobs)


def test_stopping_begins_nothing_more_and_leaves_what_does_not_end(
    kind: Kind, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "GIVE_UP_SECONDS", 0.1)
    engine, stop = kind.make(timedelta(seconds=0.2)), threading.Event()
    thread = threading.Thread(target=engine.work, args=(runs.make, SharedPlaces(1), stop))
    thread.start()
    engine.enqueue(scheduled("slow"))
    wait_until(lambda: runs.begun)
    engine.enqueue(scheduled("waits"))
    stop.set()
    thread.join(60)
    assert not thread.is_alive()
    assert [run.job.tenant for run in engine.running()] == ["slow"]
    runs.go.release(1000)
    wait_until(lambda: not engine.running())
    assert runs.begun == [scheduled("slow")]
    assert sum(state.waiting for state in engine.queues()) == 1


def test_a_run_that_ends_in_time_is_waited_for(engine: Engine, runs: Runs) -> None:
    told = threading.Event()
    engine.on_ended = lambda job, ended, seconds: told.set()
    engine.enqueue(scheduled("a"))
    with working(engine, runs):
        wait_until(lambda: runs.begun)
    assert runs.ended == [scheduled("a")]
    assert told.is_set()


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


def test_threads_end_when_the_work_stops(engine: Engine, runs: Runs) -> None:
    engine.queues()  # its database has threads of its own
    before = set(threading.enumerate())
    runs.go.release(1000)
    with working(engine, runs):
        engine.enqueue(scheduled("a"))
        wait_until(lambda: runs.ended)
    wait_until(lambda: not [thread for thread in set(threading.enumerate()) - before if "pool" not in thread.name])


def test_the_age_of_the_oldest_job_is_told(engine: Engine) -> None:
    engine.enqueue(scheduled("a"))
    time.sleep(0.3)
    engine.enqueue(scheduled("b"))
    oldest = next(state.oldest for state in engine.queues() if state.queue is Queue.SCHEDULED)
    assert oldest is not None
    assert timedelta(seconds=0.3) <= oldest < timedelta(seconds=60)
