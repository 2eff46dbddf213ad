"""Safety rule 6, on every store. Ids are stable."""

from __future__ import annotations

from collections.abc import Callable

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
