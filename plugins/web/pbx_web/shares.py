"""What all sites of a process have together, and how much of it one of them may take."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field

import anyio

THREADS = 16
"""Pages that are made at the same time, of all sites together."""
THREADS_OF_ONE = 8
JOBS = 12
"""Simulations and the like that go on at the same time; each holds a connection to the phone book for as long."""
TALKS = 9
"""Connection tests and the like, in which a page waits for somebody else's server, at the same time."""
TALKS_OF_ONE = 3
FOLLOWERS_OF_ONE = 40
"""Connections of one site by which browsers are told how far something is, and which stay open."""
PASSWORDS = 4
"""That are looked at at the same time; each costs 64 MiB."""


@dataclass(frozen=True)
class Shares:
    threads: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(THREADS))
    jobs: threading.BoundedSemaphore = field(default_factory=lambda: threading.BoundedSemaphore(JOBS))
    talks: threading.BoundedSemaphore = field(default_factory=lambda: threading.BoundedSemaphore(TALKS))
    passwords: threading.BoundedSemaphore = field(default_factory=lambda: threading.BoundedSemaphore(PASSWORDS))


def shares_of(connections: int) -> Shares:
    """So that what is begun leaves half of the connections to a database for pages."""
    return Shares(jobs=threading.BoundedSemaphore(max(1, min(JOBS, connections // 2))))


@dataclass(frozen=True)
class Talks:
    """Of one site."""

    total: threading.BoundedSemaphore
    own: threading.BoundedSemaphore = field(default_factory=lambda: threading.BoundedSemaphore(TALKS_OF_ONE))

    @contextmanager
    def one(self) -> Iterator[bool]:
        """False if there are as many as may be."""
        with _taken(self.own) as mine, _taken(self.total) if mine else nullcontext(False) as taken:
            yield taken


@contextmanager
def _taken(places: threading.BoundedSemaphore) -> Iterator[bool]:
    taken = places.acquire(blocking=False)
    try:
        yield taken
    finally:
        if taken:
            places.release()
