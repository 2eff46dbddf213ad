"""The few steps that every change of the phone book outside runs is made of; each store has its own.

`editing.py` and `undoing.py` decide what is done; an edit does it, journals it, and ends as one transaction.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from pbx_connector.model import Account
from pbx_connector.stores.contract import Entry, JournalLine, Origin


class Edit(Protocol):
    """One journaled transaction. Nothing of it shows before it ends well."""

    @property
    def run(self) -> str:
        """Its number in the history."""
        ...

    def accounts(self) -> list[Account]: ...
    def put_account(self, account: Account) -> None: ...
    def drop_account(self, account: str) -> None:
        """Remove an account that has no entries, and what is known of its books."""
        ...

    def entry(self, entry: int) -> Entry | None: ...
    def account_entries(self, account: str) -> Iterator[Entry]:
        """Its private entries, and company entries that come from its books."""
        ...

    def profile_entries(self, profile: str) -> Iterator[Entry]: ...

    def put_entry(self, entry: Entry) -> Entry:
        """Write an entry; the id 0 asks for a new one. The row that it comes from will be read again."""
        ...

    def drop_entry(self, entry: Entry) -> None:
        """Remove an entry. The row that it came from will be read again."""
        ...

    def taken(self, origin: Origin) -> bool:
        """Whether an entry comes from there."""
        ...

    def journal_backwards(self, run: str) -> Iterator[JournalLine]: ...

    def touched_after(self, run: str, line: JournalLine) -> str | None:
        """A later run that changed the same entry or account, other than an undone one and its undo."""
        ...

    def added_after(self, run: str, account: str) -> str | None:
        """A later run that added the account, other than an undone one and its undo."""
        ...

    def mark_undone(self, run: str) -> None:
        """What the run itself had undone, if it is an undo, counts again."""
        ...

    def hold(self, profile: str) -> None:
        """Let its runs wait until they are resumed."""
        ...

    def forget_profile(self, profile: str) -> None:
        """Forget a profile that has no entries, with what is known of its books."""
        ...
