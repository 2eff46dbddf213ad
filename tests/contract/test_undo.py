"""Undo, and the undo of an undo, on every store."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pbx_connector.errors import PlanRefused, ProfileHeld, UsageError
from pbx_connector.model import Report
from pbx_connector.stores import RunKind, Store
from pbx_connector.testing import MemorySource

from .conftest import FREE, dump, fill

pytestmark = pytest.mark.usefixtures("undone_as_shown")

Run = Callable[..., Report]
Names = Callable[[], dict[str, int]]


def test_undo_takes_a_run_back_and_holds_its_profile(
    run: Run, source: MemorySource, store: Store, names: Names
) -> None:
    book = source.add("public", delta=True)
    book.put("ann", display_name="Ann", phone="1", label="Sales")
    book.put("bob", display_name="Bob")
    run()
    before = list(store.entries())
    book.put("ann", display_name="Anna")
    book.drop("bob")
    book.put("cid", display_name="Cid")
    report = run()
    undone = store.undo(report.run)
    assert (undone.changes, undone.left, undone.held) == (3, (), "crm")
    assert [(entry.id, entry.content) for entry in store.entries()] == [(entry.id, entry.content) for entry in before]
    assert store.run(report.run).undone_by == undone.run
    assert store.run(undone.run).kind is RunKind.UNDO
    with pytest.raises(ProfileHeld, match="waits since undo"):
        run()
    store.resume_profile("crm")
    again = run()
    assert (again.counts.added, again.counts.updated, again.counts.removed) == (1, 1, 1)
    assert names()["Anna"] == before[0].id


def test_undo_of_an_undo_does_it_again(run: Run, source: MemorySource, store: Store, names: Names) -> None:
    source.add("public").put("ann", display_name="Ann")
    report = run()
    before = names()
    undone = store.undo(report.run)
    assert names() == {}
    store.undo(undone.run)
    assert names() == before
    assert store.run(report.run).undone_by is None
    assert store.undo(report.run).left == ()
    assert names() == {}


def test_an_undo_of_an_undo_of_an_undo_leaves_the_run_undone(
    run: Run, source: MemorySource, store: Store, names: Names
) -> None:
    source.add("public").put("ann", display_name="Ann")
    first = run().run
    undos = [first]
    for _ in range(4):
        undos.append(store.undo(undos[-1]).run)
    assert list(names()) == ["Ann"]
    assert [store.run(undo).undone_by for undo in undos] == [None, undos[2], None, undos[4], None]
    third = store.undo(undos[4]).run
    assert list(names()) == []
    assert [store.run(undo).undone_by for undo in undos] == [undos[1], None, undos[3], None, third]
    with pytest.raises(UsageError, match=f"was undone by run {undos[1]}"):
        store.undo(first)
    assert store.undo(undos[1]).left == ()
    assert list(names()) == ["Ann"]


def test_a_long_run_is_undone_whole(run: Run, source: MemorySource, store: Store, names: Names) -> None:
    book = source.add("public")
    for number in range(1201):
        book.put(f"k{number}", display_name=f"Name {number}", label=f"Group {number % 3}")
    run()
    before = list(store.entries())
    for number in range(1201):
        if number % 3 == 0:
            book.drop(f"k{number}")
        elif number % 3 == 1:
            book.put(f"k{number}", display_name=f"Other {number}", label="New")
        else:
            book.put(f"new {number}", display_name=f"New {number}")
    changed = run(limits=FREE)
    after = [(entry.id, entry.content) for entry in store.entries()]
    undone = store.undo(changed.run)
    assert (undone.changes, undone.left) == (1201, ())
    assert [(entry.id, entry.content) for entry in store.entries()] == [(entry.id, entry.content) for entry in before]
    assert len(list(store.changes(undone.run))) == 1201
    store.undo(undone.run)
    assert [(entry.id, entry.content) for entry in store.entries()] == after
    store.resume_profile("crm")
    assert run(limits=FREE).counts.unchanged == len(after)


def test_losses_count_again_once_their_undo_is_undone(run: Run, source: MemorySource, store: Store) -> None:
    book = source.add("public")
    for number in range(40):
        book.put(f"k{number}", display_name=f"Name {number}")
    run()
    for number in range(10):
        book.drop(f"k{number}")
    losses = run()
    store.undo(store.undo(losses.run).run)
    book.drop("k39")
    store.resume_profile("crm")
    with pytest.raises(PlanRefused, match="after 10 and 0 in the last 24 hours"):
        run()


def test_undo_leaves_what_the_undo_of_a_later_run_had_left(
    run: Run, source: MemorySource, store: Store, names: Names
) -> None:
    book = source.add("public")
    runs = []
    for name in ("Ann", "Anna", "Anne"):
        book.put("ann", display_name=name)
        runs.append(run().run)
    assert len(store.undo(runs[1]).left) == 1
    store.undo(runs[2])
    assert list(names()) == ["Anna"]
    assert [left.reason for left in store.undo(runs[0]).left] == ["it says something else by now"]
    assert list(names()) == ["Anna"]


def test_undo_leaves_what_a_later_run_touched_and_says_so(
    run: Run, source: MemorySource, store: Store, names: Names
) -> None:
    book = source.add("public")
    book.put("ann", display_name="Ann")
    book.put("bob", display_name="Bob")
    first = run()
    book.put("ann", display_name="Anna")
    second = run()
    undone = store.undo(first.run)
    assert [left.reason for left in undone.left] == [f"run {second.run} changed it later"]
    assert list(names()) == ["Anna"]


def test_undo_of_a_removal_leaves_a_contact_that_came_back(
    run: Run, source: MemorySource, store: Store, names: Names
) -> None:
    book = source.add("public")
    book.put("ann", display_name="Ann")
    run()
    book.drop("ann")
    removal = run()
    book.put("ann", display_name="Ann")
    run()
    undone = store.undo(removal.run)
    assert [left.reason for left in undone.left] == ["its contact has another entry by now"]
    assert list(names()) == ["Ann"]


def test_undo_restores_the_entries_of_a_book_that_was_gone(
    run: Run, source: MemorySource, store: Store, names: Names
) -> None:
    source.add("public").put("ann", display_name="Ann", label="Sales")
    run()
    before = list(store.entries())
    book = source.address_books.pop("public")
    removal = run()
    store.undo(removal.run)
    assert [entry.content for entry in store.entries()] == [entry.content for entry in before]
    source.address_books["public"] = book
    store.resume_profile("crm")
    assert run().counts.unchanged == 1
    assert names() == {"Ann": before[0].id}


def test_undone_losses_do_not_count_for_the_guard(run: Run, source: MemorySource, store: Store) -> None:
    book = source.add("public")
    for number in range(40):
        book.put(f"k{number}", display_name=f"Name {number}")
    run()
    for number in range(10):
        book.drop(f"k{number}")
    store.undo(run().run)
    for number in range(10):
        book.put(f"k{number}", display_name=f"Name {number}")
    book.drop("k39")
    store.resume_profile("crm")
    assert run().counts.removed == 1


def test_what_changed_nothing_cannot_be_undone(run: Run, source: MemorySource, store: Store) -> None:
    source.add("public").put("ann", display_name="Ann")
    report = run()
    store.undo(report.run)
    with pytest.raises(UsageError, match="was undone by run"):
        store.undo(report.run)
    with pytest.raises(UsageError, match="no run 999"):
        store.undo("999")
    with pytest.raises(UsageError, match="is no run"):
        store.undo("abc")


def test_a_simulated_undo_says_what_an_undo_would_do_and_does_nothing(
    run: Run, source: MemorySource, store: Store
) -> None:
    book = fill(source.add("public"), "Ann", "Bob")
    first = run()
    book.put("bob", display_name="Bobby")
    run()
    before = dump(store)
    simulated = store.simulate_undo(first.run)
    assert dump(store) == before
    undone = store.undo(first.run)
    assert (simulated.run, undone.run != "") == ("", True)
    assert (simulated.changes, simulated.left, simulated.held) == (undone.changes, undone.left, undone.held)
    with pytest.raises(UsageError, match="was undone"):
        store.simulate_undo(first.run)
