"""An undo that writes nothing: the steps of a change set on top of what is there, and the same judgement.

It only reads, so that nobody who writes waits for somebody who looks.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace

from pbx_connector.model import Account
from pbx_connector.stores.changeset import UndoReads
from pbx_connector.stores.contract import Entry, JournalLine, Origin


@dataclass
class UndoPreview:
    """`UndoSteps` whose changes are seen by its own later questions, and by nobody else."""

    reads: UndoReads
    _accounts: dict[str, Account] = field(default_factory=dict)
    _put: dict[int, Entry] = field(default_factory=dict)
    _dropped: set[int] = field(default_factory=set)
    _free: set[Origin] = field(default_factory=set)
    """Where dropped entries came from."""

    def __post_init__(self) -> None:
        self._accounts = {account.id: account for account in self.reads.accounts()}

    # what is there

    def accounts(self) -> list[Account]:
        return list(self._accounts.values())

    def entries(self, wanted: Collection[int]) -> dict[int, Entry]:
        found = self.reads.entries(wanted) | {number: self._put[number] for number in wanted if number in self._put}
        return {number: entry for number, entry in found.items() if number not in self._dropped}

    def account_entries(self, account: str) -> Iterator[Sequence[Entry]]:
        for batch in self.reads.account_entries(account):
            if left := [entry for entry in batch if entry.id not in self._dropped]:
                yield left
        if mine := [entry for entry in self._put.values() if _goes_with(entry, account)]:
            yield mine

    def taken(self, origins: Collection[Origin]) -> set[Origin]:
        put = {_place(entry.origin) for entry in self._put.values() if entry.origin}
        held = {origin for origin in self.reads.taken(origins) if _place(origin) not in self._free}
        return held | {origin for origin in origins if _place(origin) in put}

    # the history, as it is before the undo

    def journal_backwards(self, run: str) -> Iterator[Sequence[JournalLine]]:
        return self.reads.journal_backwards(run)

    def touched_after(self, run: str, entries: Collection[int]) -> dict[int, str]:
        return self.reads.touched_after(run, entries)

    def account_touched_after(self, run: str, account: str) -> str | None:
        return self.reads.account_touched_after(run, account)

    def added_after(self, run: str, account: str) -> str | None:
        return self.reads.added_after(run, account)

    # what would be done

    def put_account(self, account: Account) -> None:
        self._accounts[account.id] = account

    def drop_account(self, account: str) -> None:
        del self._accounts[account]

    def put_entries(self, entries: Sequence[Entry]) -> list[Entry]:
        self._put |= {entry.id: entry for entry in entries}
        self._dropped -= {entry.id for entry in entries}
        return list(entries)

    def drop_entries(self, entries: Sequence[Entry]) -> None:
        self._dropped |= {entry.id for entry in entries}
        self._free |= {_place(entry.origin) for entry in entries if entry.origin}
        for entry in entries:
            self._put.pop(entry.id, None)


def _goes_with(entry: Entry, account: str) -> bool:
    return account in (entry.content.account, entry.origin.book.account if entry.origin else None)


def _place(origin: Origin) -> Origin:
    """Of the row, whichever of its versions."""
    return replace(origin, book=replace(origin.book, title="", kind="", account=None), version="")
