"""A worker's sign of life, from a thread of its own that beats until the process ends, its last runs included."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.metadata import version

import structlog

from pbx_connector.application.installation import utc_now
from pbx_connector.engine import waiting
from pbx_connector.engine.database import EngineDatabase
from pbx_connector.errors import StoreError

LOG = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds all; the same for all workers of a fleet."""

    beat: float = 5.0
    """Between two signs of life."""
    silent: float = 30.0
    """A worker that gave no sign for so long is dead for the others, and knows it: it begins nothing more."""
    sweep: float = 10.0
    """Between two looks for dead workers."""
    look: float = 30.0
    """Between two looks for profiles that did not succeed for too long."""


NORMAL = Timing()
TOLERATED = timedelta(seconds=2)
"""By so much a machine's clock may differ from the database's; the way to it takes time."""


class Heart:
    """Registers its worker, and again under another id if it was taken for dead meanwhile."""

    def __init__(
        self,
        database: EngineDatabase,
        places: int,
        running: Callable[[], int] = lambda: 0,
        *,
        timing: Timing = NORMAL,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._database = database
        self._places = places
        self._running = running
        self._beat, self._silent = timing.beat, timing.silent
        self._clock = clock
        self._ahead = timedelta(0)
        """Of the database's clock to this machine's."""
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._go_on, name="heart", daemon=True)
        self._lock = threading.Lock()
        self._worker: int | None = None
        self._last = time.monotonic() - timing.silent
        """Of the last sign that arrived, by the monotonic clock."""
        self.stopping = False

    def start(self) -> None:
        self._thread.start()

    @property
    def worker(self) -> int | None:
        """The id to take jobs with; None while others may take this worker for dead."""
        with self._lock:
            return self._worker if self.age() < self._silent - self._beat else None

    def age(self) -> float:
        """Seconds since the last sign that arrived."""
        return time.monotonic() - self._last

    def is_well(self) -> bool:
        """Whether the others take this worker for living."""
        return self.age() < self._silent

    def now(self) -> datetime:
        """By the database's clock, whatever this machine's says."""
        return self._clock() + self._ahead

    def is_still(self, worker: int) -> bool:
        """Whether jobs that were taken with that id are yet this worker's, as far as it knows."""
        with self._lock:
            return worker == self._worker and self.age() < self._silent

    def beat(self) -> None:
        """Raises `StoreError`."""
        began = time.monotonic()
        with self._database.transaction(seconds=self._beat) as connection:
            worker = self._worker
            if worker is None or not waiting.beat(connection, worker):
                if worker is not None:
                    LOG.warning("this worker was taken for dead, its runs are made by others", worker=worker)
                worker = waiting.register_worker(connection)
                connection.execute(
                    "INSERT INTO worker (id, host, process, version, places) VALUES (%s, %s, %s, %s, %s)",
                    [worker, socket.gethostname(), os.getpid(), version("pbx-connector"), self._places],
                )
            row = connection.execute(
                "UPDATE worker SET running = %s, stopping = %s WHERE id = %s RETURNING clock_timestamp() AS now",
                [self._running(), self.stopping, worker],
            ).fetchone()
            ahead = row["now"] - self._clock() if row else timedelta(0)
        with self._lock:
            self._worker, self._last = worker, began
            self._ahead = ahead if abs(ahead) > TOLERATED else timedelta(0)

    def stop(self) -> None:
        """Sign off: nothing of this worker runs any more. One that cannot is found dead."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join(self._beat + 1)
        if self._worker is None:
            return
        try:
            with self._database.transaction(seconds=self._beat) as connection:
                waiting.unregister_worker(connection, self._worker)
        except StoreError as error:
            LOG.warning("the worker could not sign off", reason=error.message)

    def _go_on(self) -> None:
        while not self._over.is_set():
            try:
                self.beat()
            except StoreError as error:
                LOG.warning("no sign of life could be given", reason=error.message, silent=round(self.age()))
            except Exception:
                LOG.exception("a bug in giving a sign of life")
            self._over.wait(self._beat)
