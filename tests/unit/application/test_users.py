"""Users are added, changed and removed, and one who may administer is left."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pbx_connector.application import users, views
from pbx_connector.errors import UsageError
from pbx_connector.stores import Role, Store, open_store


@pytest.fixture
def store() -> Iterator[Store]:
    with open_store("memory:") as store:
        users.add_user(store, "Ann", Role.ADMIN, password="digest")
        yield store


def test_a_name_is_the_same_however_it_is_typed(store: Store) -> None:
    assert users.user_name("  STRASSE ") == users.user_name("straße") == "strasse"
    assert users.user_name("A\u0308NN@example.org") == users.user_name("änn@example.org")
    assert users.known_user(store, "ANN ").name == "ann"
    with pytest.raises(UsageError, match="there is a user ann already"):
        users.add_user(store, "ANN", Role.READER)


@pytest.mark.parametrize("name", ["", " ", "a b", "a/b", "a\0", "\udcff", "<b>", "x" * 81, "a\u202eb"])
def test_what_can_be_no_name_is_refused(store: Store, name: str) -> None:
    with pytest.raises(UsageError, match="1 to 80 letters"):
        users.add_user(store, name, Role.READER)


def test_a_role_is_one_of_four() -> None:
    assert users.role_of(" Admin") is Role.ADMIN
    with pytest.raises(UsageError, match="'root' is no role") as refused:
        users.role_of("root")
    assert refused.value.hint == "it is one of reader, editor, releaser, admin"


def test_the_last_administrator_stays(store: Store) -> None:
    users.add_user(store, "bea", Role.ADMIN)  # has no password yet
    users.disable_user(store, users.add_user(store, "cem", Role.ADMIN, password="digest").name)
    with pytest.raises(UsageError, match="nobody would be left who may administer"):
        users.change_role(store, "ann", Role.RELEASER)
    with pytest.raises(UsageError, match="nobody would be left who may administer"):
        users.disable_user(store, "ann")
    with pytest.raises(UsageError, match="nobody would be left who may administer"):
        users.remove_user(store, "ann")
    users.set_password(store, "bea", "digest")
    users.remove_user(store, "ann")
    assert [user.name for user in store.users()] == ["bea", "cem"]


def test_of_two_administrators_who_remove_each_other_one_stays(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'book.db'}"
    with open_store(url) as store:
        for name in ("ann", "bea"):
            users.add_user(store, name, Role.ADMIN, password="digest")

        def remove(name: str) -> bool:
            with open_store(url, patience=60) as other:
                try:
                    users.remove_user(other, name)
                except UsageError:
                    return False
            return True

        with ThreadPoolExecutor(2) as pool:
            assert sorted(pool.map(remove, ("ann", "bea"))) == [False, True]


def test_there_is_one_first_administrator(store: Store) -> None:
    with pytest.raises(UsageError, match="there is an administrator already"):
        users.add_first_admin(store, "bea", "digest")
    with open_store("memory:") as empty:
        assert users.add_first_admin(empty, "Bea", "digest").is_working_admin


def test_what_is_changed_is_changed_alone(store: Store) -> None:
    users.add_user(store, "bob", Role.READER, password="digest")
    users.show_personal(store, "bob", True)
    users.disable_user(store, "bob")
    users.change_role(store, "bob", Role.EDITOR)
    bob = users.disable_user(store, "bob", False)
    assert (bob.role, bob.personal, bob.disabled, bob.password) == (Role.EDITOR, True, False, "digest")
    with pytest.raises(UsageError, match="there is no user eve"):
        users.change_role(store, "eve", Role.ADMIN)


def test_nobody_becomes_a_user_with_a_password_by_being_called_like_him(store: Store) -> None:
    stranger = users.admit(store, users.Identity("https://login.example.org 7", "ann", Role.READER))
    assert (stranger.name, stranger.role) == ("ann-2", Role.READER)
    assert users.known_user(store, "ann").subject is None
    again = users.admit(store, users.Identity("https://login.example.org 7", "renamed", Role.EDITOR))
    assert (again.name, again.role) == ("ann-2", Role.EDITOR)
    nameless = users.admit(store, users.Identity("https://login.example.org 8", "<b>", Role.READER))
    assert nameless.name == "user"


def test_no_shape_has_the_digest(store: Store) -> None:
    shown = views.user(users.known_user(store, "ann"))
    assert shown["password"] is True
    assert "digest" not in str(shown)
