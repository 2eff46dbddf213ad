"""By which a person has a tenant's profile run: by a worker, as soon as one has a place."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class RunStage(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    NONE = "none"
    """Nobody wants a run of it, or the last one has ended."""


@dataclass(frozen=True, slots=True)
class QueuedRun:
    stage: RunStage
    before: int = 0
    """How many runs of all tenants wait in front of it."""
    result: str = ""
    """What became of the last one that a worker has ended: done, partial, refused, failed, postponed or dropped."""


class RunQueue(Protocol):
    """All of it raises `StoreError`."""

    def enqueue(self, tenant: str, profile: str, *, full: bool = False) -> None:
        """It goes before all that is scheduled; a run of it that waits already becomes this one."""
        ...

    def cancel(self, tenant: str, profile: str) -> bool:
        """Nobody wants it any more; False if none waits. A run that goes on goes on."""
        ...

    def stage(self, tenant: str, profile: str) -> QueuedRun: ...

    def release(self, tenant: str, profile: str) -> bool:
        """A quarantined or paused profile runs again, at once; False if it is neither."""
        ...
