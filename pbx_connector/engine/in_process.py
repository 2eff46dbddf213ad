"""The engine for one process: queues in memory, and threads that take from them. Nothing outlives it."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from datetime import timedelta

import structlog

from pbx_connector.engine.port import Ended, Job, Make, Places, Queue, QueueState, Result

LOG = structlog.stdlib.get_logger(__name__)


class InProcessEngine:
    def __init__(self, *, stop_within: timedelta = timedelta(seconds=60)) -> None:
        self._stop_within = stop_within
        self._changed = threading.Condition()
        self._waiting: dict[tuple[str, str], tuple[Job, float]] = {}
        """By profile, in the order of arrival; since when, by the monotonic clock."""
        self._running: dict[str, Job] = {}
        """By tenant."""

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

    def work(self, make: Make, places: Places, stop: threading.Event) -> None:
        threads = [
            threading.Thread(target=self._take, args=(queues, make, stop), name="worker", daemon=True)
            for queues, count in places.split()
            for _ in range(count)
        ]
        for thread in threads:
            thread.start()
        stop.wait()
        with self._changed:
            self._changed.notify_all()
        deadline = time.monotonic() + self._stop_within.total_seconds()
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _take(self, queues: Sequence[Queue], make: Make, stop: threading.Event) -> None:
        while (job := self._next(queues, stop)) is not None:
            try:
                ended = make(job)
            except Exception:
                LOG.exception("a bug kept the profile from running", tenant=job.tenant, profile=job.profile)
                ended = Ended(Result.FAILED)
            with self._changed:
                del self._running[job.tenant]
                self._changed.notify_all()
            if ended.again is not None:
                again = threading.Timer(ended.again.total_seconds(), self.enqueue, [job])
                again.daemon = True
                again.start()

    def _next(self, queues: Sequence[Queue], stop: threading.Event) -> Job | None:
        with self._changed:
            while not stop.is_set():
                for queue in queues:  # the first one goes before
                    for job, _ in self._waiting.values():
                        if job.queue is queue and job.tenant not in self._running:
                            del self._waiting[job.key]
                            self._running[job.tenant] = job
                            return job
                self._changed.wait(0.5)
            return None

    def _state(self, queue: Queue) -> QueueState:
        since = [since for job, since in self._waiting.values() if job.queue is queue]
        oldest = timedelta(seconds=time.monotonic() - min(since)) if since else None
        return QueueState(queue, len(since), sum(job.queue is queue for job in self._running.values()), oldest)
