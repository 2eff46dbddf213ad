"""Makes the run of a job: loads the tenant, asks whether its source wants to be asked, runs, and says what next.

A run goes the same way as the service's (`unattended.run`). Nothing of a tenant is held when it has ended.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from pbx_connector.application import runs
from pbx_connector.application.deadline import Deadline
from pbx_connector.application.installation import Installation, utc_now
from pbx_connector.application.runs import Notifications, RunOutcome
from pbx_connector.application.silence import look_again
from pbx_connector.engine import unattended
from pbx_connector.engine.directory import RunnableTenant, TenantDirectory
from pbx_connector.engine.limits import SourceLimits
from pbx_connector.engine.port import Ended, Job, Queue, Result
from pbx_connector.errors import ConnectorError, MachineError, OtherVersion, SourceError, StoreError
from pbx_connector.model import Report, RunStatus
from pbx_connector.profile import Profile
from pbx_connector.stores import Store

LOG = structlog.stdlib.get_logger(__name__)

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
            is_passing = isinstance(error, StoreError | MachineError)
            return Ended(Result.FAILED, unattended.STORE_RETRY if is_passing else None)
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
        except OtherVersion as other:
            LOG.info("the tenant's phone book is of another version", reason=other.message)
            return Ended(Result.POSTPONED, unattended.STORE_RETRY), None
        except StoreError as error:
            LOG.error("the tenant's store is failing", reason=error.message)
            return Ended(Result.FAILED, unattended.STORE_RETRY), None

    def _run_on(
        self, job: Job, installation: Installation, profile: Profile, store: Store
    ) -> tuple[Ended, RunOutcome | None]:
        notifications = Notifications(installation, store)
        within = installation.config.service.run_within
        deadline = Deadline(time.monotonic(), within, lambda: self._revoked(job))

        def notify(profile: Profile, report: Report, reason: str) -> None:
            if not deadline.was_revoked:
                notifications.write(profile, report, reason)

        outcome = unattended.run(job, installation, profile, store, notify, deadline)
        if isinstance(outcome, Ended):
            return outcome, None
        unattended.log(outcome)
        if deadline.was_revoked:
            return Ended(Result.POSTPONED, AT_ONCE), outcome
        notifications.deliver()
        return replace(unattended.classified(outcome), look=look_again(installation, profile, store)), outcome

    def _note(self, job: Job, source: str, ended: Ended, outcome: RunOutcome | None) -> Ended:
        """What the run tells of its source, for all other runs of the tenant."""
        if outcome is None or ended.result is Result.POSTPONED:
            return ended
        try:
            if (told := unattended.wait_of(outcome)) is not None:
                ended = replace(ended, again=told)
                self._limits.throttled(job.tenant, source, told)
            elif isinstance(outcome.error, SourceError):
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
