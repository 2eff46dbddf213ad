"""The service, put together: threads that watch the folder, keep the times, run, tell and answer, and one to mind them.

The main thread looks after all others every few seconds: it wakes the scheduler (the clock may have been set), gives up
on runs that hang, and tells the supervisor that the service is alive. It never asks the store, which may take its time.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

import structlog
from watchfiles import watch as watch_files

from pbx_connector.application import reckoning, views
from pbx_connector.application.history import last_run
from pbx_connector.application.installation import Installation, utc_now
from pbx_connector.application.profile_folder import Folder, ProfileFile
from pbx_connector.application.runs import RunOutcome
from pbx_connector.application.status import StatusBoard, service_status, status_of
from pbx_connector.application.store_watch import StoreWatch
from pbx_connector.application.survey import Survey, survey
from pbx_connector.config import Config
from pbx_connector.counting import counted
from pbx_connector.duration import in_words
from pbx_connector.errors import EXIT_DONE, EXIT_UNREACHABLE, ProfileHeld, StoreError, UsageError
from pbx_connector.extensions import PluginContext
from pbx_connector.model import Counts, Report, RunStatus
from pbx_connector.plugins import Plugins
from pbx_connector.schedule import Schedule
from pbx_connector.service import supervisor
from pbx_connector.service.clock_watch import ClockWatch
from pbx_connector.service.damage_watch import DamageWatch
from pbx_connector.service.execution import Execution, NotNow
from pbx_connector.service.metrics import Metrics
from pbx_connector.service.notification_worker import NotificationWorker
from pbx_connector.service.scheduler import Scheduler
from pbx_connector.service.servers import Servers
from pbx_connector.service.web import Web, health_page
from pbx_connector.service.worker_pool import Running, WorkerPool
from pbx_connector.stores import RunRecord, Store

LOG = structlog.stdlib.get_logger(__name__)

TICK = 2.0
STORE_LOOK = 15.0
FIRST_LOOK = 5.0
"""So many seconds the service waits for the store before it begins without."""
RESCAN_MS = 30_000
"""A folder is read anew this often even if the file system reports nothing: network drives do not."""
HUNG_GRACE = timedelta(seconds=30)
"""A run past its time limit gives up at its next step; one that makes no step for this long hangs."""
TAKE_OVER = 1.0
"""So many seconds go by while a large folder is read before what has been read so far is in effect."""
MOST_HUNG = 4
"""With so many threads left behind the service ends, for its supervisor to start it anew."""
SERVERS_STOP = 5.0
"""So many seconds the servers of plugins get to stop."""
PAUSE_AFTER_FAILURE = timedelta(minutes=1)


class Service:
    def __init__(
        self, config: Config, plugins: Plugins, store_url: str, clock: Callable[[], datetime] = utc_now
    ) -> None:
        """Raises `UsageError` if the address to listen on cannot be had."""
        assert config.profiles is not None  # noqa: S101 - load_config sets it
        self._config = config
        self._clock = clock
        self._installation = Installation(config, plugins, clock)
        self._zone = self._installation.zone
        self._folder = Folder(config.profiles, plugins)
        self._loaded: dict[str, ProfileFile] = {}
        self._watch = StoreWatch(store_url, clock)
        self._board = StatusBoard()
        self._metrics = Metrics(self._board, clock, self._watch)
        self._pool = WorkerPool(config.service.parallel, self._work, self._plan)
        self._scheduler = Scheduler(self._zone, config.service.jitter, self._pool.submit)
        self._notifications = NotificationWorker(
            self._watch, self._installation.notifiers, config, clock, lambda: list(self._loaded.values()), self._board
        )
        self._execution = Execution(
            self._installation, self._watch, config.service.run_within, self._notifications.run_ended
        )
        self._servers = Servers(plugins, self._plugin_context)
        self._web = self._make_web()
        self._scanned = threading.Event()
        self._stop = threading.Event()
        self._lost_since: datetime | None = None
        """The store's, as far as it was said."""
        self._looked = threading.Event()
        self._clock_set = threading.Event()
        self._set_back_said = False
        self._survey = Survey()
        self._words_wanted: dict[str, str] = {}
        """The commands that first runs wait for, by profile."""
        self._unusable: UsageError | None = None
        self.abandoned: list[Running] = []
        """After `run`: what did not end in time. Their threads live on until the process ends."""

    @property
    def address(self) -> str:
        """Where /health and /metrics are; empty if nowhere."""
        return self._web.address if self._web else ""

    def submit(self, profile: str) -> bool:
        """Let a profile run now, if it is due; False if it waits or runs already."""
        return self._pool.submit(profile)

    def run(self, stop: threading.Event) -> int:
        """Serve until `stop` is set; returns the exit code. Raises `UsageError` for an address of no store."""
        self._stop, watch = stop, ClockWatch(self._clock)
        threading.Thread(target=self._mind_store, name="store", daemon=True).start()
        self._looked.wait(FIRST_LOOK)
        if self._unusable:
            raise self._unusable
        threading.Thread(target=self._mind_folder, name="folder", daemon=True).start()
        self._scheduler.start()
        self._notifications.start()
        DamageWatch(self._watch, self._notifications.store_checked).start(stop)
        if self._web:
            self._web.start()
        self._servers.start()
        LOG.info("serving", profiles=str(self._folder.path), store=self._watch.place, health=self.address or "off")
        if not self._installation.notifiers:
            LOG.warning("nobody hears of failures until mail: or webhook: is in the configuration")
        code = self._mind(stop, watch)
        self._shut_down()
        return code

    def health(self) -> tuple[bool, views.Json]:
        ready = self._scanned.is_set() and self._watch.lost_since is None and not self._folder.missing
        ready = ready and self._looked.is_set() and not self._stop.is_set()
        status = service_status(
            ready, self._watch, self._folder, self._board.statuses(), self._servers.statuses(), self._survey.orphans
        )
        return ready, views.service_status(status, self._clock())

    # the main thread

    def _mind(self, stop: threading.Event, watch: ClockWatch) -> int:
        announced = False
        while not stop.wait(TICK):
            if self._scanned.is_set() and not announced:
                supervisor.notify("READY=1")
                announced = True
            supervisor.notify("WATCHDOG=1", f"STATUS={counted(len(self._loaded), 'profile')}, store {self._watch.word}")
            self._mind_clock(watch)
            self._scheduler.wake_up()
            if self._watch.silent():
                self._say_lost()
            if self._mind_hung() >= MOST_HUNG:
                LOG.error("too many runs hang, the service ends, to be started again", hung=MOST_HUNG)
                return EXIT_UNREACHABLE
        return EXIT_DONE

    def _mind_clock(self, watch: ClockWatch) -> None:
        if (step := watch.step()) is not None:
            LOG.warning("the clock was set", by=str(step))
            self._set_back_said = False
            self._clock_set.set()

    def _mind_hung(self) -> int:
        limit = (self._config.service.run_within + HUNG_GRACE).total_seconds()
        running = self._pool.running()
        for run in running:
            if not run.hung and time.monotonic() - run.since > limit:
                self._leave_behind(run)
        return sum(run.hung for run in running)

    def _leave_behind(self, run: Running) -> None:
        LOG.error("a run hangs and is left behind", profile=run.profile)
        self._pool.leave_behind(run)
        self._board.change(run.profile, hung=True)
        if (loaded := self._loaded.get(run.profile)) and loaded.profile:
            within = self._config.service.run_within
            report = Report("", run.profile, RunStatus.FAILED, Counts(), started=self._clock() - within)
            self._notifications.run_ended(
                loaded.profile, report, f"it hangs for more than {in_words(within)}; restart the service to end it"
            )

    def _shut_down(self) -> None:
        supervisor.notify("STOPPING=1")
        self._stop.set()
        self._clock_set.set()  # wakes the store's thread
        self._scheduler.stop()
        LOG.info("stopping", running=[run.profile for run in self._pool.running()])
        self.abandoned = self._pool.stop(self._config.service.stop_within.total_seconds())
        for run in self.abandoned:
            LOG.warning("run abandoned, it changed nothing; it is made up for at the next start", profile=run.profile)
        self._servers.stop(within=SERVERS_STOP)  # after the runs: phones are answered to the last
        self._notifications.stop(within=5)
        if self._web:
            self._web.stop()
        if not self.abandoned and self._watch.lost_since is None:
            self._watch.close()
        LOG.info("stopped")

    # the store's thread

    def _mind_store(self) -> None:
        while not self._stop.is_set():
            try:
                self._look_at_store()
                self._look_at_profiles()
                if self._clock_set.is_set():
                    self._clock_set.clear()
                    self._plan_all()
            except UsageError as error:
                self._unusable = error
            except Exception:
                LOG.exception("a bug in looking after the store")
            self._looked.set()
            self._clock_set.wait(TICK if self._lost_since else STORE_LOOK)

    def _look_at_store(self) -> None:
        if not self._watch.look():
            self._say_lost()
        elif self._lost_since:
            lost_for, self._lost_since = self._clock() - self._lost_since, None
            LOG.info("the store is back", after=str(lost_for))
            self._plan_all()

    def _look_at_profiles(self) -> None:
        """Which of them wait for a person, and whose entries have no file any more."""
        if self._watch.lost_since is None and self._scanned.is_set():
            with suppress(StoreError):
                self._survey = survey(self._watch.current(), self._loaded.keys())
            for profile in self._loaded:
                self._board.change(profile, held=self._survey.held.get(profile) or self._words_wanted.get(profile, ""))

    def _say_lost(self) -> None:
        if self._lost_since is None:
            self._lost_since = self._watch.lost_since
            LOG.error("the store cannot be reached, runs wait", reason=self._watch.reason)

    # the folder's thread

    def _mind_folder(self) -> None:
        while not self._stop.is_set():
            try:
                self._scan()
                self._scanned.set()
                self._await_change()
            except Exception:
                LOG.exception("the profiles folder could not be read")
                self._stop.wait(5)

    def _await_change(self) -> None:
        if self._folder.missing:
            self._stop.wait(5)
            return
        changes = watch_files(
            self._folder.path,
            watch_filter=None,
            debounce=400,
            step=100,
            stop_event=self._stop,
            rust_timeout=RESCAN_MS,
            yield_on_timeout=True,
            recursive=False,
        )
        for _ in changes:
            self._scan()
            if self._folder.missing:
                return

    def _scan(self) -> None:
        missing, taken_over = self._folder.missing, time.monotonic()
        for path in self._folder.scan(self._stop.is_set):
            LOG.info("profile file", file=path.name)
            if time.monotonic() - taken_over > TAKE_OVER:  # of thousands, the first ones need not wait for the last
                self._take_over()
                taken_over = time.monotonic()
        self._take_over()
        if self._folder.missing and not missing:
            LOG.error("the profiles folder is missing; what was read goes on", reason=self._folder.missing)

    def _take_over(self) -> None:
        """Bring scheduler and board in step with what the folder holds now."""
        before, self._loaded = self._loaded, self._folder.profiles
        for gone in before.keys() - self._loaded.keys():
            LOG.info("profile removed; its entries stay", profile=gone)
            self._scheduler.drop(gone)
            self._board.drop(gone)
            self._metrics.forget(gone)
        for profile, loaded in self._loaded.items():
            if before.get(profile) is not loaded:
                self._take_in(profile, loaded)

    def _take_in(self, profile: str, loaded: ProfileFile) -> None:
        if loaded.broken:
            LOG.error("the profile's file cannot be used", profile=profile, file=loaded.path.name, reason=loaded.broken)
        else:
            LOG.info("profile loaded", profile=profile, file=loaded.path.name)
        schedule = loaded.profile.schedule if loaded.profile else None
        self._board.put(status_of(loaded))
        if schedule is None:
            self._scheduler.drop(profile)
        else:
            self._plan(profile, None)

    # times

    def _plan_all(self) -> None:
        for profile in list(self._loaded):
            self._plan(profile, None)

    def _plan(self, profile: str, again: datetime | None) -> None:
        """Set when a profile runs next, by its schedule and the store's history, but not before `again`."""
        loaded = self._loaded.get(profile)
        if loaded is None or loaded.profile is None or loaded.profile.schedule is None:
            return
        schedule, now = loaded.profile.schedule, self._clock()
        try:
            store = self._watch.current()
            last = last_run(store, profile)
            due = self._due(store, loaded, schedule, last, now)
        except StoreError:
            return  # planned when the store is back
        at = self._scheduler.plan(profile, schedule, max(due, again) if again else due, now)
        self._board.change(profile, next=at)
        if last is not None:
            self._board.ran(profile, last)

    def _due(
        self, store: Store, loaded: ProfileFile, schedule: Schedule, last: RunRecord | None, now: datetime
    ) -> datetime:
        basis = reckoning.basis(store, loaded.id, last, loaded.seen, now)
        self._board.change(loaded.id, set_back=basis.sighting)
        if basis.sighting and not self._set_back_said:
            self._set_back_said = True
            ahead = str(basis.sighting.moment - basis.sighting.at)
            LOG.warning("the clock was set back, schedules go on from when that was seen", profile=loaded.id, by=ahead)
        return schedule.due(basis.start, basis.seen, now, self._zone, served=basis.served)

    # a worker's thread

    def _work(self, run: Running) -> datetime | None:
        """Returns until when the profile is left alone, if its schedule does not say it all."""
        loaded = self._loaded.get(run.profile)
        if loaded is None or loaded.profile is None or loaded.profile.schedule is None:
            return None  # removed while it waited
        schedule = loaded.profile.schedule
        with structlog.contextvars.bound_contextvars(profile=run.profile):
            self._board.change(run.profile, running=True)
            try:
                outcome = self._execution.attempt(
                    loaded.profile, lambda store, last, now: self._due(store, loaded, schedule, last, now), run
                )
                return self._settle(loaded, schedule, outcome)
            except StoreError as error:
                LOG.error("the store is failing, the run waits", reason=error.message)
                self._look_at_store()
            except Exception:
                LOG.exception("a bug kept the profile from running")
            finally:
                self._board.change(run.profile, running=False, hung=False)
        return self._clock() + PAUSE_AFTER_FAILURE

    def _settle(self, loaded: ProfileFile, schedule: Schedule, outcome: RunOutcome | NotNow) -> datetime | None:
        if isinstance(outcome, NotNow):
            return outcome.again
        report = outcome.report
        held = outcome.error.command if isinstance(outcome.error, ProfileHeld) else ""
        self._words_wanted[report.profile] = held
        self._board.change(report.profile, held=held)
        counts = {name: getattr(report.counts, name) for name in report.counts.__slots__}
        log = LOG.info if report.status is RunStatus.DONE else LOG.warning
        log("run ended", run=report.run, status=str(report.status), seconds=round(report.duration, 2), **counts)
        for warning in report.warnings:
            LOG.warning("run warned", run=report.run, code=warning.code, reason=warning.message, hint=warning.hint)
        if outcome.reason:
            LOG.warning("run failed", run=report.run, reason=outcome.reason)
        self._metrics.ran(report)
        # What the history does not know would be due again at once.
        return None if report.run else schedule.next_after(self._clock(), self._zone)

    def _plugin_context(self, plugin: str) -> PluginContext:
        """What a plugin's servers are given: the phone book that they read is the service's own, and as reachable."""
        return PluginContext(
            plugin,
            installation=lambda: self._installation,
            store=self._watch.current,
            open_store=self._watch.open_another,
            store_url=lambda: self._watch.url,
        )

    def _make_web(self) -> Web | None:
        if self._config.service.listen == "off":
            return None
        pages = {
            "/health": health_page(self.health),
            "/metrics": lambda: (200, "text/plain; version=0.0.4; charset=utf-8", self._metrics.page()),
        }
        return Web(self._config.service.listen, pages)
