"""Long work: simulations, runs, connection tests. Each has a thread of its own and goes on whoever leaves the page."""

from __future__ import annotations

import contextvars
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import structlog

from pbx_connector.api import BookReport, ConnectorError, RunCancelled, machine_error
from pbx_web.scratch import Scratch

LOG = structlog.stdlib.get_logger(__name__)

MOST_RUNNING = 4
MOST_OF_ONE_USER = 2
"""Jobs that run at the same time."""
MOST_KEPT_OF_ONE_USER = 5
MOST_KEPT = 30
"""Jobs whose results can still be looked at."""
KEPT = 30 * 60.0
"""Seconds after somebody last looked at a result."""
UNSEEN = 5 * 60.0
"""Seconds after which a job that is of use to its onlooker alone is cancelled, if nobody looks."""
LEAVE = 5.0
"""Seconds that jobs have to come to an end when the pages stop."""


class JobKind(StrEnum):
    SIMULATE = "simulate"
    RUN = "run"
    UNDO = "undo"


class JobState(StrEnum):
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class TooManyJobs(Exception):
    """As many run as may at the same time."""


class ProfileTaken(Exception):
    """Somebody's job changes this profile's entries just now."""

    def __init__(self, job: Job) -> None:
        super().__init__(job.id)
        self.job = job


@dataclass(frozen=True, slots=True)
class Failure:
    message: str
    hint: str = ""
    is_bug: bool = False


@dataclass(slots=True)
class Tally:
    """How far a run is; follows it as its `Progress`."""

    total: int = 0
    """Address books; 0 while nobody knows."""
    done: int = 0
    read: int = 0
    """Contacts."""

    def books(self, total: int) -> None:
        self.total = total

    def rows(self, count: int) -> None:
        self.read += count

    def book_done(self, report: BookReport) -> None:
        self.done += 1


@dataclass(kw_only=True, eq=False)
class Job:
    kind: JobKind
    profile: str
    """Its id."""
    title: str
    """Of the profile."""
    owner: str
    """The user who began it."""
    started: datetime
    folder: Path
    """For what it finds out; goes with the job."""
    id: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    state: JobState = JobState.RUNNING
    tally: Tally = field(default_factory=Tally)
    failure: Failure | None = None
    leads_to: str = ""
    """The page with what came of it; empty: the job's own."""
    result: Any = None
    """What the work gave back."""

    def __post_init__(self) -> None:
        self._cancel = threading.Event()
        self.thread: threading.Thread | None = None
        self.seen = time.monotonic()

    @property
    def is_over(self) -> bool:
        return self.state is not JobState.RUNNING

    @property
    def changes_entries(self) -> bool:
        return self.kind in (JobKind.RUN, JobKind.UNDO)

    @property
    def is_stopping(self) -> bool:
        return self._cancel.is_set() and not self.is_over

    def look(self) -> None:
        """Somebody looks at it."""
        self.seen = time.monotonic()

    def cancel(self) -> None:
        self._cancel.set()

    def is_cancelled(self) -> bool:
        """As runs and simulations ask for it."""
        return self._cancel.is_set() or (not self.changes_entries and time.monotonic() - self.seen > UNSEEN)


Work = Callable[[Job], Any]


