"""Safety rule 5, on every store. All or nothing, and nothing twice."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pbx_connector.model import Report
from pbx_connector.plan import Action
from pbx_connector.profile import Profile
from pbx_connector.run import simulate_profile
from pbx_connector.stores import Store
from pbx_connector.testing import MemorySource

from .conftest import dump, fill

Run = Callable[..., Report]


@pytest.mark.parametrize("delta", [False, True])
def test_rule_5_a_second_run_changes_nothing(run: Run, source: MemorySource, store: Store, delta: bool) -> None:
    book = source.add("public", delta=delta)
    for number in range(1200):
        book.put(f"k{number}", display_name=f"Name {number}", label="Sales")
    run()
    before = list(store.entries())
    report = run()
    counts = report.counts
    assert (counts.added, counts.updated, counts.removed, counts.unchanged) == (0, 0, 0, 1200)
    assert list(store.entries()) == before
    assert list(store.changes(report.run)) == []


def test_rule_5_a_full_reading_of_the_same_changes_nothing(run: Run, source: MemorySource, store: Store) -> None:
    fill(source.add("public", delta=True), "Ann", "Bob")
    run()
    before = list(store.entries())
    assert run(full=True).counts.updated == 0
    assert list(store.entries()) == before


def test_rule_5_a_simulation_leaves_no_trace(run: Run, source: MemorySource, store: Store, profile: Profile) -> None:
    book = fill(source.add("public"), "Ann", "Bob")
    run()
    before = dump(store)
    book.put("ann", display_name="Anna", label="Sales")
    book.drop("bob")
    book.put("cid", display_name="Cid")
    with simulate_profile(profile, store) as simulation:
        actions = [change.action for change in simulation.changes()]
        names = [change.content.fields["display_name"] for change in simulation.records()]
    assert actions == [Action.ADD, Action.UPDATE, Action.REMOVE]
    assert names == ["Cid", "Anna", "Bob"]
    assert dump(store) == before
