"""A run that nobody watches: how it is made for a job, on whichever engine, and what its end means for the next one."""

from __future__ import annotations

from datetime import timedelta

import structlog

from pbx_connector.application import runs
from pbx_connector.application.deadline import Deadline, RunGivenUp
from pbx_connector.application.installation import Installation
from pbx_connector.application.runs import Notify, RunOutcome, RunRequest
from pbx_connector.engine.port import Ended, Job, Result
from pbx_connector.errors import (
    ConnectorError,
    MachineError,
    OtherVersion,
    PlanRefused,
    ProfileBusy,
    ProfileHeld,
    SourceUnavailable,
    StoreError,
)
from pbx_connector.model import RunStatus
from pbx_connector.profile import Profile
from pbx_connector.stores import Store

LOG = structlog.stdlib.get_logger(__name__)

BUSY_PAUSE = timedelta(seconds=30)
"""After another run of the profile was found going on; whoever died over one gives its lease up after a minute."""
RETRY = timedelta(minutes=5)
"""After a failure that may be over by itself; twice as long with each further one."""
STORE_RETRY = timedelta(minutes=1)
MOST_TOLD = timedelta(hours=1)
"""No source is left alone for longer, whatever it says."""


def run(
    job: Job, installation: Installation, profile: Profile, store: Store, notify: Notify, deadline: Deadline
) -> RunOutcome | Ended:
    """Make the run of a job; `Ended` if somebody else is at it. Raises `StoreError`, see `application.runs.run`."""
    request = RunRequest(full=job.full, release=job.release, attended=False)
    try:
        outcome = runs.run(installation, profile, store, request, notify, deadline, deadline.cancelled)
    except ProfileBusy as busy:
        LOG.info("the profile is being run already", reason=busy.message)
        return Ended(Result.POSTPONED, BUSY_PAUSE)
    if outcome.is_bug:
        LOG.error("a bug ended the run", run=outcome.report.run, exc_info=outcome.error)
    return outcome


def log(outcome: RunOutcome) -> None:
    """How it ended, with its counts; why, unless all went well."""
    report = outcome.report
    counts = {name: getattr(report.counts, name) for name in report.counts.__slots__}
    say = LOG.info if report.status is RunStatus.DONE else LOG.warning
    say("run ended", run=report.run, status=str(report.status), seconds=round(report.duration, 2), **counts)
    for warning in report.warnings:
        LOG.warning("run warned", run=report.run, code=warning.code, reason=warning.message, hint=warning.hint)
    if outcome.reason:
        LOG.warning("run failed", run=report.run, reason=outcome.reason)


def wait_of(outcome: RunOutcome) -> timedelta | None:
    """For how long the source wants to be left alone, if it said so; what is heeded of it."""
    error = outcome.error
    seconds = error.retry_after if isinstance(error, SourceUnavailable) else outcome.report.retry_after
    return None if seconds is None else timedelta(seconds=min(max(seconds, 1.0), MOST_TOLD.total_seconds()))


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
