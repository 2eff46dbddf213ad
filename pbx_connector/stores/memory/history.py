"""What was done, and the plans that were kept, in memory."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice

from pbx_connector.errors import UsageError
from pbx_connector.plan import Action, Change, PlanSummary
from pbx_connector.stores import retention
from pbx_connector.stores.checking import checked_number, checked_text
from pbx_connector.stores.memory import users
from pbx_connector.stores.memory.state import Line, StateHolder
from pbx_connector.stores.values import KeptPlan, Left, RunRecord


class MemoryHistory(StateHolder):
    """A part of the store."""

    def runs(
        self, profile: str | None = None, *, limit: int | None = None, before: str | None = None
    ) -> Iterator[RunRecord]:
        end = None if before is None else checked_number(before, "run")
        found = sorted(self._state.runs.items(), reverse=True)
        records = [run.record for number, run in found if end is None or number < end]
        return islice((record for record in records if profile in (None, record.report.profile)), limit)

    def run(self, run: str) -> RunRecord:
        found = self._state.runs.get(checked_number(run, "run"))
        if found is None:
            raise UsageError(f"there is no run {run}", hint="see: pbx-connector history")
        return found.record

    def changes(
        self, run: str, *, skip: int = 0, limit: int | None = None, leaving: Collection[Left] | None = None
    ) -> Iterator[Change]:
        lines: Iterable[Line] = self._state.journal.get(int(self.run(run).id), ())
        if leaving is not None:
            left = {(one.entry, one.account) for one in leaving}
            lines = (line for line in lines if line.line.action is not Action.MOVE and _about(line) not in left)
        return map(_change, islice(lines, skip, None if limit is None else skip + limit))

    def entry_history(self, entry: int, *, limit: int | None = None) -> Iterator[tuple[str, Change]]:
        journal = sorted(self._state.journal.items(), reverse=True)
        lines = ((str(number), _change(line)) for number, lines in journal for line in reversed(lines))
        return islice(((number, change) for number, change in lines if change.entry == entry), limit)

    def prune(self, keep: timedelta) -> int:
        retention.check(keep)
        with self._write() as state:
            believed = retention.believed(state.shared_state.get(retention.KEY, ""), time.time())
            state.shared_state[retention.KEY] = str(believed)
            before = believed - keep.total_seconds()
            users.prune(state, before, believed)
            last = {run.record.report.profile: number for number, run in sorted(state.runs.items())}
            last.pop("", None)
            old = {number for number, run in state.runs.items() if run.finished < before} - set(last.values())
            state.runs = {number: run for number, run in state.runs.items() if number not in old}
            state.journal = {number: lines for number, lines in state.journal.items() if number not in old}
            state.plans = {number: plan for number, plan in state.plans.items() if plan[0].made.timestamp() >= before}
        return len(old)

    def plans(self, profile: str | None = None) -> Iterator[KeptPlan]:
        kept = [plan for _, (plan, _) in sorted(self._state.plans.items(), reverse=True)]
        return (plan for plan in kept if profile in (None, plan.profile))

    def plan(self, plan: str) -> KeptPlan:
        found = self._state.plans.get(checked_number(plan, "plan"))
        if found is None:
            raise UsageError(f"there is no plan {plan}", hint="see: pbx-connector history")
        return found[0]

    def plan_changes(self, plan: str, *, skip: int = 0, limit: int | None = None) -> Iterator[Change]:
        changes = self._state.plans[int(self.plan(plan).id)][1]
        return islice(changes, skip, None if limit is None else skip + limit)

    def keep_plan(
        self, profile: str, summary: PlanSummary, digest: str, reasons: Sequence[str], changes: Iterable[Change]
    ) -> str:
        with self._write() as state:
            number = state.take("run") + 1
            plan = KeptPlan(str(number), checked_text(profile), datetime.now(UTC), digest, summary, tuple(reasons))
            state.plans[number] = (plan, tuple(replace(change, row=None) for change in changes))
            return str(number)


def _about(line: Line) -> tuple[int | None, str | None]:
    return line.line.entry, line.line.account


def _change(line: Line) -> Change:
    change = line.line
    what = "entry" if change.account is None else "account"
    return Change(change.action, change.entry, line.book, change.before, change.after, what)  # type: ignore[arg-type]
