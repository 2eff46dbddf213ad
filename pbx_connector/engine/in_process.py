"""The engine for one process: queues in memory, and a thread for each place. Nothing outlives it.

A thread cannot be ended from outside. One that hangs can be left behind: another takes its place, so that the others go
on, and what it keeps apart stays so until it returns. How many are left behind is for the process to bound.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from operator import attrgetter

import structlog

from pbx_connector.engine.port import (
    AFTER_A_BUG,
    Ended,
    Job,
    Make,
    OnEnded,
    Places,
    Queue,
    QueueState,
    Result,
    RunningJob,
    SharedPlaces,
)

LOG = structlog.stdlib.get_logger(__name__)

Apart = Callable[[Job], Hashable]
BY_TENANT: Apart = attrgetter("tenant")
BY_PROFILE: Apart = attrgetter("key")


@dataclass(slots=True, eq=False)
class Run(RunningJob):
    thread: threading.Thread
    queues: Sequence[Queue]
    """Those that its place takes from."""
    left_behind: bool = False


class InProcessEngine:
    """`work` may be called once; the rest at any time, by any thread."""

    def __init__(self, *, apart: Apart = BY_TENANT, stop_within: timedelta = timedelta(seconds=60)) -> None:
        """`apart`: of jobs for which it is the same, one is made at a time."""
        self._apart = apart
        self._stop_within = stop_within
        self._changed = threading.Condition()
        self._waiting: dict[tuple[str, str], tuple[Job, float]] = {}
        """By profile, in the order of arrival; since when, by the monotonic clock."""
        self._running: dict[Hashable, Run] = {}
        """By what is kept apart."""
        self._threads: set[threading.Thread] = set()
        """Those that hold a place."""
        self._make: Make
        self._stop: threading.Event
        self.on_ended: OnEnded = lambda job, ended, seconds: None

    # for those who want runs

    def enqueue(self, job: Job) -> bool:
        with self._changed:
            if job.queue is Queue.INTERACTIVE:
                self._waiting.pop(job.key, None)
            if job.key in self._waiting:
                return False
            self._waiting[job.key] = job, time.monotonic()
            self._changed.notify_all()
            return True

    def enqueue_many(self, jobs: Sequence[Job]) -> int:
        return sum([self.enqueue(job) for job in jobs])

    def cancel(self, tenant: str, profile: str) -> bool:
        with self._changed:
            return self._waiting.pop((tenant, profile), None) is not None

    def queues(self) -> list[QueueState]:
        with self._changed:
            return [self._state(queue) for queue in Queue]

    # for whoever makes them

    def running(self) -> list[Run]:
        with self._changed:
            return list(self._running.values())

    def work(self, make: Make, places: Places | SharedPlaces, stop: threading.Event) -> None:
        self._make, self._stop = make, stop
        for queues, count in places.split():
            for _ in range(count):
                self._add_place(queues)
        stop.wait()
        with self._changed:
            self._changed.notify_all()
            threads = list(self._threads)
        deadline = time.monotonic() + self._stop_within.total_seconds()
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def leave_behind(self, run: Run) -> bool:
        """It hangs: nobody waits for it any longer, and another thread takes its place. False: it has ended by now."""
        with self._changed:
            if run.left_behind or self._running.get(self._apart(run.job)) is not run:
                return False
            run.left_behind = True
            self._threads.discard(run.thread)
        self._add_place(run.queues)
        return True

    def _add_place(self, queues: Sequence[Queue]) -> None:
        thread = threading.Thread(target=self._take, args=[queues], name="worker", daemon=True)
        with self._changed:
            self._threads.add(thread)
        thread.start()

    def _take(self, queues: Sequence[Queue]) -> None:
        while (run := self._next(queues)) is not None:
            with structlog.contextvars.bound_contextvars(**run.job.names):
                ended = self._made(run.job)
                with self._changed:
                    del self._running[self._apart(run.job)]
                    self._changed.notify_all()
                self._tell(run, ended)
            if run.left_behind:
                return  # another thread has taken this one's place

    def _next(self, queues: Sequence[Queue]) -> Run | None:
        """As soon as there is one; None once nothing more is to be begun."""
        with self._changed:
            while not self._stop.is_set():
                if job := self._first_of(queues):
                    del self._waiting[job.key]
                    run = Run(job, time.monotonic(), threading.current_thread(), queues)
                    self._running[self._apart(job)] = run
                    return run
                self._changed.wait()
        return None

    def _first_of(self, queues: Sequence[Queue]) -> Job | None:
        jobs = [job for job, _ in self._waiting.values() if job.queue in queues]
        free = (job for job in jobs if self._apart(job) not in self._running)
        return min(free, key=lambda job: job.queue is not Queue.INTERACTIVE, default=None)

    def _made(self, job: Job) -> Ended:
        try:
            return self._make(job)
        except Exception:
            LOG.exception("a bug kept the profile from running")
            return Ended(Result.FAILED, AFTER_A_BUG)

    def _tell(self, run: Run, ended: Ended) -> None:
        try:
            self.on_ended(run.job, ended, time.monotonic() - run.since)
        except Exception:
            LOG.exception("a bug about a run, its worker goes on")

    def _state(self, queue: Queue) -> QueueState:
        since = [since for job, since in self._waiting.values() if job.queue is queue]
        oldest = timedelta(seconds=time.monotonic() - min(since)) if since else None
        return QueueState(queue, len(since), sum(run.job.queue is queue for run in self._running.values()), oldest)
