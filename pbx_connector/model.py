"""The values that flow from a source to the phone book; see docs/architecture.md for the flow.

Everything here is frozen and does no I/O. Sources make `Book` and the items of a stream (`Row`, `Gone`, `Unreadable`,
`End`), the mapping turns a `Row` into `Mapped`, the run pipeline turns those into a plan and ends with a `Report`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal

from pbx_rules import Value

Severity = Literal["error", "warning"]
Mode = Literal["mirror", "upsert"]


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with one row or one book. Carries no contact data beyond keys, field names and folder titles, but
    for `contact` and `value`."""

    code: str
    """Stable, never reused; its letter says who found it: `X` Exchange, `M` mapping, `S` sync. See docs/problems.md."""
    message: str
    where: str = ""
    """Book title, row key or target field: enough for an administrator to find the place."""
    hint: str = ""
    severity: Severity = "error"
    """An error keeps the present entry or book as it is; with a warning the record is still written."""
    contact: str = field(default="", repr=False)
    """What people know the contact by: a name, a company or a number. For who asked for the run alone: never in logs,
    notices or metrics. The core fills it in where a source does not."""
    count: int = 1
    """So many address books have it; `where` names them."""
    value: str = field(default="", repr=False)
    """The beginning of what the source has there, where that is what is wrong. As little public as `contact`."""


@dataclass(frozen=True, slots=True)
class Account:
    """A user of the phone system. Its id is never given to somebody else."""

    id: str
    username: str = ""
    email: str = ""


# --- what a source says -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Book:
    """One address book of a source: the unit of completeness."""

    id: str
    """Stable across runs and unique in its source."""
    title: str
    """For people: a folder path, or whose contacts these are."""
    kind: str
    """The source's word for it, such as `public`, `shared`, `personal`."""
    account: str | None = None
    """The account whose private entries these are; None for company entries."""


@dataclass(frozen=True, slots=True)
class BookGone:
    """The source knows that a book is no more: not found, access withdrawn, or switched off in the settings."""

    id: str
    reason: str = ""
    unwanted: bool = False
    """It is still there, and the profile's settings do not take it any more: a pattern or a switch was changed."""


@dataclass(frozen=True, slots=True)
class BookUnknown:
    """The source cannot tell about a book (error, time-out, denied impersonation): what is there stays."""

    book: Book
    problem: Problem


@dataclass(frozen=True, slots=True)
class Row:
    """One contact as the source has it."""

    key: str
    """Stable while the contact exists; case matters."""
    version: str
    """Differs whenever the contact differs."""
    values: Mapping[str, Value]
    """By source field name. A field that is absent is blank."""


@dataclass(frozen=True, slots=True)
class Gone:
    """In a stream of changes: the source itself says that the row was removed."""

    key: str


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A row that is there but cannot be read: its present entry stays."""

    key: str
    problem: Problem


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something among the rows that is no contact (a distribution list, a mail): never an entry, only counted."""

    key: str
    reason: str


@dataclass(frozen=True, slots=True)
class Unchanged:
    """A row of this key is there at the version that the run already knows, so the source did not read it again."""

    key: str


@dataclass(frozen=True, slots=True)
class End:
    """The stream is whole. A stream that stops without it is a failed book."""

    checkpoint: str | None = None
    """What to hand back as `since` next time; None if the source keeps no state for this book."""
    full: bool = True
    """True: everything there is was listed, so what was not listed is absent. False: only changes were listed."""


StreamItem = Row | Gone | Unreadable | Skipped | Unchanged | End
"""What `Source.changes` yields."""


# --- the phone book ------------------------------------------------------------------------------------------------

PHONE_FIELDS = ("phone", "mobile", "home_phone", "fax")


@dataclass(frozen=True, slots=True)
class Record:
    """One phone book entry to be."""

    key: str
    """Tells apart the records of one row; stable across runs."""
    account: str | None
    """Owner of a private entry; None for a company entry."""
    fields: Mapping[str, str]
    """By target field name (`display_name`, `phone`, ...); only those with a value."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Label name to value; only those with a value."""

    @property
    def digest(self) -> str:
        """Equal for equal content (account, fields, labels), whatever the key."""
        # No name is empty and no text has a NUL in it, so the parts cannot be taken for one another.
        parts = ["-" if self.account is None else "+" + self.account]
        for named in (self.fields, self.labels):
            for name, value in sorted(named.items()):
                parts += (name, value)
            parts.append("")
        return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class Mapped:
    """What the rules made of one row: records, or a reason why there are none.

    With a problem of severity `error` among `problems` the row counts as not mapped: its present entries stay.
    """

    records: tuple[Record, ...] = ()
    skipped: str | None = None
    problems: tuple[Problem, ...] = ()

    @property
    def failed(self) -> bool:
        return any(problem.severity == "error" for problem in self.problems)


Evidence = Literal["email", "phone"]


@dataclass(frozen=True, slots=True)
class Merge:
    """How a profile's company entries stand to those that other profiles have of the same person."""

    by: tuple[Evidence, ...]
    """What tells a person: an e-mail address, or a telephone or mobile number."""
    prefer: Literal["other", "mine"] = "other"
    """Which entry is shown; its blanks are filled by the one that gives way."""


# --- the report ----------------------------------------------------------------------------------------------------


class RunStatus(StrEnum):
    """How a run ended."""

    DONE = "done"
    PARTIAL = "partial"
    """At least one book failed or is unknown, or contacts by the hundred were left as they were because they could not
    be read or mapped; all else is complete."""
    REFUSED = "refused"
    FAILED = "failed"


class BookStatus(StrEnum):
    """How it went with one address book of a run: failed and unknown leave its entries as they are."""

    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class BookReport:
    """One address book in a report."""

    book: Book
    status: BookStatus
    rows: int = 0


@dataclass(frozen=True, slots=True)
class Counts:
    """What a run did, in numbers of entries where nothing else is said."""

    rows: int = 0
    """Contacts that the source has, as far as this run looked."""
    added: int = 0
    updated: int = 0
    removed: int = 0
    unchanged: int = 0
    skipped: int = 0
    problems: int = 0
    given_way: int = 0
    """Entries, whoever has them, that give way to another profile's since this run."""
    came_back: int = 0
    """Entries that gave way before it, and do not any longer."""


@dataclass(frozen=True, slots=True)
class Report:
    """How a run went. Counts are of entries, except `rows`, `skipped` (rows) and `problems`."""

    run: str
    profile: str
    status: RunStatus
    counts: Counts
    books: tuple[BookReport, ...] = ()
    problems: tuple[Problem, ...] = ()
    skipped: Mapping[str, int] = field(default_factory=dict)
    """Reason to number of rows."""
    started: datetime | None = None
    duration: float = 0.0
    """Seconds."""
    warnings: tuple[Problem, ...] = ()
    """What the source has to say about the profile's settings; not counted, and no reason for another status."""
    retry_after: float | None = None
    """Seconds after which the source wants to be asked again, as far as it said so."""
