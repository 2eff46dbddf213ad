"""The values that every store answers with: entries and where they come from, the history, plans, states."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum, StrEnum
from typing import TYPE_CHECKING, Literal

from pbx_connector.model import Account, Book, Report
from pbx_connector.plan import Action, Content, PlanSummary

if TYPE_CHECKING:
    pass


class Scope(Enum):
    ALL = "all"


ALL = Scope.ALL
"""Every entry: company ones and each account's private ones."""

AccountScope = str | None | Literal[Scope.ALL]
"""An account's id: its private entries. None: company entries. `ALL`: both."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an imported entry comes from."""

    profile: str
    book: Book
    row: str
    record: str
    version: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the phone book; its id stays as long as it exists."""

    id: int
    content: Content
    origin: Origin | None = None
    """None for an entry made by hand."""
    merged: tuple[int, ...] = ()
    """Entries of other profiles that give way to it; what it left blank is theirs. Empty where each entry was asked
    for apart."""
    gives_way_to: int | None = None
    """The entry that is shown for it."""


@dataclass(frozen=True, slots=True)
class Match:
    """An entry that has the number looked up."""

    entry: Entry
    field: str
    """Which of its numbers it is."""
    number: str = ""
    """As it is written there, or in an entry that gives way to it."""
    switchboard: bool = False
    """Its number is that of the caller's company, written as `089 23125-0`, and nobody has the caller's own."""


@dataclass(frozen=True, slots=True)
class Label:
    """A label that entries can carry."""

    name: str
    entries: int
    """How many entries carry it."""


class RunKind(StrEnum):
    """What changed the phone book."""

    RUN = "run"
    UNDO = "undo"
    HAND = "hand"
    """Entries made, edited or removed by hand."""
    ACCOUNTS = "accounts"
    ADOPT = "adopt"
    """A profile's entries handed over to another one."""
    REMOVE = "remove"
    """A profile's entries removed by hand."""


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One line of the history: something that changed, or tried to change, the phone book."""

    kind: RunKind
    report: Report
    note: str = ""
    """In words: what was undone, why it failed."""
    undone_by: str | None = None
    released: bool = False
    """The guard was overruled by hand."""

    @property
    def id(self) -> str:
        return self.report.run


@dataclass(frozen=True, slots=True)
class AccountImport:
    """What an import of accounts changes, or would change."""

    added: tuple[Account, ...] = ()
    updated: tuple[Account, ...] = ()
    removed: tuple[Account, ...] = ()
    entries: int = 0
    """Entries that go with the removed accounts: private ones, and company entries made from their own contacts."""

    @property
    def accounts(self) -> tuple[tuple[Account, ...], tuple[Account, ...], tuple[Account, ...]]:
        return self.added, self.updated, self.removed


@dataclass(frozen=True, slots=True)
class Undone:
    """The outcome of an undo."""

    run: str
    """The id of the undo itself, a run like any other."""
    changes: int
    left: tuple[Left, ...]
    held: str | None
    """The profile that now waits for `resume_profile`."""


@dataclass(frozen=True, slots=True)
class Left:
    """A change that an undo did not take back."""

    entry: int | None
    account: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class JournalLine:
    """One change as it was done: of an entry or of an account."""

    action: Action
    entry: int | None
    account: str | None
    before: Content | None
    after: Content | None
    origin: Origin | None
    """Where an entry that was removed had come from."""


@dataclass(frozen=True, slots=True)
class KeptPlan:
    """A plan that was refused, or saved by a simulation."""

    id: str
    profile: str
    made: datetime
    digest: str
    summary: PlanSummary
    reasons: tuple[str, ...]
    """Why the guard refuses it; empty for a plan that it lets pass."""
    used: str | None = None
    """The run that applied it: a plan can be applied once."""


@dataclass(frozen=True, slots=True)
class ProfileState:
    """What the store knows about a profile that has run."""

    id: str
    title: str
    entries: int
    books: int
    held: str | None = None
    """The undo after which its runs wait for `resume_profile`."""
    last: RunRecord | None = None
    file: str | None = None
    """Where it was run from last; None if that is not known, as after an adoption."""
