"""The phone system's users: added, imported from a file with what is doubtful about it, removed with their entries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pbx_connector.application.account_checks import check_removals, doubts
from pbx_connector.application.account_files import account_fault
from pbx_connector.errors import UsageError
from pbx_connector.model import Account
from pbx_connector.stores import ALL, AccountImport, Accounts, AccountScope


@dataclass(frozen=True, slots=True)
class PlannedImport:
    """What an import would do, to be looked at before `import_accounts` does just that."""

    accounts: tuple[Account, ...]
    changes: AccountImport
    held: tuple[Account, ...]
    doubts: tuple[str, ...]
    """Each in a sentence: people who seem to be mixed up."""
    remove_missing: bool


def add_account(store: Accounts, id: str, username: str = "", email: str = "") -> tuple[Account, tuple[str, ...]]:
    """The account and what is doubtful about it. Raises `UsageError` for what can be no account, or is one already."""
    added = Account(id.strip(), username.strip(), email.strip())
    if fault := account_fault(added):
        raise UsageError(fault, hint="see: pbx-connector accounts add --help")
    held = store.accounts()
    store.add_account(added)
    return added, tuple(doubts(AccountImport(added=(added,)), held))


def plan_import(store: Accounts, accounts: Sequence[Account], *, remove_missing: bool) -> PlannedImport:
    changes, held = store.plan_account_import(accounts, remove_missing=remove_missing), store.accounts()
    return PlannedImport(tuple(accounts), changes, tuple(held), tuple(doubts(changes, held)), remove_missing)


def import_accounts(store: Accounts, planned: PlannedImport, *, remove_at_most: int | None = None) -> AccountImport:
    """Raises `ImportRefused` if too many would go, and `UsageError` if it would change something else by now."""
    check_removals(planned.changes, planned.held, remove_at_most)
    return store.import_accounts(planned.accounts, remove_missing=planned.remove_missing, shown=planned.changes)


def known_account(store: Accounts, id: str) -> str:
    """Raises `UsageError` if there is no such account."""
    if all(account.id != id for account in store.accounts()):
        raise UsageError(f"there is no account {id!r}", hint="pbx-connector accounts list")
    return id


def scope(store: Accounts, account: str | None, company: bool) -> AccountScope:
    """Which entries are asked for: one account's, the company's, or all. Raises `UsageError` for an account together
    with the company, and for an unknown account."""
    if account is not None and company:
        raise UsageError("--account and --company exclude each other")
    return None if company else ALL if account is None else known_account(store, account)
