"""Safety rule 6, on every store. Ids are stable."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pbx_connector.model import Report
from pbx_connector.stores import Store
from pbx_connector.testing import MemorySource

from .conftest import fill

Run = Callable[..., Report]
Names = Callable[[], dict[str, int]]


def test_rule_6_an_entry_is_updated_in_place_and_ids_are_never_used_again(
    run: Run, source: MemorySource, names: Names
) -> None:
    book = fill(source.add("public"), "Ann", "Bob")
    run()
    before = names()
    book.put("ann", display_name="Anna")
    book.drop("bob")
    run()
    assert names() == {"Anna": before["Ann"]}
    book.put("bob", display_name="Bob")
    run()
    assert names()["Bob"] not in before.values()


def test_rule_6_an_entry_that_moves_keeps_its_id(run: Run, source: MemorySource, names: Names, store: Store) -> None:
    one, two = fill(source.add("one"), "Ann", "Bob"), source.add("two")
    run()
    before = names()
    one.drop("ann")
    two.put("ann-moved", display_name="Ann")
    report = run()
    assert (report.counts.added, report.counts.removed, report.counts.unchanged) == (0, 0, 2)
    assert names() == before
    assert run().counts.unchanged == 2
    origin = store.entry(before["Ann"]).origin
    assert origin
    assert (origin.book.id, origin.row) == ("two", "ann-moved")


def test_rule_6_of_equal_entries_as_many_move_as_can(
    run: Run, source: MemorySource, names: Names, store: Store
) -> None:
    book = source.add("public")
    for key in ("a", "b", "c"):
        book.put(key, display_name="Twin")
    run()
    before = [entry.id for entry in store.entries()]
    for key in ("a", "b", "c"):
        book.drop(key)
    book.put("d", display_name="Twin")
    book.put("e", display_name="Twin")
    report = run()
    assert (report.counts.added, report.counts.removed) == (0, 1)
    assert [entry.id for entry in store.entries()] == before[:2]


@pytest.mark.parametrize("delta", [False, True])
def test_rule_6_a_contact_that_moves_is_no_second_entry_in_upsert(
    run: Run, source: MemorySource, names: Names, store: Store, delta: bool
) -> None:
    one, other = fill(source.add("one", delta=delta), "Ann", "Bob"), source.add("other", delta=delta)
    run(mode="upsert")
    before = names()
    one.drop("ann")
    one.drop("bob")
    other.put("ann anew", display_name="Ann")
    report = run(mode="upsert")
    assert (report.counts.added, report.counts.removed, names()) == (0, 0, before)
    assert [entry.origin and entry.origin.row for entry in store.entries()] == ["ann anew", "bob"]
    assert run(mode="upsert").counts.added == 0


def test_rule_6_in_upsert_an_equal_contact_is_a_second_entry_while_the_first_is_still_there(
    run: Run, source: MemorySource, store: Store
) -> None:
    one, other = fill(source.add("one"), "Ann"), source.add("other")
    run(mode="upsert")
    one.withheld = {"ann"}
    other.put("ann too", display_name="Ann")
    report = run(mode="upsert")
    assert (report.counts.added, [problem.code for problem in report.problems]) == (1, ["S104"])
    assert store.count_entries() == 2
