"""Making a run: run it, prune the history, say how it ended, and put down whom to notify. For every user interface."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from pbx_connector.application import succession
from pbx_connector.application.history import last_run
from pbx_connector.application.installation import Installation
from pbx_connector.errors import ConnectorError, PlanRefused, ProfileBusy, ProfileHeld, RunCancelled, StoreError
from pbx_connector.machine import machine_error
from pbx_connector.model import Counts, Problem, Report, RunStatus
from pbx_connector.notice import Notice
from pbx_connector.notifications.notify import write_run
from pbx_connector.notifications.outbox import Attempt
from pbx_connector.profile import Profile
from pbx_connector.run import Cancelled, never, run_profile
from pbx_connector.run import Progress as Progress  # this one and the next for user interfaces, too
from pbx_connector.run import Silent as Silent
from pbx_connector.stores import History, SharedState, Store

LOG = logging.getLogger(__name__)

Notify = Callable[[Profile, Report, str], None]
"""Takes note of a run that ended; the text says in a line why it failed or was refused, if it did."""


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """A run that came to an end, one way or another."""

    report: Report
    """As the history has it; one without an id did not get that far."""
    reason: str = ""
    """Why it failed or was refused, in a line."""
    error: Exception | None = None
    """What ended it, for a user interface to raise or to log; None if it was done, at least in part."""

    @property
    def is_bug(self) -> bool:
        return self.error is not None and not isinstance(self.error, ConnectorError)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """What was asked for; see `pbx_connector.run.run_profile`."""

    full: bool = False
    plan: str | None = None
    release: str | None = None
    attended: bool = True
    """Somebody sees how it ends: a run that could not even begin is then no news for others."""


def run(
    installation: Installation,
    profile: Profile,
    store: Store,
    request: RunRequest,
    notify: Notify,
    progress: Progress | None = None,
    cancelled: Cancelled = never,
) -> RunOutcome:
    """Bring the phone book in step with a profile's source. How it ends is a value, whatever ended it.

    Raises `ProfileBusy`, when nothing was begun, and `StoreError` if the store cannot even say how the run ended.
    """
    outcome = _made(installation, profile, store, request, progress, cancelled)
    if _is_news(outcome, request):
        notify(profile, outcome.report, outcome.reason)
    return outcome


def failed(
    profile: Profile, started: datetime, now: datetime, reason: str, error: Exception | None = None
) -> RunOutcome:
    """A run that the history does not know."""
    took = (now - started).total_seconds()
    problems: tuple[Problem, ...] = ()
    if isinstance(error, ProfileHeld):
        problems = (Problem(error.code, error.message, hint=error.command),)
    report = Report("", profile.id, RunStatus.FAILED, Counts(), problems=problems, started=started, duration=took)
    return RunOutcome(report, reason, error)


class Notifications:
    """For runs that somebody waits for: written to the outbox when they end, delivered when they were shown."""

    def __init__(self, installation: Installation, store: SharedState) -> None:
        self._installation = installation
        self._outbox = installation.outbox(store)
        self._written: list[tuple[Profile, Report, list[Notice]]] = []

    def write(self, profile: Profile, report: Report, reason: str) -> None:
        """See `Notify`. A store that fails now has said so, or will."""
        now, rules = self._installation.clock(), self._installation.config.notify
        try:
            notices = write_run(self._outbox, profile, report, reason, rules, now)
        except StoreError as error:
            LOG.debug("the store fails, nobody is notified", exc_info=error)
            return
        self._written.append((profile, report, notices))

    def deliver(self) -> list[Attempt]:
        """Also what could not be delivered after an earlier run. What fails now waits for the service or the next run.
        Raises `StoreError`."""
        attempts = []
        for profile, report, notices in self._written:
            attempts += self._outbox.deliver(profile.id)
            if not notices:
                attempts += self._outbox.announce(report)
        self._written.clear()
        return attempts


def _made(
    installation: Installation,
    profile: Profile,
    store: Store,
    request: RunRequest,
    progress: Progress | None,
    cancelled: Cancelled,
) -> RunOutcome:
    started = installation.clock()
    try:
        succession.admit(installation, store, profile)
        report = run_profile(
            profile,
            store,
            full=request.full,
            plan=request.plan,
            release=request.release,
            cancelled=cancelled,
            progress=progress,
            clock=installation.clock,
        )
    except ProfileBusy:
        raise
    except PlanRefused as refused:
        return RunOutcome(store.run(refused.plan).report, "; ".join(refused.reasons), refused)
    except ConnectorError as error:
        return _recorded(installation, profile, store, started, in_a_line(error), error)
    except Exception as error:  # noqa: BLE001 - the user interface raises it, or logs it
        if lacking := machine_error(error):
            return _recorded(installation, profile, store, started, in_a_line(lacking), lacking)
        reason = f"a bug in pbx-connector: {type(error).__name__}"
        try:
            return _recorded(installation, profile, store, started, reason, error)
        except StoreError:
            return failed(profile, started, installation.clock(), reason, error)
    _prune(installation, store)
    return RunOutcome(report)


def _recorded(
    installation: Installation, profile: Profile, store: History, started: datetime, reason: str, error: Exception
) -> RunOutcome:
    """The failed run as the history has it, if it got that far."""
    last = last_run(store, profile.id)
    if last is not None and last.report.started is not None and last.report.started >= started:
        return RunOutcome(last.report, reason, error)
    return failed(profile, started, installation.clock(), reason, error)


def _is_news(outcome: RunOutcome, request: RunRequest) -> bool:
    """A stale plan is none, and neither is a run that somebody stopped: whoever did sees the answer."""
    stale = isinstance(outcome.error, PlanRefused) and outcome.error.stale
    if stale or isinstance(outcome.error, RunCancelled):
        return False
    return bool(outcome.report.run) or not request.attended


def _prune(installation: Installation, store: History) -> None:
    """The run is done all the same; the next one drops what this one could not."""
    try:
        store.prune(installation.config.history.keep)
    except StoreError as error:
        LOG.warning("the history was not pruned: %s", error.message)


def in_a_line(error: ConnectorError) -> str:
    return f"{error.message} ({error.hint})" if error.hint else error.message
