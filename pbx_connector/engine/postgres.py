"""The engine for many machines: queues in PostgreSQL, and a worker's loop that takes from them."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import structlog

from pbx_connector.engine import notes, waiting
from pbx_connector.engine.database import EngineDatabase
from pbx_connector.engine.heart import Heart
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
from pbx_connector.errors import StoreError

LOG = structlog.stdlib.get_logger(__name__)

POLL = 1.0
"""Seconds between two looks at queues that were empty. Looking needs no connection of its own, so that poolers work."""
UNREACHABLE_PAUSE = 2.0
GIVE_UP_SECONDS = 5.0
"""How long runs that were told to give up get to do so."""


@dataclass(slots=True)
class ClaimedJob(RunningJob):
    """A job that this worker has."""

    number: int
    worker: int
    """The id that it was taken with."""


class PostgresEngine:
    """`work` may be called once; the rest at any time, by any process."""

    def __init__(
        self,
        database: EngineDatabase,
        *,
        heart: Heart | None = None,
        stop_within: timedelta = timedelta(seconds=60),
        version: int = waiting.VERSION,
    ) -> None:
        self._database = database
        self._heart = heart
        self._stop_within = stop_within
        self._version = version
        self._fetching = threading.Lock()
        """Held from the question to the database until `_taken` knows the answer."""
        self._lock = threading.Lock()
        self._taken: dict[int, ClaimedJob] = {}
        self.giving_up = threading.Event()
        """Set when runs should end at their next step: the worker's time to stop is over."""
        self.on_ended: OnEnded = lambda job, ended, seconds: None

    # for those who want runs

    def enqueue(self, job: Job) -> bool:
        with self._database.transaction() as connection:
            if job.queue is Queue.INTERACTIVE:
                waiting.cancel(connection, job.tenant, job.profile)
            return waiting.defer(connection, [job], version=self._version) == 1

    def enqueue_many(self, jobs: Sequence[Job]) -> int:
        with self._database.transaction() as connection:
            return waiting.defer(connection, jobs, version=self._version)

    def cancel(self, tenant: str, profile: str) -> bool:
        with self._database.transaction() as connection:
            return waiting.cancel(connection, tenant, profile)

    def queues(self) -> list[QueueState]:
        with self._database.transaction() as connection:
            return waiting.states(connection)

    # the worker

    def running(self) -> list[ClaimedJob]:
        with self._lock:
            return list(self._taken.values())

    def is_lost(self, job: Job) -> bool:
        """Whether a job that is being made here may be made by another worker by now."""
        with self._lock:
            taken = next((taken for taken in self._taken.values() if taken.job.key == job.key), None)
        return taken is None or self._heart is None or not self._heart.is_still(taken.worker)

    def work(self, make: Make, places: Places | SharedPlaces, stop: threading.Event) -> None:
        """Runs that do not end in time are left behind: `running` tells them, and the process should end."""
        heart = self._heart
        assert heart is not None  # noqa: S101 - who works has one
        heart.start()
        takers = [
            threading.Thread(
                target=self._take, args=(queues, count, make, stop), name=f"{queues[-1]} jobs", daemon=True
            )
            for queues, count in places.split()
        ]
        for taker in takers:
            taker.start()
        stop.wait()
        heart.stopping = True
        for taker in takers:
            taker.join()
        if not self._ended_within(self._stop_within.total_seconds()):
            self.giving_up.set()
            self._ended_within(GIVE_UP_SECONDS)
        if not self.running():
            heart.stop()

    def _ended_within(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while self.running() and time.monotonic() < deadline:
            time.sleep(0.05)
        return not self.running()

    def _take(self, queues: Sequence[Queue], count: int, make: Make, stop: threading.Event) -> None:
        free = threading.Semaphore(count)
        names = waiting.queue_names(queues, self._version)
        while not stop.is_set():
            if not free.acquire(timeout=0.2):
                continue
            taken = None
            try:
                with _told_when_unreachable(stop):
                    taken = self._fetch(names)
            finally:
                if taken is None:
                    free.release()
            if taken is None:
                stop.wait(POLL)
                continue
            threading.Thread(
                target=self._make, args=(taken, make, free), name=f"run {taken.number}", daemon=True
            ).start()

    def _fetch(self, names: list[str]) -> ClaimedJob | None:
        worker = self._heart.worker if self._heart else None
        if worker is None:
            return None
        with self._fetching:
            with self._database.transaction() as connection:
                row = waiting.fetch(connection, names, worker)
                if row is None:
                    return None
                taken = ClaimedJob(waiting.job_of(row), time.monotonic(), row["id"], worker)
                notes.begun(connection, taken.job, worker)
            with self._lock:
                self._taken[taken.number] = taken
        return taken

    def put_back(self) -> int:
        """Have jobs made again that are this worker's by the database, of which it does not know: the connection broke
        as they were handed over. Returns how many. Raises `StoreError`."""
        worker = self._heart.worker if self._heart else None
        if worker is None:
            return 0
        with self._fetching, self._database.transaction() as connection:
            known = [taken.number for taken in self.running()]
            rows = waiting.taken_by(connection, worker, known)
            for row in rows:
                waiting.finish(connection, row["id"], status="aborted")
                waiting.defer(connection, [waiting.job_of(row)], priority=waiting.FOUND_AGAIN)
        return len(rows)

    def _make(self, taken: ClaimedJob, make: Make, free: threading.Semaphore) -> None:
        try:
            with structlog.contextvars.bound_contextvars(**taken.job.names):
                ended = self._made(taken, make)
                seconds = time.monotonic() - taken.since
                self._settle(taken, ended)
                self.on_ended(taken.job, ended, seconds)
        except Exception:
            LOG.exception("a bug about a run, its worker goes on")
        finally:
            with self._lock:
                del self._taken[taken.number]
            free.release()

    def _made(self, taken: ClaimedJob, make: Make) -> Ended:
        try:
            return make(taken.job)
        except Exception:
            LOG.exception("a bug kept the profile from running")
            return Ended(Result.FAILED, AFTER_A_BUG)

    def _settle(self, taken: ClaimedJob, ended: Ended) -> None:
        """Until it is written down, or is another worker's: what is not would be made once more."""
        while True:
            try:
                with self._database.transaction() as connection:
                    if not waiting.still_mine(connection, taken.number, taken.worker):
                        LOG.warning("the end of a run is written down already, or the run is another worker's by now")
                        return
                    waiting.finish(connection, taken.number)
                    notes.ended(connection, taken.job, ended)
                return
            except StoreError as error:
                LOG.warning("the end of a run waits to be written down", reason=error.message)
            if self.giving_up.wait(UNREACHABLE_PAUSE):
                return  # it is found when the worker is


@contextmanager
def _told_when_unreachable(stop: threading.Event) -> Iterator[None]:
    try:
        yield
    except StoreError as error:
        LOG.error("no job can be taken", reason=error.message)
        stop.wait(UNREACHABLE_PAUSE)
    except Exception:
        LOG.exception("a bug in taking a job")
        stop.wait(UNREACHABLE_PAUSE)
