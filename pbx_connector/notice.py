"""What people are told about a profile: a value that `pbx_connector.notifications` makes and notifiers deliver."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class NoticeKind(StrEnum):
    """What a notice is about."""

    FAILING = "failing"
    REFUSED = "refused"
    HELD = "held"
    """The runs wait for a person's word; `command` gives it."""
    PARTIAL = "partial"
    OVERDUE = "overdue"
    """No successful run for too long."""
    SECRET = "secret"  # noqa: S105 - a kind of notice
    """A secret expires soon, or has expired."""
    BROKEN = "broken"
    """The profile's file cannot be used; its last good state goes on."""
    STORE = "store"
    """The phone book store cannot be reached."""
    RECOVERED = "recovered"
    TEST = "test"
    """Nothing happened: somebody tries whether messages arrive."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One message, in plain words and without contact data."""

    kind: NoticeKind
    profile: str
    """The profile's id; empty for what concerns all of them."""
    subject: str
    """One line: whose news it is and what it is."""
    happened: str
    safe: str
    """What the phone book is like now."""
    command: str
    """What to type next."""
