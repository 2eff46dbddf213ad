"""Kept plans, with the entries that they would leave as they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from pbx_connector.application.history import last_run
from pbx_connector.model import RunStatus
from pbx_connector.plan import Action, Change
from pbx_connector.stores import KeptPlan, ProfileState, RunKind, RunRecord, Store


def waiting(store: Store, states: Iterable[ProfileState]) -> Iterator[KeptPlan]:
    """The plans that the guard refused and that wait for a person: each profile's newest, as long as no later run of it
    came to a better end. Asks one question a profile that was refused."""
    for state in states:
        last = _last(store, state)
        if last is None or last.report.status is not RunStatus.REFUSED:
            continue
        plan = next((plan for plan in store.plans(state.id) if plan.reasons), None)
        if plan is not None and plan.used is None:
            yield plan


def _last(store: Store, state: ProfileState) -> RunRecord | None:
    """What people did by hand since is no run."""
    return state.last if state.last is None or state.last.kind is RunKind.RUN else last_run(store, state.id)


def records(store: Store, plan: KeptPlan) -> Iterator[Change]:
    """What it would change, then the profile's other entries, as they are by now."""
    touched = {change.entry for change in store.plan_changes(plan.id)}
    return chain(store.plan_changes(plan.id), _others(store, plan.profile, touched))


def _others(store: Store, profile: str, touched: set[int | None]) -> Iterator[Change]:
    for entry in store.entries(apart=True):
        if entry.origin and entry.origin.profile == profile and entry.id not in touched:
            yield Change(Action.KEEP, entry.id, entry.origin.book.title, entry.content, entry.content)
