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

from pbx_connector.application import views
from pbx_connector.application.installation import Installation, utc_now
from pbx_connector.application.profile_folder import Folder, ProfileFile
from pbx_connector.application.runs import RunOutcome
from pbx_connector.application.status import ServiceStatus, StatusBoard, service_status, status_of
from pbx_connector.application.store_watch import StoreWatch
from pbx_connector.application.survey import Survey, survey
from pbx_connector.config import Config, ConfigFile
from pbx_connector.counting import counted
from pbx_connector.duration import in_words
from pbx_connector.engine import unattended
from pbx_connector.engine.in_process import BY_PROFILE, InProcessEngine, Run
from pbx_connector.engine.port import Ended, Job, Queue, Result, SharedPlaces
from pbx_connector.errors import EXIT_DONE, EXIT_UNREACHABLE, ProfileHeld, StoreError, UsageError
from pbx_connector.extensions import PluginContext
from pbx_connector.model import Counts, Report, RunStatus
from pbx_connector.plugins import Plugins
from pbx_connector.profile import Profile
from pbx_connector.schedule import Schedule
from pbx_connector.service import supervisor
from pbx_connector.service.clock_watch import ClockWatch
from pbx_connector.service.damage_watch import DamageWatch
from pbx_connector.service.execution import Execution
from pbx_connector.service.folder_watch import FolderWatch
from pbx_connector.service.metrics import Metrics
from pbx_connector.service.notification_worker import NotificationWorker
from pbx_connector.service.run_times import RunTimes
from pbx_connector.service.scheduler import Scheduler
from pbx_connector.service.servers import Servers
from pbx_connector.service.web import Web, health_page
from pbx_connector.stores import RunRecord, Store

LOG = structlog.stdlib.get_logger(__name__)

TICK = 2.0
STORE_LOOK = 15.0
FIRST_LOOK = 5.0
"""So many seconds the service waits for the store before it begins without."""
HUNG_GRACE = timedelta(seconds=30)
"""A run past its time limit gives up at its next step; one that makes no step for this long hangs."""
MOST_HUNG = 4
"""With so many threads left behind the service ends, for its supervisor to start it anew."""
SERVERS_STOP = 5.0
"""So many seconds the servers of plugins get to stop."""


