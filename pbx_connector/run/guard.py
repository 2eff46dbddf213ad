"""The guard: which plans a person has to look at before they are applied (safety rule 4)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pbx_connector.counting import counted
from pbx_connector.plan import SHARED_BY, EmptiedBook, PlanSummary
from pbx_connector.profile import Limits

_SHOWN = 3
"""Titles of address books in one sentence."""


def objections(plan: PlanSummary, limits: Limits) -> tuple[str, ...]:
    """In words; none if the plan may be applied."""
    return (*_too_many(plan, limits), *_too_different(plan, limits), *_emptied(plan))


def _too_many(plan: PlanSummary, limits: Limits) -> Iterator[str]:
    """The share is of what there was before the losses that are counted."""
    most = limits.remove_at_most
    before = plan.present + plan.present_of_others + plan.removed_lately
    if plan.entries_lost + plan.numbers_lost == 0 or plan.lost <= most.entries or plan.lost <= most.share * before:
        return
    what = f"it would {_losses(plan)}"
    if plan.giving_way:
        what += f" and let {counted(plan.giving_way, 'entry')} give way to other profiles'"
    if plan.removed_lately + plan.blanked_lately:
        what += f", after {plan.removed_lately} and {plan.blanked_lately} in the last 24 hours"
    yield f"{what}: {plan.lost} of {before}, more than {most.entries} and more than {most.share:.0%}"


def _losses(plan: PlanSummary) -> str:
    removed, blanked = counted(plan.removed, "entry"), counted(plan.blanked, "phone number")
    if not plan.shared:
        return f"remove {removed} and blank {blanked}"
    shared = f"replace {plan.shared} by a number that {SHARED_BY} or more entries share"
    return f"remove {removed}, blank {blanked} and {shared}"


def _too_different(plan: PlanSummary, limits: Limits) -> Iterator[str]:
    most = limits.change_at_most
    if plan.changed > most.entries and plan.changed > most.share * plan.present:
        entries = f"{plan.changed} of {counted(plan.present, 'entry')}"
        yield (
            f"it would change names or phone numbers of {entries} at once, more than {most.entries} and more than "
            f"{most.share:.0%}"
        )


def _emptied(plan: PlanSummary) -> Iterator[str]:
    dropped = [book for book in plan.emptied if book.unwanted]
    for book in plan.emptied:
        if not book.unwanted:
            held = counted(book.held, "entry")
            yield f"it would empty the address book {book.title}, which is still there and has {held}"
    if dropped:
        yield _dropped(dropped)


def _dropped(emptied: Sequence[EmptiedBook]) -> str:
    shown = ", ".join(book.title for book in emptied[:_SHOWN])
    more = f" and {len(emptied) - _SHOWN} more" if len(emptied) > _SHOWN else ""
    books = f"book {shown}, which is" if len(emptied) == 1 else f"books {shown}{more}, which are"
    held = sum(book.held for book in emptied)
    return f"the settings no longer take the address {books} still there and would lose {counted(held, 'entry')}"
