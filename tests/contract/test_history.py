"""The journal, undo, and profiles that change hands, on every store."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pbx_connector.errors import PlanRefused, ProfileHeld, SourceUnavailable, UsageError
from pbx_connector.model import Account, Report
from pbx_connector.plan import Action, Content
from pbx_connector.profile import ChangeLimit, Limits, Profile, RemovalLimit
from pbx_connector.run import run_profile, simulate_profile
from pbx_connector.stores import RunKind, Store, Undone, retention
from pbx_connector.testing import MemorySource

from .conftest import dump, fill, grow_older, set_clock

Run = Callable[..., Report]
Names = Callable[[], dict[str, int]]
FREE = Limits(RemovalLimit(share=1.0, entries=1000), ChangeLimit(share=1.0))


@pytest.fixture(autouse=True)
def _undone_as_shown(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is undone here, its preview says so before."""
    undo = store.undo

    def checked(run: str) -> Undone:
        before = dump(store)
        with suppress(UsageError):
            shown = store.simulate_undo(run)
        assert dump(store) == before
        undone = undo(run)
        assert replace(undone, run="") == shown
        return undone

    monkeypatch.setattr(store, "undo", checked)


def person(name: str, account: str | None = None, **fields: str) -> Content:
    return Content(account, {"display_name": name, **fields})


def test_the_journal_has_every_change_field_by_field(run: Run, source: MemorySource, store: Store) -> None:
    book = source.add("public")
    book.put("ann", display_name="Ann", phone="1", label="Sales")
    book.put("bob", display_name="Bob")
    run()
    book.put("ann", display_name="Ann", label="Support")
    book.drop("bob")
    book.put("cid", display_name="Cid")
    report = run()
    lines = {change.content.fields["display_name"]: change for change in store.changes(report.run)}
    assert {name: line.action for name, line in lines.items()} == {
        "Ann": Action.UPDATE,
        "Bob": Action.REMOVE,
        "Cid": Action.ADD,
    }
    assert [(change.name, change.old, change.new) for change in lines["Ann"].fields()] == [
        ("phone", "1", None),
        ("label Department", "Sales", "Support"),
    ]
    assert lines["Bob"].after is None
    assert lines["Cid"].before is None
    assert store.run(report.run).report == report


def test_an_entry_has_a_history_of_its_own(run: Run, source: MemorySource, store: Store, names: Names) -> None:
    book = source.add("public")
    book.put("ann", display_name="Ann", phone="1")
    book.put("bob", display_name="Bob")
    first = run()
    ann = names()["Ann"]
    book.put("ann", display_name="Ann", phone="2")
    second = run()
    book.drop("ann")
    third = run()
    found = [(made, change.action) for made, change in store.entry_history(ann)]
    assert found == [(third.run, Action.REMOVE), (second.run, Action.UPDATE), (first.run, Action.ADD)]
    assert [made for made, _ in store.entry_history(ann, limit=1)] == [third.run]
    for unknown in (0, -1, 10**6, 2**70):
        assert list(store.entry_history(unknown)) == []


NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def test_a_run_starts_by_the_clock_of_its_caller(profile: Profile, source: MemorySource, store: Store) -> None:
    source.add("public").put("ann", display_name="Ann")
    report = run_profile(profile, store, clock=lambda: NOON)
    assert (report.started, store.run(report.run).report.started) == (NOON, NOON)
    assert 0 <= report.duration < 60
    with simulate_profile(profile, store, clock=lambda: NOON) as simulation:
        assert simulation.report.started == NOON


def test_a_run_that_fails_has_its_start_in_the_history(profile: Profile, source: MemorySource, store: Store) -> None:
    source.down = SourceUnavailable("no answer")
    with pytest.raises(SourceUnavailable):
        run_profile(profile, store, clock=lambda: NOON)
    assert next(store.runs()).report.started == NOON


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


