"""Takes a run back: every change of it that nothing later touched, the last ones first.

Works on the steps of a `ChangeSet`, for all stores alike, and for previews; a batch of changes at a time: a run
changes an entry once at most, so the changes of a batch do not depend on each other. What stays is reported with the
reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from itertools import groupby

from pbx_connector.model import Account
from pbx_connector.plan import Action
from pbx_connector.stores.changeset import UndoReads, UndoSteps
from pbx_connector.stores.contract import Entry, JournalLine, Left, Origin


def take_back(changeset: UndoSteps, run: str) -> Iterator[Left | None]:
    """For each change of a run either what stays, or None once it is taken back."""
    fault = cache(partial(owner_fault, changeset, run))  # a run's accounts come back before their entries do
    for batch in changeset.journal_backwards(run):
        # where an entry comes from is the source's business; one that moved says what it said
        lines = [line for line in batch if line.action is not Action.MOVE]
        for account, some in groupby(lines, key=lambda line: line.account):
            if account is None:
                yield from _Batch(changeset, run, list(some), fault).take_back()
            else:
                yield from (_take_back_account(changeset, run, line, account) for line in some)


def owner_fault(changeset: UndoReads, run: str, account: str) -> str:
    """Why an account gets no entries back, or nothing: its id may be somebody else's by now."""
    if all(account != known.id for known in changeset.accounts()):
        return f"account {account} is no more"
    later = changeset.added_after(run, account)
    return f"account {account} was added again by run {later}" if later else ""


def changed_later(run: str) -> str:
    """The reason why a change stays."""
    return f"run {run} changed it later"


@dataclass
class _Batch:
    """Changes of entries."""

    changeset: UndoSteps
    run: str
    lines: Sequence[JournalLine]
    owner_fault: Callable[[str], str]
    put: list[Entry] = field(default_factory=list)
    drop: list[Entry] = field(default_factory=list)

    def take_back(self) -> list[Left | None]:
        entries = [line.entry for line in self.lines if line.entry is not None]
        self._held = self.changeset.entries(entries)
        self._later = self.changeset.touched_after(self.run, entries)
        self._taken = self.changeset.taken([line.origin for line in self.lines if line.origin])
        outcome = [self._take_back(line) for line in self.lines]
        self.changeset.drop_entries(self.drop)
        self.changeset.put_entries(self.put)
        return outcome

    def _take_back(self, line: JournalLine) -> Left | None:
        assert line.entry is not None  # noqa: S101 - a line is about an entry or an account
        held = self._held.get(line.entry)
        if later := self._later.get(line.entry):
            reason = changed_later(later)
        elif line.after is not None and held is not None and held.content != line.after:
            reason = "it says something else by now"  # the undo of a later run may have left something of it
        else:
            reason = self._reverse(line, line.entry, held)
        return Left(line.entry, None, reason) if reason else None

    def _reverse(self, line: JournalLine, entry: int, held: Entry | None) -> str:
        """Returns why it cannot be done, or nothing."""
        if line.before is None:
            self.drop += [held] if held else []
            return "" if held else "it is no more"
        origin = held.origin if held else line.origin
        owners = filter(None, (line.before.account, origin.book.account if origin else None))
        if fault := next(filter(None, map(self.owner_fault, owners)), ""):
            return fault
        if held is None and self._is_taken(origin):
            return "its contact has another entry by now"
        self.put.append(Entry(entry, line.before, origin))
        return ""

    def _is_taken(self, origin: Origin | None) -> bool:
        return origin is not None and origin in self._taken


def _take_back_account(changeset: UndoSteps, run: str, line: JournalLine, account: str) -> Left | None:
    if later := changeset.account_touched_after(run, account):
        return Left(None, account, changed_later(later))
    if line.before is not None:
        changeset.put_account(Account(account, line.before.fields["username"], line.before.fields["email"]))
    elif any(changeset.account_entries(account)):
        return Left(None, account, "it has entries by now")
    else:
        changeset.drop_account(account)
    return None
