"""Safety rule 7, on every store. Private stays private."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pbx_connector.model import Account, Report
from pbx_connector.stores import Store
from pbx_connector.testing import MemorySource

from .conftest import fill

Run = Callable[..., Report]


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
    assert [entry.content.account for entry in store.entries()] == [owner or None]


def test_rule_7_an_unknown_account_gets_no_entries_until_it_is_there(
    run: Run, source: MemorySource, store: Store
) -> None:
    source.add("public", delta=True).put("ann", display_name="Ann", owner="9")
    assert [problem.code for problem in run().problems] == ["S202"]
    store.add_account(Account("9"))
    assert run().counts.added == 1
