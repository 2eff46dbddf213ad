"""What is asked of an engine: the queues between those who want a run and those who make it.

Two keep it, `in_process` for one process and `postgres` for many machines: see `tests/contract/test_engines.py`. When a
profile is due is kept by whoever enqueues: the service's scheduler, or the dispatcher.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol


class Queue(StrEnum):
    """Kinds of runs; each has places of its own at every worker, so that none waits behind another kind."""

    INTERACTIVE = "interactive"
    """Somebody waits for it."""
    SCHEDULED = "scheduled"
    FIRST = "first"
    """The first run of a profile, which reads everything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One run that is wanted. Holds ids alone: what is in a queue can be read by whoever looks after it."""

    tenant: str
    """Empty where there is one phone system alone."""
    profile: str
    queue: Queue = Queue.SCHEDULED
    full: bool = False
    release: str | None = None
    """The refused plan to apply; see `application.runs.RunRequest`."""

    @property
    def key(self) -> tuple[str, str]:
        return self.tenant, self.profile

    @property
    def names(self) -> dict[str, str]:
        """What log lines say of it."""
        tenant = {"tenant": self.tenant} if self.tenant else {}
        return {**tenant, "profile": self.profile}


class Result(StrEnum):
    """What became of a job."""

    DONE = "done"
    PARTIAL = "partial"
    REFUSED = "refused"
    FAILED = "failed"
    POSTPONED = "postponed"
    """No run was made: it is not due yet, its source wants to be left alone, or another run is going on."""
    DROPPED = "dropped"
    """There is nothing to run any more: the profile or its tenant is gone or suspended."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a job ended, and when the profile is to be looked at again if its schedule says something later."""

    result: Result
    again: timedelta | None = None
    look: timedelta | None = None
    """After how long people may have to hear something of the profile if no run succeeds until then."""


AFTER_A_BUG = timedelta(minutes=5)
"""When the profile of a job is looked at again that raised what nobody expected."""


@dataclass(slots=True)
class RunningJob:
    """A job that is being made."""

    job: Job
    since: float
    """By the monotonic clock."""


@dataclass(frozen=True, slots=True)
class Places:
    """How many runs a worker makes at once: `interactive` and `first` of them are for these queues alone, the others
    are for scheduled runs and for interactive ones beyond their own places."""

    total: int = 20
    interactive: int = 2
    first: int = 4

    def __post_init__(self) -> None:
        if min(self.interactive, self.first) < 1 or self.total <= self.interactive + self.first:
            raise ValueError(
                f"of {self.total} places at least one must be left beside {self.interactive} for interactive "
                f"and {self.first} for first runs, which need one each"
            )

    def split(self) -> Iterator[tuple[tuple[Queue, ...], int]]:
        """Queues, and how many places take from them."""
        yield (Queue.INTERACTIVE,), self.interactive
        yield (Queue.FIRST,), self.first
        yield (Queue.INTERACTIVE, Queue.SCHEDULED), self.total - self.interactive - self.first


@dataclass(frozen=True, slots=True)
class SharedPlaces:
    """How many runs are made at once where there are too few places to set some aside for each queue: first runs take
    all of them but one, as long as there are two, and every other run takes any."""

    total: int

    def split(self) -> Iterator[tuple[tuple[Queue, ...], int]]:
        """See `Places`."""
        if self.total > 1:
            yield (Queue.INTERACTIVE, Queue.SCHEDULED), 1
        yield tuple(Queue), max(1, self.total - 1)


class RunStage(StrEnum):
    """How far a run is that somebody asked for."""

    WAITING = "waiting"
    RUNNING = "running"
    NONE = "none"
    """Nobody wants a run of it, or the last one has ended."""


@dataclass(frozen=True, slots=True)
class QueuedRun:
    """How far a run of a profile is that somebody wants."""

    stage: RunStage
    before: int = 0
    """How many runs wait in front of it, of all tenants."""
    result: str = ""
    """What became of the last one that a worker has ended: one of `Result`; empty for none."""
    unserved_since: datetime | None = None
    """Of one that waits while no worker lives: when one gave a sign of life last."""


@dataclass(frozen=True, slots=True)
class QueueState:
    queue: Queue
    waiting: int = 0
    running: int = 0
    oldest: timedelta | None = None
    """How long the oldest job waits; None if none does."""


Make = Callable[[Job], Ended]
"""Makes the run of a job. Raises nothing that it can help; what it raises counts as a failed run."""


OnEnded = Callable[[Job, Ended, float], None]
"""Told how a job ended, and after how many seconds, once its profile can be run again."""


class Engine(Protocol):
    """At most one job of a profile waits, and at most one is made of what the engine keeps apart (a tenant; in one
    process perhaps a profile), whatever is enqueued by whom.

    Of the jobs that a place may take, the first is one that somebody waits for, then the one that has waited longest.
    """

    on_ended: OnEnded

    def enqueue(self, job: Job) -> bool:
        """False if a job of the profile waits already; an interactive one then takes the waiting one's place."""
        ...

    def enqueue_many(self, jobs: Sequence[Job]) -> int:
        """How many of them were not waiting already."""
        ...

    def cancel(self, tenant: str, profile: str) -> bool:
        """Take the waiting job of a profile out of its queue. What runs goes on."""
        ...

    def queues(self) -> list[QueueState]: ...

    def running(self) -> Sequence[RunningJob]:
        """What is being made here."""
        ...

    def work(self, make: Make, places: Places | SharedPlaces, stop: threading.Event) -> None:
        """Take jobs and make them until `stop` is set; then wait for those that are being made, as long as the engine
        was told. What does not end by then is left to the end of the process, and `running` tells it."""
        ...
