"""Whatever sources, people and luck do, all stores make of it the same phone book, the same reports, the same ids.

A state machine drives random histories through the in-memory store, which compares entry by entry in plain Python, and
through a database, which compares by set operations. `PBX_HISTORIES` sets how many histories there are; with it, a
failure is also made short, which takes up to five minutes. Without it, the failure shows as it was found, with a line
that plays it again.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from pbx_connector.errors import ConnectorError
from pbx_connector.model import Account, Book, Mapped, Problem, Report, Row
from pbx_connector.plan import Content
from pbx_connector.profile import Limits, Profile, RemovalLimit
from pbx_connector.run import run_profile, simulate_profile
from pbx_connector.stores import Store, open_store
from pbx_connector.testing import MemoryBook, MemorySource
from pbx_connector.testing.memory_source import MemorySettings

from .conftest import dump, grow_older, map_row

HISTORIES = int(os.environ.get("PBX_HISTORIES", "12"))
PHASES = set(Phase) if "PBX_HISTORIES" in os.environ else {Phase.explicit, Phase.reuse, Phase.generate}
KEYS = st.sampled_from(["k0", "k1", "k2", "k3", "k4", "k5"])
BOOKS = st.sampled_from(["public", "changes", "private"])
NAMES = st.sampled_from(["Ann", "Bob", "Cid", "Müller", " "])
NUMBERS = st.sampled_from(["", "", "+4999112345", "+49991777"])
LIMITS = st.sampled_from([Limits(), Limits(RemovalLimit(0.1, 1)), Limits(RemovalLimit(1.0, 1000))])
IDS = st.sampled_from(["crm", "crm", "crm", "new"])
RUNS = st.integers(1, 40).map(str)


MOMENTS = ("stage", "close_book", "settle", "apply", "keep", "plan_transaction", "open_workspace")
CRASHES = st.sampled_from(["", "", "", "k3", *MOMENTS])
"""A row that is not mapped to its end, or what a run does last."""
ACCOUNTS = st.lists(st.sampled_from([Account("1"), Account("1", "eve"), Account("2", "bob"), Account("3")]), max_size=3)


class Crash(BaseException):
    """Stands for whatever ends a run without asking."""


class Faltering:
    """Passes everything on to a store; one call of a run is done, or one block of it left, and then the run ends."""

    def __init__(self, inner: Any, at: str) -> None:
        self._inner = inner
        self._at = at

    def __getattr__(self, name: str) -> Any:
        if name in ("open_workspace", "plan_transaction"):
            return partial(self._within, name)
        found = getattr(self._inner, name)
        return partial(self._last, found) if name == self._at else found

    def _last(self, act: Callable[..., Any], *args: Any, **options: Any) -> None:
        act(*args, **options)
        raise Crash

    @contextmanager
    def _within(self, name: str, *args: Any, **options: Any) -> Iterator[Any]:
        with getattr(self._inner, name)(*args, **options) as inner:
            yield Faltering(inner, self._at)
        if name == self._at:
            raise Crash


class Histories(RuleBasedStateMachine):
    make_store: Callable[[], Store]

    def __init__(self) -> None:
        super().__init__()
        self.stores = [open_store("memory:"), self.make_store()]
        self.source = MemorySource()
        self.crash_at = ""
        self.published = False
        self.named: set[str | None] = set()
        for book_id, account, delta in (("public", None, False), ("changes", None, True), ("private", "1", True)):
            self.source.add(book_id, account=account, delta=delta)
        self.away: dict[str, MemoryBook] = {}
        self.each(lambda store: store.import_accounts([Account("1", "ann"), Account("2", "bob")]))

    def teardown(self) -> None:
        for store in self.stores:
            store.close()

    def each(self, act: Callable[[Store], Any]) -> Any:
        """Do the same on all stores, with the same outcome, be it an error."""
        outcomes = []
        for store in self.stores:
            try:
                outcomes.append(act(store))
            except (ConnectorError, Crash) as error:
                outcomes.append((type(error), str(error), getattr(error, "reasons", None)))
        assert outcomes[1:] == outcomes[:-1]
        return outcomes[0]

    def map(self, row: Row, book: Book) -> Mapped:
        if row.key == self.crash_at:
            raise Crash
        return map_row(row, book)

    def profile(self, **parts: Any) -> Profile:
        made = Profile("crm", "CRM", self.source.type(), MemorySettings(), self.map, frozenset(), "f1")
        return replace(made, **parts)

    def book_held(self, book: str) -> MemoryBook:
        return self.source.address_books.get(book) or self.away[book]

    # what happens at the source

    @rule(
        book=BOOKS,
        key=KEYS,
        name=NAMES,
        phone=NUMBERS,
        label=st.sampled_from(["", "Sales"]),
        also=st.sampled_from(["", "", "Ann at home"]),
        skip=st.sampled_from(["", "", "", "unwanted"]),
        owner=st.sampled_from([None, None, None, "", "1", "2", "9"]),
    )
    def put(self, book: str, key: str, owner: str | None, **values: str) -> None:
        wanted = {"display_name": values.pop("name"), **{name: value for name, value in values.items() if value}}
        self.book_held(book).put(key, **wanted, **({} if owner is None else {"owner": owner}))
        self.named |= set() if owner is None else {owner or None}

    @rule(book=BOOKS, key=KEYS)
    def drop(self, book: str, key: str) -> None:
        if key in self.book_held(book).items:
            self.book_held(book).drop(key)

    @rule(book=BOOKS)
    def empty(self, book: str) -> None:
        for key in list(self.book_held(book).items):
            self.book_held(book).drop(key)

    @rule(book=BOOKS, key=KEYS, kind=st.sampled_from(["spoil", "skip"]))
    def spoil(self, book: str, key: str, kind: str) -> None:
        getattr(self.book_held(book), kind)(key)

    @rule(one=BOOKS, other=BOOKS, key=KEYS, to=KEYS)
    def move(self, one: str, other: str, key: str, to: str) -> None:
        item = self.book_held(one).items.get(key)
        if isinstance(item, Row):
            self.book_held(one).drop(key)
            self.book_held(other).put(to, **{name: str(value) for name, value in item.values.items()})

    @rule(book=BOOKS, how=st.sampled_from(["fail_after", "cut_after"]), after=st.sampled_from([None, 0, 1, 3]))
    def trouble(self, book: str, how: str, after: int | None) -> None:
        setattr(self.book_held(book), how, after)

    @rule(book=BOOKS, keys=st.sets(KEYS, max_size=2), mute=st.booleans())
    def forgetful(self, book: str, keys: set[str], mute: bool) -> None:
        self.book_held(book).withheld, self.book_held(book).mute = keys, mute

    @rule(book=BOOKS, fate=st.sampled_from(["there", "there", "unknown", "hidden", "gone"]))
    def fate(self, book: str, fate: str) -> None:
        self.source.unknown.pop(book, None)
        self.source.hidden.discard(book)
        if book in self.away:
            self.source.address_books[book] = self.away.pop(book)
        if fate == "unknown":
            self.source.unknown[book] = Problem("X999", "time-out")
        elif fate == "hidden":
            self.source.hidden.add(book)
        elif fate == "gone":
            self.away[book] = self.source.address_books.pop(book)

    # what the connector does

    @rule(
        id=IDS,
        mode=st.sampled_from(["mirror", "mirror", "mirror", "upsert"]),
        fingerprint=st.sampled_from(["f1", "f1", "f1", "f2"]),
        limits=LIMITS,
        labels=st.sampled_from(["create", "create", "require"]),
        publish_personal=st.sampled_from([False, False, False, True]),
        full=st.booleans(),
        crash_at=CRASHES,
    )
    def run(self, full: bool, crash_at: str, fingerprint: str, mode: str, **parts: Any) -> None:
        profile = self.profile(fingerprint=f"{fingerprint} {mode}", mode=mode, **parts)
        self.published |= profile.publish_personal
        self.crash_at = crash_at
        self.each(lambda store: timeless(run_profile(profile, Faltering(store, crash_at), full=full)))
        self.crash_at = ""

    @rule()
    def run_twice(self) -> None:
        profile = self.profile(limits=Limits(RemovalLimit(1.0, 1000)))
        self.each(lambda store: timeless(run_profile(profile, store)))
        book = self.each(lambda store: list(store.entries()))
        self.each(lambda store: timeless(run_profile(profile, store)))
        assert self.each(lambda store: list(store.entries())) == book

    @rule(limits=LIMITS, save=st.booleans())
    def simulate(self, limits: Limits, save: bool) -> None:
        profile = self.profile(limits=limits)

        def shown(store: Store) -> Any:
            before = list(store.entries()), list(store.runs()), store.labels()
            everything = dump(store)
            with simulate_profile(profile, store, save=save) as simulation:
                found = timeless(simulation.report), simulation.summary, simulation.reasons, simulation.plan
                changes = list(simulation.changes()), list(simulation.records())
            assert (list(store.entries()), list(store.runs()), store.labels()) == before
            assert save or dump(store) == everything
            return *found, *changes

        self.each(shown)

    @rule(id=IDS, plan=RUNS, released=st.booleans())
    def run_plan(self, id: str, plan: str, released: bool) -> None:
        wanted: dict[str, Any] = {"release": plan} if released else {"plan": plan}
        self.each(lambda store: timeless(run_profile(self.profile(id=id), store, **wanted)))

    # what people do

    @rule(run=RUNS)
    def undo(self, run: str) -> None:
        self.each(lambda store: store.undo(run))

    @rule(id=IDS)
    def resume(self, id: str) -> None:
        self.each(lambda store: store.resume_profile(id))

    @rule(old=IDS, new=IDS)
    def adopt(self, old: str, new: str) -> None:
        self.each(lambda store: store.adopt_profile(old, new))
        owners = {entry.origin.profile for entry in self.stores[1].entries() if entry.origin}
        assert owners <= {state.id for state in self.stores[1].profiles()}

    @rule(account=st.sampled_from(["1", "2"]))
    def remove_account(self, account: str) -> None:
        self.each(lambda store: store.remove_account(account))

    @rule(account=st.sampled_from(["1", "2"]))
    def add_account(self, account: str) -> None:
        self.each(lambda store: store.add_account(Account(account)))

    @rule(accounts=ACCOUNTS, remove_missing=st.booleans())
    def import_accounts(self, accounts: list[Account], remove_missing: bool) -> None:
        self.each(lambda store: store.import_accounts(accounts, remove_missing=remove_missing))

    @rule()
    def prune(self) -> None:
        self.each(lambda store: grow_older(store, timedelta(days=2)))
        self.each(lambda store: store.prune(timedelta(days=5)))

    @rule(name=NAMES, account=st.sampled_from([None, "1"]))
    def add_by_hand(self, name: str, account: str | None) -> None:
        self.each(lambda store: store.add_entry(Content(account, {"display_name": name}, {"VIP": "yes"})))

    @rule(entry=st.integers(1, 20), remove=st.booleans())
    def edit_by_hand(self, entry: int, remove: bool) -> None:
        content = Content(None, {"display_name": "Edited"})
        self.each(lambda store: store.remove_entry(entry) if remove else store.edit_entry(entry, lambda _: content))

    @precondition(
        lambda self: not self.source.address_books["public"].items if "public" in self.source.address_books else False
    )
    @rule()
    def remove_profile(self) -> None:
        self.each(lambda store: store.remove_profile("crm"))

    # what always holds

    @invariant()
    def all_phone_books_are_the_same(self) -> None:
        self.each(lambda store: list(store.entries()))
        self.each(lambda store: store.accounts())
        self.each(lambda store: [(label.name, label.entries) for label in store.labels()])
        self.each(lambda store: [list(store.problems(id)) for id in ("crm", "new")])
        self.each(lambda store: [(state.id, state.entries, state.books, state.held) for state in store.profiles()])

    @invariant()
    def private_entries_stay_private(self) -> None:
        """With `publish_personal` the rules decide whose they are: nobody's whom no row ever named."""
        for entry in self.stores[1].entries():
            if entry.origin and entry.origin.book.account:
                owners = {entry.origin.book.account} | (self.named if self.published else set())
                assert entry.content.account in owners

    @invariant()
    def histories_are_the_same(self) -> None:
        self.each(lambda store: [replace(run, report=timeless(run.report)) for run in store.runs(limit=3)])
        self.each(lambda store: [list(store.changes(run.id)) for run in store.runs(limit=1)])


