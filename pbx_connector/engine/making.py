"""Makes the run of a job: loads the tenant, asks whether its source wants to be asked, runs, and says what next.

A run goes the same way as everywhere (`application.runs.run`). Nothing of a tenant is held when it has ended.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from pbx_connector.application import runs
from pbx_connector.application.deadline import Deadline, RunGivenUp
from pbx_connector.application.installation import Installation, utc_now
from pbx_connector.application.runs import Notifications, RunOutcome, RunRequest
from pbx_connector.application.silence import look_again
from pbx_connector.engine.directory import RunnableTenant, TenantDirectory
from pbx_connector.engine.limits import SourceLimits
from pbx_connector.engine.port import Ended, Job, Queue, Result
from pbx_connector.errors import (
    ConnectorError,
    MachineError,
    OtherVersion,
    PlanRefused,
    ProfileBusy,
    ProfileHeld,
    SourceError,
    SourceUnavailable,
    StoreError,
)
from pbx_connector.model import Report, RunStatus
from pbx_connector.profile import Profile
from pbx_connector.stores import Store

LOG = structlog.stdlib.get_logger(__name__)

BUSY_PAUSE = timedelta(seconds=30)
"""After another run of the profile was found going on; whoever died over one gives its lease up after a minute."""
RETRY = timedelta(minutes=5)
"""After a failure that may be over by itself; twice as long with each further one."""
STORE_RETRY = timedelta(minutes=1)
AT_ONCE = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLimits:
    patience: timedelta = timedelta(seconds=20)
    """How long a source may wait for a busy server, at most. A server that wants more time gets it, without the run."""


class RunMaker:
    """`make` is what a worker gives to its engine. For several threads at once."""

    def __init__(
        self,
        tenants: TenantDirectory,
        limits: SourceLimits,
        revoked: Callable[[Job], str] = lambda job: "",
        *,
        run_limits: RunLimits | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        """`revoked`: why a job that is being made should end, in words; empty if it should not. `clock`: the time in
        UTC, as the control database has it."""
        self._tenants = tenants
        self._limits = limits
        self._revoked = revoked
        self._run_limits = run_limits or RunLimits()
        self._clock = clock

    def make(self, job: Job) -> Ended:
        try:
            tenant = self._tenants.load(job.tenant)
            profile = tenant.profile(job.profile) if tenant else None
        except ConnectorError as error:
            LOG.error("a tenant's profile cannot be loaded", reason=error.message)
            return Ended(Result.FAILED, STORE_RETRY if isinstance(error, StoreError | MachineError) else None)
        if tenant is None or profile is None:
            LOG.info("there is nothing to run any more")
            return Ended(Result.DROPPED)
        source = profile.source.name
        if job.queue is not Queue.INTERACTIVE and (wait := self._limits.admit(job.tenant, source)) is not None:
            LOG.info("the source is left alone for now", seconds=round(wait.total_seconds()))
            return Ended(Result.POSTPONED, wait)
        return self._note(job, source, *self._run(job, tenant, self._patient(profile)))

    def tell(self, job: Job, reason: str) -> None:
        """Let people know of a profile that is not run any more. Raises `ConnectorError`."""
        tenant = self._tenants.load(job.tenant)
        profile = tenant.profile(job.profile) if tenant else None
        if tenant is None or profile is None:
            return
        now = self._clock()
        with tenant.open_store() as store:
            notifications = Notifications(self._installed(tenant), store)
            notifications.write(profile, runs.failed(profile, now, now, reason).report, reason)
            notifications.deliver()

    def _run(self, job: Job, tenant: RunnableTenant, profile: Profile) -> tuple[Ended, RunOutcome | None]:
        try:
            with tenant.open_store() as store:
                return self._run_on(job, self._installed(tenant), profile, store)
        except ProfileBusy as busy:
            LOG.info("the profile is being run already", reason=busy.message)
            return Ended(Result.POSTPONED, BUSY_PAUSE), None
        except OtherVersion as other:
            LOG.info("the tenant's phone book is of another version", reason=other.message)
            return Ended(Result.POSTPONED, STORE_RETRY), None
        except StoreError as error:
            LOG.error("the tenant's store is failing", reason=error.message)
            return Ended(Result.FAILED, STORE_RETRY), None

    def _run_on(
        self, job: Job, installation: Installation, profile: Profile, store: Store
    ) -> tuple[Ended, RunOutcome | None]:
        notifications = Notifications(installation, store)
        within = installation.config.service.run_within
        deadline = Deadline(time.monotonic(), within, lambda: self._revoked(job))

        def notify(profile: Profile, report: Report, reason: str) -> None:
            if not deadline.was_revoked:
                notifications.write(profile, report, reason)

        request = RunRequest(full=job.full, release=job.release, attended=False)
        outcome = runs.run(installation, profile, store, request, notify, deadline, deadline.cancelled)
        if outcome.is_bug:
            LOG.error("a bug ended the run", run=outcome.report.run, exc_info=outcome.error)
        if deadline.was_revoked:
            return Ended(Result.POSTPONED, AT_ONCE), outcome
        notifications.deliver()
        return replace(classified(outcome), look=look_again(installation, profile, store)), outcome

    def _note(self, job: Job, source: str, ended: Ended, outcome: RunOutcome | None) -> Ended:
        """What the run tells of its source, for all other runs of the tenant."""
        if outcome is None or ended.result is Result.POSTPONED:
            return ended
        try:
            if (told := wait_of(outcome)) is not None:
                return replace(ended, again=self._limits.throttled(job.tenant, source, told))
            if isinstance(outcome.error, SourceError):
                self._limits.failed(job.tenant, source)
            elif outcome.error is None and outcome.report.status is RunStatus.DONE:
                self._limits.succeeded(job.tenant, source)
        except StoreError as error:
            LOG.warning("what a run tells of its source is lost", reason=error.message)
        return ended

    def _installed(self, tenant: RunnableTenant) -> Installation:
        return replace(tenant.installation, clock=self._clock)

    def _patient(self, profile: Profile) -> Profile:
        """Sources that wait for a busy server have a setting `patience`, in seconds."""
        given = getattr(profile.settings, "patience", None)
        most = self._run_limits.patience.total_seconds()
        if not isinstance(given, int | float) or given <= most:
            return profile
        return replace(profile, settings=profile.settings.model_copy(update={"patience": type(given)(most)}))


def wait_of(outcome: RunOutcome) -> timedelta | None:
    """For how long the source wants to be left alone, if it said so."""
    error = outcome.error
    seconds = error.retry_after if isinstance(error, SourceUnavailable) else outcome.report.retry_after
    return None if seconds is None else timedelta(seconds=min(max(seconds, 1.0), 10 * 86_400))


def classified(outcome: RunOutcome) -> Ended:
    match outcome.error:
        case None:
            partial = outcome.report.status is RunStatus.PARTIAL
            return Ended(Result.PARTIAL if partial else Result.DONE)
        case PlanRefused() | ProfileHeld():
            return Ended(Result.REFUSED)
        case OtherVersion():  # it was migrated in the middle of the run
            return Ended(Result.POSTPONED, STORE_RETRY)
        case StoreError() | MachineError():
            return Ended(Result.FAILED, STORE_RETRY)
        case SourceUnavailable():
            return Ended(Result.FAILED, RETRY)
        case RunGivenUp() | ConnectorError():
            return Ended(Result.FAILED)  # trying again before its time would not help
        case _:
            return Ended(Result.FAILED, RETRY)
