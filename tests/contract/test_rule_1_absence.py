"""Safety rule 1, on every store. Absence means removal only where it is certain."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pbx_connector.model import Report, RunStatus
from pbx_connector.profile import Profile
from pbx_connector.stores import Store
from pbx_connector.testing import MemorySource

from .conftest import fill

Run = Callable[..., Report]
Names = Callable[[], dict[str, int]]


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
    del source.address_books[gone.book.id]
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
