"""One scheduled run, by a worker's thread: is it due, and is it ours? `engine.unattended` makes it."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import assert_never

import structlog

from pbx_connector.application import claims, runs
from pbx_connector.application.claims import Claim
from pbx_connector.application.deadline import Deadline
from pbx_connector.application.history import last_run
from pbx_connector.application.installation import Installation
from pbx_connector.application.runs import Notify, RunOutcome
from pbx_connector.application.store_watch import StoreWatch
from pbx_connector.engine import unattended
from pbx_connector.engine.port import Ended, Job, Result
from pbx_connector.errors import StoreError
from pbx_connector.profile import Profile
from pbx_connector.stores import RunRecord, Store

LOG = structlog.stdlib.get_logger(__name__)

LATE = timedelta(minutes=5)
"""A run that begins this long after it was due is said to have been missed."""


DueAfter = Callable[[Store, RunRecord | None, datetime], datetime]
"""When a run is due after the last one, as of now."""


class Execution:
    """Raises nothing but `StoreError`, when the store cannot be reached; the run is then still due."""

    def __init__(self, installation: Installation, watch: StoreWatch, run_within: timedelta, notify: Notify) -> None:
        self._installation = installation
        self._watch = watch
        self._run_within = run_within
        self._notify = notify
        self._me = claims.new_holder()

    def attempt(self, job: Job, profile: Profile, due_after: DueAfter) -> RunOutcome | Ended:
        """Run the profile if it is due after its last run and nobody else has the run; `Ended` if not."""
        store, now = self._watch.current(), self._installation.clock()
        last = last_run(store, profile.id)
        due = due_after(store, last, now)
        if due > now:
            return Ended(Result.POSTPONED)
        match claims.claim(store, profile.id, due, now, self._me):
            case claims.ClaimHeld(until):
                LOG.info("another service has this run", due=due.isoformat())
                return Ended(Result.POSTPONED, until - now)
            case claims.RetriesExhausted(tries):
                return self._given_up(profile, now, tries)
            case Claim() as mine:
                if last_run(store, profile.id) != last:  # somebody made it while we asked
                    claims.release(store, profile.id, mine)
                    return Ended(Result.POSTPONED)
                if now - due > LATE:
                    LOG.warning("a run was missed and is made up for now", due=due.isoformat())
                outcome = self._run(job, store, profile)
                with suppress(StoreError):  # it expires by itself
                    claims.release(store, profile.id, mine)
                return outcome
            case other:
                assert_never(other)

    def _run(self, job: Job, store: Store, profile: Profile) -> RunOutcome | Ended:
        deadline = Deadline(time.monotonic(), self._run_within)
        return unattended.run(job, self._installation, profile, store, self._notify, deadline)

    def _given_up(self, profile: Profile, now: datetime, tries: int) -> RunOutcome:
        reason = f"it was begun {tries} times and never came to an end: the service was killed over it"
        outcome = runs.failed(profile, now, self._installation.clock(), reason)
        self._notify(profile, outcome.report, reason)
        return outcome
