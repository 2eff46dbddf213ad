"""What a run would change: the values between the store's set-based diff and the guard, the journal and the screen.

The diff itself is the stores' business; nothing here does I/O. See `pbx_connector.run` for the flow.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

from pbx_connector.model import PHONE_FIELDS, Record
from pbx_connector.targets import FIELD_NAMES

IDENTITY = ("display_name", "first_name", "last_name", *PHONE_FIELDS)
"""The fields that say who it is: names and numbers."""
SHARED_BY = 5
"""As many entries with one and the same number do not have it as their own."""


@dataclass(frozen=True, slots=True)
class Content:
    """What an entry says: all that people see of it."""

    account: str | None
    """Owner of a private entry; None for a company entry."""
    fields: Mapping[str, str]
    labels: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> str:
        parts = {"account": self.account, "fields": dict(self.fields), "labels": dict(self.labels)}
        return json.dumps(parts, ensure_ascii=False, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Content:
        parts = json.loads(text)
        filled = {name: value for name, value in parts["fields"].items() if value is not None}
        return cls(parts["account"], filled, parts.get("labels") or {})


def content_digest(content: Content) -> str:
    """As `Record.digest` of a record that says the same."""
    return Record("", content.account, content.fields, content.labels).digest


def storable(text: str) -> bool:
    """Whether both databases can hold a text: no NUL, no half of a surrogate pair."""
    if text.isascii():
        return "\0" not in text
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text


class Action(StrEnum):
    """What a plan does with an entry."""

    ADD = "add"
    UPDATE = "update"
    REMOVE = "remove"
    MOVE = "move"
    """A removal and an addition of equal content: the entry stays as it is under its new source key."""
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """What one field says before and after; None where it says nothing."""

    name: str
    """A target field, `account`, or `label NAME`."""
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class RowPlace:
    """Which row of a source makes an entry, or made it."""

    book: str
    """The id of its address book."""
    key: str


@dataclass(frozen=True, slots=True)
class Change:
    """One entry, or in the history also one account: what it says before and after."""

    action: Action
    entry: int | None
    """None for an entry that has no id yet, and for an account."""
    book: str
    """Title of the address book that it comes from; empty for entries made by hand."""
    before: Content | None
    after: Content | None
    what: Literal["entry", "account"] = "entry"
    """An account is shown by its id and the fields `username` and `email`."""
    row: RowPlace | None = field(default=None, compare=False)
    """In a simulation, where it comes from; neither kept plans nor the history say."""

    @property
    def content(self) -> Content:
        """What the entry says once the change is made; for a removal, what it said."""
        shown = self.after or self.before
        assert shown is not None  # noqa: S101 - a change has at least one side
        return shown

    def fields(self) -> Iterator[FieldChange]:
        """What differs, in the order in which fields are shown."""
        old, new = _flat(self.before), _flat(self.after)
        others = sorted({*old, *new} - {*FIELD_NAMES, "account"})
        for name in (*FIELD_NAMES, "account", *others):
            if old.get(name) != new.get(name):
                yield FieldChange(name, old.get(name), new.get(name))

    def to_json(self) -> dict[str, Any]:
        return {
            "what": self.what,
            "action": str(self.action),
            "entry": self.entry,
            "book": self.book,
            "before": _plain(self.before),
            "after": _plain(self.after),
        }


def _flat(content: Content | None) -> dict[str, str | None]:
    if content is None:
        return {}
    labels = {f"label {name}": value for name, value in content.labels.items()}
    return {**content.fields, "account": content.account, **labels}


def _plain(content: Content | None) -> dict[str, Any] | None:
    if content is None:
        return None
    return {"account": content.account, "fields": dict(content.fields), "labels": dict(content.labels)}


def blanked_numbers(before: Content, after: Content) -> int:
    """How many phone numbers an update would take away."""
    return sum(name in before.fields and name not in after.fields for name in PHONE_FIELDS)


def changes_identity(before: Content, after: Content) -> bool:
    """Whether an update takes a name or a phone number away, or puts another one in its place."""
    return any(name in before.fields and before.fields[name] != after.fields.get(name) for name in IDENTITY)


def plan_digest(changes: Iterable[Change], giving_way: Iterable[tuple[int, int]] = ()) -> str:
    """Equal for plans that change the same entries in the same way, and let the same ones give way to the same; all
    come in the plan's own order."""
    digest = hashlib.sha256()
    for change in changes:
        parts = (change.action, change.entry, change.book, change.before, change.after)
        sides = [part.to_json() if isinstance(part, Content) else part for part in parts]
        digest.update(json.dumps(sides).encode())
    for link in giving_way:
        digest.update(json.dumps(link).encode())
    return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class EmptiedBook:
    """A book that is still there and would have no entry left."""

    title: str
    held: int
    unwanted: bool = False
    """It goes because the profile does not take it any more."""


SMALL_BOOK = 5
"""A book of fewer entries may be emptied like any other change."""


def guarded(books: Iterable[EmptiedBook]) -> tuple[EmptiedBook, ...]:
    """Those that are large enough to ask about. One changed line of a profile drops many books at once, so what it
    drops counts together."""
    found = sorted(books, key=lambda book: book.title)
    dropped = sum(book.held for book in found if book.unwanted)
    return tuple(book for book in found if (dropped if book.unwanted else book.held) >= SMALL_BOOK)


@dataclass(frozen=True, slots=True)
class PlanSummary:
    """A plan in numbers: all that the guard looks at."""

    present: int = 0
    """Entries of the profile before the run."""
    added: int = 0
    updated: int = 0
    removed: int = 0
    moved: int = 0
    blanked: int = 0
    """Phone numbers that updates would take away."""
    shared: int = 0
    """Phone numbers of one entry that updates would replace by a number that many entries share."""
    changed: int = 0
    """Entries of which updates would replace or blank a name or a phone number."""
    removed_lately: int = 0
    """Removals by this profile's runs of the last 24 hours, without those released or undone."""
    blanked_lately: int = 0
    """Phone numbers that the same runs blanked, or replaced by shared ones."""
    emptied: tuple[EmptiedBook, ...] = ()
    giving_way: int = 0
    """Entries, its own and others', that would no longer be shown but give way to another profile's."""
    present_of_others: int = 0
    """Entries of the other profiles that are among those."""

    @property
    def unchanged(self) -> int:
        return self.present - self.updated - self.removed

    @property
    def lost(self) -> int:
        """What counts against the guard's limit."""
        return self.entries_lost + self.numbers_lost + self.removed_lately + self.blanked_lately

    @property
    def entries_lost(self) -> int:
        return self.removed + self.giving_way

    @property
    def numbers_lost(self) -> int:
        return self.blanked + self.shared
