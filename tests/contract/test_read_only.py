"""A phone book that may only be looked at: everything is shown, a run is simulated, and nothing at all is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest
from sqlalchemy import make_url

from pbx_connector.errors import StoreError
from pbx_connector.model import Account, Report
from pbx_connector.plan import Action, Content
from pbx_connector.profile import Profile
from pbx_connector.run import run_profile, simulate_profile
from pbx_connector.stores import Store, open_store
from pbx_connector.testing import MemorySource

from .conftest import dump

Run = Callable[..., Report]
pytestmark = pytest.mark.parametrize("store_url", ["sqlite", "postgres"], indirect=True)


@contextmanager
def a_reader(address: str) -> Iterator[str]:
    """A user of the database who may read its tables and do nothing else."""
    with psycopg.connect(address, autocommit=True) as owner:
        owner.execute("CREATE ROLE reader LOGIN")
        owner.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
        try:
            yield make_url(address).set(username="reader").render_as_string()
        finally:
            owner.execute("DROP OWNED BY reader")
            owner.execute("DROP ROLE reader")


@pytest.fixture
def reader(store: Store, store_url: str) -> Iterator[Store]:
    if store_url.startswith("sqlite"):
        with open_store(store_url, read_only=True) as reader:
            yield reader
    else:
        with a_reader(store_url) as url, open_store(url) as reader:
            yield reader


def test_all_is_shown_and_a_run_simulated_without_a_trace(
    run: Run, source: MemorySource, store: Store, profile: Profile, reader: Store
) -> None:
    book = source.add("public")
    book.put("ann", display_name="Ann", phone="110")
    book.put("bob", display_name="Bob")
    report = run()
    book.put("ann", display_name="Anna", phone="110", label="Sales")
    book.drop("bob")
    before = dump(store)
    with simulate_profile(profile, reader) as simulation:
        assert [change.action for change in simulation.records()] == [Action.UPDATE, Action.REMOVE]
    assert list(reader.entries()) == list(store.entries())
    assert list(reader.changes(report.run)) == list(store.changes(report.run))
    assert [match.entry.content.fields["display_name"] for match in reader.lookup("110")] == ["Ann"]
    assert [state.entries for state in reader.profiles()] == [2]
    assert dump(store) == before


@pytest.mark.parametrize(
    "change",
    [
        lambda store, profile: run_profile(profile, store),
        lambda store, profile: simulate_profile(profile, store, save=True).__enter__(),
        lambda store, _: store.undo("1"),
        lambda store, _: store.add_account(Account("1")),
        lambda store, _: store.add_label("New"),
        lambda store, _: store.add_entry(Content(None, {"display_name": "Cid"})),
        lambda store, _: store.adopt_profile("crm", "new"),
        lambda store, _: store.remove_profile("crm"),
        lambda store, _: store.compare_and_set("key", "", "text"),
    ],
    ids=["run", "save", "undo", "account", "label", "entry", "adopt", "remove", "shared state"],
)
def test_no_change_can_be_made(
    run: Run,
    source: MemorySource,
    store: Store,
    profile: Profile,
    reader: Store,
    change: Callable[[Store, Profile], object],
) -> None:
    source.add("public").put("ann", display_name="Ann")
    run()
    before = dump(store)
    with pytest.raises(StoreError, match=r"is read-only|may not do that"):
        change(reader, profile)
    assert dump(store) == before
