"""The phone system's users, and the labels that entries can carry."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.datastructures import UploadFile

from pbx_connector.api import Account, ConnectorError, UsageError, application
from pbx_web.asking import Ask
from pbx_web.page import Action, Done, NotFound, Page, Shown
from pbx_web.permissions import Role

AuditAction = application.audit.AuditAction
SIZE = 100
"""Accounts on a page."""
SHOWN = 100
"""Accounts of each kind that a preview shows."""
LONGEST_FILE = 2**23
"""Bytes."""


def show(ask: Ask) -> Shown:
    return _list(ask)


def _list(ask: Ask, wrong: str = "", error: ConnectorError | None = None) -> Shown:
    """`wrong`: which of the forms is sent back with an error."""
    after, wanted = ask.query.get("after", ""), ask.text("find").strip()
    every = ask.store.accounts()
    known = [account for account in every if account.id > after and _has(account, wanted.casefold())]
    following = known[SIZE - 1].id if len(known) > SIZE else None
    labels = _labels(ask)
    values: dict[str, Any] = {
        "accounts": known[:SIZE],
        "following": following,
        "after": after,
        "find": wanted,
        "total": len(every),
        "labels": labels,
        "wrong": wrong,
        "error": error,
        "typed": {name: ask.text(name) for name in ("id", "username", "email", "name")},
    }
    said = application.views.accounts_and_labels(known[:SIZE], labels, following)
    return Shown(template="accounts.html", values=values, json=said, status=400 if error else 200)


def _has(account: Account, wanted: str) -> bool:
    return not wanted or any(wanted in text.casefold() for text in (account.id, account.username, account.email))


def _labels(ask: Ask) -> list[Any]:
    return ask.site.as_of_revision(ask.store, "label counts", ask.store.labels) if ask.sees_personal else _ours(ask)


def _ours(ask: Ask) -> list[Any]:
    """Counted without what others keep to themselves; one that nobody carries can be removed by any admin."""
    return ask.site.as_of_revision(
        ask.store, "company label counts", lambda: application.exports.labels_of_company(ask.store)
    )


def add(ask: Ask) -> Done | Shown:
    try:
        added, doubts = application.accounts.add_account(
            ask.store, ask.text("id"), ask.text("username"), ask.text("email")
        )
    except UsageError as error:
        if ask.wants_json:
            raise
        return _list(ask, "account", error)
    ask.note(AuditAction.ACCOUNTS_CHANGED, added.id, detail={"account": "added"})
    message = ask.language("The account is added.")
    return Done(to="/accounts", message="\n".join([message, *doubts]), json=application.views.account(added))


# --- a file of accounts ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Awaited:
    """An import that somebody looks at before it is made."""

    planned: application.accounts.PlannedImport
    notes: tuple[str, ...]


def preview(ask: Ask) -> Shown:
    try:
        awaited = _read(ask)
    except UsageError as error:
        if ask.wants_json:
            raise
        return _list(ask, "file", error)
    name = ask.site.kept.put(ask.user.name if ask.user else "", awaited)
    return _preview(ask, awaited, name)


def _preview(ask: Ask, awaited: Awaited, name: str, error: ConnectorError | None = None) -> Shown:
    changes = awaited.planned.changes
    values: dict[str, Any] = {
        "planned": awaited.planned,
        "groups": [("added", changes.added), ("updated", changes.updated), ("removed", changes.removed)],
        "held": {account.id: account for account in awaited.planned.held},
        "notes": awaited.notes,
        "name": name,
        "most": SHOWN,
        "error": error,
    }
    said = application.views.planned_import(awaited.planned, name)
    return Shown(template="accounts_import.html", values=values, json=said, status=409 if error else 200)


def _read(ask: Ask) -> Awaited:
    """Raises `UsageError` with a line for each fault of the file."""
    file, notes = ask.form.get("file"), list[str]()
    if isinstance(file, UploadFile) and file.filename:
        name, content = Path(file.filename).name, file.file.read()
    else:
        name, content = "accounts.json", ask.text("accounts").encode()
    if not content.strip():
        raise UsageError("the file is empty, or none was chosen", hint="choose a CSV or JSON file of accounts")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"{name} is not text in UTF-8", hint="save it as CSV UTF-8") from None
    accounts = application.account_files.accounts_in(text, Path(name), notes.append)
    planned = application.accounts.plan_import(ask.store, accounts, remove_missing=bool(ask.text("remove_missing")))
    return Awaited(planned, tuple(notes))


def confirm(ask: Ask) -> Done | Shown:
    name = ask.text("import")
    awaited = ask.site.kept.get(ask.user.name if ask.user else "", name, Awaited)
    if awaited is None:
        raise UsageError("this import is not kept any more", hint="choose the file again")
    most = ask.text("remove_at_most")
    try:
        done = application.accounts.import_accounts(
            ask.store, awaited.planned, remove_at_most=int(most) if most.isdecimal() and len(most) < 10 else None
        )
    except ConnectorError as error:
        if ask.wants_json:
            raise
        return _preview(ask, awaited, name, error)
    counts = {"added": done.added, "updated": done.updated, "removed": done.removed}
    ask.note(AuditAction.ACCOUNTS_CHANGED, detail={name: str(len(some)) for name, some in counts.items()})
    message = ask.language(
        "%(added)s accounts added, %(updated)s updated, %(removed)s removed.",
        added=ask.language.number(len(done.added)),
        updated=ask.language.number(len(done.updated)),
        removed=ask.language.number(len(done.removed)),
    )
    return Done(to="/accounts", message=message, json=application.views.account_import(done))


# --- removed -----------------------------------------------------------------------------------------------------


def ask_removal(ask: Ask) -> Shown:
    """How many entries go with the account, before they do."""
    account = _account(ask)
    entries = ask.store.count_account_entries(account.id)
    said = application.views.removed_account(account.id, entries)
    return Shown(template="account_remove.html", values={"account": account, "entries": entries}, json=said)


def remove(ask: Ask) -> Done:
    account = _account(ask)
    entries = ask.store.remove_account(account.id)
    ask.note(AuditAction.ACCOUNTS_CHANGED, account.id, detail={"account": "removed", "entries": str(entries)})
    message = ask.language.count(
        "The account is removed, and %(number)s entry with it.",
        "The account is removed, and %(number)s entries with it.",
        entries,
    )
    return Done(to="/accounts", message=message, json=application.views.removed_account(account.id, entries))


def _account(ask: Ask) -> Account:
    for account in ask.store.accounts():
        if account.id == ask.path["account"]:
            return account
    raise NotFound(ask.language("There is no such account."))


# --- labels ------------------------------------------------------------------------------------------------------


def add_label(ask: Ask) -> Done | Shown:
    try:
        ask.store.add_label(ask.text("name"))
    except UsageError as error:
        if ask.wants_json:
            raise
        return _list(ask, "label", error)
    ask.note(AuditAction.LABELS_CHANGED, detail={"label": "added"})
    return Done(to="/accounts#labels", message=ask.language("The label is added."), json={"name": ask.text("name")})


def remove_label(ask: Ask) -> Done | Shown:
    if all(label.name != ask.text("name") for label in _labels(ask)):
        raise NotFound(ask.language("There is no such label."))
    try:
        ask.store.remove_label(ask.text("name"))
    except UsageError as error:
        if ask.wants_json:
            raise
        return _list(ask, "label", error)
    ask.note(AuditAction.LABELS_CHANGED, detail={"label": "removed"})
    return Done(to="/accounts#labels", message=ask.language("The label is removed."), json={"name": ask.text("name")})


PAGES = (
    Page("/accounts", Role.ADMIN, show),
    Action("/accounts/find", Role.ADMIN, show, longest=20_000),
    Action("/accounts/add", Role.ADMIN, add, longest=20_000),
    Action("/accounts/import", Role.ADMIN, preview, longest=LONGEST_FILE),
    Action("/accounts/import/confirm", Role.ADMIN, confirm, longest=20_000),
    Page("/accounts/{account}/remove", Role.ADMIN, ask_removal),
    Action("/accounts/{account}/remove", Role.ADMIN, remove, longest=20_000),
    Action("/labels/add", Role.ADMIN, add_label, longest=20_000),
    Action("/labels/remove", Role.ADMIN, remove_label, longest=20_000),
)
