"""What the engine for one process has beyond the contract: a run that hangs holds up nobody else."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest
import structlog

from pbx_connector.engine.in_process import BY_PROFILE, InProcessEngine
from pbx_connector.engine.port import AFTER_A_BUG, Ended, Job, Result, SharedPlaces

SOON = 100.0


class Bench:
    """An engine, and runs that wait until they are let go."""

    def __init__(self, places: int) -> None:
        self.engine = InProcessEngine(apart=BY_PROFILE)
        self.engine.on_ended = lambda job, ended, seconds: self.told.append((job.profile, ended))
        self.told: list[tuple[str, Ended]] = []
        self.begun: list[str] = []
        self.go: dict[str, threading.Event] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self.engine.work, args=(self._make, SharedPlaces(places), self._stop))
        self._thread.start()

    def _make(self, job: Job) -> Ended:
        self.begun.append(job.profile)
        if job.profile == "bug":
            raise ZeroDivisionError
        if job.profile in self.go:
            assert self.go[job.profile].wait(SOON)
        return Ended(Result.DONE)

    def submit(self, profile: str, *, hangs: bool = False) -> bool:
        if hangs:
            self.go[profile] = threading.Event()
        return self.engine.enqueue(Job(tenant="", profile=profile))

    def leave_behind(self, profile: str) -> None:
        wait_until(lambda: profile in self.begun)
        [run] = [run for run in self.engine.running() if run.job.profile == profile]
        assert [self.engine.leave_behind(run), self.engine.leave_behind(run)] == [True, False]

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(SOON)
        assert not self._thread.is_alive()


def wait_until(happened: Callable[[], object]) -> None:
    deadline = time.monotonic() + SOON
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def threads() -> int:
    return sum(thread.name == "worker" for thread in threading.enumerate())


@pytest.fixture
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    bench = Bench(getattr(request, "param", 1))
    yield bench
    for go in bench.go.values():
        go.set()
    bench.stop()
    wait_until(lambda: not threads())


def test_a_run_that_hangs_is_left_behind_and_the_others_go_on(bench: Bench) -> None:
    bench.submit("hangs", hangs=True)
    bench.submit("next")
    bench.leave_behind("hangs")
    wait_until(lambda: bench.told == [("next", Ended(Result.DONE))])
    assert [run.left_behind for run in bench.engine.running()] == [True]


def test_what_hangs_is_not_run_again_until_it_returns_and_then_has_no_place_of_its_own(bench: Bench) -> None:
    bench.submit("hangs", hangs=True)
    bench.leave_behind("hangs")
    assert bench.submit("hangs")
    assert not bench.submit("hangs")
    bench.submit("next")
    wait_until(lambda: bench.told)
    assert bench.begun == ["hangs", "next"]
    assert threads() == 2
    bench.go["hangs"].set()
    wait_until(lambda: bench.begun == ["hangs", "next", "hangs"])
    wait_until(lambda: len(bench.told) == 3)
    wait_until(lambda: threads() == 1)
    assert [profile for profile, _ in bench.told] == ["next", "hangs", "hangs"]
    assert bench.engine.running() == []


@pytest.mark.parametrize("bench", [2], indirect=True)
def test_the_place_of_what_hangs_takes_what_it_took(bench: Bench) -> None:
    """Of two places one is not for first runs; each is replaced by its like."""
    for name in ("a", "b"):
        bench.submit(name, hangs=True)
    wait_until(lambda: len(bench.begun) == 2)  # or the second one has a place that took the first one's
    for name in ("a", "b"):
        bench.leave_behind(name)
    bench.submit("c", hangs=True)
    bench.submit("d", hangs=True)
    wait_until(lambda: bench.begun[2:] in (["c", "d"], ["d", "c"]))
    assert sorted(tuple(run.queues) for run in bench.engine.running() if run.left_behind) == sorted(
        tuple(run.queues) for run in bench.engine.running() if not run.left_behind
    )


def test_nobody_waits_for_what_hangs_when_the_work_stops(bench: Bench) -> None:
    bench.submit("hangs", hangs=True)
    bench.leave_behind("hangs")
    bench.stop()
    assert [run.job.profile for run in bench.engine.running()] == ["hangs"]


def test_a_bug_is_logged_with_its_profile_and_the_profile_left_alone_for_a_while(bench: Bench) -> None:
    with structlog.testing.capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        bench.submit("bug")
        wait_until(lambda: bench.told)
    assert [(line["event"], line["profile"]) for line in lines] == [("a bug kept the profile from running", "bug")]
    assert "tenant" not in lines[0]
    assert bench.told == [("bug", Ended(Result.FAILED, AFTER_A_BUG))]