class Jobs:
    """For all threads."""

    def __init__(
        self,
        now: Callable[[], datetime],
        scratch: Scratch | None = None,
        *,
        total: threading.BoundedSemaphore | None = None,
        told: Callable[[ConnectorError], tuple[str, str]] = lambda error: (error.message, error.hint or ""),
    ) -> None:
        """`total`: places of all sites of the process together, if there are others; `told`: what people may know of a
        failure."""
        self._told = told
        self._now = now
        self._total = total or threading.BoundedSemaphore(2 * MOST_RUNNING)
        self._scratch = scratch or Scratch()
        self._held: dict[str, Job] = {}
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._sweeper: threading.Thread | None = None

    def start(self, kind: JobKind, profile: str, title: str, owner: str, work: Work) -> Job:
        """Raises `ProfileTaken`, and `TooManyJobs`. A simulation takes the place of one that the same user has of the
        same profile: what it was begun for is over."""
        with self._lock:
            self._drop_old()
            self._admit(kind, profile, owner)
            if not self._total.acquire(blocking=False):
                raise TooManyJobs
            try:
                job = self._made(kind, profile, title, owner)
                job.thread = self._thread(job, work)
                job.thread.start()
            except BaseException:
                self._total.release()
                raise
            self._held[job.id] = job
            self._sweep_later()
        return job

    def _made(self, kind: JobKind, profile: str, title: str, owner: str) -> Job:
        folder = self._scratch.folder(secrets.token_hex(8))
        return Job(kind=kind, profile=profile, title=title, owner=owner, started=self._now(), folder=folder)

    def _thread(self, job: Job, work: Work) -> threading.Thread:
        """Whose lines in the log are about the same as those of whoever began it."""
        about = contextvars.copy_context()
        return threading.Thread(target=about.run, args=(self._do, job, work), name=f"web {job.kind}", daemon=True)

    def job(self, id: str) -> Job | None:
        with self._lock:
            self._drop_old()
            return self._held.get(id)

    def of(self, owner: str | None = None, profile: str | None = None) -> list[Job]:
        """The newest first; None: of all."""
        with self._lock:
            self._drop_old()
            found = [job for job in self._held.values() if owner in (None, job.owner)]
        return [job for job in reversed(found) if profile in (None, job.profile)]

    def stop(self) -> None:
        """All come to an end: what does not in time is left like a run that was killed."""
        self._over.set()
        running = [job for job in self.of() if not job.is_over]
        for job in running:
            job.cancel()
        until = time.monotonic() + LEAVE
        for job in running:
            if job.thread is not None:
                job.thread.join(max(0.0, until - time.monotonic()))
        self._scratch.close()

    def _admit(self, kind: JobKind, profile: str, owner: str) -> None:
        running = [job for job in self._held.values() if not job.is_over]
        of_profile = [job for job in running if job.profile == profile]
        for job in of_profile:
            if job.changes_entries and kind in (JobKind.RUN, JobKind.UNDO):
                raise ProfileTaken(job)
            if job.kind is kind and job.owner == owner:
                job.cancel()
        left = [job for job in running if not job.is_stopping]
        if len(left) >= MOST_RUNNING or sum(job.owner == owner for job in left) >= MOST_OF_ONE_USER:
            raise TooManyJobs
        if len(running) >= 2 * MOST_RUNNING or self._over.is_set():  # some do not hear that they are cancelled
            raise TooManyJobs

    def _do(self, job: Job, work: Work) -> None:
        state = JobState.DONE
        try:
            job.result = work(job)
        except RunCancelled:
            state = JobState.CANCELLED
        except Exception as error:  # noqa: BLE001 - whatever it is, the job is over and says so
            state, job.failure = JobState.FAILED, _failure(job, error, self._told)
        job.look()
        self._total.release()
        job.state = state

    def _drop_old(self) -> None:
        over = [job for job in self._held.values() if job.is_over]
        for job in list(_superfluous(over)):
            del self._held[job.id]
            self._scratch.drop(job.folder)

    def _sweep_later(self) -> None:
        if self._sweeper is None:
            self._sweeper = threading.Thread(target=self._sweep, name="web jobs", daemon=True)
            self._sweeper.start()

    def _sweep(self) -> None:
        """What nobody looks at any more goes in time, though nobody asks for anything."""
        while not self._over.wait(30.0):
            with self._lock:
                self._drop_old()
                if not self._held:
                    self._sweeper = None
                    return


def _superfluous(over: list[Job]) -> Iterator[Job]:
    """Those that were looked at longest ago go first."""
    now, of_user = time.monotonic(), dict[str, int]()
    for many, job in enumerate(sorted(over, key=lambda job: job.seen, reverse=True), 1):
        of_user[job.owner] = of_user.get(job.owner, 0) + 1
        if now - job.seen > KEPT or of_user[job.owner] > MOST_KEPT_OF_ONE_USER or many > MOST_KEPT:
            yield job


def _failure(job: Job, error: Exception, told: Callable[[ConnectorError], tuple[str, str]]) -> Failure:
    known = error if isinstance(error, ConnectorError) else machine_error(error)
    if known is not None:
        return Failure(*told(known))
    LOG.error("a bug ended a job of the pages", job=str(job.kind), profile=job.profile, exc_info=error)
    return Failure("", is_bug=True)
