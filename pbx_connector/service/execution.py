"""One scheduled run, by a worker's thread: is it due, is it ours, run it, and say how it went.

Whatever happens here ends as a report: nothing that can be said about a run goes unsaid because of an exception.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from pbx_connector.duration import in_words
from pbx_connector.errors import ConnectorError, PlanRefused, ProfileBusy, ProfileHeld, StoreError
from pbx_connector.model import BookReport, Counts, Report, RunStatus
from pbx_connector.profile import Profile
from pbx_connector.run import run_profile
from pbx_connector.service import claims
from pbx_connector.service.claims import Claim
from pbx_connector.service.store_watch import StoreWatch
from pbx_connector.service.worker_pool import Running
from pbx_connector.stores import Store

LOG = structlog.stdlib.get_logger(__name__)

BUSY_PAUSE = timedelta(seconds=30)
LATE = timedelta(minutes=5)
"""A run that begins this long after it was due is said to have been missed."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A run that came to an end, one way or another."""

    report: Report
    reason: str = ""
    """Why it failed or was refused, in a line."""


@dataclass(frozen=True, slots=True)
class NotNow:
    """No run was made; look again at `again`, or when the schedule says."""

    again: datetime | None = None


class RunGivenUp(ConnectorError):
    pass


class Deadline:
    """Follows a run's progress, and ends the run at its next step once its time is up."""

    def __init__(self, run: Running, within: timedelta) -> None:
        self._run = run
        self._within = within

    def books(self, total: int) -> None:
        self._check()

    def rows(self, count: int) -> None:
        self._check()

    def book_done(self, report: BookReport) -> None:
        self._check()

    def _check(self) -> None:
        if time.monotonic() - self._run.since > self._within.total_seconds():
            raise RunGivenUp(
                f"the run took longer than {in_words(self._within)} and was given up; it changed nothing",
                hint="see why the source is slow, or raise service: run_within",
            )


class Execution:
    def __init__(
        self, watch: StoreWatch, clock: Callable[[], datetime], run_within: timedelta, keep: timedelta | None = None
    ) -> None:
        """`keep`: how long the history is kept; None: for ever."""
        self._watch = watch
        self._clock = clock
        self._run_within = run_within
        self._keep = keep
        self._me = claims.new_holder()

    def attempt(
        self, profile: Profile, due_after: Callable[[datetime | None, datetime], datetime], run: Running
    ) -> Ended | NotNow:
        """Run the profile if it is due by the store's history and nobody else has the run. Raises `StoreError` when the
        store is unreachable; the run is then still due."""
        store, now = self._watch.current(), self._clock()
        last = claims.last_run(store, profile.id)
        due = due_after(last.report.started if last else None, now)
        if due > now:
            return NotNow(due)
        match claims.claim(store, profile.id, due, now, self._me):
            case claims.ClaimHeld(until):
                LOG.info("another service has this run", due=due.isoformat())
                return NotNow(until)
            case claims.RetriesExhausted(tries):
                return self._failed(
                    profile, now, f"it was begun {tries} times and never came to an end: the service was killed over it"
                )
            case Claim() as mine:
                if claims.last_run(store, profile.id) != last:  # somebody made it while we asked
                    claims.release(store, profile.id, mine)
                    return NotNow()
                if now - due > LATE:
                    LOG.warning("a run was missed and is made up for now", due=due.isoformat())
                outcome = self._run(store, profile, run)
                with suppress(StoreError):  # it expires by itself
                    claims.release(store, profile.id, mine)
                return outcome

    def _run(self, store: Store, profile: Profile, run: Running) -> Ended | NotNow:
        started = self._clock()
        try:
            report = run_profile(profile, store, progress=Deadline(run, self._run_within))
            self._prune(store)
            return Ended(report)
        except ProfileBusy as busy:
            LOG.info("the profile is being run already", reason=busy.message)
            return NotNow(started + BUSY_PAUSE)
        except PlanRefused as refused:
            return Ended(store.run(refused.plan).report, "; ".join(refused.reasons))
        except ProfileHeld as held:
            return self._failed(profile, started, _line(held))
        except StoreError as error:
            if not self._watch.look():
                raise
            return self._recorded(store, profile, started, _line(error))
        except ConnectorError as error:
            return self._recorded(store, profile, started, _line(error))
        except Exception as error:  # noqa: BLE001 - logged in any case, with its run where there is one
            ended = self._failed(profile, started, f"a bug in pbx-connector: {type(error).__name__}")
            try:
                ended = self._recorded(store, profile, started, ended.reason)
            finally:
                LOG.exception("a bug ended the run", run=ended.report.run)
            return ended

    def _prune(self, store: Store) -> None:
        try:
            if self._keep is not None:
                store.prune(self._keep)
        except StoreError as error:
            LOG.warning("the history was not pruned", reason=error.message)

    def _recorded(self, store: Store, profile: Profile, started: datetime, reason: str) -> Ended:
        """The failed run as the history has it, if it got that far."""
        last = claims.last_run(store, profile.id)
        if last is not None and last.report.started is not None and last.report.started >= started:
            return Ended(last.report, reason)
        return self._failed(profile, started, reason)

    def _failed(self, profile: Profile, started: datetime, reason: str) -> Ended:
        took = (self._clock() - started).total_seconds()
        return Ended(Report("", profile.id, RunStatus.FAILED, Counts(), started=started, duration=took), reason)


def _line(error: ConnectorError) -> str:
    return f"{error.message} ({error.hint})" if error.hint else error.message