def timeless(report: Report) -> Report:
    return replace(report, started=None, duration=0.0)


@pytest.mark.parametrize(("owner", "account"), [("", None), ("2", "2")])
def test_rules_say_whose_a_private_contact_is_only_where_that_is_allowed(owner: str, account: str | None) -> None:
    machine = type("Histories", (Histories,), {"make_store": staticmethod(lambda: open_store("memory:"))})()
    machine.put("private", "k0", owner, name="Ann", phone="", label="", also="", skip="")
    wanted = {"fingerprint": "f1", "mode": "mirror", "full": False, "crash_at": ""}
    machine.run(**wanted, publish_personal=False)
    assert list(machine.stores[0].entries()) == []
    machine.run(**wanted, publish_personal=True)
    assert [entry.content.account for entry in machine.stores[0].entries()] == [account]
    machine.private_entries_stay_private()
    machine.named.clear()
    with pytest.raises(AssertionError):
        machine.private_entries_stay_private()


def drive(make_store: Callable[[], Store], histories: int) -> None:
    machine = type("Histories", (Histories,), {"make_store": staticmethod(make_store)})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=histories,
            stateful_step_count=30,
            phases=PHASES,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )


def test_sqlite_does_what_the_plain_store_does(tmp_path: Path) -> None:
    template, numbers = tmp_path / "empty.db", count()
    open_store(f"sqlite:///{template}").close()

    def make_store() -> Store:
        return open_store(f"sqlite:///{shutil.copy(template, tmp_path / f'{next(numbers)}.db')}")

    drive(make_store, HISTORIES)


@pytest.mark.timeout(600)
def test_postgres_does_what_the_plain_store_does(empty_postgres: Callable[[], str]) -> None:
    drive(lambda: open_store(empty_postgres()), HISTORIES // 3)
