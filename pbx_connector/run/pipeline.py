"""One execution of a profile, from opening its source to the report; simulate and run are the same path.

Books are read and staged by `book_reading.py`, compared by the store, judged by `guard.py`; then the plan is applied in
one transaction, or kept, or only shown.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from types import MappingProxyType

from pbx_connector.errors import ConnectorError, PlanRefused, UsageError
from pbx_connector.files import is_open_to_others, shown
from pbx_connector.logs import about
from pbx_connector.machine import machine_error, machine_first
from pbx_connector.mapping import UNREAD
from pbx_connector.model import BookReport, Counts, Problem, Report, RunStatus
from pbx_connector.profile import Profile
from pbx_connector.run import problems
from pbx_connector.run.book_reading import BookReading
from pbx_connector.run.guard import objections
from pbx_connector.run.progress import Cancelled, NoObserver, Observer, Progress, Silent, never
from pbx_connector.run.simulation import Simulation, digest_of
from pbx_connector.secret import secrets_of
from pbx_connector.source import SourceContext
from pbx_connector.stores.contract import Plans, Runs
from pbx_connector.stores.values import KeptPlan
from pbx_connector.stores.workspace import PlanTransaction, Workspace

LOG = logging.getLogger(__name__)

PARALLEL = 10
"""Books read at a time, unless a caller says otherwise; sources have limits of their own."""
TOO_MANY_UNJUDGED = 100
"""From so many errors with single contacts on a run is only done in part: their entries are as they were."""
SHOWN_PROBLEMS = 1000
"""A report carries no more than these; it counts all, and `Profiles.problems` has the rest."""

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    return datetime.now(UTC)


def run_profile(
    profile: Profile,
    store: Runs,
    *,
    full: bool = False,
    plan: str | None = None,
    release: str | None = None,
    parallel: int = PARALLEL,
    progress: Progress | None = None,
    cancelled: Cancelled = never,
    clock: Clock = utc_now,
) -> Report:
    """Bring the phone book in step with the profile's source.

    `plan` applies a plan that a simulation saved, `release` one that the guard refused; both read the source again and
    apply only what was shown. `full` reads everything, whatever is known from earlier runs. `cancelled` stops it until
    the plan is made. `clock` says when it starts.
    """
    if plan is not None and release is not None:
        raise UsageError("a run applies one plan: a saved one, or a refused one that is released")
    kept = None if plan is None and release is None else _usable(store, profile, plan or release or "")
    with store.open_workspace(
        profile.id, profile.title, simulate=False, file=profile.file, region=profile.region, merge=profile.merge
    ) as workspace:
        run = PipelineRun(profile, workspace, progress or Silent(), clock(), cancelled)
        with about(profile=profile.id, run=workspace.run), run.recorded():
            LOG.info("run begins")
            reading = run.read(full, parallel)
            with workspace.plan_transaction(mirror=profile.mode == "mirror", write=True) as transaction:
                outcome = run.settle(
                    transaction, reading, kept, released=release is not None and bool(kept and kept.reasons)
                )
    if isinstance(outcome, PlanRefused):
        raise outcome
    return outcome


@contextmanager
def simulate_profile(
    profile: Profile,
    store: Runs,
    *,
    full: bool = False,
    save: bool = False,
    parallel: int = PARALLEL,
    progress: Progress | None = None,
    cancelled: Cancelled = never,
    observer: Observer | None = None,
    clock: Clock = utc_now,
) -> Iterator[Simulation]:
    """What `run_profile` would do, without a trace in the store; `save` keeps the plan for `run_profile(plan=...)`.

    It is kept before it is shown: whoever looks at it for long holds nobody up. A change of the phone book just between
    the two would show, and make the plan stale.
    """
    opened = store.open_workspace(profile.id, profile.title, simulate=True, region=profile.region, merge=profile.merge)
    with machine_first(), opened as workspace:
        run = PipelineRun(profile, workspace, progress or Silent(), clock(), cancelled, observer or NoObserver())
        reading = run.read(full, parallel)
        plan = run.keep(reading) if save else None
        with workspace.plan_transaction(mirror=profile.mode == "mirror", write=False) as transaction:
            reasons = objections(transaction.summary, profile.limits)
            report = run.report(transaction, reading, refused=bool(reasons))
            yield Simulation(report, transaction.summary, reasons, plan, transaction)


@dataclass
class PipelineRun:
    """One run or simulation on its way."""

    profile: Profile
    workspace: Workspace
    progress: Progress
    started: datetime
    cancelled: Cancelled = never
    observer: Observer = field(default_factory=NoObserver)
    began: float = field(default_factory=time.monotonic)
    """For how long it takes: a clock that is set meanwhile does not count."""

    @contextmanager
    def recorded(self) -> Iterator[None]:
        """A run that fails leaves its record in the history, as far as the store still takes it."""
        try:
            with machine_first():
                yield
        except BaseException as error:
            note = error.message if isinstance(error, ConnectorError) else f"ended by {type(error).__name__}"
            with suppress(ConnectorError), machine_first():
                self.workspace.fail(self._report(RunStatus.FAILED, Counts()), note)
            raise

    def read(self, full: bool, parallel: int) -> BookReading:
        accounts = self.workspace.accounts()
        with self.profile.source.open(self.profile.settings, SourceContext(accounts, self.profile.fields)) as source:
            reading = BookReading(
                self.profile, source, self.workspace, self.progress, full, accounts, self.cancelled, self.observer
            )
            reading.read(parallel)
        reading.go_on()
        return reading

    def settle(
        self, transaction: PlanTransaction, reading: BookReading, kept: KeptPlan | None, *, released: bool
    ) -> Report | PlanRefused:
        """Apply the plan, or keep it and say why not."""
        reasons = objections(transaction.summary, self.profile.limits)
        digest = digest_of(transaction) if kept or reasons else ""
        stale = kept is not None and kept.digest != digest
        if stale or (reasons and not released):
            report = self.report(transaction, reading, refused=True)
            plan = transaction.keep(report, digest, reasons)
            return _stale(self.profile, plan, reasons) if stale else _refused(self.profile, plan, reasons)
        report = self.report(transaction, reading)
        transaction.apply(report, plan=kept.id if kept else None, released=released)
        return report

    def keep(self, reading: BookReading) -> str:
        """The plan as it is now, for later; returns its id."""
        with self.workspace.plan_transaction(mirror=self.profile.mode == "mirror", write=True) as transaction:
            reasons = objections(transaction.summary, self.profile.limits)
            report = self.report(transaction, reading, refused=bool(reasons))
            return transaction.keep(report, digest_of(transaction), reasons)

    def report(self, transaction: PlanTransaction, reading: BookReading, *, refused: bool = False) -> Report:
        books = sorted(reading.reports.values(), key=lambda report: (report.book.title, report.book.id))
        of_books, of_rows = tuple(reading.book_problems()), _Counted(transaction.problems())
        found, many = _distinct(chain(of_books, of_rows))
        skipped = transaction.skipped()
        counts = _counts(transaction, sum(book.rows for book in books), sum(skipped.values()), many)
        whole = reading.complete and of_rows.errors < TOO_MANY_UNJUDGED
        status = RunStatus.REFUSED if refused else RunStatus.DONE if whole else RunStatus.PARTIAL
        listed = (*reading.warnings, *([problems.unread(of_rows.values)] if of_rows.values else ()))
        report = self._report(status, counts, tuple(books), found, skipped, listed)
        return replace(report, retry_after=reading.retry_after)

    def _report(
        self,
        status: RunStatus,
        counts: Counts,
        books: tuple[BookReport, ...] = (),
        found: tuple[Problem, ...] = (),
        skipped: Mapping[str, int] = MappingProxyType({}),
        listed: tuple[Problem, ...] = (),
    ) -> Report:
        took = time.monotonic() - self.began
        run, profile = self.workspace.run, self.profile.id
        warnings = (*_warnings(self.profile), *_exposed(self.profile, self.workspace.file), *listed)
        return Report(run, profile, status, counts, books, found, dict(skipped), self.started, took, warnings)


@dataclass
class _Counted:
    """Problems as they come, how many were errors, and how many values were not what the rules took them for."""

    problems: Iterable[Problem]
    errors: int = 0
    values: int = 0

    def __iter__(self) -> Iterator[Problem]:
        for problem in self.problems:
            self.errors += problem.severity == "error"
            self.values += problem.code == UNREAD
            yield problem


def _warnings(profile: Profile) -> tuple[Problem, ...]:
    """A plugin that fails over its warnings takes no run down."""
    try:
        return tuple(profile.source.warnings(profile.settings)) if profile.source.warnings else ()
    except Exception as error:
        if lacking := machine_error(error):
            raise lacking from error
        LOG.debug("the source plugin failed", exc_info=error)
        return (problems.warnings_failed(error),)


def _exposed(profile: Profile, store: Path | None) -> Iterator[Problem]:
    """What every user of the machine may read, and should not."""
    for key, secret in secrets_of(profile.settings, "settings"):
        if secret.is_exposed:
            yield problems.secret_exposed(key)
    if store is not None and is_open_to_others(store):
        yield problems.store_exposed(shown(store))


def _usable(plans: Plans, profile: Profile, plan: str) -> KeptPlan:
    kept = plans.plan(plan)
    if kept.profile != profile.id:
        raise UsageError(f"plan {plan} is one of profile {kept.profile}", hint=f"run it with profile {kept.profile}")
    if kept.used is not None:
        raise UsageError(f"plan {plan} was applied by run {kept.used}; a plan is applied once", hint="simulate again")
    return kept


def _refused(profile: Profile, plan: str, reasons: tuple[str, ...]) -> PlanRefused:
    return PlanRefused(
        f"plan {plan} of profile {profile.id} was refused: {'; '.join(reasons)}",
        plan=plan,
        reasons=reasons,
        hint=f"nothing was changed; see: pbx-connector plan show {plan}; if it is right, run with --release {plan}",
    )


def _stale(profile: Profile, plan: str, reasons: tuple[str, ...]) -> PlanRefused:
    return PlanRefused(
        f"profile {profile.id} would change something else by now than what was shown; nothing was changed",
        plan=plan,
        reasons=reasons,
        stale=True,
        hint=f"what it would change now is plan {plan}: pbx-connector plan show {plan}",
    )


def _counts(transaction: PlanTransaction, rows: int, skipped: int, problems: int) -> Counts:
    plan, shift = transaction.summary, transaction.shift
    changed = (plan.added, plan.updated, plan.removed, plan.unchanged)
    return Counts(rows, *changed, skipped, problems, len(shift.giving), shift.returning)


def _distinct(found: Iterable[Problem]) -> tuple[tuple[Problem, ...], int]:
    """The first problems and the number of all; what many rows have in common is said once, and values come last."""
    shown: dict[Problem, None] = {}
    values: list[Problem] = []
    many = 0
    for problem in found:
        if problem in shown:
            continue
        many += 1
        if problem.code == UNREAD:
            values += [problem] if len(values) < SHOWN_PROBLEMS else []
        elif len(shown) < SHOWN_PROBLEMS:
            shown[problem] = None
    return (*shown, *values)[:SHOWN_PROBLEMS], many
