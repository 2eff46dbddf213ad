"""A set-up link lets one person choose one password, within an hour."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from pbx_connector.application import setup_links, users
from pbx_connector.errors import UsageError
from pbx_connector.stores import Role, Store, open_store

NOON = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
LATER = NOON + timedelta(minutes=61)


@pytest.fixture
def store() -> Iterator[Store]:
    with open_store("memory:") as store:
        yield store


def test_the_first_administrator_chooses_name_and_password(store: Store) -> None:
    token = setup_links.make_setup_link(store, None, NOON)
    assert token not in store.shared_state(setup_links.KEY)
    made = setup_links.use_setup_link(store, token, NOON, name="Ann", password="digest")
    assert made
    assert (made.name, made.role, made.password) == ("ann", Role.ADMIN, "digest")
    assert setup_links.use_setup_link(store, token, NOON, name="eve", password="digest") is None
    with pytest.raises(UsageError, match="there is an administrator already"):
        setup_links.make_setup_link(store, None, NOON)


def test_a_link_ends_after_an_hour(store: Store) -> None:
    token = setup_links.make_setup_link(store, None, NOON)
    assert setup_links.find_setup_link(store, token, LATER) is None
    assert setup_links.use_setup_link(store, token, LATER, name="ann", password="digest") is None
    setup_links.make_setup_link(store, None, LATER)
    assert setup_links.find_setup_link(store, token, NOON) is None


@pytest.mark.parametrize("token", ["", "x", "\udcff", "\0"])
def test_what_is_no_token_finds_nothing(store: Store, token: str) -> None:
    setup_links.make_setup_link(store, None, NOON)
    assert setup_links.use_setup_link(store, token, NOON, name="ann", password="digest") is None


def test_of_two_links_for_one_user_the_newer_one_counts(store: Store) -> None:
    users.add_user(store, "ann", Role.ADMIN, password="old")
    users.add_user(store, "bob", Role.READER)
    first, bob, second = (setup_links.make_setup_link(store, name, NOON) for name in ("ann", "bob", "ANN"))
    assert setup_links.find_setup_link(store, first, NOON) is None
    assert setup_links.find_setup_link(store, bob, NOON)
    changed = setup_links.use_setup_link(store, second, NOON, name="eve", password="new")
    assert changed
    assert (changed.name, changed.password) == ("ann", "new")


def test_a_link_is_used_by_one_of_all_who_try_at_once(store: Store) -> None:
    token = setup_links.make_setup_link(store, None, NOON)

    def use(number: int) -> bool:
        return setup_links.use_setup_link(store, token, NOON, name=f"u{number}", password="digest") is not None

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(use, range(8))) == 1
    assert len(store.users()) == 1


def test_a_name_that_cannot_be_costs_no_link(store: Store) -> None:
    token = setup_links.make_setup_link(store, None, NOON)
    with pytest.raises(UsageError, match="1 to 80 letters"):
        setup_links.use_setup_link(store, token, NOON, name="a b", password="digest")
    assert setup_links.use_setup_link(store, token, NOON, name="ann", password="digest")


def test_there_is_no_link_for_who_may_not_log_in(store: Store) -> None:
    users.add_user(store, "bob", Role.READER)
    users.disable_user(store, "bob")
    with pytest.raises(UsageError, match="the user bob is disabled"):
        setup_links.make_setup_link(store, "bob", NOON)
    with pytest.raises(UsageError, match="there is no user eve"):
        setup_links.make_setup_link(store, "eve", NOON)


def test_who_logs_in_elsewhere_gets_no_link(store: Store) -> None:
    """A password would let somebody in whom the other side keeps out."""
    users.admit(store, users.Identity("https://id.example ann", "ann", Role.ADMIN))
    with pytest.raises(UsageError, match="logs in elsewhere"):
        setup_links.make_setup_link(store, "ann", NOON)
