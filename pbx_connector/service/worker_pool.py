"""A few threads that run profiles, one run a profile at a time; `scheduler` fills the queue, `execution` is the work.

A thread cannot be ended from outside. One that hangs is left behind and replaced, so that the others go on; how many
are left behind is bounded by the process, which then ends itself.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import structlog

LOG = structlog.stdlib.get_logger(__name__)

Result = TypeVar("Result")


@dataclass
class Running:
    """A run that a worker is at."""

    profile: str
    since: float
    """By the monotonic clock."""
    hung: bool = False
    """Its thread was left behind."""


class WorkerPool(Generic[Result]):
    """`work` makes a run; `done` gets what it returned, once the profile may be submitted again."""

    def __init__(self, count: int, work: Callable[[Running], Result], done: Callable[[str, Result], None]) -> None:
        self._work = work
        self._done = done
        self._queue: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._waiting: set[str] = set()
        self._running: dict[str, Running] = {}
        self._count = count
        for _ in range(count):
            self._start_thread()

    def submit(self, profile: str) -> bool:
        """False if the profile waits or runs already."""
        with self._lock:
            if profile in self._waiting or profile in self._running:
                return False
            self._waiting.add(profile)
        self._queue.put(profile)
        return True

    def running(self) -> list[Running]:
        with self._lock:
            return list(self._running.values())

    def leave_behind(self, run: Running) -> None:
        """Its thread hangs: another one takes its place, and the profile is not run again until it returns."""
        with self._lock:
            if run.hung or self._running.get(run.profile) is not run:
                return
            run.hung = True
        self._start_thread()

    def stop(self, within: float) -> list[Running]:
        """Start nothing more and wait for what runs; returns what did not end in time."""
        with self._lock:
            self._waiting.clear()
        for _ in range(self._count):
            self._queue.put(None)
        deadline = time.monotonic() + within
        while (left := [run for run in self.running() if not run.hung]) and time.monotonic() < deadline:
            time.sleep(0.05)
        return left

    def _start_thread(self) -> None:
        threading.Thread(target=self._loop, name="worker", daemon=True).start()

    def _loop(self) -> None:
        while (profile := self._queue.get()) is not None:
            run = self._begin(profile)
            if run is None:
                continue
            try:
                self._make(run)
            except Exception:
                LOG.exception("a bug about a run, its worker goes on", profile=profile)
            if run.hung:
                return  # another thread has taken this one's place

    def _make(self, run: Running) -> None:
        try:
            result = self._work(run)
        finally:
            with self._lock:
                del self._running[run.profile]
        self._done(run.profile, result)

    def _begin(self, profile: str) -> Running | None:
        with self._lock:
            if profile not in self._waiting:
                return None  # the service stops
            self._waiting.remove(profile)
            run = self._running[profile] = Running(profile, time.monotonic())
            return run
