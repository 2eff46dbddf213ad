"""The people who administer the phone book in a browser, what they are logged in by, and what they did."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class Role(StrEnum):
    """What somebody may do; each may do what those before it may."""

    READER = "reader"
    """Searches company entries."""
    EDITOR = "editor"
    """Writes profiles, tests connections, simulates."""
    RELEASER = "releaser"
    """Runs, releases, undoes; changes the phone book."""
    ADMIN = "admin"
    """Users, devices, settings, audit."""

    def includes(self, other: Role) -> bool:
        return _ORDER.index(self) >= _ORDER.index(other)


_ORDER = list(Role)


PROVIDER = "provider "
"""Begins the `subject` of a user of the provider at one of its tenants. No issuer begins so, which are addresses."""


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who may log in. The account of a phone system is something else: `Account`."""

    name: str
    """What is typed to log in; it never changes."""
    role: Role
    password: str | None = field(default=None, repr=False)
    """A digest that says how it was made; None: no password fits."""
    subject: str | None = None
    """Who he is at a provider of OpenID Connect: its issuer, a blank, and what it calls him for good."""
    personal: bool = False
    """May see the private entries of accounts."""
    disabled: bool = False
    made: datetime | None = None
    """None until it is stored."""
    last_login: datetime | None = None

    @property
    def login(self) -> tuple[object, ...]:
        """What his sessions were begun with: they end when any of it changes."""
        return self.role, self.password, self.subject, self.disabled

    @property
    def is_visitor(self) -> bool:
        """Whether he is a user of the provider, who comes and goes as that says."""
        return bool(self.subject and self.subject.startswith(PROVIDER))

    @property
    def is_working_admin(self) -> bool:
        """One of the provider is none: nobody here can rely on him."""
        can_log_in = bool(self.password or self.subject) and not self.is_visitor
        return self.role is Role.ADMIN and not self.disabled and can_log_in


@dataclass(frozen=True, slots=True)
class WebSession:
    """A browser in which somebody is logged in."""

    digest: str
    """Of the id that the browser has and nobody else."""
    user: str
    made: datetime
    seen: datetime
    expires: datetime
    """However busy it is."""
    address: str = ""
    provider: str = field(default="", repr=False)
    """What the provider of OpenID Connect must hear when the user logs out; empty for a log-in by password."""


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """Somebody did something. It carries no secret and nothing of a contact."""

    user: str
    """Empty where nobody knows who it was."""
    address: str
    """From where; empty for the command line."""
    action: str
    target: str = ""
    """What it was done to: the id of a profile, a plan, a device, a user."""
    detail: Mapping[str, str] = field(default_factory=dict)
    run: str | None = None
    """The run whose changes the history has."""
    id: int = 0
    """None is given twice; 0 until it is stored."""
    time: datetime | None = None
    """None until it is stored."""


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """What each record asked for is like; None: whatever it is."""

    user: str | None = None
    action: str | None = None
    address: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    """Earlier than that."""


UserChange = Callable[[Mapping[str, User]], Mapping[str, User]]
"""From all users, by name, to all that shall be there afterwards."""


class Users(Protocol):
    """By name."""

    def users(self) -> list[User]: ...
    def user(self, name: str) -> User | None: ...
    def change_users(self, change: UserChange) -> None:
        """All of it in one step that nobody else writes beside: what `change` raises leaves everything as it was. When
        users were made and logged in last is not changed. Sessions of who is gone, is disabled or has another role or
        log-in end with it."""
        ...


class Sessions(Protocol):
    """By the digest of their ids."""

    def begin_session(self, session: WebSession, user: User, most: int) -> bool:
        """False, and there is no session, unless the user's log-in is still what it was in `user`. Of his sessions the
        ones seen longest ago end beyond `most`. Notes when he logged in last."""
        ...

    def session(self, digest: str) -> WebSession | None: ...
    def sessions(self, user: str | None = None) -> list[WebSession]:
        """The one seen last first."""
        ...

    def note_session(self, digest: str, seen: datetime) -> None:
        """One that has ended stays ended."""
        ...

    def end_session(self, digest: str) -> bool:
        """False if there is none."""
        ...


class Audit(Protocol):
    """The newest first."""

    def note_audit(self, record: AuditRecord) -> None:
        """Gives it its id and its time."""
        ...

    def audit(
        self, wanted: AuditFilter | None = None, *, before: int | None = None, limit: int | None = None
    ) -> list[AuditRecord]:
        """Those with an id below `before`."""
        ...
