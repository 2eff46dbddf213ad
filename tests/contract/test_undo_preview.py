"""What an undo would do, without doing it: the same as it then does, whatever happened before, on every store."""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from pbx_connector.application.history import reversed_changes
from pbx_connector.errors import ProfileBusy, UsageError
from pbx_connector.model import Account, Report
from pbx_connector.plan import Action, Content
from pbx_connector.stores import RunKind, Store, Undone
from pbx_connector.testing import MemorySource

from .conftest import FREE, crowd, dump, fill

Run = Callable[..., Report]


def outcome(ask: Callable[[str], Undone], run: str) -> Any:
    try:
        return replace(ask(run), run="")
    except UsageError as error:
        return error.message


def undo_as_shown(store: Store, run: str) -> None:
    before = dump(store)
    shown = outcome(store.simulate_undo, run)
    assert dump(store) == before
    assert outcome(store.undo, run) == shown


class Life:
    """What people and sources do to a phone book, at random."""

    def __init__(self, seed: int, store: Store, source: MemorySource, run: Run) -> None:
        self.chance, self.store, self.source, self.run = random.Random(seed), store, source, run
        self.public = source.add("public")
        self.mine = source.add("mine", account="7")

    def step(self) -> None:
        with suppress(UsageError):
            self.chance.choice([self.read, self.read, self.by_hand, self.accounts, self.undo, self.undo])()

    def read(self) -> None:
        for book in (self.public, self.mine):
            for key in self.chance.sample(sorted(book.items), min(3, len(book.items))):
                book.drop(key)
            for key in self.chance.sample("abcdef", 3):
                owner = {"owner": self.chance.choice(["", "7"])} if book is self.mine else {}
                book.put(key, display_name=f"{key} {self.chance.randrange(3)}", **owner)
        if any(profile.held for profile in self.store.profiles()):
            self.store.resume_profile("crm")
        self.run(publish_personal=True, limits=FREE)

    def by_hand(self) -> None:
        mine = [entry.id for entry in self.store.entries() if entry.origin is None]
        chosen = self.chance.choice([0, *mine])
        content = Content(self.chance.choice([None, "7"]), {"display_name": str(self.chance.randrange(9))})
        if not chosen:
            self.store.add_entry(content)
        elif self.chance.random() < 0.5:
            self.store.edit_entry(chosen, lambda held: content)
        else:
            self.store.remove_entry(chosen)

    def accounts(self) -> None:
        if any(account.id == "7" for account in self.store.accounts()):
            self.store.remove_account("7")
        else:
            self.store.add_account(Account("7", self.chance.choice(["ann", "eve"])))

    def undo(self) -> None:
        undo_as_shown(self.store, self.chance.choice([record.id for record in self.store.runs(limit=8)]))


@pytest.mark.parametrize("seed", range(3))
def test_an_undo_does_what_its_preview_said(seed: int, store: Store, source: MemorySource, run: Run) -> None:
    store.add_account(Account("7", "ann"))
    life = Life(seed, store, source, run)
    life.read()
    for _ in range(20):
        life.step()
    for record in list(store.runs()):
        undo_as_shown(store, record.id)


def test_an_account_and_its_entries_go_and_come_together(run: Run, source: MemorySource, store: Store) -> None:
    store.add_account(Account("7", "ann"))
    store.add_entry(Content("7", {"display_name": "By hand"}))
    fill(source.add("mine", account="7"), "Ann", "Bob")
    run()
    store.remove_account("7")
    for _ in range(3):
        shown = store.simulate_undo(next(store.runs()).id)
        assert (shown.changes, shown.left) == (4, ())
        undo_as_shown(store, next(store.runs()).id)


def test_a_large_undo_is_paged_without_what_it_leaves(run: Run, source: MemorySource, store: Store) -> None:
    book = crowd(source, 700)
    first = run()
    for number in range(0, 700, 7):
        book.put(f"k{number}", display_name=f"New {number}", phone="1")
    later = run(limits=FREE)
    shown = store.simulate_undo(first.run)
    assert (shown.changes, len(shown.left)) == (600, 100)
    assert {left.reason for left in shown.left} == {f"run {later.run} changed it later"}
    whole = list(reversed_changes(store, first.run, shown))
    assert [change.action for change in whole] == [Action.REMOVE] * 600
    assert not {change.entry for change in whole} & {left.entry for left in shown.left}
    assert list(reversed_changes(store, first.run, shown, skip=550, limit=20)) == whole[550:570]


def test_whoever_looks_at_an_undo_lets_others_write(run: Run, source: MemorySource, store: Store) -> None:
    fill(source.add("public"), "Ann")
    first = run()
    with ThreadPoolExecutor(1) as pool, store.changeset(RunKind.HAND, "somebody writes"):  # type: ignore[attr-defined]
        assert pool.submit(store.simulate_undo, first.run).result(timeout=60).changes == 1


def test_no_undo_is_shown_while_its_profile_runs(run: Run, source: MemorySource, store: Store) -> None:
    fill(source.add("public"), "Ann")
    first = run()
    with store.open_workspace("crm", "CRM", simulate=False), pytest.raises(ProfileBusy, match="is going on"):
        store.simulate_undo(first.run)
