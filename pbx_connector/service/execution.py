"""One scheduled run, by a worker's thread: is it due, and is it ours? `application.runs` makes it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

import structlog

from pbx_connector.application import claims, runs
from pbx_connector.application.claims import Claim
from pbx_connector.application.deadline import Deadline
from pbx_connector.application.history import last_run
from pbx_connector.application.installation import Installation
from pbx_connector.application.runs import Notify, RunOutcome, RunRequest
from pbx_connector.application.store_watch import StoreWatch
from pbx_connector.errors import ProfileBusy, StoreError
from pbx_connector.profile import Profile
from pbx_connector.service.worker_pool import Running
from pbx_connector.stores import RunRecord, Store

LOG = structlog.stdlib.get_logger(__name__)

BUSY_PAUSE = timedelta(seconds=30)
LATE = timedelta(minutes=5)
"""A run that begins this long after it was due is said to have been missed."""


@dataclass(frozen=True, slots=True)
class NotNow:
    """No run was made; look again at `again`, or when the schedule says."""

    again: datetime | None = None


class Execution:
    """Raises nothing but `StoreError`, when the store cannot be reached; the run is then still due."""

    def __init__(self, installation: Installation, watch: StoreWatch, run_within: timedelta, notify: Notify) -> None:
        self._installation = installation
        self._watch = watch
        self._run_within = run_within
        self._notify = notify
        self._me = claims.new_holder()

    def attempt(
        self, profile: Profile, due_after: Callable[[Store, RunRecord | None, datetime], datetime], run: Running
    ) -> RunOutcome | NotNow:
        """Run the profile if it is due after its last run and nobody else has the run."""
        store, now = self._watch.current(), self._installation.clock()
        last = last_run(store, profile.id)
        due = due_after(store, last, now)
        if due > now:
            return NotNow(due)
        match claims.claim(store, profile.id, due, now, self._me):
            case claims.ClaimHeld(until):
                LOG.info("another service has this run", due=due.isoformat())
                return NotNow(until)
            case claims.RetriesExhausted(tries):
                return self._given_up(profile, now, tries)
            case Claim() as mine:
                if last_run(store, profile.id) != last:  # somebody made it while we asked
                    claims.release(store, profile.id, mine)
                    return NotNow()
                if now - due > LATE:
                    LOG.warning("a run was missed and is made up for now", due=due.isoformat())
                outcome = self._run(store, profile, run)
                with suppress(StoreError):  # it expires by itself
                    claims.release(store, profile.id, mine)
                return outcome
            case other:
                assert_never(other)

    def _run(self, store: Store, profile: Profile, running: Running) -> RunOutcome | NotNow:
        request = RunRequest(attended=False)
        deadline = Deadline(running.since, self._run_within)
        try:
            outcome = runs.run(self._installation, profile, store, request, self._notify, deadline, deadline.cancelled)
        except ProfileBusy as busy:
            LOG.info("the profile is being run already", reason=busy.message)
            return NotNow(self._installation.clock() + BUSY_PAUSE)
        if outcome.is_bug:
            LOG.error("a bug ended the run", run=outcome.report.run, exc_info=outcome.error)
        return outcome

    def _given_up(self, profile: Profile, now: datetime, tries: int) -> RunOutcome:
        reason = f"it was begun {tries} times and never came to an end: the service was killed over it"
        outcome = runs.failed(profile, now, self._installation.clock(), reason)
        self._notify(profile, outcome.report, reason)
        return outcome
