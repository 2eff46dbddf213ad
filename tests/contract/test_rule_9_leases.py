"""Safety rule 9, on every store. One run at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from pbx_connector.errors import StoreError
from pbx_connector.model import Account, Book, BookUnknown, Problem, Report
from pbx_connector.profile import Profile
from pbx_connector.run import simulate_profile
from pbx_connector.stores import Store
from pbx_connector.testing import MemorySource

from .conftest import fill

Run = Callable[..., Report]
Names = Callable[[], dict[str, int]]


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

    def remove_meanwhile() -> Iterator[Book | BookUnknown | Problem]:
        yield from listed()
        store.remove_account("7")

    source.books = remove_meanwhile  # type: ignore[method-assign]
    with pytest.raises(StoreError, match="the account of Mine was removed while the source was read"):
        run()
    assert names() == {}
