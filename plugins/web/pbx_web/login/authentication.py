"""Log-in by name and password: slow for whoever guesses, and the same for a user who does not exist.

Wrong passwords are counted by address, and by user. Somebody who guesses a user's password from elsewhere uses up the
tries of that user: whoever has logged in as him from an address before may still try from there, so that nobody can be
kept out from afar.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog

from pbx_connector.api import AuditFilter, Store, Throttle, UsageError, User, application, network_of
from pbx_web.login.passwords import Passwords, TooBusy

LOG = structlog.stdlib.get_logger(__name__)

WINDOW = 600.0
"""Seconds."""
TRIES_OF_ADDRESS = 20
TRIES_OF_USER = 10
WRONG = "Name or password is wrong."
TOO_MANY = "Too many wrong tries: wait ten minutes."
BUSY = "Too many people log in at once: try again."


class LoginRefused(Exception):
    """`message` is for people, in English."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.message = message
        self.status = status


class Authentication:
    def __init__(
        self,
        store: Callable[[], Store],
        passwords: Passwords | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self.passwords = passwords or Passwords()
        self._by_address = Throttle(TRIES_OF_ADDRESS, WINDOW, clock)
        self._by_user = Throttle(TRIES_OF_USER, WINDOW, clock)

    def by_password(self, typed: str, password: str, address: str) -> User:
        """Raises `LoginRefused` and `StoreError`."""
        name, network = _name(typed), network_of(address)
        self._admit(name, address, network)
        user = self._store().user(name) if name else None
        right = self._is_right(user, password)
        if user is None or not right or user.disabled:
            raise self._refused(user, address)
        self._by_address.take_back(network)
        self._by_user.forgive(name)
        return self._renewed(user, password)

    def _admit(self, name: str, address: str, network: str) -> None:
        if not self._by_address.count(network):
            raise LoginRefused(TOO_MANY, 429)
        if name and not self._by_user.count(name) and not self._has_logged_in(name, address):
            raise LoginRefused(TOO_MANY, 429)

    def _has_logged_in(self, name: str, address: str) -> bool:
        before = AuditFilter(user=name, action=application.audit.AuditAction.LOGIN, address=address)
        return bool(self._store().audit(before, limit=1))

    def _is_right(self, user: User | None, password: str) -> bool:
        try:
            return self.passwords.is_right(user.password if user else None, password)
        except TooBusy:
            raise LoginRefused(BUSY, 503) from None

    def _refused(self, user: User | None, address: str) -> LoginRefused:
        """A name that nobody has is not noted: it may be a password in the wrong field."""
        name = user.name if user else ""
        LOG.warning("a wrong password", user=name or "unknown", address=address)
        actor = application.audit.Actor("", address)
        application.audit.note_audit(self._store(), actor, application.audit.AuditAction.LOGIN_FAILED, name)
        return LoginRefused(WRONG, 401)

    def _renewed(self, user: User, password: str) -> User:
        """With a digest as they are made today, if his is older."""
        if user.password is None or not self.passwords.is_outdated(user.password):
            return user
        try:
            return application.users.set_password(self._store(), user.name, self.passwords.digest(password))
        except TooBusy:
            return user


def _name(typed: str) -> str:
    try:
        return application.users.user_name(typed)
    except UsageError:
        return ""
