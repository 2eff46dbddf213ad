"""The guard: which plans a person has to look at before they are applied (safety rule 4)."""

from __future__ import annotations

from collections.abc import Iterator

from pbx_connector.plan import PlanSummary
from pbx_connector.profile import Limits


def objections(plan: PlanSummary, limits: Limits) -> tuple[str, ...]:
    """In words; none if the plan may be applied."""
    return (*_too_many(plan, limits), *_emptied(plan))


def _too_many(plan: PlanSummary, limits: Limits) -> Iterator[str]:
    """The share is of what there was before the losses that are counted."""
    most = limits.remove_at_most
    before = plan.present + plan.removed_lately
    if plan.removed + plan.blanked == 0 or plan.lost <= most.entries or plan.lost <= most.share * before:
        return
    what = f"it would remove {plan.removed} entries and blank {plan.blanked} phone numbers"
    if plan.removed_lately + plan.blanked_lately:
        what += f", after {plan.removed_lately} and {plan.blanked_lately} in the last 24 hours"
    yield f"{what}: {plan.lost} of {before}, more than {most.entries} and more than {most.share:.0%}"


def _emptied(plan: PlanSummary) -> Iterator[str]:
    for book in plan.emptied:
        yield f"it would empty the address book {book.title}, which is still there and has {book.held} entries"
