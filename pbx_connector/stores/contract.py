"""What every phone book store offers, and the values it answers with.

`Store` is what the user interfaces and the run pipeline see, made of one protocol a role;
`pbx_connector.stores.workspace` has the part that only a run uses. The tests in `tests/contract` execute this contract
on every implementation.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, StrEnum
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Protocol, Self

from pbx_connector.model import Account, Book, Merge, Problem, Report
from pbx_connector.plan import Action, Change, Content, PlanSummary
from pbx_connector.stores.devices import Devices
from pbx_connector.stores.selection import Condition, Order, Position
from pbx_connector.stores.users import Audit, Sessions, Users
from pbx_connector.stores.workspace import Workspace

if TYPE_CHECKING:
    from pbx_connector.stores.persons import Duplicates


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


class Accounts(Protocol):
    """In the order of their ids."""

    def accounts(self) -> list[Account]: ...
    def add_account(self, account: Account) -> None: ...
    def plan_account_import(self, accounts: Sequence[Account], *, remove_missing: bool = False) -> AccountImport: ...
    def import_accounts(
        self, accounts: Sequence[Account], *, remove_missing: bool = False, shown: AccountImport | None = None
    ) -> AccountImport:
        """Raises `UsageError` if it would change other accounts by now than the ones that were `shown`."""
        ...

    def remove_account(self, account: str) -> int:
        """Remove an account with its private entries, and the company entries made from its own contacts; returns
        their number."""
        ...


class Labels(Protocol):
    """By name."""

    def labels(self) -> list[Label]: ...
    def add_label(self, name: str) -> None: ...
    def remove_label(self, name: str) -> None:
        """Remove a label that no entry carries."""
        ...


class EntryReader(Protocol):
    """Entries by id; a listing is of one moment, whatever is written while it is read. An entry that gives way to
    another profile's is not listed: what it says fills that one's blanks."""

    def entries(
        self, *, account: AccountScope = ALL, limit: int | None = None, after: int = 0, apart: bool = False
    ) -> Iterator[Entry]:
        """Entries with an id above `after`; `apart`: each as its profile made it, those that give way among them."""
        ...

    def count_entries(self, *, account: AccountScope = ALL) -> int: ...
    def count_account_entries(self, account: str) -> int:
        """Those that go with an account: see `remove_account`."""
        ...

    def entry(self, entry: int) -> Entry:
        """As it is shown; one that gives way, as it is."""
        ...

    def search(self, text: str, *, account: AccountScope = ALL, limit: int | None = None) -> Iterator[Entry]:
        """Entries with `text` somewhere in names, organisation, e-mail or numbers, whatever its case and accents; also
        where an entry says it that gives way to them."""
        ...


class Finder(Protocol):
    """Entries by what they are like. `owners` are whose entries are looked at, None being the company's: nobody sees
    private ones without saying whose."""

    def find(
        self,
        condition: Condition,
        *,
        owners: Collection[str | None],
        order: Sequence[Order] = (),
        limit: int | None = None,
        after: Position | None = None,
    ) -> Iterator[Entry]:
        """In the order given, then by id; all of one moment. `after` goes on behind an entry in the order of display
        names, which must be the order asked for. Raises `UsageError` for a text that is longer than any entry's."""
        ...

    def find_ids(
        self,
        condition: Condition,
        *,
        owners: Collection[str | None],
        order: Sequence[Order] = (),
        limit: int | None = None,
    ) -> Sequence[int]:
        """The ids of what `find` gives."""
        ...

    def count_found(self, condition: Condition, *, owners: Collection[str | None]) -> int: ...

    def revision(self) -> str:
        """Another text whenever an entry, its labels or an account has changed."""
        ...


class Entries(EntryReader, Protocol):
    """Those made by hand can be changed by hand."""

    def add_entry(self, content: Content) -> Entry:
        """Raises `UsageError` with all that is wrong with it at once."""
        ...

    def edit_entry(self, entry: int, change: Callable[[Content], Content]) -> Entry:
        """Change an entry made by hand, from what it says at that moment; imported ones are read-only."""
        ...

    def remove_entry(self, entry: int) -> None: ...


class Lookup(Protocol):
    def lookup(self, number: str, *, account: str | None = None) -> list[Match]:
        """Whose number it is, as a caller's name would be looked up: the first match is the one to show.

        Private entries of `account` come before company ones, then the same number before a guess from one without its
        country's code, then the order of phone fields, then ids. A switchboard is a match where nobody has the number.
        A person that several profiles have and one merges is one match, whichever of the entries has the number.
        """
        ...


class Persons(Protocol):
    def duplicates(self) -> Duplicates:
        """Company entries of different profiles that are one person, whether a profile merges them or not."""
        ...


