"""The journal, what is kept of it and for how long, on every store."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from pbx_connector.errors import SourceUnavailable, UsageError
from pbx_connector.model import Account, Report
from pbx_connector.plan import Action
from pbx_connector.profile import Profile
from pbx_connector.run import run_profile, simulate_profile
from pbx_connector.stores import Store, retention
from pbx_connector.testing import MemorySource

from .conftest import fill, grow_older, set_clock

Run = Callable[..., Report]
Names = Callable[[], dict[str, int]]


def test_the_journal_has_every_change_field_by_field(run: Run, source: MemorySource, store: Store) -> None:
    book = source.add("public")
    book.put("ann", display_name="Ann", phone="1", label="Sales")
    book.put("bob", display_name="Bob")
    run()
    book.put("ann", display_name="Ann", label="Support")
    book.drop("bob")
    book.put("cid", display_name="Cid")
    report = run()
    lines = {change.content.fields["display_name"]: change for change in store.changes(report.run)}
    assert {name: line.action for name, line in lines.items()} == {
        "Ann": Action.UPDATE,
        "Bob": Action.REMOVE,
        "Cid": Action.ADD,
    }
    assert [(change.name, change.old, change.new) for change in lines["Ann"].fields()] == [
        ("phone", "1", None),
        ("label Department", "Sales", "Support"),
    ]
    assert lines["Bob"].after is None
    assert lines["Cid"].before is None
    assert store.run(report.run).report == report


def test_an_entry_has_a_history_of_its_own(run: Run, source: MemorySource, store: Store, names: Names) -> None:
    book = source.add("public")
    book.put("ann", display_name="Ann", phone="1")
    book.put("bob", display_name="Bob")
    first = run()
    ann = names()["Ann"]
    book.put("ann", display_name="Ann", phone="2")
    second = run()
    book.drop("ann")
    third = run()
    found = [(made, change.action) for made, change in store.entry_history(ann)]
    assert found == [(third.run, Action.REMOVE), (second.run, Action.UPDATE), (first.run, Action.ADD)]
    assert [made for made, _ in store.entry_history(ann, limit=1)] == [third.run]
    for unknown in (0, -1, 10**6, 2**70):
        assert list(store.entry_history(unknown)) == []


NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def test_a_run_starts_by_the_clock_of_its_caller(profile: Profile, source: MemorySource, store: Store) -> None:
    source.add("public").put("ann", display_name="Ann")
    report = run_profile(profile, store, clock=lambda: NOON)
    assert (report.started, store.run(report.run).report.started) == (NOON, NOON)
    assert 0 <= report.duration < 60
    with simulate_profile(profile, store, clock=lambda: NOON) as simulation:
        assert simulation.report.started == NOON


def test_a_run_that_fails_has_its_start_in_the_history(profile: Profile, source: MemorySource, store: Store) -> None:
    source.down = SourceUnavailable("no answer")
    with pytest.raises(SourceUnavailable):
        run_profile(profile, store, clock=lambda: NOON)
    assert next(store.runs()).report.started == NOON


def test_history_is_pruned_but_not_its_last_day_and_not_the_last_run(
    run: Run, source: MemorySource, store: Store
) -> None:
    book = source.add("public")
    book.put("ann", display_name="Ann")
    store.add_account(Account("7"))
    first, other = run(), run(id="other")
    grow_older(store, timedelta(days=9))
    book.put("bob", display_name="Bob")
    second = run()
    with pytest.raises(UsageError, match="last day"):
        store.prune(timedelta(hours=23))
    assert store.prune(timedelta(days=10)) == 0
    assert store.prune(timedelta(days=8)) == 2
    assert [record.id for record in store.runs()] == [second.run, other.run]
    with pytest.raises(UsageError, match="no run"):
        store.run(first.run)
    assert len(list(store.changes(second.run))) == 1


def test_a_clock_that_is_a_year_fast_for_a_while_costs_no_history(run: Run, source: MemorySource, store: Store) -> None:
    source.add("public").put("ann", display_name="Ann")
    first, _ = run(), run()
    store.prune(timedelta(days=30))
    known = store.shared_state(retention.KEY)
    set_clock(store, timedelta(days=365))
    store.compare_and_set(retention.KEY, known, str(float(known) - 365 * 86400))
    assert [store.prune(timedelta(days=30)) for _ in range(2)] == [0, 0]
    assert store.run(first.run).id == first.run
    assert sum(store.prune(timedelta(days=30)) for _ in range(365 // retention.STEP.days)) == 1


def test_plans_that_are_kept_are_listed_the_newest_first(profile: Profile, source: MemorySource, store: Store) -> None:
    fill(source.add("public"), "Ann")
    for _ in range(2):
        with simulate_profile(profile, store, save=True) as simulation:
            last = simulation.plan
    listed = [plan.id for plan in store.plans()]
    assert listed[0] == last
    assert listed == sorted(listed, key=int, reverse=True)
    assert [plan.id for plan in store.plans("crm")] == listed
    assert list(store.plans("other")) == []
