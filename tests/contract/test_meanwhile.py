"""What is checked before a change is checked again within it: somebody else may have been quicker, on every store."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from pbx_connector.errors import UsageError
from pbx_connector.model import Account, Report
from pbx_connector.plan import Content
from pbx_connector.stores import Entry, RunKind, Store
from pbx_connector.stores.changeset import ChangeSet
from pbx_connector.stores.undo import take_back
from pbx_connector.testing import MemorySource

Run = Callable[..., Report]
TIME_TO_LOOK = 0.3
"""Seconds for a change to look around and then to wait for the one that is ahead of it."""


def _changes_of(store: Any) -> AbstractContextManager[ChangeSet]:
    """Each store has its own; the contract of stores does not show them."""
    changes: AbstractContextManager[ChangeSet] = store.changeset(RunKind.HAND, "somebody was quicker")
    return changes


@contextmanager
def ahead_of(change: Callable[[], object], store: Store) -> Iterator[tuple[ChangeSet, Future[Any]]]:
    """A change set that ends while `change` waits to write; what became of `change` is there after the block."""
    with ThreadPoolExecutor(1) as pool, _changes_of(store) as changeset:
        waiting = pool.submit(change)
        time.sleep(TIME_TO_LOOK)
        yield changeset, waiting


def test_of_two_undos_of_one_run_the_second_changes_nothing(run: Run, source: MemorySource, store: Store) -> None:
    source.add("public").put("ann", display_name="Ann")
    report = run()
    with ahead_of(lambda: store.undo(report.run), store) as (changeset, waiting):
        assert list(take_back(changeset, report.run)) == [None]
        changeset.mark_undone(report.run)
    with pytest.raises(UsageError, match="was undone by run"):
        waiting.result()
    assert store.run(report.run).undone_by == changeset.run


def test_an_account_that_was_not_there_when_an_import_was_shown_is_not_removed(store: Store) -> None:
    store.import_accounts([Account("1"), Account("2")])
    shown = store.plan_account_import([Account("1")], remove_missing=True)
    change = partial(store.import_accounts, [Account("1")], remove_missing=True, shown=shown)
    with ahead_of(change, store) as (changeset, waiting):
        changeset.put_account(Account("3"))
    with pytest.raises(UsageError, match="changed meanwhile"):
        waiting.result()
    assert [account.id for account in store.accounts()] == ["1", "2", "3"]


def test_an_account_that_is_removed_twice_at_once_is_removed_once(store: Store) -> None:
    store.import_accounts([Account("1"), Account("2")])
    with ahead_of(lambda: store.import_accounts([Account("1", "ann")], remove_missing=True), store) as (
        changeset,
        waiting,
    ):
        changeset.drop_account("2")
    waiting.result()
    assert store.accounts() == [Account("1", "ann")]


def test_a_label_that_somebody_carries_by_now_is_not_removed(store: Store) -> None:
    store.add_label("VIP")
    with ahead_of(lambda: store.remove_label("VIP"), store) as (changeset, waiting):
        changeset.put_entries([Entry(0, Content(None, {"display_name": "Ann"}, {"VIP": "yes"}))])
    with pytest.raises(UsageError, match="1 entry carries"):
        waiting.result()
    assert [label.name for label in store.labels()] == ["VIP"]


def test_two_edits_of_one_entry_by_hand_both_count(store: Store) -> None:
    made = store.add_entry(Content(None, {"display_name": "Ann", "phone": "1"}))

    def new_number(held: Content) -> Content:
        return replace(held, fields={**held.fields, "phone": "2"})

    with ahead_of(lambda: store.edit_entry(made.id, new_number), store) as (changeset, waiting):
        changeset.put_entries(
            [replace(made, content=replace(made.content, fields={"display_name": "Anna", "phone": "1"}))]
        )
    waiting.result()
    assert store.entry(made.id).content.fields == {"display_name": "Anna", "phone": "2"}


@pytest.mark.parametrize("change", ["undo", "remove"])
def test_a_profile_that_was_removed_meanwhile_is_said_to_be(
    run: Run, source: MemorySource, store: Store, change: str
) -> None:
    source.add("public").put("ann", display_name="Ann")
    report = run()
    act = {"undo": lambda: store.undo(report.run), "remove": lambda: store.remove_profile("crm")}[change]
    with ahead_of(act, store) as (changeset, waiting):
        for batch in changeset.profile_entries("crm"):
            changeset.drop_entries(batch)
        changeset.forget_profile("crm")
    assert store.count_entries() == 0
    if change == "remove":
        with pytest.raises(UsageError, match="no profile crm"):
            waiting.result()
    else:
        assert [left.reason for left in waiting.result().left] == [f"run {changeset.run} changed it later"]
