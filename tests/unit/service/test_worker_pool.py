"""A few threads, one run a profile at a time, and a run that hangs holds up nobody else."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import structlog

from pbx_connector.service.worker_pool import Running, WorkerPool

SOON = 10.0


class Bench:
    """Work that waits until it is let go, and remembers what was done."""

    def __init__(self) -> None:
        self.begun: dict[str, threading.Event] = {}
        self.go: dict[str, threading.Event] = {}
        self.done: list[str] = []
        self.ended = threading.Semaphore(0)
        self.at_once = 0
        self.most_at_once = 0
        self._lock = threading.Lock()

    def work(self, run: Running) -> str:
        with self._lock:
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        self.begun.setdefault(run.profile, threading.Event()).set()
        self.go.setdefault(run.profile, threading.Event()).wait(SOON)
        with self._lock:
            self.at_once -= 1
        return f"{run.profile} done"

    def finished(self, profile: str, result: str) -> None:
        assert result == f"{profile} done"
        self.done.append(profile)
        self.ended.release()

    def expect(self, *profiles: str) -> None:
        for profile in profiles:
            self.begun[profile] = threading.Event()
            self.go[profile] = threading.Event()


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    for go in bench.go.values():
        go.set()


def test_a_bug_in_the_work_or_after_it_costs_no_thread(bench: Bench) -> None:
    def work(run: Running) -> str:
        if run.profile == "bug in work":
            raise ZeroDivisionError
        return f"{run.profile} done"

    def finished(profile: str, result: str) -> None:
        if profile == "bug after":
            raise ZeroDivisionError
        bench.finished(profile, result)

    workers = WorkerPool(1, work, finished)
    with structlog.testing.capture_logs() as lines:
        for profile in ("bug in work", "bug after", "good"):
            assert workers.submit(profile)
        assert bench.ended.acquire(timeout=SOON)
    assert [line["profile"] for line in lines] == ["bug in work", "bug after"]
    assert bench.done == ["good"]
    assert workers.submit("bug in work")
    workers.stop(SOON)


def test_no_more_run_at_once_than_allowed(bench: Bench) -> None:
    names = [f"p{number}" for number in range(8)]
    bench.expect(*names)
    workers = WorkerPool(3, bench.work, bench.finished)
    assert all(workers.submit(name) for name in names)
    assert bench.begun["p2"].wait(SOON)
    assert not bench.begun["p3"].is_set()
    for name in names:
        bench.go[name].set()
    for _ in names:
        assert bench.ended.acquire(timeout=SOON)
    assert sorted(bench.done) == names
    assert bench.most_at_once == 3
    assert workers.stop(1) == []


def test_a_profile_that_waits_or_runs_is_not_run_twice(bench: Bench) -> None:
    bench.expect("a", "b")
    workers = WorkerPool(1, bench.work, bench.finished)
    assert workers.submit("a")
    assert bench.begun["a"].wait(SOON)
    assert workers.submit("b")
    assert not workers.submit("a")
    assert not workers.submit("b")
    bench.go["a"].set()
    assert bench.ended.acquire(timeout=SOON)
    assert workers.submit("a")
    workers.stop(0)


def test_a_run_that_hangs_is_left_behind_and_the_others_go_on(bench: Bench) -> None:
    bench.expect("hangs", "next")
    workers = WorkerPool(1, bench.work, bench.finished)
    workers.submit("hangs")
    assert bench.begun["hangs"].wait(SOON)
    workers.submit("next")
    [hanging] = workers.running()
    workers.leave_behind(hanging)
    workers.leave_behind(hanging)
    assert bench.begun["next"].wait(SOON)
    assert not workers.submit("hangs")
    bench.go["next"].set()
    assert bench.ended.acquire(timeout=SOON)
    bench.go["hangs"].set()
    assert bench.ended.acquire(timeout=SOON)
    assert workers.running() == []
    assert workers.submit("hangs")
    workers.stop(0)


def test_stopping_starts_nothing_more_and_says_what_did_not_end(bench: Bench) -> None:
    bench.expect("slow", "waits")
    workers = WorkerPool(1, bench.work, bench.finished)
    workers.submit("slow")
    assert bench.begun["slow"].wait(SOON)
    workers.submit("waits")
    assert [run.profile for run in workers.stop(0.2)] == ["slow"]
    bench.go["slow"].set()
    assert bench.ended.acquire(timeout=SOON)
    assert not bench.begun["waits"].wait(0.2)


def test_threads_end_when_the_workers_stop(bench: Bench) -> None:
    before = threading.active_count()
    workers = WorkerPool(4, bench.work, bench.finished)
    workers.stop(1)
    for thread in [thread for thread in threading.enumerate() if thread.name == "worker"]:
        thread.join(SOON)
    assert threading.active_count() <= before
