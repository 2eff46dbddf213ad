"""What a run can change, and what it never can: the safety rules, one after the other, on every store."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from pbx_connector.errors import PlanRefused, SourceUnavailable, StoreError, UsageError
from pbx_connector.model import (
    Account,
    Book,
    BookGone,
    BookStatus,
    BookUnknown,
    Mapped,
    Problem,
    Record,
    Report,
    Row,
    RunStatus,
)
from pbx_connector.plan import Action
from pbx_connector.profile import Limits, Profile, RemovalLimit
from pbx_connector.run import simulate_profile
from pbx_connector.stores import Store
from pbx_connector.testing import MemoryBook, MemorySource

from .conftest import dump

Run = Callable[..., Report]
Names = Callable[[], dict[str, int]]
FREE = Limits(RemovalLimit(share=1.0, entries=1000))


def fill(book: MemoryBook, *names: str) -> MemoryBook:
    for name in names:
        book.put(name.lower(), display_name=name)
    return book


# --- 1: absence means removal only where it is certain -------------------------------------------------------------


@pytest.mark.parametrize("delta", [False, True])
def test_rule_1_a_row_that_is_gone_from_a_whole_reading_is_removed(
    run: Run, source: MemorySource, names: Names, delta: bool
) -> None:
    book = fill(source.add("public", delta=delta), "Ann", "Bob")
    run()
    book.drop("bob")
    assert run().counts.removed == 1
    assert list(names()) == ["Ann"]


def test_rule_1_upsert_never_removes(run: Run, source: MemorySource, names: Names) -> None:
    book = fill(source.add("public", delta=True), "Ann", "Bob")
    gone = fill(source.add("gone"), "Cid")
    run(mode="upsert")
    book.drop("bob")
    book.put("ann", skip="unwanted")
    del source.shelf[gone.book.id]
    assert run(mode="upsert").counts.removed == 0
    assert list(names()) == ["Cid", "Ann", "Bob"]


def test_rule_1_a_stream_without_an_end_removes_nothing(run: Run, source: MemorySource, names: Names) -> None:
    book = fill(source.add("public"), "Ann", "Bob", "Cid")
    run()
    book.drop("cid")
    book.cut_after = 1
    report = run()
    assert report.status is RunStatus.PARTIAL
    assert [problem.code for problem in report.problems] == ["S102"]
    assert list(names()) == ["Ann", "Bob", "Cid"]


def test_rule_1_entries_of_another_profile_or_made_by_hand_stay(
    run: Run, source: MemorySource, store: Store, profile: Profile, names: Names
) -> None:
    book = fill(source.add("public"), "Ann")
    run()
    run(id="other")
    book.drop("ann")
    run()
    assert list(names()) == ["Ann"]
    assert [entry.origin and entry.origin.profile for entry in store.entries()] == ["other"]


@pytest.mark.parametrize("delta", [False, True])
def test_rule_1_a_row_that_the_rules_now_skip_is_removed(
    run: Run, source: MemorySource, names: Names, delta: bool
) -> None:
    book = fill(source.add("public", delta=delta), "Ann", "Bob")
    run()
    book.put("bob", skip="private contact")
    report = run()
    assert (report.counts.removed, report.counts.skipped, report.skipped) == (1, 1, {"private contact": 1})
    assert list(names()) == ["Ann"]


@pytest.mark.parametrize("delta", [False, True])
def test_rule_1_a_record_that_a_row_no_longer_makes_is_removed(
    run: Run, source: MemorySource, names: Names, delta: bool
) -> None:
    book = source.add("public", delta=delta)
    book.put("ann", display_name="Ann", also="Ann at home")
    run()
    assert list(names()) == ["Ann", "Ann at home"]
    book.put("ann", display_name="Ann")
    assert run().counts.removed == 1
    assert list(names()) == ["Ann"]


# --- 2: every absence is confirmed ---------------------------------------------------------------------------------


def test_rule_2_a_row_that_was_not_listed_but_is_there_stays_and_is_reported(
    run: Run, source: MemorySource, names: Names
) -> None:
    book = fill(source.add("public"), "Ann", "Bob")
    run()
    book.withheld = {"bob"}
    report = run()
    assert report.counts.removed == 0
    assert [(problem.code, problem.severity) for problem in report.problems] == [("S104", "warning")]
    assert list(names()) == ["Ann", "Bob"]
    book.withheld = set()
    assert run().problems == ()


def test_rule_2_a_source_that_cannot_confirm_leaves_the_whole_book_as_it_is(
    run: Run, source: MemorySource, names: Names
) -> None:
    book = fill(source.add("public"), "Ann", "Bob")
    run()
    book.put("ann", display_name="Anna")
    book.drop("bob")
    book.mute = True
    report = run()
    assert report.status is RunStatus.PARTIAL
    assert list(names()) == ["Ann", "Bob"]
    book.mute = False
    run()
    assert list(names()) == ["Anna"]


def test_rule_2_a_book_that_is_not_listed_is_looked_for(run: Run, source: MemorySource, names: Names) -> None:
    fill(source.add("public"), "Ann")
    source.hidden = {"public"}
    run()
    assert list(names()) == []
    source.hidden = set()
    run()
    source.hidden = {"public"}
    source.shelf["public"].put("bob", display_name="Bob")
    assert run().counts.removed == 0
    assert list(names()) == ["Ann", "Bob"]


def test_rule_2_an_answer_about_another_book_says_nothing(run: Run, source: MemorySource, names: Names) -> None:
    fill(source.add("public"), "Ann")
    fill(source.add("other"), "Bob")
    run()
    source.hidden.add("other")
    for answer in (BookGone("public"), BookGone("nowhere"), source.shelf["public"].book):
        source.look = lambda book, answer=answer: answer  # type: ignore[method-assign,misc]
        report = run()
        assert [(book.book.id, book.status) for book in report.books] == [
            ("other", BookStatus.UNKNOWN),
            ("public", BookStatus.DONE),
        ]
        assert sorted(names()) == ["Ann", "Bob"]


def test_rule_2_a_book_that_is_gone_takes_its_entries_along(run: Run, source: MemorySource, names: Names) -> None:
    fill(source.add("public"), "Ann")
    fill(source.add("old"), "Bob")
    run()
    del source.shelf["old"]
    report = run()
    assert report.status is RunStatus.DONE
    assert {book.book.id: book.status for book in report.books} == {"public": BookStatus.DONE, "old": BookStatus.GONE}
    assert list(names()) == ["Ann"]
    assert [book.book.id for book in run().books] == ["public"]


@pytest.mark.parametrize("listed", [False, True])
def test_rule_2_a_book_that_nothing_is_known_about_keeps_its_entries(
    run: Run, source: MemorySource, names: Names, listed: bool
) -> None:
    fill(source.add("public"), "Ann")
    run()
    source.unknown = {"public": Problem("X999", "time-out")}
    source.hidden = set() if listed else {"public"}
    report = run()
    assert report.status is RunStatus.PARTIAL
    assert [problem.code for problem in report.problems] == ["X999"]
    assert list(names()) == ["Ann"]


def test_rule_2_one_accounts_trouble_does_not_block_anothers_removals(
    run: Run, source: MemorySource, store: Store, names: Names
) -> None:
    store.import_accounts([Account("1"), Account("2")])
    fill(source.add("one", account="1"), "Ann")
    book = fill(source.add("two", account="2"), "Bob", "Cid")
    run()
    source.unknown = {"one": Problem("X999", "impersonation denied")}
    book.drop("cid")
    assert run().counts.removed == 1
    assert list(names()) == ["Ann", "Bob"]


# --- 3: failures keep what is there, and are reported until they are resolved ---------------------------------------


@pytest.mark.parametrize("delta", [False, True])
def test_rule_3_a_failed_book_keeps_its_entries_and_the_others_go_on(
    run: Run, source: MemorySource, names: Names, delta: bool
) -> None:
    broken = fill(source.add("broken", delta=delta), "Ann", "Bob")
    sound = fill(source.add("sound", delta=delta), "Cid")
    run()
    broken.put("ann", display_name="Anna")
    broken.drop("bob")
    broken.fail_after = 1
    sound.put("dee", display_name="Dee")
    report = run()
    assert report.status is RunStatus.PARTIAL
    assert sorted(names()) == ["Ann", "Bob", "Cid", "Dee"]
    broken.fail_after = None
    assert run().status is RunStatus.DONE
    assert sorted(names()) == ["Anna", "Cid", "Dee"]


@pytest.mark.parametrize("delta", [False, True])
def test_rule_3_a_row_that_cannot_be_read_keeps_its_entry_and_is_reported_until_it_can(
    run: Run, source: MemorySource, names: Names, delta: bool
) -> None:
    book = fill(source.add("public", delta=delta), "Ann", "Bob")
    before = run()
    book.spoil("bob")
    for _ in range(2):
        report = run()
        assert (report.status, [problem.code for problem in report.problems]) == (RunStatus.DONE, ["T001"])
        assert list(names()) == ["Ann", "Bob"]
    book.put("bob", display_name="Bobby")
    assert run().problems == before.problems == ()
    assert list(names()) == ["Ann", "Bobby"]


@pytest.mark.parametrize("delta", [False, True])
def test_rule_3_a_row_that_cannot_be_mapped_keeps_its_entry_and_is_reported_until_it_can(
    run: Run, source: MemorySource, names: Names, store: Store, delta: bool
) -> None:
    book = fill(source.add("public", delta=delta), "Ann", "Bob")
    run()
    book.put("bob", display_name=" ")
    for _ in range(2):
        assert [problem.code for problem in run().problems] == ["S204"]
        assert list(names()) == ["Ann", "Bob"]
    assert [problem.code for problem in store.problems("crm")] == ["S204"]
    book.drop("bob")
    assert run().problems == ()
    assert list(names()) == ["Ann"]


def test_rule_3_a_source_that_is_down_changes_nothing(
    run: Run, source: MemorySource, names: Names, store: Store
) -> None:
    fill(source.add("public"), "Ann")
    run()
    source.down = SourceUnavailable("no answer")
    with pytest.raises(SourceUnavailable):
        run()
    assert list(names()) == ["Ann"]
    assert [record.report.status for record in store.runs()] == [RunStatus.FAILED, RunStatus.DONE]


def test_rule_3_a_plugin_with_a_bug_fails_its_book_and_names_the_error(
    run: Run, source: MemorySource, names: Names
) -> None:
    fill(source.add("public"), "Ann")
    run()
    book = source.shelf["public"]
    for broken, code in (({"ann": "nonsense"}, "S102"), ("no mapping at all", "S106")):
        book.items = broken  # type: ignore[assignment]
        report = run()
        assert [(problem.code, report.status) for problem in report.problems] == [(code, RunStatus.PARTIAL)]
    assert list(names()) == ["Ann"]


# --- 4: the guard --------------------------------------------------------------------------------------------------


def refused(run: Run, **parts: object) -> PlanRefused:
    with pytest.raises(PlanRefused) as caught:
        run(**parts)
    return caught.value


def crowd(source: MemorySource, many: int, *, delta: bool = False) -> MemoryBook:
    book = source.add("public", delta=delta)
    for number in range(many):
        book.put(f"k{number}", display_name=f"Name {number}", phone=f"+4999{number}", mobile=f"+4917{number}")
    return book


def test_rule_4_the_guard_refuses_too_many_removals_and_keeps_the_plan(
    run: Run, source: MemorySource, names: Names, store: Store
) -> None:
    book = crowd(source, 40)
    run()
    for number in range(11):
        book.drop(f"k{number}")
    refusal = refused(run)
    assert len(names()) == 40
    kept = store.plan(refusal.plan)
    assert (kept.profile, kept.summary.removed, kept.reasons) == ("crm", 11, refusal.reasons)
    assert [change.action for change in store.plan_changes(refusal.plan)] == [Action.REMOVE] * 11
    assert store.run(refusal.plan).report.status is RunStatus.REFUSED


@pytest.mark.parametrize(("many", "lost"), [(40, 10), (60, 12)])
def test_rule_4_both_limits_must_be_passed(run: Run, source: MemorySource, many: int, lost: int) -> None:
    book = crowd(source, many)
    run()
    for number in range(lost):
        book.drop(f"k{number}")
    assert run().counts.removed == lost


def test_rule_4_blanked_phone_numbers_count_as_losses(run: Run, source: MemorySource, names: Names) -> None:
    book = crowd(source, 20)
    run()
    for number in range(6):
        book.put(f"k{number}", display_name=f"Name {number}")
    assert "blank 12 phone numbers" in refused(run).reasons[0]


def test_rule_4_the_runs_of_the_last_24_hours_count_together(run: Run, source: MemorySource, names: Names) -> None:
    book = crowd(source, 50)
    run()
    for number in range(10):
        book.drop(f"k{number}")
    run()
    book.drop("k10")
    assert "after 10 and 0 in the last 24 hours" in refused(run).reasons[0]
    assert len(names()) == 40


def test_rule_4_a_book_of_five_that_is_still_there_is_not_emptied(run: Run, source: MemorySource, names: Names) -> None:
    book = fill(source.add("small"), "Ann", "Bob", "Cid", "Dee", "Eve")
    crowd(source, 90)
    run()
    for key in list(book.items):
        book.drop(key)
    assert "would empty the address book Small" in refused(run).reasons[0]
    assert len(names()) == 95


def test_rule_4_a_book_of_four_may_be_emptied(run: Run, source: MemorySource) -> None:
    book = fill(source.add("small"), "Ann", "Bob", "Cid", "Dee")
    run()
    for key in list(book.items):
        book.drop(key)
    assert run().counts.removed == 4


def test_rule_4_a_book_that_is_gone_counts_as_plain_removals(run: Run, source: MemorySource) -> None:
    fill(source.add("small"), "Ann", "Bob", "Cid", "Dee", "Eve")
    run()
    del source.shelf["small"]
    assert run().counts.removed == 5


def test_rule_4_a_refused_plan_advances_no_checkpoint(run: Run, source: MemorySource, names: Names) -> None:
    book = crowd(source, 40, delta=True)
    run()
    for number in range(11):
        book.drop(f"k{number}")
    refused(run)
    assert "11 entries" in refused(run).reasons[0]
    assert run(limits=FREE).counts.removed == 11


def test_rule_4_a_plan_is_released_once_and_later_losses_do_not_count_it(
    run: Run, source: MemorySource, names: Names
) -> None:
    book = crowd(source, 40)
    run()
    for number in range(20):
        book.drop(f"k{number}")
    refusal = refused(run)
    report = run(release=refusal.plan)
    assert (report.counts.removed, len(names())) == (20, 20)
    with pytest.raises(Exception, match="was applied by run"):
        run(release=refusal.plan)
    book.drop("k20")
    assert run().counts.removed == 1


def test_rule_4_a_released_plan_that_has_changed_since_is_stale(run: Run, source: MemorySource, names: Names) -> None:
    book = crowd(source, 40)
    run()
    for number in range(20):
        book.drop(f"k{number}")
    refusal = refused(run)
    book.drop("k20")
    stale = refused(run, release=refusal.plan)
    assert stale.stale
    assert len(names()) == 40
    assert run(release=stale.plan).counts.removed == 21


def test_rule_4_what_was_simulated_and_saved_is_what_is_applied(
    run: Run, source: MemorySource, profile: Profile, store: Store, names: Names
) -> None:
    book = fill(source.add("public"), "Ann")
    with simulate_profile(profile, store, save=True) as simulation:
        plan = simulation.plan
    book.put("bob", display_name="Bob")
    assert refused(run, plan=plan).stale
    assert names() == {}
    book.drop("bob")
    assert run(plan=plan).counts.added == 1


def test_rule_4_a_saved_plan_is_there_and_holds_nobody_up_while_it_is_shown(
    run: Run, source: MemorySource, profile: Profile, store: Store, names: Names
) -> None:
    book = fill(source.add("public"), "Ann", "Bob")
    run()
    book.put("cid", display_name="Cid")
    with simulate_profile(profile, store, save=True) as simulation:
        store.add_label("New")
        assert simulation.plan is not None
        assert list(store.plan_changes(simulation.plan)) == list(simulation.changes())
        assert run(plan=simulation.plan).counts.added == 1
        assert [change.action for change in simulation.records()] == [Action.ADD, Action.KEEP, Action.KEEP]


def test_rule_4_a_run_applies_one_plan(run: Run, source: MemorySource) -> None:
    with pytest.raises(UsageError, match="one plan"):
        run(plan="1", release="1")


def test_rule_4_a_saved_plan_that_was_not_refused_releases_nothing(
    run: Run, source: MemorySource, store: Store, profile: Profile
) -> None:
    book = fill(source.add("public"), *[f"N{number}" for number in range(40)])
    run()
    book.drop("n0")
    with simulate_profile(profile, store, save=True) as simulation:
        plan = simulation.plan
    assert store.run(run(release=plan).run).released is False


# --- 5: all or nothing, and nothing twice --------------------------------------------------------------------------


@pytest.mark.parametrize("delta", [False, True])
def test_rule_5_a_second_run_changes_nothing(run: Run, source: MemorySource, store: Store, delta: bool) -> None:
    book = source.add("public", delta=delta)
    for number in range(1200):
        book.put(f"k{number}", display_name=f"Name {number}", label="Sales")
    run()
    before = list(store.entries())
    report = run()
    counts = report.counts
    assert (counts.added, counts.updated, counts.removed, counts.unchanged) == (0, 0, 0, 1200)
    assert list(store.entries()) == before
    assert list(store.changes(report.run)) == []


def test_rule_5_a_full_reading_of_the_same_changes_nothing(run: Run, source: MemorySource, store: Store) -> None:
    fill(source.add("public", delta=True), "Ann", "Bob")
    run()
    before = list(store.entries())
    assert run(full=True).counts.updated == 0
    assert list(store.entries()) == before


def test_rule_5_a_simulation_leaves_no_trace(run: Run, source: MemorySource, store: Store, profile: Profile) -> None:
    book = fill(source.add("public"), "Ann", "Bob")
    run()
    before = dump(store)
    book.put("ann", display_name="Anna", label="Sales")
    book.drop("bob")
    book.put("cid", display_name="Cid")
    with simulate_profile(profile, store) as simulation:
        actions = [change.action for change in simulation.changes()]
        names = [change.content.fields["display_name"] for change in simulation.records()]
    assert actions == [Action.ADD, Action.UPDATE, Action.REMOVE]
    assert names == ["Cid", "Anna", "Bob"]
    assert dump(store) == before


# --- 6: ids --------------------------------------------------------------------------------------------------------


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


# --- 7: private stays private --------------------------------------------------------------------------------------


def test_rule_7_rows_of_a_personal_book_show_for_their_account_alone(
    run: Run, source: MemorySource, store: Store
) -> None:
    store.import_accounts([Account("7"), Account("8")])
    fill(source.add("personal", account="7"), "Ann")
    run()
    shown = {scope: len(list(store.entries(account=scope))) for scope in (None, "7", "8")}
    assert shown == {None: 0, "7": 1, "8": 0}


@pytest.mark.parametrize("owner", ["", "8"])
def test_rule_7_a_mapping_cannot_publish_a_personal_contact(
    run: Run, source: MemorySource, store: Store, owner: str
) -> None:
    store.import_accounts([Account("7"), Account("8")])
    book = source.add("personal", account="7")
    book.put("ann", display_name="Ann", owner=owner)
    report = run()
    assert [problem.code for problem in report.problems] == ["S201"]
    assert list(store.entries()) == []
    assert run(publish_personal=True).counts.added == 1


def test_rule_7_an_unknown_account_gets_no_entries_until_it_is_there(
    run: Run, source: MemorySource, store: Store
) -> None:
    source.add("public", delta=True).put("ann", display_name="Ann", owner="9")
    assert [problem.code for problem in run().problems] == ["S202"]
    store.add_account(Account("9"))
    assert run().counts.added == 1


# --- 8: checkpoints ------------------------------------------------------------------------------------------------


def test_rule_8_any_difference_in_what_it_was_made_with_means_a_full_reading(
    run: Run, source: MemorySource, store: Store, profile: Profile
) -> None:
    def shout(row: Row, book: Book) -> Mapped:
        return Mapped((Record("", book.account, {"display_name": str(row.values["display_name"]).upper()}),))

    fill(source.add("public", delta=True), "Ann", "Bob")
    run()
    assert run(map=shout).counts.updated == 0
    assert run(map=shout, fingerprint="f2").counts.updated == 2


def test_rule_8_a_checkpoint_is_not_advanced_while_a_row_waits_to_be_read(
    run: Run, source: MemorySource, names: Names
) -> None:
    book = fill(source.add("public", delta=True), "Ann")
    run()
    book.spoil("ann")
    run()
    book.items["ann"] = Row("ann", "late", {"display_name": "Anna"})  # readable again, without a change to tell
    run()
    assert list(names()) == ["Anna"]


# --- 9: one run at a time ------------------------------------------------------------------------------------------


def test_rule_9_two_runs_of_a_profile_never_overlap(run: Run, source: MemorySource, store: Store) -> None:
    fill(source.add("public"), "Ann")
    with (
        store.open_workspace("crm", "CRM", simulate=False),
        pytest.raises(StoreError, match="a run of profile crm is going on"),
    ):
        run()
    assert run().counts.added == 1


def test_rule_9_a_simulation_does_not_wait_for_a_run(source: MemorySource, store: Store, profile: Profile) -> None:
    fill(source.add("public"), "Ann")
    with store.open_workspace("crm", "CRM", simulate=False), simulate_profile(profile, store) as simulation:
        assert simulation.report.counts.added == 1


def test_rule_9_an_account_that_is_removed_while_its_book_is_read_changes_nothing(
    run: Run, source: MemorySource, store: Store, names: Names
) -> None:
    store.import_accounts([Account("7")])
    fill(source.add("mine", account="7", delta=True), "Ann")
    run()
    listed = source.books

    def remove_meanwhile() -> Iterator[Book | BookUnknown]:
        yield from listed()
        store.remove_account("7")

    source.books = remove_meanwhile  # type: ignore[method-assign]
    with pytest.raises(StoreError, match="the account of Mine was removed while the source was read"):
        run()
    assert names() == {}
