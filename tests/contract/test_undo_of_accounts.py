"""Accounts that are removed or added, and what an undo makes of them and of their entries, on every store."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pbx_connector.model import Account, Report
from pbx_connector.plan import Action, Content
from pbx_connector.stores import Store
from pbx_connector.testing import MemorySource

from .conftest import FREE

pytestmark = pytest.mark.usefixtures("undone_as_shown")

Run = Callable[..., Report]
Names = Callable[[], dict[str, int]]


def person(name: str, account: str | None = None, **fields: str) -> Content:
    return Content(account, {"display_name": name, **fields})


def test_a_removed_account_takes_its_private_entries_along_and_undo_brings_both_back(
    run: Run, source: MemorySource, store: Store
) -> None:
    store.import_accounts([Account("7", "ann", "ann@example.com"), Account("8")])
    source.add("mine", account="7").put("bob", display_name="Bob")
    run()
    store.add_entry(person("By hand", "7"))
    before = [(entry.id, entry.content) for entry in store.entries()]
    assert store.remove_account("7") == 2
    assert (list(store.entries()), [account.id for account in store.accounts()]) == ([], ["8"])
    removal = next(store.runs())
    assert [(change.what, change.action) for change in store.changes(removal.id)] == [
        ("entry", Action.REMOVE),
        ("entry", Action.REMOVE),
        ("account", Action.REMOVE),
    ]
    store.undo(removal.id)
    assert [(entry.id, entry.content) for entry in store.entries()] == before
    assert store.accounts()[0] == Account("7", "ann", "ann@example.com")


def test_a_removed_account_takes_published_contacts_along_and_undo_brings_them_back(
    run: Run, source: MemorySource, store: Store
) -> None:
    store.import_accounts([Account("7"), Account("8")])
    book = source.add("mine", account="7")
    book.put("bob", display_name="Bob", owner="")
    book.put("cid", display_name="Cid")
    run(publish_personal=True)
    before = [(entry.content, entry.origin and entry.origin.row) for entry in store.entries()]
    assert [content.account for content, _ in before] == [None, "7"]
    assert store.plan_account_import([Account("8")], remove_missing=True).entries == 2
    assert (store.count_account_entries("7"), store.count_account_entries("8")) == (2, 0)
    assert store.remove_account("7") == 2
    assert list(store.entries()) == []
    store.undo(next(store.runs()).id)
    assert [(entry.content, entry.origin and entry.origin.row) for entry in store.entries()] == before


def test_undo_gives_nobodys_entries_to_who_got_the_account_id_later(
    run: Run, source: MemorySource, store: Store, names: Names
) -> None:
    store.import_accounts([Account("7", "ann"), Account("8", "ben")])
    mine = source.add("mine", account="7")
    mine.put("bob", display_name="Bob")
    mine.put("cid", display_name="Cid", owner="")
    mine.put("dan", display_name="Dan")
    run(publish_personal=True)
    mine.drop("dan")
    losses = run(publish_personal=True, limits=FREE)
    store.remove_account("7")
    removal = next(store.runs())
    assert [left.reason for left in store.undo(losses.run).left] == ["account 7 is no more"]
    store.add_account(Account("7", "eve"))
    addition = next(store.runs())
    undone = store.undo(removal.id)
    assert (undone.changes, [(left.entry is None, left.reason) for left in undone.left]) == (
        0,
        [
            (True, f"run {addition.id} changed it later"),
            (False, f"account 7 was added again by run {addition.id}"),
            (False, f"account 7 was added again by run {addition.id}"),
        ],
    )
    assert names() == {}
    assert store.accounts()[0] == Account("7", "eve")


def test_an_account_that_an_undo_brought_back_is_still_the_same(
    run: Run, source: MemorySource, store: Store, names: Names
) -> None:
    store.import_accounts([Account("7", "ann"), Account("8", "ben")])
    mine = source.add("mine", account="7")
    mine.put("bob", display_name="Bob")
    run()
    mine.drop("bob")
    losses = run(limits=FREE)
    store.remove_account("7")
    store.undo(next(store.runs()).id)
    store.import_accounts([Account("7", "ann", "ann@example.com"), Account("8", "ben")])
    assert store.undo(losses.run).left == ()
    assert list(names()) == ["Bob"]


def test_an_added_account_with_private_entries_is_left_by_undo(store: Store) -> None:
    store.add_account(Account("7"))
    addition = next(store.runs())
    store.add_entry(person("Bob", "7"))
    assert [left.reason for left in store.undo(addition.id).left] == ["it has entries by now"]
    assert [account.id for account in store.accounts()] == ["7"]
