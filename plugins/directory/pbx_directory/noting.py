"""Who was seen is noted in the store now and then, behind the requests: no telephone waits for a run that writes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from typing import TYPE_CHECKING

from pbx_directory.lanes import Threads

if TYPE_CHECKING:
    from pbx_directory.systems import ServedSystem

EVERY = 5.0
"""Seconds between two looks at who wants it."""
THREADS = 2
"""For each database."""
FAREWELL = 5.0
"""Seconds that the end waits for the last notes."""


class Noting:
    """For as long as somebody serves."""

    def __init__(self, systems: Callable[[], Sequence[ServedSystem]]) -> None:
        self._systems = systems
        self._lock = threading.Lock()
        self._users = 0
        self._ended = threading.Event()
        self._threads: dict[str, Threads] = {}
        self._under_way: dict[ServedSystem, Future[None]] = {}

    def start(self) -> None:
        with self._lock:
            self._users += 1
            if self._users == 1:
                self._ended = threading.Event()
                threading.Thread(target=self._run, args=(self._ended,), name="directory noting", daemon=True).start()

    def stop(self) -> None:
        """What is not noted yet is, as far as the stores can take it in a moment."""
        with self._lock:
            self._users -= 1
            if self._users == 0:
                self._ended.set()
            wait(self._note(everything=True), timeout=FAREWELL)
            if self._users == 0:
                self._close()

    def _run(self, ended: threading.Event) -> None:
        while not ended.wait(EVERY):
            with self._lock:
                self._note(everything=False)

    def _note(self, *, everything: bool) -> list[Future[None]]:
        """One at a time for each phone system."""
        self._under_way = {system: done for system, done in self._under_way.items() if not done.done()}
        for system in self._systems():
            is_due = system.gate.has_seen if everything or system.is_dropped else system.gate.wants_flush
            if is_due and system not in self._under_way:
                self._under_way[system] = self._of(system.database).submit(system.gate.flush)
        return list(self._under_way.values())

    def _close(self) -> None:
        for threads in self._threads.values():
            threads.close()
        self._threads.clear()

    def _of(self, database: str) -> Threads:
        if database not in self._threads:
            self._threads[database] = Threads(THREADS, "directory noting")
        return self._threads[database]