def test_profiles_are_listed_adopted_and_removed(run: Run, source: MemorySource, store: Store, names: Names) -> None:
    book = source.add("public", delta=True)
    book.put("ann", display_name="Ann")
    run()
    run(id="other")
    assert [(state.id, state.entries, state.books, state.held) for state in store.profiles()] == [
        ("crm", 1, 1, None),
        ("other", 1, 1, None),
    ]
    with pytest.raises(UsageError, match="from itself"):
        store.adopt_profile("crm", "crm")
    with pytest.raises(UsageError, match="no profile nobody"):
        store.remove_profile("nobody")
    ids = {entry.id for entry in store.entries()}
    assert store.adopt_profile("crm", "new") == 1
    report = run(id="new")
    assert (report.counts.added, report.counts.unchanged) == (0, 1)
    assert {entry.id for entry in store.entries()} == ids
    assert store.remove_profile("other") == 1
    removal = next(store.runs())
    assert [state.id for state in store.profiles()] == ["new"]
    store.undo(removal.id)
    assert {entry.id for entry in store.entries()} == ids


def test_adoption_after_a_first_run_keeps_the_older_ids_and_what_the_newer_entries_say(
    run: Run, source: MemorySource, store: Store, names: Names
) -> None:
    book = source.add("public", delta=True)
    for name in ("Ann", "Bob", "Cid"):
        book.put(name.lower(), display_name=name)
    run()
    before = names()
    book.put("bob", display_name="Robert")
    book.drop("cid")
    book.put("new key", display_name="Cid")
    book.put("dan", display_name="Dan")
    run(id="new")
    assert len(list(store.entries())) == 7
    assert store.adopt_profile("crm", "new") == 4
    after = {"Ann": before["Ann"], "Robert": before["Bob"], "Cid": before["Cid"]}
    assert {name: number for name, number in names().items() if name != "Dan"} == after
    assert [(state.id, state.books) for state in store.profiles()] == [("new", 1)]
    report = run(id="new")
    assert (report.counts.added, report.counts.updated, report.counts.removed) == (0, 0, 0)
    assert {name: number for name, number in names().items() if name != "Dan"} == after
    assert len(list(store.entries())) == 4


def test_a_profile_that_waits_still_waits_for_who_adopts_it(run: Run, source: MemorySource, store: Store) -> None:
    source.add("public").put("ann", display_name="Ann")
    store.undo(run().run)
    with store.open_workspace("new", "New", simulate=False):
        pass
    store.adopt_profile("crm", "new")
    with pytest.raises(ProfileHeld):
        run(id="new")


def test_what_a_profile_did_under_its_old_name_is_undone_for_who_adopted_it(
    run: Run, source: MemorySource, store: Store, names: Names
) -> None:
    store.import_accounts([Account("7"), Account("8")])
    book, mine = source.add("public"), source.add("mine", account="7")
    book.put("ann", display_name="Ann")
    book.put("bob", display_name="Bob")
    mine.put("cid", display_name="Cid")
    run()
    before = names()
    book.drop("bob")
    losses = run(limits=FREE)
    store.remove_account("7")
    departure = next(store.runs())
    store.adopt_profile("crm", "new")
    of_the_profile = [record.id for record in store.runs() if record.report.profile]
    assert [record.id for record in store.runs("new")] == of_the_profile
    assert list(store.runs("crm")) == []
    assert store.undo(departure.id).left == ()
    assert store.undo(losses.run).held == "new"
    assert names() == before
    assert {entry.origin.profile for entry in store.entries() if entry.origin} == {"new"}
    assert [(state.id, state.entries) for state in store.profiles()] == [("new", 3)]
    book.put("bob", display_name="Bob")
    store.resume_profile("new")
    assert run(id="new").counts.unchanged == 3
    assert names() == before


def test_two_files_with_one_id_are_refused(run: Run, source: MemorySource, store: Store, tmp_path: Path) -> None:
    source.add("public").put("ann", display_name="Ann")
    here, there = tmp_path / "crm.yaml", tmp_path / "other" / "crm.yaml"
    there.parent.mkdir()
    here.touch()
    there.touch()
    run(file=here)
    with pytest.raises(UsageError, match="is run from") as refusal:
        run(file=there)
    assert refusal.value.code == "P0106"
    assert "id:" in refusal.value.hint
    run(file=here.parent / "other" / ".." / "crm.yaml")
    here.unlink()
    run(file=there)
    here.touch()
    with pytest.raises(UsageError):
        run(file=here)
    assert [record.report.status for record in store.runs()] == ["done"] * 3