class Service:
    def __init__(
        self,
        config: Config,
        plugins: Plugins,
        store_url: str,
        clock: Callable[[], datetime] = utc_now,
        file: ConfigFile | None = None,
    ) -> None:
        """Raises `UsageError` if the address to listen on cannot be had."""
        assert config.profiles is not None  # noqa: S101 - load_config sets it
        self._config = config
        self._clock = clock
        self._installation = Installation(config, plugins, clock, file)
        self._zone = self._installation.zone
        self._folder = Folder(config.profiles, plugins)
        self._profiles = FolderWatch(self._folder, self._take_in, self._drop)
        self._watch = StoreWatch(store_url, clock)
        self._board = StatusBoard()
        self._metrics = Metrics(self._board, clock, self._watch)
        self._engine = InProcessEngine(apart=BY_PROFILE, stop_within=config.service.stop_within)
        self._engine.on_ended = self._ended
        self._working = threading.Thread(target=self._work, name="engine", daemon=True)
        self._scheduler = Scheduler(self._zone, config.service.jitter, self.submit)
        self._times = RunTimes(self._scheduler, self._watch, self._board, self._zone, clock)
        self._notifications = NotificationWorker(
            self._watch,
            self._installation.notifiers,
            config,
            clock,
            lambda: list(self._profiles.loaded.values()),
            self._board,
        )
        self._execution = Execution(
            self._installation, self._watch, config.service.run_within, self._notifications.run_ended
        )
        self._servers = Servers(plugins, self._plugin_context)
        self._web = self._make_web()
        self._stop = threading.Event()
        self._lost_since: datetime | None = None
        """The store's, as far as it was said."""
        self._looked = threading.Event()
        self._clock_set = threading.Event()
        self._survey = Survey()
        self._words_wanted: dict[str, str] = {}
        """The commands that first runs wait for, by profile."""
        self._unusable: UsageError | None = None
        self.abandoned: list[Run] = []
        """After `run`: what did not end in time, or hangs. Their threads live on until the process ends."""

    @property
    def address(self) -> str:
        """Where /health and /metrics are; empty if nowhere."""
        return self._web.address if self._web else ""

    def submit(self, profile: str) -> bool:
        """Let a profile run now, if it is due; False if it waits already."""
        queue = Queue.SCHEDULED if self._board.has_succeeded(profile) else Queue.FIRST
        return self._engine.enqueue(Job(tenant="", profile=profile, queue=queue))

    def run(self, stop: threading.Event) -> int:
        """Serve until `stop` is set; returns the exit code. Raises `UsageError` for an address of no store."""
        self._stop, watch = stop, ClockWatch(self._clock)
        threading.Thread(target=self._mind_store, name="store", daemon=True).start()
        self._looked.wait(FIRST_LOOK)
        if self._unusable:
            raise self._unusable
        self._profiles.start(stop)
        self._working.start()
        self._scheduler.start()
        self._notifications.start()
        DamageWatch(self._watch, self._notifications.store_checked).start(stop)
        if self._web:
            self._web.start()
        self._servers.start()
        LOG.info("serving", profiles=str(self._folder.path), store=self._watch.place, health=self.address or "off")
        for warning in self._installation.exposed_secrets:
            LOG.warning(warning.message, code=warning.code, secret=warning.where, hint=warning.hint)
        if not self._installation.notifiers:
            LOG.warning("nobody hears of failures until mail: or webhook: is in the configuration")
        code = self._mind(stop, watch)
        self._shut_down()
        return code

    def status(self) -> ServiceStatus:
        ready = self._profiles.scanned.is_set() and self._watch.lost_since is None and not self._folder.missing
        ready = ready and self._looked.is_set() and not self._stop.is_set()
        return service_status(
            ready,
            self._watch,
            self._folder,
            self._board.statuses(),
            self._servers.statuses(),
            self._survey.orphans,
        )

    def health(self) -> tuple[bool, views.Json]:
        status = self.status()
        return status.ready, views.service_status(status, self._clock())

    # the main thread

    def _mind(self, stop: threading.Event, watch: ClockWatch) -> int:
        announced = False
        while not stop.wait(TICK):
            if self._profiles.scanned.is_set() and not announced:
                supervisor.notify("READY=1")
                announced = True
            supervisor.notify(
                "WATCHDOG=1", f"STATUS={counted(len(self._profiles.loaded), 'profile')}, store {self._watch.word}"
            )
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
            self._times.clock_was_set()
            self._clock_set.set()

    def _mind_hung(self) -> int:
        limit = (self._config.service.run_within + HUNG_GRACE).total_seconds()
        running = self._engine.running()
        for run in running:
            if not run.left_behind and time.monotonic() - run.since > limit:
                self._leave_behind(run)
        return sum(run.left_behind for run in running)

    def _leave_behind(self, run: Run) -> None:
        profile = run.job.profile
        self._board.change(profile, hung=True)
        if not self._engine.leave_behind(run):  # it ended just now
            self._board.change(profile, hung=False)
            return
        LOG.error("a run hangs and is left behind", profile=profile)
        if (loaded := self._profiles.loaded.get(profile)) and loaded.profile:
            within = self._config.service.run_within
            report = Report("", profile, RunStatus.FAILED, Counts(), started=self._clock() - within)
            self._notifications.run_ended(
                loaded.profile, report, f"it hangs for more than {in_words(within)}; restart the service to end it"
            )

    def _shut_down(self) -> None:
        supervisor.notify("STOPPING=1")
        self._stop.set()
        self._clock_set.set()  # wakes the store's thread
        self._scheduler.stop()
        LOG.info("stopping", running=[run.job.profile for run in self._engine.running()])
        self._working.join()
        self.abandoned = self._engine.running()
        for run in self.abandoned:
            LOG.warning("run abandoned, it changed nothing; it is made up for at the next start", **run.job.names)
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
        if self._watch.lost_since is None and self._profiles.scanned.is_set():
            with suppress(StoreError):
                self._survey = survey(self._watch.current(), self._profiles.loaded.keys())
            for profile in self._profiles.loaded:
                self._board.change(profile, held=self._survey.held.get(profile) or self._words_wanted.get(profile, ""))

    def _say_lost(self) -> None:
        if self._lost_since is None:
            self._lost_since = self._watch.lost_since
            LOG.error("the store cannot be reached, runs wait", reason=self._watch.reason)

    # the folder's thread

    def _take_in(self, profile: str, loaded: ProfileFile) -> None:
        self._board.put(status_of(loaded))
        self._times.plan(loaded)

    def _drop(self, profile: str) -> None:
        self._scheduler.drop(profile)
        self._board.drop(profile)
        self._metrics.forget(profile)

    # the store's thread and those of runs

    def _plan_all(self) -> None:
        for loaded in list(self._profiles.loaded.values()):
            self._times.plan(loaded)

    def _ended(self, job: Job, ended: Ended, seconds: float) -> None:
        self._board.change(job.profile, hung=False)  # not before: up to here it may be left behind
        if loaded := self._profiles.loaded.get(job.profile):
            self._times.plan(loaded, None if ended.again is None else self._clock() + ended.again)

    # the engine's thread, and those of runs

    def _work(self) -> None:
        self._engine.work(self._make, SharedPlaces(self._config.service.parallel), self._stop)

    def _make(self, job: Job) -> Ended:
        loaded = self._profiles.loaded.get(job.profile)
        if loaded is None or loaded.profile is None or loaded.profile.schedule is None:
            return Ended(Result.DROPPED)  # while it waited
        self._board.change(job.profile, running=True)
        try:
            return self._attempt(job, loaded, loaded.profile, loaded.profile.schedule)
        except StoreError as error:
            LOG.error("the store is failing, the run waits", reason=error.message)
            self._look_at_store()
            return Ended(Result.FAILED, unattended.STORE_RETRY)
        finally:
            self._board.change(job.profile, running=False)

    def _attempt(self, job: Job, loaded: ProfileFile, profile: Profile, schedule: Schedule) -> Ended:
        def due(store: Store, last: RunRecord | None, now: datetime) -> datetime:
            return self._times.due(store, loaded, schedule, last, now)

        outcome = self._execution.attempt(job, profile, due)
        if isinstance(outcome, Ended):
            return outcome
        self._say_ended(outcome)
        return Ended(unattended.classified(outcome).result, self._pause_after(outcome, schedule))

    def _pause_after(self, outcome: RunOutcome, schedule: Schedule) -> timedelta | None:
        """For how long the profile is left alone, if its schedule does not say it all."""
        if not outcome.report.run:  # what the history does not know would be due again at once
            now = self._clock()
            return schedule.next_after(now, self._zone) - now
        return unattended.wait_of(outcome)

    def _say_ended(self, outcome: RunOutcome) -> None:
        report = outcome.report
        held = outcome.error.command if isinstance(outcome.error, ProfileHeld) else ""
        self._words_wanted[report.profile] = held
        self._board.change(report.profile, held=held)
        unattended.log(outcome)
        self._metrics.ran(report)

    def _plugin_context(self, plugin: str) -> PluginContext:
        """What a plugin's servers are given: the phone book that they read is the service's own, and as reachable."""
        return PluginContext(
            plugin,
            installation=lambda: self._installation,
            store=self._watch.current,
            open_store=self._watch.open_another,
            store_url=lambda: self._watch.url,
            status=self.status,
        )

    def _make_web(self) -> Web | None:
        if self._config.service.listen == "off":
            return None
        pages = {
            "/health": health_page(self.health),
            "/metrics": lambda: (200, "text/plain; version=0.0.4; charset=utf-8", self._metrics.page()),
        }
        return Web(self._config.service.listen, pages)
