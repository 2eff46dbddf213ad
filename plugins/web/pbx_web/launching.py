"""Begins long work for whoever asks: a simulation, a run, an undo; says why it cannot be begun."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pbx_connector.api import (
    ConnectorError,
    LoadedProfile,
    PlanRefused,
    PlanSummary,
    Profile,
    Report,
    RunCancelled,
    RunRecord,
    StoreError,
    Undone,
    application,
)
from pbx_web.asking import Ask
from pbx_web.drafting.folder import find
from pbx_web.jobs import Job, JobKind, ProfileTaken, TooManyJobs, Work
from pbx_web.page import NotFound
from pbx_web.permissions import Role
from pbx_web.simulated import Recorder, SimulatedRecords

if TYPE_CHECKING:
    from pbx_web.site import Site

AuditAction = application.audit.AuditAction


@dataclass(kw_only=True)
class Simulated:
    """What a simulation came to."""

    loaded: LoadedProfile
    """As it was simulated, which need not be what its file says."""
    is_draft: bool
    full: bool
    report: Report
    summary: PlanSummary
    reasons: tuple[str, ...]
    """Why a run would be refused."""
    digest: str
    counts: dict[str, int]
    """Lines of each kind."""
    giving: int
    """Entries that would give way."""
    lacks_accounts: bool
    records: SimulatedRecords
    saved: str = ""
    """The plan's id, once it is saved."""


def simulate(ask: Ask, loaded: LoadedProfile, *, full: bool, is_draft: bool = False, about: int | None = None) -> Job:
    """Leads to its records; to the one of the entry `about`, if that is asked for and it has one. Raises
    `ConnectorError` if it cannot be begun."""

    def work(job: Job) -> Simulated:
        found = _simulated(ask.site, loaded, job, full=full, is_draft=is_draft)
        item = None if about is None else found.records.about(about)
        job.leads_to = f"/simulations/{job.id}" + (f"/records/{item.no}" if item else "")
        return found

    job = _started(ask, JobKind.SIMULATE, loaded.profile.id, loaded.profile.title, work)
    ask.note(AuditAction.SIMULATED, loaded.profile.id, detail={"draft": "yes"} if is_draft else {})
    return job


def run(ask: Ask, profile: Profile, request: application.runs.RunRequest) -> Job:
    """Raises `ConnectorError` if it cannot be begun."""
    ask.site.operations.require_active()

    def work(job: Job) -> application.runs.RunOutcome:
        outcome = _ran(ask.site, profile, request, job)
        action = AuditAction.RELEASED if request.release else AuditAction.RUN
        ask.note(action, profile.id, detail=_asked_for(request, outcome), run=outcome.report.run or None)
        if outcome.error is not None and not isinstance(outcome.error, PlanRefused):
            raise outcome.error
        return outcome

    return _started(ask, JobKind.RUN, profile.id, profile.title, work)


def undo(ask: Ask, record: RunRecord) -> Job:
    """Raises `ConnectorError` if it cannot be begun."""

    def work(job: Job) -> Undone:
        undone = ask.store.undo(record.id)
        job.leads_to = f"/runs/{undone.run}"
        ask.note(AuditAction.UNDONE, record.report.profile, detail={"undid": record.id}, run=undone.run)
        return undone

    profile = record.report.profile
    return _started(ask, JobKind.UNDO, profile, profile, work)


def profile_of(ask: Ask, id: str) -> Profile:
    """As its file says it by now. Raises `NotFound` and `ProfileError`."""
    profile = application.profiles.load(ask.site.installation, find(ask, id))
    if profile.id != id:
        raise NotFound(ask.language("There is no such profile."))
    return profile


def job_of(ask: Ask) -> Job:
    """The job that the address names. Somebody else's is none: raises `NotFound`."""
    job = ask.site.jobs.job(ask.path["job"])
    if job is None or not (ask.may(Role.ADMIN) or (ask.user is not None and ask.user.name == job.owner)):
        raise NotFound(ask.language("There is no such job, or what it found out was kept long enough."))
    return job