class History(Protocol):
    """The newest first."""

    def runs(
        self, profile: str | None = None, *, limit: int | None = None, before: str | None = None
    ) -> Iterator[RunRecord]:
        """`before`: only those older than this run, which need not be there any more."""
        ...

    def run(self, run: str) -> RunRecord: ...
    def changes(
        self, run: str, *, skip: int = 0, limit: int | None = None, leaving: Collection[Left] | None = None
    ) -> Iterator[Change]:
        """Without the first `skip` of them, which costs next to nothing; with `leaving` those alone that an undo takes
        back which leaves these: no move is among them."""
        ...

    def entry_history(self, entry: int, *, limit: int | None = None) -> Iterator[tuple[str, Change]]:
        """The changes of an entry, each with the id of its run; also of one that is gone."""
        ...

    def undo(self, run: str) -> Undone: ...
    def simulate_undo(self, run: str) -> Undone:
        """What `undo` would do; it has no run, and changes nothing."""
        ...

    def prune(self, keep: timedelta) -> int:
        """Drop runs, journal, kept plans and audit older than `keep`, which is a day at least, and sessions that are
        over; returns how many runs. The last run of each profile stays: schedules go by it. By `retention.believed`,
        whatever the clock says."""
        ...


class Plans(Protocol):
    """Those that were refused, or saved by a simulation."""

    def plans(self, profile: str | None = None) -> Iterator[KeptPlan]:
        """The newest first."""
        ...

    def plan(self, plan: str) -> KeptPlan: ...
    def plan_changes(self, plan: str, *, skip: int = 0, limit: int | None = None) -> Iterator[Change]:
        """See `History.changes`."""
        ...

    def keep_plan(
        self, profile: str, summary: PlanSummary, digest: str, reasons: Sequence[str], changes: Iterable[Change]
    ) -> str:
        """Keep what a simulation showed, for a run that applies just this; returns the plan's id. Nothing depends on
        when it is kept: a run compares it with what it would change by then."""
        ...


class Profiles(Protocol):
    """By id."""

    def profiles(self) -> list[ProfileState]: ...
    def adopt_profile(self, old: str, new: str) -> int:
        """Hand everything that `old` owns to `new`; returns the number of entries. What `new` has made itself of the
        same contacts gives way to the older entries, which then say what the newer ones did."""
        ...

    def remove_profile(self, profile: str) -> int:
        """Remove all entries of a profile and forget it; returns their number."""
        ...

    def resume_profile(self, profile: str) -> None: ...
    def problems(self, profile: str) -> Iterator[Problem]:
        """Those of single rows, as of the last run."""
        ...


class Runs(Plans, Protocol):
    """What a run needs: the plan that it applies, and where it is made."""

    def open_workspace(
        self,
        profile: str,
        title: str,
        *,
        simulate: bool,
        file: Path | None = None,
        region: str | None = None,
        merge: Merge | None = None,
    ) -> AbstractContextManager[Workspace]:
        """Start a run; `region` is that of the profile's numbers without a country code, and `merge` counts once the
        run is applied. Raises `ProfileBusy` while
        another run of the profile goes on, `ProfileHeld` after an undo, and `UsageError` if the profile was run from
        another file that is still there; a simulation does none of this and leaves no trace."""
        ...


class SharedState(Protocol):
    """What the services of one store agree on, by key; it never shows in the phone book."""

    def shared_state(self, key: str) -> str:
        """Empty if there is none."""
        ...

    def shared_states(self, prefix: str) -> dict[str, str]:
        """What stands under all keys that begin so: one question in place of many."""
        ...

    def compare_and_set(self, key: str, old: str, new: str) -> bool:
        """Put `new` where `old` stands; False, and nothing is changed, if something else stands there by now."""
        ...


class Upkeep(Protocol):
    def faults(self) -> tuple[str, ...]:
        """What is damaged, in words and without contact data; empty if all is whole. Reads everything."""
        ...

    def backup(self, file: Path) -> None:
        """Write what is committed into a file, which does not exist, while runs go on. Raises `UsageError` where a
        database has tools of its own for that."""
        ...


class Store(
    Accounts,
    Labels,
    Entries,
    Finder,
    Lookup,
    Persons,
    Devices,
    Users,
    Sessions,
    Audit,
    History,
    Profiles,
    Runs,
    SharedState,
    Upkeep,
    Protocol,
):
    """A phone book in all its roles: who needs one of them asks for that one. Every change is journaled and
    all-or-nothing. Raises `StoreError` when the store itself fails and `UsageError` for what cannot be done (an unknown
    id, a name that is taken)."""

    @property
    def place(self) -> str:
        """Where the phone book is, for people; carries no password."""
        ...

    @property
    def read_only(self) -> bool: ...

    def close(self) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
