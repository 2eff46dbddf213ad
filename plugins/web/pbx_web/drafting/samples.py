"""A row on which the rules of a draft are tried while somebody edits them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pbx_connector.api import ConnectorError, Profile, UsageError, application
from pbx_web import launching
from pbx_web.asking import Ask
from pbx_web.drafting.connection import talk
from pbx_web.drafting.typed import said
from pbx_web.permissions import Role

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
    """Rows to choose from."""

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
        with talk(ask):
            for row in application.source_rows.SourceRows(profile, accounts, all_fields=True, limit=MOST):
                if ask.sees_personal or "local_id" not in row:
                    found.rows.append((_known_as(row, profile.source.fields.known_by), _text(row)))
    except ConnectorError as error:
        found.error = ": ".join(part for part in ask.site.operations.told(error) if part)
    return found


def simulated(ask: Ask, profile: str) -> Offered:
    """Rows of the last simulation, those with a problem first; personal contacts as above."""
    last = launching.last_simulation(ask, profile)
    if last is None:
        return Offered(error=ask.language("There is no simulation of this profile that you could take one from."))
    items = last.records.examples(MOST, personal=ask.sees_personal)
    rows = {_text(item.row.values): item.name for item in items if item.row and item.row.values}
    return Offered([(name or "…", row) for row, name in rows.items()])


def of_record(ask: Ask) -> str:
    """The row that made the record of a simulation that the address names by `job` and `record`; blank if there is
    none, or none for whoever asks."""
    job, number = ask.site.jobs.job(ask.text("job")), ask.text("record")
    if job is None or not isinstance(job.result, launching.Simulated) or not number.isdecimal():
        return ""
    is_mine = job.owner == ask.known_user.name or ask.may(Role.ADMIN)
    item = job.result.records.item(int(number[:15])) if is_mine else None
    if item is None or item.row is None or (item.is_personal and not ask.sees_personal):
        return ""
    return _text(item.row.values) if item.row.values else ""


def _text(row: Mapping[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False, indent=1)


def _known_as(row: Mapping[str, Any], known_by: Sequence[tuple[str, ...]]) -> str:
    for names in known_by:
        values = [str(row[name]) for name in names if row.get(name)]
        if values:
            return " ".join(values)[:80]
    return next((value[:80] for value in row.values() if isinstance(value, str)), "…")
