"""Whoever looks on: rows and what became of them, where an entry comes from, and a run that is stopped on its way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest

from pbx_connector.errors import PlanRefused, RunCancelled, UsageError
from pbx_connector.model import Book, Report, RunStatus, StreamItem
from pbx_connector.plan import Action, RowPlace
from pbx_connector.profile import Profile
from pbx_connector.run import run_profile, simulate_profile
from pbx_connector.stores import Store
from pbx_connector.stores.workspace import Outcome, StagedRow
from pbx_connector.testing import MemorySource

Run = Callable[..., Report]


@dataclass
class Onlooker:
    seen: dict[str, tuple[StreamItem, StagedRow]] = field(default_factory=dict)

    def staged(self, book: Book, items: Sequence[StreamItem], rows: Sequence[StagedRow]) -> None:
        self.seen |= {row.key: (item, row) for item, row in zip(items, rows, strict=True)}


@dataclass
class Patience:
    """Wants a run to stop after so many questions."""

    left: int

    def __call__(self) -> bool:
        self.left -= 1
        return self.left < 0


def test_an_observer_sees_each_row_and_what_became_of_it(profile: Profile, source: MemorySource, store: Store) -> None:
    book = source.add("public")
    book.put("ann", display_name="Ann")
    book.put("nobody", phone="1")
    book.skip("list")
    book.spoil("torn")
    onlooker = Onlooker()
    with simulate_profile(profile, store, observer=onlooker) as simulation:
        assert simulation.report.counts.rows == 3
    assert {key: row.outcome for key, (_, row) in onlooker.seen.items()} == {
        "ann": Outcome.MAPPED,
        "nobody": Outcome.FAILED,
        "list": Outcome.SKIPPED,
        "torn": Outcome.FAILED,
    }
    assert onlooker.seen["ann"][0] == book.items["ann"]


def test_each_record_of_a_simulation_says_which_row_it_comes_from(
    run: Run, profile: Profile, source: MemorySource, store: Store
) -> None:
    book = source.add("public")
    for key in ("ann", "bob", "cid"):
        book.put(key, display_name=key)
    run()
    book.put("ann", display_name="Ann Lee")
    book.drop("bob")
    book.put("dan", display_name="dan")
    with simulate_profile(profile, store) as simulation:
        found = {change.row: change.action for change in simulation.records()}
    assert found == {
        RowPlace("public", "ann"): Action.UPDATE,
        RowPlace("public", "bob"): Action.REMOVE,
        RowPlace("public", "cid"): Action.KEEP,
        RowPlace("public", "dan"): Action.ADD,
    }


@pytest.mark.parametrize("questions", [0, 1, 2, 5])
def test_a_simulation_that_is_stopped_ends_at_once(
    profile: Profile, source: MemorySource, store: Store, questions: int
) -> None:
    book = source.add("public")
    for number in range(20):
        book.put(f"{number}", display_name=f"{number}")
    with (
        pytest.raises(RunCancelled),
        simulate_profile(profile, store, parallel=1, cancelled=Patience(questions)),
    ):
        pytest.fail("it went on")


def test_a_run_that_is_stopped_changes_nothing_and_is_in_the_history(
    run: Run, profile: Profile, source: MemorySource, store: Store
) -> None:
    source.add("public").put("ann", display_name="Ann")
    with pytest.raises(RunCancelled):
        run_profile(profile, store, cancelled=lambda: True)
    record = next(store.runs())
    assert (record.report.status, record.note) == (RunStatus.FAILED, "it was cancelled; nothing was changed")
    assert store.count_entries() == 0
    assert run().counts.added == 1


def test_what_a_simulation_showed_is_kept_later_and_applied_if_it_still_holds(
    profile: Profile, source: MemorySource, store: Store
) -> None:
    book = source.add("public")
    book.put("ann", display_name="Ann", label="Sales")
    with simulate_profile(profile, store) as simulation:
        shown, summary, digest = list(simulation.records()), simulation.summary, simulation.digest
    plan = store.keep_plan(profile.id, summary, digest, ("too much",), shown)
    kept = store.plan(plan)
    assert (kept.profile, kept.summary, kept.reasons, kept.used) == (profile.id, summary, ("too much",), None)
    assert list(store.plan_changes(plan)) == shown
    assert run_profile(profile, store, plan=plan).counts.added == 1
    book.put("bob", display_name="Bob")
    with simulate_profile(profile, store) as simulation:
        stale = store.keep_plan(profile.id, simulation.summary, simulation.digest, (), list(simulation.changes()))
    book.put("cid", display_name="Cid")
    with pytest.raises(PlanRefused) as refused:
        run_profile(profile, store, plan=stale)
    assert refused.value.stale


def test_changes_and_runs_are_read_in_parts(run: Run, source: MemorySource, store: Store) -> None:
    book = source.add("public")
    for number in range(5):
        book.put(f"{number}", display_name=f"{number}")
    first = run()
    later = run()
    everything = list(store.changes(first.run))
    assert list(store.changes(first.run, skip=1, limit=2)) == everything[1:3]
    assert list(store.changes(first.run, skip=4)) == everything[4:]
    assert next(record.id for record in store.runs(before=later.run)) == first.run
    assert list(store.runs(before=first.run)) == []
    with pytest.raises(UsageError):
        list(store.runs(before="x"))
