"""Safety rule 4, on every store. The guard."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from pbx_connector.errors import PlanRefused, UsageError
from pbx_connector.model import Counts, Merge, Report, RunStatus
from pbx_connector.plan import Action
from pbx_connector.profile import ChangeLimit, Limits, Profile, RemovalLimit
from pbx_connector.run import run_profile, simulate_profile
from pbx_connector.stores import Store
from pbx_connector.testing import MemorySource

from .conftest import FREE, crowd, fill, grow_older, set_clock

Run = Callable[..., Report]
Names = Callable[[], dict[str, int]]


def refused(run: Run, **parts: object) -> PlanRefused:
    with pytest.raises(PlanRefused) as caught:
        run(**parts)
    return caught.value


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


def test_rule_4_numbers_that_give_way_to_one_that_many_entries_share_count_as_losses(
    run: Run, source: MemorySource, names: Names
) -> None:
    book = crowd(source, 40)
    run()
    for number in range(11):
        book.put(f"k{number}", display_name=f"Name {number}", phone="+4930", mobile=f"+4917{number}")
    assert "replace 11 by a number that 5 or more entries share: 11 of 40" in refused(run).reasons[0]


def test_rule_4_a_number_that_few_share_or_that_each_entry_has_anew_is_no_loss(run: Run, source: MemorySource) -> None:
    book = crowd(source, 40)
    run()
    for number in range(20):
        book.put(f"k{number}", display_name=f"Name {number}", phone=f"+4930{number // 4}", mobile=f"+4917{number}")
    assert run().counts.updated == 20


def test_rule_4_a_number_that_was_shared_before_may_give_way_to_another_shared_one(
    run: Run, source: MemorySource
) -> None:
    book = source.add("public")
    for number in range(60):
        book.put(f"k{number}", display_name=f"Name {number}", fax="+4930" if number < 25 else f"+4999{number}")
    run()
    for number in range(25):
        book.put(f"k{number}", display_name=f"Name {number}", fax="+4931")
    assert run().counts.updated == 25


def test_rule_4_numbers_that_are_lost_a_few_at_a_time_count_together(run: Run, source: MemorySource) -> None:
    """The ones who have the shared number already, and the ones who are new, count among those who share it."""
    book = crowd(source, 50)
    run()
    for first, many in ((0, 4), (4, 9), (9, 12)):
        for number in range(first, many):
            book.put(f"k{number}", display_name=f"Name {number}", phone="+4930", mobile=f"+4917{number}")
        if first == 0:
            book.put("new", display_name="New", phone="+4930")
        if first < 9:
            run()
    assert "replace 3 by a number" in (reason := refused(run).reasons[0])
    assert "after 0 and 9 in the last 24 hours: 12 of 51" in reason


@pytest.mark.parametrize("field", ["display_name", "mobile"])
def test_rule_4_more_than_half_of_a_book_of_fifty_does_not_change_at_once(
    run: Run, source: MemorySource, store: Store, field: str
) -> None:
    book = crowd(source, 50)
    run()
    for number in range(26):
        book.put(
            f"k{number}", **({"display_name": f"Name {number}", "phone": f"+4999{number}"} | {field: f"1{number}"})
        )
    refusal = refused(run, limits=Limits(RemovalLimit(1.0, 1000)))
    assert refusal.reasons == (
        "it would change names or phone numbers of 26 of 50 entries at once, more than 25 and more than 50%",
    )
    assert store.plan(refusal.plan).reasons == refusal.reasons
    assert run(limits=Limits(RemovalLimit(1.0, 1000)), release=refusal.plan).counts.updated == 26


@pytest.mark.parametrize(("many", "changed"), [(25, 25), (50, 25), (51, 25)])
def test_rule_4_a_small_book_or_half_of_a_large_one_may_change_at_once(
    run: Run, source: MemorySource, many: int, changed: int
) -> None:
    book = crowd(source, many)
    run()
    for number in range(changed):
        book.put(f"k{number}", display_name=f"Other {number}", phone=f"+4999{number}", mobile=f"+4917{number}")
    assert run().counts.updated == changed


def test_rule_4_what_is_no_name_and_no_number_may_change_everywhere(run: Run, source: MemorySource) -> None:
    """So may what is new where nothing was; and a profile sets the limit, or switches it off."""
    book = crowd(source, 60)
    run()
    for number in range(60):
        values = {"phone": f"+4999{number}", "mobile": f"+4917{number}", "fax": f"+4930{number}", "notes": "new"}
        book.put(f"k{number}", display_name=f"Name {number}", **values)
    assert run().counts.updated == 60
    for number in range(60):
        book.put(f"k{number}", display_name=f"Other {number}", phone=f"+4999{number}")
    everything = RemovalLimit(1.0, 1000)
    assert "60 of 60" in refused(run, limits=Limits(everything, ChangeLimit(0.9, 0))).reasons[0]
    assert run(limits=Limits(everything, ChangeLimit(1.0))).counts.updated == 60


def test_rule_4_the_runs_of_the_last_24_hours_count_together(run: Run, source: MemorySource, names: Names) -> None:
    book = crowd(source, 50)
    run()
    for number in range(10):
        book.drop(f"k{number}")
    run()
    book.drop("k10")
    assert "after 10 and 0 in the last 24 hours" in refused(run).reasons[0]
    assert len(names()) == 40


@pytest.mark.parametrize("hours", [25, -25, -30 * 24])
def test_rule_4_a_clock_that_is_set_makes_no_loss_of_today_one_of_another_day(
    run: Run, source: MemorySource, store: Store, names: Names, hours: int
) -> None:
    book = crowd(source, 50)
    run()
    for number in range(10):
        book.drop(f"k{number}")
    run()
    book.drop("k10")
    set_clock(store, timedelta(hours=hours))
    assert "after 10 and 0 in the last 24 hours" in refused(run).reasons[0]


def test_rule_4_losses_by_a_clock_that_was_ahead_count_for_a_day_from_when_that_is_seen(
    run: Run, source: MemorySource, store: Store
) -> None:
    book = crowd(source, 50)
    run()
    for number in range(10):
        book.drop(f"k{number}")
    run()
    set_clock(store, timedelta(days=-30))
    book.put("new", display_name="Somebody new")
    run()
    grow_older(store, timedelta(hours=25))
    book.drop("k10")
    assert run().counts.removed == 1


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
    del source.address_books["small"]
    assert run().counts.removed == 5


def test_rule_4_a_book_that_the_settings_do_not_take_any_more_is_still_there(
    run: Run, source: MemorySource, names: Names
) -> None:
    fill(source.add("small"), "Ann", "Bob", "Cid", "Dee", "Eve")
    run()
    source.unwanted.add("small")
    refusal = refused(run)
    wanted = "the settings no longer take the address book Small, which is still there and would lose 5 entries"
    assert refusal.reasons == (wanted,)
    assert len(names()) == 5
    assert run(release=refusal.plan).counts.removed == 5


def test_rule_4_books_that_the_settings_do_not_take_any_more_count_together(
    run: Run, source: MemorySource, names: Names
) -> None:
    for number in range(4):
        fill(source.add(f"small{number}"), f"Ann {number}", f"Bob {number}")
    run()
    source.unwanted |= {"small0", "small1"}
    assert run().counts.removed == 4
    fill(source.add("small4"), "Cid")
    run()
    source.unwanted |= {"small2", "small3", "small4"}
    assert "Small2, Small3, Small4, which are still there and would lose 5 entries" in refused(run).reasons[0]
    assert len(names()) == 5


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


def two_crowds(profile: Profile, many: int) -> tuple[Profile, Profile]:
    """Two profiles that bring the same people."""
    sources = MemorySource(), MemorySource()
    for source in sources:
        book = source.add("public")
        for number in range(many):
            book.put(f"k{number}", display_name=f"Name {number}", email=f"n{number}@example.com")
    one, other = (replace(profile, id=id, source=source.type()) for id, source in zip("ab", sources, strict=True))
    return one, other


def test_rule_4_entries_that_give_way_count_as_removals(profile: Profile, store: Store) -> None:
    one, other = two_crowds(profile, 30)
    run_profile(one, store)
    run_profile(other, store)
    merging = replace(other, merge=Merge(("email",), "other"))
    with pytest.raises(PlanRefused, match="let 30 entries give way to other profiles': 30 of 30") as refused:
        run_profile(merging, store)
    assert store.count_entries() == 60
    assert run_profile(merging, store, release=refused.value.plan).counts.given_way == 30
    assert store.count_entries() == 30
    assert run_profile(merging, store).counts == Counts(rows=30, unchanged=30)


def test_rule_4_entries_of_others_that_would_give_way_count_too(profile: Profile, store: Store) -> None:
    """Also of a profile that is new, by the share of those that would be hidden."""
    one, other = two_crowds(profile, 30)
    run_profile(one, store)
    with pytest.raises(PlanRefused, match="30 of 30"):
        run_profile(replace(other, merge=Merge(("email",), "mine")), store)
    assert run_profile(replace(other, merge=Merge(("email",), "other")), store).counts.given_way == 30
    assert [entry.origin and entry.origin.profile for entry in store.entries()] == ["a"] * 30
