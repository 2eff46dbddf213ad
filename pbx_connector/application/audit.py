"""What was done through the administrator's pages, by whom. What it changed in the phone book, the history has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from pbx_connector.stores import Audit, AuditFilter, AuditRecord
from pbx_connector.visible import shown

LONGEST = 200
"""Characters of a text; what is longer is cut."""
MOST = 12
"""Details of one record."""
COMMAND_LINE = "(command line)"
"""Who used a command; no user can be called that."""


class AuditAction(StrEnum):
    LOGIN = "log-in"
    LOGIN_FAILED = "log-in failed"
    LOGOUT = "log-out"
    SETUP = "set-up"
    LOGIN_CHANGED = "password changed"
    USER_ADDED = "user added"
    USER_CHANGED = "user changed"
    USER_REMOVED = "user removed"
    PROFILE_CREATED = "profile created"
    PROFILE_SAVED = "profile saved"
    PROFILE_REMOVED = "profile removed"
    SIMULATED = "simulated"
    PLAN_SAVED = "plan saved"
    RUN = "run"
    RELEASED = "released"
    UNDONE = "undone"
    RESUMED = "resumed"
    ADOPTED = "profile adopted"
    ENTRY_CHANGED = "entry changed"
    EXPORTED = "phone book exported"
    DEVICE_ADDED = "device added"
    DEVICE_CHANGED = "device changed"
    DEVICE_REMOVED = "device removed"
    ACCOUNTS_CHANGED = "accounts changed"
    LABELS_CHANGED = "labels changed"
    TENANT_ADDED = "tenant added"
    TENANT_SUSPENDED = "tenant suspended"
    TENANT_RESUMED = "tenant resumed"
    TENANT_REMOVED = "tenant removed"
    TENANT_ENTERED = "tenant entered"
    TENANT_MIGRATED = "tenant migrated"
    PUBLISHED = "published"
    ROLLED_BACK = "rolled back"
    VAULT_SET = "secret set"
    VAULT_REMOVED = "secret removed"
    HOST_ADDED = "host name added"
    HOST_REMOVED = "host name removed"
    MEMBER_SET = "member set"
    MEMBER_REMOVED = "member removed"
    QUARANTINE_ENDED = "quarantine ended"
    RUN_ORDERED = "run ordered"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something, and from where."""

    user: str = COMMAND_LINE
    """Empty where nobody knows who it is."""
    address: str = ""


@dataclass(frozen=True, slots=True)
class AuditPage:
    records: tuple[AuditRecord, ...]
    """The newest first."""
    next: int | None
    """What to ask for as `before` to go on; None at the end."""


def note_audit(
    store: Audit,
    actor: Actor,
    action: AuditAction,
    target: str = "",
    *,
    detail: Mapping[str, str] | None = None,
    run: str | None = None,
) -> None:
    """Say in `target` and `detail` neither a secret nor anything of a contact."""
    said = {_text(name): _text(value) for name, value in list((detail or {}).items())[:MOST]}
    store.note_audit(AuditRecord(_text(actor.user), _text(actor.address), action, _text(target), said, run))


def audit_page(
    store: Audit, wanted: AuditFilter | None = None, *, before: int | None = None, limit: int = 100
) -> AuditPage:
    found = store.audit(wanted, before=before, limit=limit + 1)
    return AuditPage(tuple(found[:limit]), found[limit - 1].id if len(found) > limit else None)


def _text(text: str) -> str:
    return shown(text[:LONGEST])[:LONGEST]
