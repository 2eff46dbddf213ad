"""The plan between its making and its end: looked at, then applied or kept, in one transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, select, update

from pbx_connector.errors import StoreError
from pbx_connector.model import Merge, Problem, Report
from pbx_connector.plan import Change, PlanSummary
from pbx_connector.stores.sql import persons, profiles
from pbx_connector.stores.sql.counters import take
from pbx_connector.stores.sql.dialects.database import Dialect
from pbx_connector.stores.sql.history import loss_notes
from pbx_connector.stores.sql.history.records import keep_plan, record_run, to_planned
from pbx_connector.stores.sql.plan import apply, diff, plan_queries
from pbx_connector.stores.sql.schema.tables import plan
from pbx_connector.stores.workspace import BookResult


@dataclass
class SqlPlanTransaction:
    connection: Connection
    dialect: Dialect
    profile: str
    run: int | None
    """None in a simulation."""
    results: Mapping[int, BookResult]
    labels: Collection[str]
    mirror: bool
    region: str | None = None
    merge: Merge | None = None
    written: bool = False
    """Whether the transaction has something to commit."""

    def __post_init__(self) -> None:
        now = self.connection.execute(select(self.dialect.now())).scalar_one()
        diff.work_out(self.connection, self.profile, self.mirror)
        self.shift = persons.shift_of_plan(self.connection, self.profile, self.merge, self.region)
        summary = diff.summarize(self.connection, self.profile, now)
        losing = {each.entry.profile for each in self.shift.held} - {self.profile}
        self.summary: PlanSummary = replace(
            summary,
            giving_way=len(self.shift.held),
            present_of_others=profiles.count_entries(self.connection, losing) if losing else 0,
        )

    def changes(self) -> Iterator[Change]:
        query = plan_queries.changes(self.dialect)
        return map(to_planned, self.connection.execute(query, execution_options=plan_queries.STREAMED))

    def records(self) -> Iterator[Change]:
        yield from self.changes()
        query = plan_queries.unchanged(self.dialect, self.profile)
        yield from map(to_planned, self.connection.execute(query, execution_options=plan_queries.STREAMED))

    def problems(self) -> Iterator[Problem]:
        return plan_queries.problems(self.connection, plan_queries.problem_rows(self.profile))

    def skipped(self) -> dict[str, int]:
        return plan_queries.skipped(self.connection)

    def apply(self, report: Report, *, plan: str | None = None, released: bool = False) -> None:
        if self.run is None:
            raise StoreError("a simulation applies nothing")
        removed, blanked = self.summary.entries_lost, self.summary.numbers_lost
        record_run(self.connection, self.dialect, report, removed=removed, blanked=blanked, released=released)
        if removed or blanked:
            loss_notes.note(self.connection, self.profile, self.run)
        if plan is not None:
            self._use_up(int(plan))
        apply.apply_plan(self.connection, self.dialect, self.profile, self.run, self.results, self.labels, self.mirror)
        persons.put_merge(self.connection, self.run, self.profile, self.merge)
        persons.settle(self.connection)
        self.written = True

    def _use_up(self, no: int) -> None:
        connection = self.connection
        once = update(plan).where(plan.c.no == no, plan.c.used.is_(None)).values(used=self.run)
        if connection.execute(once).rowcount != 1:
            raise StoreError(f"plan {no} was applied before", hint="simulate again")

    def keep(self, report: Report, digest: str, reasons: Sequence[str]) -> str:
        no = take(self.connection, "run") + 1 if self.run is None else self.run
        if self.run is not None:
            record_run(self.connection, self.dialect, report)
        keep_plan(self.connection, self.dialect, no, self.profile, digest, self.summary, list(reasons))
        apply.keep_changes(self.connection, self.dialect, no)
        self.written = True
        return str(no)
