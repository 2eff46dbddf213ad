"""Several profiles with the same people, whatever they do and in whichever order, beside phone books that merge none.

Each history is driven through four stores at once: in memory and in a database, each with `merge:` and without. What is
owned must not depend on it, in any store and at any moment; what is shown is worked out here once more, the slow way.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from itertools import combinations, count
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from pbx_connector.errors import ConnectorError
from pbx_connector.model import Account, Counts, Merge, Report
from pbx_connector.plan import Content
from pbx_connector.profile import ChangeLimit, Limits, Profile, RemovalLimit
from pbx_connector.run import run_profile, simulate_profile
from pbx_connector.stores import Entry, Store, open_store
from pbx_connector.stores.selection import AtLeast, Condition, Equal, Key, Labelled, Not, Present, Some, Substrings
from pbx_connector.testing import MemorySource
from pbx_connector.testing.memory_source import MemorySettings

from .conftest import dump, grow_older, map_row

HISTORIES = int(os.environ.get("PBX_HISTORIES", "3"))
IS_LONG = "PBX_HISTORIES" in os.environ
PHASES = set(Phase) if IS_LONG else {Phase.explicit, Phase.reuse, Phase.generate}
FREE = Limits(RemovalLimit(1.0, 10_000), ChangeLimit(1.0))
PROFILES = ("a", "b", "c")
SOURCES = st.sampled_from(PROFILES)
IDS = st.sampled_from([*PROFILES, "renamed"])
BOOKS = st.sampled_from(["public", "public", "public", "private"])
KEYS = st.sampled_from(["k0", "k1", "k2"])
NAMES = st.sampled_from(["Ann", "Bob", "Cid"])
EMAILS = st.sampled_from(["", "ann@x.example", "ANN@x.example", "bob@x.example", "cid@x.example"])
NUMBERS = st.sampled_from(["", "", "", "", "+49 991 12345", "0991/12345", "+49 991 777", "+49 991 888 / +49 991 12345"])
MERGES = st.one_of(
    st.none(),
    st.builds(
        Merge,
        st.sampled_from([("email",), ("phone",), ("email", "phone")]),
        st.sampled_from(["other", "other", "mine"]),
    ),
)
CONTACTS = st.fixed_dictionaries(
    {
        "display_name": NAMES,
        "email": EMAILS,
        "phone": NUMBERS,
        "mobile": NUMBERS,
        "organisation": st.sampled_from(["", "Berg & Co"]),
        "label": st.sampled_from(["", "Sales", "Staff"]),
        "also": st.sampled_from(["", "", "", "Ann at home"]),
    }
)
CONDITIONS: tuple[Condition, ...] = (
    Equal(Key.EMAIL, "ann@x.example"),
    Substrings(Key.ORGANISATION, "berg"),
    Some((Equal(Key.MOBILE, "+4999112345"), Substrings(Key.PHONE, "+49"))),
    Not(Present(Key.MOBILE)),
    AtLeast(Key.EMAIL, "b"),
    Labelled("department", "Sales"),
    Not(Labelled("department")),
)
RARELY = st.integers(0, 3).map(lambda number: number == 0)
RUNS = st.integers(1, 30).map(str)
TEXTS = ("ann", "991", "berg", "12345")
CALLERS = ("+4999112345", "0991 777", "+49991888")
Place = tuple[str, str, str, str]
Question = TypeVar("Question")


def place(entry: Entry) -> Place:
    """Whose it is and where it comes from: the same whoever ran first."""
    assert entry.origin
    return entry.origin.profile, entry.origin.book.id, entry.origin.row, entry.origin.record


class Histories(RuleBasedStateMachine):
    make_store: Callable[[], Store]
    one_at_a_time = False
    """Whether there can be one store of `make_store` only: the plain one is then in memory alone."""

    def __init__(self) -> None:
        super().__init__()
        self.merging = [open_store("memory:"), self.make_store()]
        self.plain = [open_store("memory:"), *([] if self.one_at_a_time else [self.make_store()])]
        self.turns: Counter[tuple[object, ...]] = Counter()
        self.merges: dict[str, Merge | None] = {}
        self.sources = {name: MemorySource() for name in PROFILES}
        for source in self.sources.values():
            source.add("public")
            source.add("private", account="1", delta=True)
        self.each(lambda store: store.import_accounts([Account("1", "ann")]))

    def teardown(self) -> None:
        for store in (*self.merging, *self.plain):
            store.close()

    @property
    def stores(self) -> Sequence[Store]:
        return (*self.merging, *self.plain)

    def each(self, act: Callable[[Store], Any], stores: Sequence[Store] | None = None) -> Any:
        """Do the same on all stores, with the same outcome, be it an error."""
        outcomes = []
        for store in stores or self.stores:
            try:
                outcomes.append(act(store))
            except ConnectorError as error:
                outcomes.append((type(error), str(error)))
        assert outcomes[1:] == outcomes[:-1]
        return outcomes[0]

    def in_turn(self, questions: tuple[Question, ...]) -> tuple[Question, ...]:
        """All of them after each step of a long run; in a short one, which asks for most of its time, another one."""
        self.turns[questions] += 1
        return questions if IS_LONG else (questions[self.turns[questions] % len(questions)],)

    def profile(self, source: str, id: str) -> Profile:
        region = "DE" if source == "b" else None
        kind = self.sources[source].type()
        return Profile(id, id, kind, MemorySettings(), map_row, frozenset(), "f1", limits=FREE, region=region)

    # what happens at the sources

    @initialize(contacts=st.lists(CONTACTS, min_size=6, max_size=6), merges=st.lists(MERGES, min_size=3, max_size=3))
    def begin(self, contacts: list[dict[str, str]], merges: list[Merge | None]) -> None:
        """Two contacts in each source, and all have run."""
        self.merges = dict(zip(PROFILES, merges, strict=True))
        for number, contact in enumerate(contacts):
            self.put(PROFILES[number % 3], "public", f"k{number // 3}", contact)
        self.run_all_twice(PROFILES)

    @rule(source=SOURCES, book=BOOKS, key=KEYS, contact=CONTACTS)
    def put(self, source: str, book: str, key: str, contact: dict[str, str]) -> None:
        filled = {field: value for field, value in contact.items() if value}
        self.sources[source].address_books[book].put(key, **filled)

    @rule(source=SOURCES, book=BOOKS, key=KEYS)
    def drop(self, source: str, book: str, key: str) -> None:
        if key in self.sources[source].address_books[book].items:
            self.sources[source].address_books[book].drop(key)

    # what the connector does

    @rule(source=SOURCES, merge=MERGES)
    def say(self, source: str, merge: Merge | None) -> None:
        """The profile says something else from its next run on."""
        self.merges[source] = merge

    @rule(source=SOURCES, renamed=RARELY, full=st.booleans(), held=RARELY)
    def run(self, source: str, renamed: bool, full: bool, held: bool = False) -> None:
        if not held:
            self.each(lambda store: store.resume_profile(source))
        profile = self.profile(source, "renamed" if renamed else source)
        merging = replace(profile, merge=self.merges.get(source))
        shown = self.each(lambda store: timeless(run_profile(merging, store, full=full)), self.merging)
        plain = self.each(lambda store: timeless(run_profile(profile, store, full=full)), self.plain)
        assert without_merges(shown) == without_merges(plain)

    @rule(order=st.permutations(PROFILES))
    def run_all_twice(self, order: Sequence[str]) -> None:
        """What comes out depends on no order, and a second time nothing changes."""
        for source in order:
            self.run(source, renamed=False, full=False)
        before = [list(store.entries()) for store in self.stores]
        for source in order:
            self.run(source, renamed=False, full=False)
        assert [list(store.entries()) for store in self.stores] == before

    @rule(source=SOURCES)
    def run_and_undo(self, source: str) -> None:
        """An undo is exact: what was shown before the run is shown after it."""
        before = [list(store.entries()) for store in self.merging]
        merges = [list(store.entries(apart=True)) for store in self.merging]
        self.run(source, renamed=False, full=False)
        last = next(iter(self.merging[0].runs(source, limit=1)), None)
        if last is None or last.kind != "run" or last.report.status != "done":
            return
        undone = self.each(lambda store: store.undo(last.id))
        self.each(lambda store: store.resume_profile(source))
        if not isinstance(undone, tuple) and not undone.left:
            assert [said(list(store.entries(apart=True))) for store in self.merging] == list(map(said, merges))
            assert [said(list(store.entries())) for store in self.merging] == list(map(said, before))

    @rule(source=SOURCES)
    def simulate(self, source: str) -> None:
        profile = replace(self.profile(source, source), merge=self.merges.get(source))

        def shown(store: Store) -> Any:
            everything = dump(store)
            with simulate_profile(profile, store) as simulation:
                found = timeless(simulation.report), simulation.summary, simulation.transaction.shift
            assert dump(store) == everything
            return found

        self.each(shown, self.merging)

    # what people do

    @rule(run=RUNS)
    def undo(self, run: str) -> None:
        self.each(lambda store: store.undo(run))

    @rule(id=IDS)
    def resume(self, id: str) -> None:
        self.each(lambda store: store.resume_profile(id))

    @rule(old=IDS, new=IDS.filter(lambda id: id != "a"))
    def adopt(self, old: str, new: str) -> None:
        self.each(lambda store: store.adopt_profile(old, new))

    @rule(id=IDS, really=RARELY)
    def remove_profile(self, id: str, really: bool) -> None:
        if really:
            self.each(lambda store: store.remove_profile(id))

    @rule()
    def remove_and_add_the_account(self) -> None:
        self.each(lambda store: store.remove_account("1"))
        self.each(lambda store: store.add_account(Account("1", "ann")))

    @rule()
    def prune(self) -> None:
        self.each(lambda store: grow_older(store, timedelta(days=2)))
        self.each(lambda store: store.prune(timedelta(days=5)))

    @rule(name=NAMES, email=EMAILS, account=st.sampled_from([None, "1"]))
    def add_by_hand(self, name: str, email: str, account: str | None) -> None:
        fields = {"display_name": name, "phone": "+49 991 12345", **({"email": email} if email else {})}
        self.each(lambda store: store.add_entry(Content(account, fields)))

    # what always holds

    @invariant()
    def nobody_s_entries_depend_on_merging(self) -> None:
        self.each(lambda store: list(store.entries(apart=True)))
        self.each(lambda store: [list(store.changes(run.id)) for run in store.runs(limit=1)])
        self.each(lambda store: [(label.name, label.entries) for label in store.labels()])
        self.each(lambda store: [(state.id, state.entries, state.books, state.held) for state in store.profiles()])
        for store in self.plain:
            assert list(store.entries()) == list(store.entries(apart=True))

    @invariant()
    def stores_show_the_same(self) -> None:
        shown = self.each(lambda store: list(store.entries()), self.merging)
        self.each(lambda store: store.count_entries(), self.merging)
        self.each(lambda store: [store.entry(entry.id) for entry in store.entries(apart=True)], self.merging)
        assert [self.merging[0].entry(entry.id) for entry in shown] == shown
        for text in self.in_turn(TEXTS):
            self.each(lambda store, text=text: list(store.search(text)), self.merging)  # type: ignore[misc]
        for number in self.in_turn(CALLERS):
            self.each(lambda store, number=number: store.lookup(number, account="1"), self.merging)  # type: ignore[misc]
        self.each(lambda store: store.faults())

    @invariant()
    def stores_find_the_same(self) -> None:
        """By what is shown, also where another entry fills it."""
        for condition in self.in_turn(CONDITIONS):
            found = self.each(partial(found_by, condition), self.merging)
            assert [entry.id for entry in found[0]] == found[1]
        shown = {
            entry.id for entry in self.merging[0].entries() if entry.content.fields.get("email") == "ann@x.example"
        }
        assert shown <= set(self.merging[0].find_ids(CONDITIONS[0], owners=(None, "1")))

    @invariant()
    def it_is_shown_as_worked_out_the_slow_way(self) -> None:
        store = self.merging[0]
        apart = list(store.entries(apart=True))
        known: Any = store
        profiles = known._state.profiles
        merges = {id: profile.merge for id, profile in profiles.items() if profile.merge}
        towards = slow_links(apart, merges, {id for id, profile in profiles.items() if profile.region})
        assert {entry.id: entry.gives_way_to for entry in map(store.entry, (one.id for one in apart))} == {
            entry.id: towards.get(entry.id) for entry in apart
        }

    @invariant()
    def private_entries_are_shown_as_they_are_and_fill_nothing(self) -> None:
        for store in self.merging:
            apart = [entry for entry in store.entries(apart=True) if entry.content.account or not entry.origin]
            shown = [entry for entry in store.entries() if entry.content.account or not entry.origin]
            assert shown == apart
            private = {entry.id for entry in apart}
            assert not any(private & {*entry.merged} for entry in store.entries())

    @invariant()
    def a_person_is_one_match(self) -> None:
        for store in self.merging:
            found = store.lookup("+4999112345")
            assert len({match.entry.id for match in found}) == len(found)
            assert not any(match.entry.gives_way_to or match.entry.content.account for match in found)


def found_by(condition: Condition, store: Store) -> tuple[list[Entry], list[int], int]:
    owners = (None, "1")
    ids = list(store.find_ids(condition, owners=owners))
    return list(store.find(condition, owners=owners)), ids, store.count_found(condition, owners=owners)


def slow_links(entries: Sequence[Entry], merges: dict[str, Merge], german: set[str]) -> dict[int, int]:
    """By comparing each company entry of a profile with each other one; numbers are compared as the test knows them.
    `german` are the profiles whose numbers without a code are of one country."""
    company = {entry.id: entry for entry in entries if entry.origin and entry.content.account is None}
    has = {id: dict(slow_evidence(entry, german)) for id, entry in company.items()}

    def owner(id: int) -> str:
        origin = company[id].origin
        assert origin
        return origin.profile

    def tells(what: str) -> bool:
        owners = [owner(id) for id in company if what in has[id]]
        return len(set(owners)) == len(owners)

    def rank(id: int) -> tuple[int, str, int]:
        merge = merges.get(owner(id))
        return {None: 1, "mine": 0, "other": 2}[merge.prefer if merge else None], owner(id), id

    def are_one(one: int, other: int) -> bool:
        wanted = {kind for id in (one, other) if (merge := merges.get(owner(id))) for kind in merge.by}
        return any(tells(what) and has[one][what] in wanted for what in has[one].keys() & has[other].keys())

    before: dict[int, list[int]] = {}
    for one, other in combinations(company, 2):
        if owner(one) != owner(other) and are_one(one, other):
            first, second = sorted((one, other), key=rank)
            before.setdefault(second, []).append(first)
    towards = {id: min(firsts, key=rank) for id, firsts in before.items()}

    def end(id: int) -> int:
        return end(towards[id]) if id in towards else id

    return {id: end(id) for id in towards}


def slow_evidence(entry: Entry, german: set[str]) -> Iterator[tuple[str, str]]:
    fields = entry.content.fields
    if "email" in fields:
        yield fields["email"].lower(), "email"
    for number in {fields.get("phone"), fields.get("mobile")} - {None}:
        assert number
        if " / " not in number and (number.startswith("+") or (entry.origin and entry.origin.profile in german)):
            yield number.replace("+49 ", "0").replace("/", " "), "phone"


def said(entries: Sequence[Entry]) -> list[tuple[int, Content, Any, Any]]:
    """Versions apart: an undo has rows read again."""
    return [(one.id, one.content, one.merged, one.origin and place(one)) for one in entries]


def without_merges(outcome: Any) -> Any:
    if not isinstance(outcome, Report):
        return outcome
    counts = outcome.counts
    plain = {name: getattr(counts, name) for name in Counts.__slots__ if name not in ("given_way", "came_back")}
    return replace(outcome, counts=Counts(**plain))


def timeless(report: Report) -> Report:
    return replace(report, started=None, duration=0.0)


def drive(make_store: Callable[[], Store], histories: int, *, one_at_a_time: bool = False) -> None:
    parts = {"make_store": staticmethod(make_store), "one_at_a_time": one_at_a_time}
    machine = type("Histories", (Histories,), parts)
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=histories,
            stateful_step_count=20 if IS_LONG else 12,
            phases=PHASES,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )


def test_rules_1_to_7_hold_whatever_is_merged_on_sqlite(tmp_path: Path) -> None:
    template, numbers = tmp_path / "empty.db", count()
    open_store(f"sqlite:///{template}").close()

    def make_store() -> Store:
        return open_store(f"sqlite:///{shutil.copy(template, tmp_path / f'{next(numbers)}.db')}")

    drive(make_store, HISTORIES)


@pytest.mark.timeout(600)
def test_rules_1_to_7_hold_whatever_is_merged_on_postgres(empty_postgres: Callable[[], str]) -> None:
    drive(lambda: open_store(empty_postgres()), max(HISTORIES // 2, 1), one_at_a_time=True)
