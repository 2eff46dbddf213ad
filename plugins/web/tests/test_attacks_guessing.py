"""Passwords that are guessed: by one, by many, at once, and of users who do not exist."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from pbx_web.login import authentication
from pbx_web.login.authentication import TRIES_OF_ADDRESS, TRIES_OF_USER, Authentication, LoginRefused

from pbx_connector.api import Role, User, application
from pbx_connector.stores import open_store

from .conftest import Running, Start
from .login_support import (
    CHEAP,
    PASSWORD,
    CountedPasswords,
    actions,
    token,
    visitor,
    with_ann,
)


@pytest.fixture
def running(start: Start) -> Running:
    return with_ann(start)


# --- guessing ----------------------------------------------------------------------------------------------------


class Guessing:
    """Passwords tried on a store with one user, by a clock of the test's own."""

    def __init__(self) -> None:
        self.now = 0.0
        self.store = open_store("memory:")
        self.passwords = CountedPasswords(CHEAP)
        self.door = Authentication(lambda: self.store, self.passwords, lambda: self.now)
        application.users.add_user(self.store, "ann", Role.ADMIN, password=CHEAP.hash(PASSWORD))

    def tries(self, name: str, password: str, address: str = "192.0.2.7") -> int:
        """The status of the answer."""
        try:
            user = self.door.by_password(name, password, address)
        except LoginRefused as refused:
            return refused.status
        application.audit.note_audit(
            self.store, application.audit.Actor(user.name, address), application.audit.AuditAction.LOGIN
        )
        return 200


def test_whoever_guesses_waits_and_then_may_try_again() -> None:
    guessing = Guessing()
    found = [guessing.tries("ann", f"guess number {number}") for number in range(TRIES_OF_USER + 5)]
    assert found == [401] * TRIES_OF_USER + [429] * 5
    assert guessing.passwords.looked_at == TRIES_OF_USER
    assert guessing.tries("ann", PASSWORD) == 429
    guessing.now += authentication.WINDOW + 1
    assert guessing.tries("ann", PASSWORD) == 200


def test_one_address_tries_few_passwords_on_many_names() -> None:
    guessing = Guessing()
    found = [guessing.tries(f"user{number}", "the same password") for number in range(TRIES_OF_ADDRESS + 5)]
    assert found == [401] * TRIES_OF_ADDRESS + [429] * 5
    assert guessing.tries("ann", PASSWORD, "192.0.2.8") == 200


def test_one_network_of_ipv6_is_one_address() -> None:
    guessing = Guessing()
    found = [guessing.tries(f"user{n}", "the same password", f"2001:db8::{n:x}") for n in range(TRIES_OF_ADDRESS + 1)]
    assert found[-1] == 429


def test_many_addresses_try_few_passwords_on_one_name() -> None:
    guessing = Guessing()
    found = [guessing.tries("ann", f"guess {number}", f"192.0.2.{number}") for number in range(TRIES_OF_USER + 5)]
    assert found == [401] * TRIES_OF_USER + [429] * 5


def test_nobody_can_be_kept_out_from_afar() -> None:
    guessing = Guessing()
    assert guessing.tries("ann", PASSWORD, "198.51.100.1") == 200
    for number in range(200):
        guessing.tries("ann", "a guess that is wrong", f"192.0.2.{number}")
    assert guessing.tries("ann", PASSWORD, "192.0.2.250") == 429
    assert guessing.tries("ann", PASSWORD, "198.51.100.1") == 200


def test_who_knows_one_password_cannot_guess_another_without_end() -> None:
    """A log-in of his own takes back no wrong guess."""
    guessing = Guessing()
    application.users.add_user(guessing.store, "bob", Role.READER, password=CHEAP.hash(PASSWORD))
    found = []
    for number in range(TRIES_OF_ADDRESS + 2):
        found.append(guessing.tries(f"name{number}", "a guess that is wrong"))
        guessing.tries("bob", PASSWORD)
    assert found[-1] == 429


def test_guesses_at_once_are_no_more_than_one_after_the_other() -> None:
    guessing = Guessing()
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda number: guessing.tries("ann", f"guess {number}"), range(60)))
    assert found.count(401) == TRIES_OF_USER


def test_a_user_who_does_not_exist_costs_as_much() -> None:
    guessing = Guessing()
    application.users.add_user(guessing.store, "new", Role.READER)
    application.users.disable_user(guessing.store, "new")
    for name in ("ann", "nobody", "new", "no name at all", "", "\0", "\udcff", "x" * 100_000):
        before = guessing.passwords.looked_at
        assert guessing.tries(name, "a guess that is wrong", f"192.0.2.{before}") == 401
        assert guessing.passwords.looked_at == before + 1


def test_names_that_nobody_can_have_are_no_name_that_somebody_uses_up() -> None:
    guessing = Guessing()
    for number in range(TRIES_OF_USER + 5):
        guessing.tries("no name at all", "a guess that is wrong", f"192.0.2.{number}")
    assert guessing.tries("no name either", "a guess that is wrong", "192.0.2.99") == 401


@pytest.mark.parametrize("password", ["", "\0", "\udcff", "x" * 1_000_000, PASSWORD + "\0", PASSWORD + " "])
def test_no_strange_password_is_right(password: str) -> None:
    assert Guessing().tries("ann", password) == 401


def test_nobody_gets_in_without_a_password_of_his_own() -> None:
    guessing = Guessing()
    application.users.add_user(guessing.store, "new", Role.READER)
    for digest in (None, "", "plain text", "$argon2id$broken"):
        new = User("new", Role.READER, digest)
        guessing.store.change_users(lambda held, new=new: {**held, "new": new})  # type: ignore[misc]
        for password in ("", "None", "plain text", "$argon2id$broken"):
            guessing.now += authentication.WINDOW + 1
            assert guessing.tries("new", password) == 401


def test_a_flood_of_guesses_is_a_few_lines_of_the_audit(running: Running) -> None:
    with visitor(running) as client:
        form = {"csrf_token": token(client), "name": "ann", "password": "wrong horse battery"}
        found = [client.post("/login", data=form).status_code for _ in range(TRIES_OF_USER + 20)]
        assert found[-1] == 429
    assert len(actions(running)) == TRIES_OF_USER
