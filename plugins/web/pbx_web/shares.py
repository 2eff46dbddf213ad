"""What all sites of a process have together, and how much of it one of them may take."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import anyio

THREADS = 16
"""Pages that are made at the same time, of all sites together."""
THREADS_OF_ONE = 8
JOBS = 12
"""Simulations and the like that go on at the same time."""
PASSWORDS = 4
"""That are looked at at the same time; each costs 64 MiB."""


@dataclass(frozen=True)
class Shares:
    threads: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(THREADS))
    jobs: threading.BoundedSemaphore = field(default_factory=lambda: threading.BoundedSemaphore(JOBS))
    passwords: threading.BoundedSemaphore = field(default_factory=lambda: threading.BoundedSemaphore(PASSWORDS))