def test_a_file_that_got_another_id_gives_the_old_one_free_once_it_is_run(
    run: Run, source: MemorySource, store: Store, tmp_path: Path
) -> None:
    source.add("public").put("ann", display_name="Ann")
    here, there = tmp_path / "here.yaml", tmp_path / "there.yaml"
    here.touch()
    there.touch()
    run(file=here)
    with pytest.raises(UsageError, match="is run from") as refusal:
        run(file=there)
    assert "run that one first, or: pbx-connector profiles adopt crm NEW" in refusal.value.hint
    run(file=here, id="new")
    assert run(file=there).counts.unchanged == 1
    with pytest.raises(UsageError, match="is run from"):
        run(file=there, id="new")


def test_a_profile_does_not_take_over_from_itself(store: Store) -> None:
    with store.open_workspace("crm", "CRM", simulate=False):
        pass
    with pytest.raises(UsageError, match="cannot take over from itself"):
        store.adopt_profile("crm", "crm")
    assert [state.id for state in store.profiles()] == ["crm"]


def test_an_adoption_is_handed_back_not_undone(run: Run, source: MemorySource, store: Store) -> None:
    source.add("public").put("ann", display_name="Ann")
    run()
    store.adopt_profile("crm", "new")
    with pytest.raises(UsageError, match="profile new took over what crm owned") as refusal:
        store.undo(next(store.runs()).id)
    assert "profiles adopt" in refusal.value.hint
    assert [state.held for state in store.profiles()] == [None]


def test_history_is_pruned_but_not_its_last_day_and_not_the_last_run(
    run: Run, source: MemorySource, store: Store
) -> None:
    book = source.add("public")
    book.put("ann", display_name="Ann")
    store.add_account(Account("7"))
    first, other = run(), run(id="other")
    grow_older(store, timedelta(days=9))
    book.put("bob", display_name="Bob")
    second = run()
    with pytest.raises(UsageError, match="last day"):
        store.prune(timedelta(hours=23))
    assert store.prune(timedelta(days=10)) == 0
    assert store.prune(timedelta(days=8)) == 2
    assert [record.id for record in store.runs()] == [second.run, other.run]
    with pytest.raises(UsageError, match="no run"):
        store.run(first.run)
    assert len(list(store.changes(second.run))) == 1


def test_a_clock_that_is_a_year_fast_for_a_while_costs_no_history(run: Run, source: MemorySource, store: Store) -> None:
    source.add("public").put("ann", display_name="Ann")
    first, _ = run(), run()
    store.prune(timedelta(days=30))
    known = store.shared_state(retention.KEY)
    set_clock(store, timedelta(days=365))
    store.compare_and_set(retention.KEY, known, str(float(known) - 365 * 86400))
    assert [store.prune(timedelta(days=30)) for _ in range(2)] == [0, 0]
    assert store.run(first.run).id == first.run
    assert sum(store.prune(timedelta(days=30)) for _ in range(365 // retention.STEP.days)) == 1


def test_a_run_that_is_held_by_another_keeps_profiles_as_they_are(run: Run, source: MemorySource, store: Store) -> None:
    source.add("public").put("ann", display_name="Ann")
    report = run()
    with store.open_workspace("crm", "CRM", simulate=False):
        for change in (
            lambda: store.undo(report.run),
            lambda: store.remove_profile("crm"),
            lambda: store.adopt_profile("crm", "new"),
        ):
            with pytest.raises(Exception, match="is going on"):
                change()
    assert len(list(store.entries())) == 1


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


def test_plans_that_are_kept_are_listed_the_newest_first(profile: Profile, source: MemorySource, store: Store) -> None:
    fill(source.add("public"), "Ann")
    for _ in range(2):
        with simulate_profile(profile, store, save=True) as simulation:
            last = simulation.plan
    listed = [plan.id for plan in store.plans()]
    assert listed[0] == last
    assert listed == sorted(listed, key=int, reverse=True)
    assert [plan.id for plan in store.plans("crm")] == listed
    assert list(store.plans("other")) == []
