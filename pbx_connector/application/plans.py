"""Kept plans, with the entries that they would leave as they are."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from pbx_connector.plan import Action, Change
from pbx_connector.stores import KeptPlan, Store


def records(store: Store, plan: KeptPlan) -> Iterator[Change]:
    """What it would change, then the profile's other entries, as they are by now."""
    touched = {change.entry for change in store.plan_changes(plan.id)}
    return chain(store.plan_changes(plan.id), _others(store, plan.profile, touched))


def _others(store: Store, profile: str, touched: set[int | None]) -> Iterator[Change]:
    for entry in store.entries(apart=True):
        if entry.origin and entry.origin.profile == profile and entry.id not in touched:
            yield Change(Action.KEEP, entry.id, entry.origin.book.title, entry.content, entry.content)
