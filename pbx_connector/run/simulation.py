"""What a simulation shows: the report and the plan of a run that stopped before it applied anything."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pbx_connector.model import Report
from pbx_connector.plan import Change, PlanSummary, plan_digest
from pbx_connector.stores.workspace import PlanTransaction

if TYPE_CHECKING:
    from pbx_connector.stores.persons import Shift


def digest_of(transaction: PlanTransaction) -> str:
    links = sorted((each.entry.entry, each.to.entry) for each in transaction.shift.giving)
    return plan_digest(transaction.changes(), links)


@dataclass(frozen=True, slots=True)
class Simulation:
    """Valid inside its `with` block; nothing of it is held in memory."""

    report: Report
    summary: PlanSummary
    reasons: tuple[str, ...]
    """Why the guard would refuse the plan; empty if it lets it pass."""
    plan: str | None
    """Where the plan is kept, if it was asked to be."""
    transaction: PlanTransaction

    @property
    def digest(self) -> str:
        """What a saved plan is known by; see `plan.plan_digest`."""
        return digest_of(self.transaction)

    @property
    def shift(self) -> Shift:
        """Who would give way to whom."""
        return self.transaction.shift

    def changes(self) -> Iterator[Change]:
        """What a run would change."""
        return self.transaction.changes()

    def records(self) -> Iterator[Change]:
        """Every entry that the profile would have or lose, the unchanged ones among them."""
        return self.transaction.records()
