"""How many phone systems fare: what is late, what waits, which workers live, and what a person should look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pbx_connector.counting import counted
from pbx_connector.duration import in_words

SHOWN = 20
"""So many of each kind are named; all are counted."""


@dataclass(frozen=True, slots=True)
class QueueStatus:
    queue: str
    waiting: int
    running: int
    oldest: timedelta | None
    """How long the oldest job waits."""


@dataclass(frozen=True, slots=True)
class WorkerStatus:
    id: int
    host: str
    process: int
    version: str
    places: int
    running: int
    stopping: bool
    silent: timedelta
    """Since its last sign of life."""
    dead: bool


@dataclass(frozen=True, slots=True)
class LostWorker:
    """One that was found dead; its runs were made again."""

    id: int
    host: str
    process: int
    jobs: int
    found: datetime


@dataclass(frozen=True, slots=True)
class LateProfile:
    tenant: str
    profile: str
    late: timedelta


@dataclass(frozen=True, slots=True)
class LastRun:
    """The last run of a profile that a worker has made."""

    tenant: str
    profile: str
    ended: datetime
    result: str
    """`done`, `partial`, `refused` or `failed`."""


@dataclass(frozen=True, slots=True)
class StoppedProfile:
    """Quarantined, or paused."""

    tenant: str
    profile: str
    state: str
    reason: str


@dataclass(frozen=True, slots=True)
class HeldSource:
    """A source that is left alone for now."""

    tenant: str
    source: str
    reason: str
    left: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetStatus:
    tenants: int
    profiles: int
    queues: Sequence[QueueStatus]
    workers: Sequence[WorkerStatus]
    unserved_since: datetime | None
    """When a worker gave a sign of life last, as far as it was noted, if none lives; None while one does."""
    lost: Sequence[LostWorker]
    """Of the last day, the latest first."""
    late: Sequence[LateProfile]
    """The latest first; no more than `SHOWN`, as the next two."""
    late_count: int
    stopped: Sequence[StoppedProfile]
    stopped_count: int
    held: Sequence[HeldSource]
    held_count: int

    @property
    def complaints(self) -> list[str]:
        """What is not well, in words; empty if all is."""
        dead = sum(worker.dead for worker in self.workers)
        found = [
            ("no worker is running", self.unserved_since),
            (f"{counted(dead, 'worker')} gave no sign of life", dead),
            (f"{counted(self.late_count, 'profile')} late, {self._latest}", self.late_count),
            (f"{counted(self.stopped_count, 'profile')} quarantined or paused", self.stopped_count),
        ]
        return [words for words, wrong in found if wrong]

    @property
    def _latest(self) -> str:
        return f"by up to {in_words(_whole(self.late[0].late))}" if self.late else ""


def _whole(span: timedelta) -> timedelta:
    return timedelta(seconds=max(1, round(span.total_seconds())))