def simulated_of(ask: Ask) -> tuple[Job, Simulated]:
    """Raises `NotFound`."""
    job = job_of(ask)
    if not isinstance(job.result, Simulated):
        raise NotFound(ask.language("There is no such simulation, or it was kept long enough."))
    job.look()
    return job, job.result


def last_simulation(ask: Ask, profile: str) -> Simulated | None:
    """The last one that whoever asks has begun and can still look at."""
    mine = ask.site.jobs.of(ask.known_user.name, profile)
    found = [job for job in mine if isinstance(job.result, Simulated)]
    for job in found[:1]:
        job.look()
    return found[0].result if found else None


def _started(ask: Ask, kind: JobKind, profile: str, title: str, work: Work) -> Job:
    owner = ask.user.name if ask.user else ""
    try:
        return ask.site.jobs.start(kind, profile, title, owner, work)
    except ProfileTaken as taken:
        who = taken.job.owner
        said = ask.language("%(user)s is changing the entries of this profile just now.", user=who)
        raise ConnectorError(said, hint=ask.language("Wait for its end, then look at what it changed.")) from None
    except TooManyJobs:
        said = ask.language("As many runs and simulations go on as may at the same time.")
        raise ConnectorError(said, hint=ask.language("Wait for one to end, or cancel one, and try again.")) from None
    except OSError as error:
        said = ask.language("There is no room for what it would find out: %(reason)s", reason=error.strerror or "")
        raise ConnectorError(said) from None


def _simulated(site: Site, loaded: LoadedProfile, job: Job, *, full: bool, is_draft: bool) -> Simulated:
    store, profile = site.store(), application.simulations.with_names(loaded.profile)
    file = job.folder / "records.sqlite"
    with (
        Recorder(file, profile.source.fields) as recorder,
        application.simulations.simulate_profile(
            profile,
            store,
            full=full,
            progress=job.tally,
            cancelled=job.is_cancelled,
            observer=recorder,
            clock=site.now,
        ) as simulation,
    ):
        counts = recorder.take(simulation, lambda: _go_on(job))
        return Simulated(
            loaded=loaded,
            is_draft=is_draft,
            full=full,
            report=simulation.report,
            summary=simulation.summary,
            reasons=simulation.reasons,
            digest=simulation.digest,
            counts=counts,
            giving=len(simulation.shift.giving),
            lacks_accounts=application.profiles.needs_accounts(profile, store),
            records=SimulatedRecords(file),
        )


def _go_on(job: Job) -> None:
    if job.is_cancelled():
        raise RunCancelled("it was cancelled; nothing was changed")


def _ran(site: Site, profile: Profile, request: application.runs.RunRequest, job: Job) -> application.runs.RunOutcome:
    store = site.store()
    notifications = application.runs.Notifications(site.installation, store)
    outcome = application.runs.run(
        site.installation, profile, store, request, notifications.write, job.tally, job.is_cancelled
    )
    job.leads_to = _page_of(outcome, request)
    with suppress(StoreError):  # what is written there waits for the service or the next run
        notifications.deliver()
    return outcome


def _asked_for(request: application.runs.RunRequest, outcome: application.runs.RunOutcome) -> dict[str, str]:
    asked = {"plan": request.plan or request.release or "", "full": "yes" if request.full else ""}
    told = {"status": str(outcome.report.status)}
    return told | {name: text for name, text in asked.items() if text}


def _page_of(outcome: application.runs.RunOutcome, request: application.runs.RunRequest) -> str:
    refused = outcome.error
    if isinstance(refused, PlanRefused):
        shown = request.plan or request.release or ""
        return f"/plans/{refused.plan}" + (f"?instead_of={shown}" if refused.stale else "")
    return f"/runs/{outcome.report.run}" if outcome.report.run else ""
