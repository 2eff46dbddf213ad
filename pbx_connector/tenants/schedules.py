"""When each profile of each tenant runs next: rows, so that one question finds all that are due."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, case, delete, select
from sqlalchemy.dialects.postgresql import insert

from pbx_connector.schedule import Schedule
from pbx_connector.schedule.zone import zone
from pbx_connector.tenants.registry import TenantState
from pbx_connector.tenants.tables import schedule, tenant


class ProfileRunState(StrEnum):
    """Whether a profile runs by itself."""

    READY = "ready"
    PAUSED = "paused"
    """After failures, until a person says otherwise."""
    QUARANTINED = "quarantined"
    """It killed its workers."""


@dataclass(frozen=True, slots=True)
class ScheduleRow:
    """A profile of the version that counts, and when it runs."""

    tenant: str
    profile: str
    version: int
    rule: Schedule | None
    zone: str
    """Whose clock `rule` goes by, if it names none; empty for UTC."""
    next_at: float | None
    jitter: float
    state: ProfileRunState
    failures: int
    lost: int
    reason: str

    def next_after(self, now: float) -> float | None:
        """When it runs next by itself, given that a run begins or began at `now`."""
        if self.rule is None:
            return None
        late = 0.0 if self.rule.every else self.jitter
        moment = datetime.fromtimestamp(now - late, UTC)
        return self.rule.next_after(moment, zone(self.zone or "UTC")).timestamp() + late


def due(connection: Connection, now: float, limit: int) -> list[ScheduleRow]:
    """What should have begun by now, the longest overdue first, locked until the transaction ends; rows that another
    dispatcher holds are left to it. Tenants that are not active have none."""
    query = (
        select(schedule)
        .join(tenant, tenant.c.id == schedule.c.tenant)
        .where(
            schedule.c.next_at <= now,
            schedule.c.state == ProfileRunState.READY,
            tenant.c.state == TenantState.ACTIVE,
        )
        .order_by(schedule.c.next_at)
        .limit(limit)
        .with_for_update(of=schedule, skip_locked=True)
    )
    return [_row(row) for row in connection.execute(query)]


def of_tenant(connection: Connection, id: str) -> list[ScheduleRow]:
    query = select(schedule).where(schedule.c.tenant == id).order_by(schedule.c.profile)
    return [_row(row) for row in connection.execute(query)]


@dataclass(frozen=True, slots=True)
class PublishedProfile:
    """A profile of a version, and the rule by which it runs."""

    id: str
    rule: Schedule | None
    zone: str


def replace(
    connection: Connection, id: str, version: int, profiles: Sequence[PublishedProfile], now: float, jitter: timedelta
) -> None:
    """The rows of a tenant are those of a version that was just published. A profile whose schedule stays keeps its
    time; one that was quarantined or paused may run again."""
    kept = schedule.c.profile.in_([profile.id for profile in profiles])
    connection.execute(delete(schedule).where(schedule.c.tenant == id, ~kept))
    if not profiles:
        return
    adding = insert(schedule).values([_values(id, version, profile, now, jitter) for profile in profiles])
    new: dict[str, Any] = {column.name: column for column in adding.excluded if not column.primary_key}
    # Compared by the database, as a dispatcher may be about to change the row.
    stays = (schedule.c.rule == adding.excluded.rule) & (schedule.c.zone == adding.excluded.zone)
    new["next_at"] = case((stays, schedule.c.next_at), else_=adding.excluded.next_at)
    connection.execute(adding.on_conflict_do_update(index_elements=["tenant", "profile"], set_=new))


def _values(id: str, version: int, profile: PublishedProfile, now: float, jitter: timedelta) -> dict[str, Any]:
    late = share(id, profile.id) * jitter.total_seconds()
    row = ScheduleRow(id, profile.id, version, profile.rule, profile.zone, None, late, ProfileRunState.READY, 0, 0, "")
    rule = profile.rule.model_dump_json(exclude_none=True) if profile.rule else ""
    return asdict(row) | {"rule": rule, "next_at": _first(row, now)}


def _first(row: ScheduleRow, now: float) -> float | None:
    """The first run of what goes by a span comes within that span, those of many tenants spread over it."""
    if row.rule is not None and row.rule.every is not None:
        return now + share(row.tenant, row.profile) * row.rule.every.total_seconds()
    return row.next_after(now)


def share(tenant: str, profile: str) -> float:
    """From 0 to 1, always the same for one profile of a tenant."""
    digest = hashlib.sha256(f"{tenant}/{profile}".encode()).digest()
    return int.from_bytes(digest[:8]) / 2**64


def _row(row: Row[Any]) -> ScheduleRow:
    values = row._asdict()
    rule = Schedule.model_validate_json(values["rule"]) if values["rule"] else None
    return ScheduleRow(**values | {"rule": rule, "state": ProfileRunState(values["state"])})
