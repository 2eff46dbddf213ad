"""Takes a run back: every change of it that nothing later touched, the last one first.

Works on the steps of an `Edit`, for all stores alike. What stays is reported with the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, partial

from pbx_connector.model import Account
from pbx_connector.plan import Action
from pbx_connector.stores.contract import Entry, JournalLine, Left
from pbx_connector.stores.edit import Edit


def take_back(edit: Edit, run: str) -> Iterator[Left | None]:
    """For each change of a run either what stays, or None once it is taken back."""
    owner_fault = cache(partial(_owner_fault, edit, run))  # a run's accounts come back before their entries do
    for line in edit.journal_backwards(run):
        if line.action is Action.MOVE:
            continue  # where an entry comes from is the source's business; it says what it said
        later = edit.touched_after(run, line)
        reason = f"run {later} changed it later" if later else _stands_otherwise(edit, line)
        reason = reason or _reverse(edit, line, owner_fault)
        yield Left(line.entry, line.account, reason) if reason else None


def _stands_otherwise(edit: Edit, line: JournalLine) -> str:
    """The undo of a later run may have left something of it."""
    held = edit.entry(line.entry) if line.entry is not None else None
    if line.after is not None and held is not None and held.content != line.after:
        return "it says something else by now"
    return ""


def _owner_fault(edit: Edit, run: str, account: str) -> str:
    """Why an account gets no entries back, or nothing: its id may be somebody else's by now."""
    if all(account != known.id for known in edit.accounts()):
        return f"account {account} is no more"
    later = edit.added_after(run, account)
    return f"account {account} was added anew by run {later}" if later else ""


def _reverse(edit: Edit, line: JournalLine, owner_fault: Callable[[str], str]) -> str:
    """Returns why it cannot be done, or nothing."""
    if line.account is not None:
        return _reverse_account(edit, line, line.account)
    return _reverse_entry(edit, line, owner_fault)


def _reverse_entry(edit: Edit, line: JournalLine, owner_fault: Callable[[str], str]) -> str:
    assert line.entry is not None  # noqa: S101 - a line is about an entry or an account
    held = edit.entry(line.entry)
    if line.before is None:
        return _drop(edit, held)
    origin = held.origin if held else line.origin
    owners = filter(None, (line.before.account, origin.book.account if origin else None))
    if fault := next(filter(None, map(owner_fault, owners)), ""):
        return fault
    if held is None and origin and edit.taken(origin):
        return "its contact has another entry by now"
    edit.put_entry(Entry(line.entry, line.before, origin))
    return ""


def _drop(edit: Edit, held: Entry | None) -> str:
    if held is None:
        return "it is no more"
    edit.drop_entry(held)
    return ""


def _reverse_account(edit: Edit, line: JournalLine, account: str) -> str:
    if line.before is not None:
        edit.put_account(Account(account, line.before.fields["username"], line.before.fields["email"]))
    elif any(True for _ in edit.account_entries(account)):
        return "it has entries by now"
    else:
        edit.drop_account(account)
    return ""
