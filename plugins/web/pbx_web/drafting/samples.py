"""A row on which the rules of a draft are tried while somebody edits them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pbx_connector.api import ConnectorError, Profile, UsageError, application
from pbx_web.asking import Ask
from pbx_web.drafting.typed import said

MOST = 20
"""Rows of the source to choose from."""
LONGEST = 100_000


@dataclass(frozen=True, slots=True)
class Tried:
    """What the rules make of the row; without a row or with mistakes in the draft nothing."""

    sample: application.drafts.Sample | None = None
    error: str = ""


@dataclass
class Offered:
    """Rows of the source to choose from."""

    rows: list[tuple[str, str]] = field(default_factory=list)
    """What a row is known by, and the row as JSON."""
    error: str = ""


def tried(checked: application.drafts.CheckedDraft, typed: str) -> Tried:
    if not typed.strip():
        return Tried()
    try:
        return Tried(application.drafts.sample(checked, _row(typed)))
    except UsageError as error:
        return Tried(error=said(error))


def _row(typed: str) -> Mapping[str, Any]:
    """Raises `UsageError`."""
    try:
        row = json.loads(typed[:LONGEST])
    except (ValueError, RecursionError):
        raise UsageError(
            "the row is not JSON", hint='write {"Surname": "Lee", "Phone": "030 123"}, or take one of the source'
        ) from None
    if not isinstance(row, dict):
        raise UsageError("the row is no object", hint='write {"Surname": "Lee"}')
    return row


def offered(ask: Ask, profile: Profile) -> Offered:
    """The first rows of the source; personal contacts for those alone who may see them."""
    found = Offered()
    try:
        accounts = ask.store.accounts() if ask.sees_personal else []
        for row in application.source_rows.SourceRows(profile, accounts, all_fields=True, limit=MOST):
            if ask.sees_personal or "local_id" not in row:
                text = json.dumps(row, ensure_ascii=False, indent=1)
                found.rows.append((_known_as(row, profile.source.fields.known_by), text))
    except ConnectorError as error:
        found.error = f"{error.message}: {error.hint}" if error.hint else error.message
    return found


def _known_as(row: Mapping[str, Any], known_by: Sequence[tuple[str, ...]]) -> str:
    for names in known_by:
        values = [str(row[name]) for name in names if row.get(name)]
        if values:
            return " ".join(values)[:80]
    return next((value[:80] for value in row.values() if isinstance(value, str)), "…")
