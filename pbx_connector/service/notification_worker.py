"""Sees that people hear what they should, in a thread of its own: slow or failing notifiers never hold up a run.

What runs leave here is written to the store's outbox as soon as that answers, and delivered from there; every minute
each profile is looked at for what is no run's news: silence, a broken file, a secret that expires. All is written and
shown before each delivery: a mail server that does not answer delays /health by the time limit of one mail at most.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta

import structlog

from pbx_connector.application.history import last_run
from pbx_connector.application.profile_folder import ProfileFile
from pbx_connector.application.status import StatusBoard
from pbx_connector.application.store_watch import StoreWatch
from pbx_connector.config import Config
from pbx_connector.errors import StoreError
from pbx_connector.model import Counts, Report, RunStatus
from pbx_connector.notice import Notice
from pbx_connector.notifications import policy, wording
from pbx_connector.notifications.notify import between_runs, subject_of, write_run
from pbx_connector.notifications.outbox import Attempt, LocalSharedState, Outbox
from pbx_connector.notifications.policy import AlertState, Told
from pbx_connector.notifications.wording import Subject
from pbx_connector.plugins import Notifier
from pbx_connector.profile import Profile

LOG = structlog.stdlib.get_logger(__name__)

REVIEW = timedelta(minutes=1)
LONG_ASLEEP = timedelta(minutes=30)
"""No look at the profiles for so long: the machine slept, or its clock was set forward."""
STORE_GRACE = timedelta(minutes=5)
"""A store that is back by then was not worth a message."""
BUG = "a bug in the notifications"
MOST_WAITING = 1000
"""Runs that ended while the store was unreachable or a notifier slow."""


class NotificationWorker:
    def __init__(
        self,
        watch: StoreWatch,
        notifiers: Mapping[str, Notifier],
        config: Config,
        clock: Callable[[], datetime],
        profiles: Callable[[], list[ProfileFile]],
        board: StatusBoard,
    ) -> None:
        self._watch = watch
        self._notifiers = notifiers
        self._config = config
        self._clock = clock
        self._profiles = profiles
        self._board = board
        self._ended: deque[tuple[Profile, Report, str]] = deque()
        self._watched: dict[str, datetime] = {}
        """Since when each profile has been here, by its id."""
        self._outgoing: dict[str, None] = {}
        """Profiles to look for deliveries of, the first one first."""
        self._announced: deque[Report] = deque()
        self._resting: set[str] = set()
        """Notifiers that failed and are left alone until the next look at all profiles."""
        self._own = Outbox(LocalSharedState(), notifiers, config, clock)
        self._store_told: datetime | None = None
        self._faults: tuple[str, ...] = ()
        self._damage_told = False
        self._reviewed: datetime | None = None
        self._writing = threading.Lock()
        self._wake = threading.Event()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="notification_worker", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def run_ended(self, profile: Profile, report: Report, reason: str) -> None:
        """`reason` says in a line why it failed or was refused."""
        if len(self._ended) >= MOST_WAITING:
            LOG.error("too many runs wait for their notices, this one gets none", profile=profile.id, run=report.run)
            return
        self._ended.append((profile, report, reason))
        self._wake.set()

    def store_checked(self, faults: tuple[str, ...]) -> None:
        """What is damaged in the phone book; empty if it is whole."""
        self._faults = faults
        self._wake.set()

    def stop(self, within: float) -> None:
        """Deliver what can be delivered in the time; the rest waits in the store."""
        self._over.set()
        self._wake.set()
        self._thread.join(within)
        if self._thread.is_alive():  # a notifier holds it up, or the store
            rest = threading.Thread(target=self._write_rest, name="notification_worker", daemon=True)
            rest.start()
            rest.join(within)

    def _write_rest(self) -> None:
        with suppress(StoreError):
            self._write_all()

    def _loop(self) -> None:
        while not self._over.is_set():
            self._wake.wait(5)
            self._wake.clear()
            try:
                self.work()
            except StoreError as error:
                LOG.debug("the store is unreachable, messages wait", reason=error.message)
            except Exception:
                LOG.exception(BUG)

    def work(self) -> None:
        """One round. Raises `StoreError` while the store is unreachable; nothing is lost by that."""
        self._store_news()
        self._write_all()
        while self._outgoing or self._announced:
            with _going_on():
                self._deliver_next()
            self._write_all()

    def _write_all(self) -> None:
        with self._writing:
            self._write_ended()
            self._review_all()

    def _write_ended(self) -> None:
        while self._ended:
            profile, _, _ = self._ended[0]
            with _going_on():
                self._write(*self._ended[0])
            self._ended.popleft()
            with _going_on():
                self._show(self._outbox(), profile.id)

    def _review_all(self) -> None:
        now = self._clock()
        if self._reviewed is None or not timedelta(0) <= now - self._reviewed < REVIEW:
            if self._reviewed is not None and now - self._reviewed > LONG_ASLEEP:
                self._watched.clear()  # what that time asked for is made up for now, and not late yet
            self._reviewed = now
            self._resting.clear()
            profiles = self._profiles()
            self._watched = {each.id: min(self._watched.get(each.id, now), now) for each in profiles}
            for loaded in profiles:
                with _going_on():
                    self._review(loaded)

    def _write(self, profile: Profile, report: Report, reason: str) -> None:
        outbox = self._outbox()
        notices = write_run(outbox, profile, report, reason, self._config.notify, self._clock())
        if notices:
            self._outgoing[profile.id] = None
        elif len(self._announced) < MOST_WAITING:
            self._announced.append(report)
        else:
            LOG.warning("notifiers are too slow to hear of every run", profile=profile.id, run=report.run)

    def _review(self, loaded: ProfileFile) -> None:
        outbox = self._outbox()
        subject = subject_of(loaded.profile) if loaded.profile else Subject(loaded.id, loaded.path.stem, loaded.path)
        last = self._board.last(loaded.id)
        report = last or Report("", loaded.id, RunStatus.FAILED, Counts())
        outbox.write(loaded.id, report, lambda alert_state: self._review_state(loaded, subject, alert_state))
        self._show(outbox, loaded.id)
        self._outgoing[loaded.id] = None

    def _deliver_next(self) -> None:
        if self._outgoing:
            profile = next(iter(self._outgoing))
            del self._outgoing[profile]  # with the store unreachable it comes again with the next look at all profiles
            attempts = self._outbox().deliver(profile, self._resting)
            _log(profile, attempts)
            if attempts:
                self._board.change(profile, undelivered=self._outbox().undelivered(profile))
        else:
            report = self._announced.popleft()
            _log(report.profile, self._outbox().announce(report, self._resting))

    def _review_state(self, loaded: ProfileFile, subject: Subject, alert_state: AlertState) -> Told:
        now = self._clock()
        alert_state, notices = policy.after_loading(alert_state, broken=loaded.broken, subject=subject)
        if loaded.profile is None:
            return alert_state, notices
        watched = self._watched[loaded.id]
        alert_state, others = between_runs(self._outbox(), loaded.profile, self._config, alert_state, watched, now)
        return alert_state, notices + others

    def _show(self, outbox: Outbox, profile: str) -> None:
        """Also of runs that this service did not make."""
        last = last_run(self._watch.current(), profile)
        if last is not None:
            self._board.ran(profile, last)
        alert_state = outbox.alert_state(profile)
        undelivered = outbox.undelivered(profile)
        self._board.change(profile, success=alert_state.success, trouble=alert_state.in_a_word, undelivered=undelivered)

    def _store_news(self) -> None:
        """About the store itself, which cannot be kept in it."""
        lost = self._watch.lost_since
        if lost is not None and self._store_told is None and self._clock() - lost >= STORE_GRACE:
            self._store_told = lost
            self._tell(wording.store_lost(self._watch.place, lost))
        elif lost is None and self._store_told is not None:
            self._tell(wording.store_back(self._watch.place, self._store_told))
            self._store_told = None
        self._damage_news()
        _log("", self._own.deliver("", self._resting))

    def _damage_news(self) -> None:
        """Kept here, not in a store that may not be trusted to keep it."""
        faults = self._faults
        if bool(faults) != self._damage_told:
            self._damage_told = bool(faults)
            place = self._watch.place
            self._tell(wording.store_damaged(place, faults) if faults else wording.store_whole(place))

    def _tell(self, notice: Notice) -> None:
        report = Report("", "", RunStatus.FAILED, Counts(), started=self._clock())
        self._own.write("", report, lambda alert_state: (alert_state, [notice]))

    def _outbox(self) -> Outbox:
        return Outbox(self._watch.current(), self._notifiers, self._config, self._clock)


@contextmanager
def _going_on() -> Iterator[None]:
    """A bug over one profile costs no other its messages; while the store is unreachable, all wait."""
    try:
        yield
    except StoreError:
        raise
    except Exception:
        LOG.exception(BUG)


def _log(profile: str, attempts: list[Attempt]) -> None:
    for attempt in attempts:
        kinds = [str(notice.kind) for notice in attempt.notices]
        about = {"profile": profile, "notifier": attempt.notifier, "notices": kinds}
        if not attempt.error:
            if kinds:
                LOG.info("told", **about)
        elif attempt.next or not kinds:
            LOG.warning("could not tell", reason=attempt.error, again=str(attempt.next or "never"), **about)
        else:
            LOG.error("gave up on a notice", reason=attempt.error, **about)
