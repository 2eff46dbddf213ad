"""Safety rule 4, on every store. The guard."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from pbx_connector.errors import PlanRefused, UsageError
from pbx_connector.model import Report, RunStatus
from pbx_connector.plan import Action
from pbx_connector.profile import Profile
from pbx_connector.run import simulate_profile
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
    book.put("k20", display_name="Somebody else")
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
