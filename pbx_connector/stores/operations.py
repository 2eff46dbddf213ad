"""Every change of the phone book that is no run: accounts, entries by hand, a profile's end, and undo.

Written once for all stores, on the few steps of a `ChangeSet`: one transaction that journals what it does. What a
change depends on is looked at inside it, where nobody else writes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Protocol

from pbx_connector.errors import UsageError
from pbx_connector.model import Account, RunStatus
from pbx_connector.plan import Content
from pbx_connector.stores.changeset import ChangeSet
from pbx_connector.stores.checking import checked_text
from pbx_connector.stores.contract import AccountImport, Entry, Left, ProfileState, RunKind, RunRecord, Undone
from pbx_connector.stores.entry_validation import NOTHING, content_faults
from pbx_connector.stores.undo import take_back


class ChangeSetHost(Protocol):
    """What a store adds to get the operations of `Operations`."""

    def changeset(self, kind: RunKind, note: str, profile: str = "") -> AbstractContextManager[ChangeSet]: ...
    def undo_outcomes(self, run: str, profile: str) -> Iterable[Left | None]:
        """What `take_back` would yield, for a run of this profile, which must not be running; nothing is written."""
        ...

    def accounts(self) -> list[Account]: ...
    def entry(self, entry: int) -> Entry: ...
    def run(self, run: str) -> RunRecord: ...
    def profiles(self) -> list[ProfileState]: ...
    def count_account_entries(self, account: str) -> int: ...


class Operations:
    """A mixin for stores."""

    def add_account(self: ChangeSetHost, account: Account) -> None:
        with self.changeset(RunKind.ACCOUNTS, f"account {account.id} added") as changeset:
            _check_account(account)
            if any(account.id == known.id for known in changeset.accounts()):
                raise UsageError(f"there is an account {account.id} already", hint="see: pbx-connector accounts list")
            changeset.put_account(account)

    def plan_account_import(
        self: ChangeSetHost, accounts: Sequence[Account], *, remove_missing: bool = False
    ) -> AccountImport:
        return _compare_accounts(self, self.accounts(), accounts, remove_missing)

    def import_accounts(
        self: ChangeSetHost,
        accounts: Sequence[Account],
        *,
        remove_missing: bool = False,
        shown: AccountImport | None = None,
    ) -> AccountImport:
        found = _compare_accounts(self, self.accounts(), accounts, remove_missing)
        if found.accounts == ((), (), ()):
            return found
        changes = f"{len(found.added)} added, {len(found.updated)} updated, {len(found.removed)} removed"
        with self.changeset(RunKind.ACCOUNTS, f"accounts imported: {changes}") as changeset:
            found = _compare_accounts(self, changeset.accounts(), accounts, remove_missing)
            if shown is not None and shown.accounts != found.accounts:
                raise UsageError("the accounts changed meanwhile: nothing was imported", hint="look at it again")
            for account in (*found.added, *found.updated):
                changeset.put_account(account)
            return replace(found, entries=sum(_drop_account(changeset, account.id) for account in found.removed))

    def remove_account(self: ChangeSetHost, account: str) -> int:
        with self.changeset(RunKind.ACCOUNTS, f"account {account} removed") as changeset:
            if all(account != known.id for known in changeset.accounts()):
                raise UsageError(f"there is no account {account}", hint="see: pbx-connector accounts list")
            return _drop_account(changeset, account)

    def add_entry(self: ChangeSetHost, content: Content) -> Entry:
        with self.changeset(RunKind.HAND, "entry added by hand") as changeset:
            return changeset.put_entries([Entry(0, _checked(changeset, content))])[0]

    def edit_entry(self: ChangeSetHost, entry: int, change: Callable[[Content], Content]) -> Entry:
        with self.changeset(RunKind.HAND, f"entry {entry} edited by hand") as changeset:
            held = _made_by_hand(changeset, entry).content
            return changeset.put_entries([Entry(entry, _checked(changeset, change(held), held))])[0]

    def remove_entry(self: ChangeSetHost, entry: int) -> None:
        with self.changeset(RunKind.HAND, f"entry {entry} removed by hand") as changeset:
            changeset.drop_entries([_made_by_hand(changeset, entry)])

    # what whole runs and profiles did

    def undo(self: ChangeSetHost, run: str) -> Undone:
        return _undo(self, run)

    def simulate_undo(self: ChangeSetHost, run: str) -> Undone:
        profile = _undoable(self.run(run)).report.profile
        return _undone("", self.undo_outcomes(run, profile), profile)

    def remove_profile(self: ChangeSetHost, profile: str) -> int:
        with self.changeset(RunKind.REMOVE, f"profile {profile} removed", checked_text(profile)) as changeset:
            if all(profile != known.id for known in self.profiles()):
                raise UsageError(f"no profile {profile} has run on this store", hint="see: pbx-connector profiles list")
            removed = _drop_all(changeset, changeset.profile_entries(profile))
            changeset.forget_profile(profile)
        return removed


def _undo(store: ChangeSetHost, run: str) -> Undone:
    profile = _undoable(store.run(run)).report.profile
    with store.changeset(RunKind.UNDO, f"run {run} undone", profile) as changeset:
        if (owner := _undoable(store.run(run)).report.profile) != profile:
            raise UsageError(f"profile {owner} took over run {run} just now", hint="try again")
        undone = _undone(changeset.run, take_back(changeset, run), profile)
        changeset.mark_undone(run)
        if profile:
            changeset.hold(profile)
        return undone


def _undone(undo: str, outcomes: Iterable[Left | None], profile: str) -> Undone:
    found = list(outcomes)
    left = tuple(stays for stays in found if stays is not None)
    return Undone(undo, len(found) - len(left), left, profile or None)


def _undoable(record: RunRecord) -> RunRecord:
    if record.undone_by is not None:
        raise UsageError(f"run {record.id} was undone by run {record.undone_by}", hint="undo that one to get it back")
    if record.kind is RunKind.ADOPT:
        raise UsageError(
            f"run {record.id} is an adoption, which is handed back and not undone: {record.note}",
            hint="to hand it back: pbx-connector profiles adopt NEW OLD",
        )
    if record.report.status not in (RunStatus.DONE, RunStatus.PARTIAL):
        raise UsageError(f"run {record.id} changed nothing: it was {record.report.status}")
    return record


def _drop_account(changeset: ChangeSet, account: str) -> int:
    dropped = _drop_all(changeset, changeset.account_entries(account))
    changeset.drop_account(account)
    return dropped


def _drop_all(changeset: ChangeSet, batches: Iterable[Sequence[Entry]]) -> int:
    dropped = 0
    for batch in batches:
        changeset.drop_entries(batch)
        dropped += len(batch)
    return dropped


def _check_account(account: Account) -> None:
    if not account.id.strip() or account.id != account.id.strip():
        raise UsageError("an account needs an id without blanks around it", hint="the id the phone system gives it")
    checked_text(account.id + account.username + account.email)


def _compare_accounts(
    store: ChangeSetHost, held: Sequence[Account], wanted: Sequence[Account], remove_missing: bool
) -> AccountImport:
    for account in wanted:
        _check_account(account)
    ids = [account.id for account in wanted]
    if twice := sorted({name for name in ids if ids.count(name) > 1}) if len(set(ids)) < len(ids) else []:
        raise UsageError(f"account {', '.join(twice[:5])} is there more than once", hint="an id belongs to one account")
    before = {account.id: account for account in held}
    removed = tuple(account for account in held if account.id not in set(ids)) if remove_missing else ()
    return AccountImport(
        added=tuple(account for account in wanted if account.id not in before),
        updated=tuple(account for account in wanted if account.id in before and account != before[account.id]),
        removed=removed,
        entries=sum(store.count_account_entries(account.id) for account in removed),
    )


def _made_by_hand(changeset: ChangeSet, wanted: int) -> Entry:
    entry = changeset.entry(wanted)
    if entry is None:
        raise UsageError(f"there is no entry {wanted}", hint="see: pbx-connector phonebook list")
    if entry.origin is not None:
        raise UsageError(
            f"entry {wanted} was imported by profile {entry.origin.profile} and is read-only",
            hint="change it at its source; the next run brings the change",
        )
    return entry


def _checked(changeset: ChangeSet, content: Content, held: Content = NOTHING) -> Content:
    """Raises `UsageError` with all that is wrong at once."""
    wrong = content_faults(content, held)
    if content.account is not None and all(content.account != known.id for known in changeset.accounts()):
        wrong.append(f"there is no account {content.account}")
    if wrong:
        raise UsageError("; ".join(wrong), hint="see: pbx-connector phonebook add --help")
    return content
