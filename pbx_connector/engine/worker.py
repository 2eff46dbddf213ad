"""A worker: makes runs, looks for dead workers and for silent profiles, and dispatches if nobody else does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from pbx_connector.application.installation import utc_now
from pbx_connector.engine.database import EngineDatabase
from pbx_connector.engine.directory import TenantDirectory
from pbx_connector.engine.dispatcher import Dispatcher
from pbx_connector.engine.heart import NORMAL, Heart, Timing
from pbx_connector.engine.limits import Rate, SourceLimits
from pbx_connector.engine.making import RunLimits, RunMaker
from pbx_connector.engine.port import Job, Places
from pbx_connector.engine.postgres import ClaimedJob, PostgresEngine
from pbx_connector.engine.schema import require_prepared
from pbx_connector.engine.silence import SilenceWatch
from pbx_connector.engine.sweep import Swept, sweep
from pbx_connector.errors import ConnectorError, StoreError

LOG = structlog.stdlib.get_logger(__name__)

STUCK_GRACE = timedelta(minutes=1)
"""A run past its time gives up at its next step; one that makes none for this long is stuck, and nothing ends its
thread but the end of the process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSettings:
    places: Places = field(default_factory=Places)
    stop_within: timedelta = timedelta(seconds=60)
    """How long runs may take to end once the worker is told to stop."""
    run_within: timedelta = timedelta(hours=2)
    """How long a run may take, whatever a tenant's configuration says; one that is stuck then ends the worker."""
    dispatch: bool = True
    run_limits: RunLimits = field(default_factory=RunLimits)
    rate: Rate = field(default_factory=Rate)
    timing: Timing = NORMAL


class Worker:
    """`run` once; the rest is for those who watch it."""

    def __init__(
        self,
        database: EngineDatabase,
        tenants: TenantDirectory,
        settings: WorkerSettings | None = None,
        *,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._database = database
        self._settings = settings = settings or WorkerSettings()
        self.engine: PostgresEngine
        self.heart = Heart(
            database, settings.places.total, lambda: len(self.engine.running()), timing=settings.timing, clock=clock
        )
        self.engine = PostgresEngine(database, heart=self.heart, stop_within=settings.stop_within)
        self._maker = RunMaker(
            tenants,
            SourceLimits(database, settings.rate),
            self._revoked,
            run_limits=settings.run_limits,
            clock=self.heart.now,
        )
        self.dispatcher = Dispatcher(database)
        self._silence = SilenceWatch(database, tenants, self.heart.now)
        self.on_swept: Callable[[Swept], None] = lambda swept: None
        self.stuck: tuple[ClaimedJob, ...] = ()

    @property
    def places(self) -> Places:
        return self._settings.places

    def run(self, stop: threading.Event) -> bool:
        """Work until `stop` is set; True if nothing was left behind. Raises `StoreError` for a database that was not
        prepared."""
        require_prepared(self._database)
        loops = [threading.Thread(target=self._look_after, args=[stop], name="sweep", daemon=True)]
        look = self._settings.timing.look
        loops.append(threading.Thread(target=self._silence.run, args=[stop, look], name="silence", daemon=True))
        if self._settings.dispatch:
            loops.append(threading.Thread(target=self.dispatcher.run, args=[stop], name="dispatcher", daemon=True))
        for loop in loops:
            loop.start()
        self.engine.work(self._maker.make, self._settings.places, stop)
        for loop in loops:
            loop.join(timeout=5)
        return not self.engine.running()

    def _revoked(self, job: Job) -> str:
        if self.engine.giving_up.is_set():
            return "the worker stops"
        if self.engine.is_lost(job):
            return "the worker lost the control database for so long that others make the run"
        return ""

    def _look_after(self, stop: threading.Event) -> None:
        while not stop.wait(self._settings.timing.sweep):
            try:
                self.look_after_once()
                self._end_if_stuck(stop)
            except StoreError as error:
                LOG.error("nobody can look for dead workers", reason=error.message)
            except Exception:
                LOG.exception("a bug in looking for dead workers")

    def look_after_once(self) -> Swept:
        """Raises `StoreError`."""
        if self.engine.put_back():
            LOG.warning("jobs were handed to this worker as the connection broke, they wait again")
        swept = sweep(self._database, self._settings.timing.silent)
        self.on_swept(swept)
        for job in swept.quarantined:
            self._tell(job)
        return swept

    def _tell(self, job: Job) -> None:
        reason = "several workers died in its runs, one after the other: it is not run any more"
        try:
            self._maker.tell(job, reason)
        except ConnectorError as error:
            LOG.error("nobody could be told of a quarantine", tenant=job.tenant, reason=error.message)

    def _end_if_stuck(self, stop: threading.Event) -> None:
        limit = (self._settings.run_within + STUCK_GRACE).total_seconds()
        self.stuck = tuple(taken for taken in self.engine.running() if time.monotonic() - taken.since > limit)
        if self.stuck:
            LOG.error("a run is stuck, the worker ends, to be started again", runs=len(self.stuck))
            stop.set()
