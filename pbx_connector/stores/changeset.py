"""The few steps that every change of the phone book outside runs is made of; each store has its own.

`operations.py` and `undo.py` decide what is done; a change set does it, journals it, and ends as one transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Protocol

from pbx_connector.model import Account
from pbx_connector.stores.contract import Entry, JournalLine, Origin

BATCH = 500
"""How many entries or lines are worked on at a time."""


class UndoReads(Protocol):
    """What an undo looks at."""

    def accounts(self) -> list[Account]: ...
    def entries(self, wanted: Collection[int]) -> dict[int, Entry]:
        """Those of them that are there, by id."""
        ...

    def account_entries(self, account: str) -> Iterator[Sequence[Entry]]:
        """Its private entries, and company entries that come from its books; in batches, which may be dropped."""
        ...

    def taken(self, origins: Collection[Origin]) -> set[Origin]:
        """Those of them that an entry comes from."""
        ...

    def journal_backwards(self, run: str) -> Iterator[Sequence[JournalLine]]:
        """In batches, which may be taken back."""
        ...

    def touched_after(self, run: str, entries: Collection[int]) -> dict[int, str]:
        """For each entry the last later run that changed it, if there is one, other than an undone one and its undo."""
        ...

    def account_touched_after(self, run: str, account: str) -> str | None:
        """The last later run that changed the account, other than an undone one and its undo."""
        ...

    def added_after(self, run: str, account: str) -> str | None:
        """A later run that added the account, other than an undone one and its undo."""
        ...


class UndoSteps(UndoReads, Protocol):
    """What an undo is made of."""

    def put_account(self, account: Account) -> None: ...
    def drop_account(self, account: str) -> None:
        """Remove an account that has no entries, and what is known of its books."""
        ...

    def put_entries(self, entries: Sequence[Entry]) -> list[Entry]:
        """Write entries; the id 0 asks for a new one. The rows that they come from will be read again."""
        ...

    def drop_entries(self, entries: Sequence[Entry]) -> None:
        """Remove entries. The rows that they came from will be read again."""
        ...


class ChangeSet(UndoSteps, Protocol):
    """One journaled transaction. Nothing of it shows before it ends well."""

    @property
    def run(self) -> str:
        """Its number in the history."""
        ...

    def entry(self, entry: int) -> Entry | None: ...
    def profile_entries(self, profile: str) -> Iterator[Sequence[Entry]]:
        """In batches, which may be dropped."""
        ...

    def mark_undone(self, run: str) -> None:
        """What the run itself had undone, if it is an undo, counts again, and what that had undone does not."""
        ...

    def hold(self, profile: str) -> None:
        """Let its runs wait until they are resumed."""
        ...

    def forget_profile(self, profile: str) -> None:
        """Forget a profile that has no entries, with what is known of its books."""
        ...
