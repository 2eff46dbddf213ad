"""Many tenants looked through: found by a part of id or title, by state, by member, a page at a time."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select, true

from pbx_connector.tenants.control import ControlDatabase
from pbx_connector.tenants.registry import Tenant, TenantState, tenant_of
from pbx_connector.tenants.schedules import ProfileRunState
from pbx_connector.tenants.tables import member, schedule, tenant


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantFilter:
    """What each tenant asked for is like; what is not said is any."""

    text: str = ""
    """In its id or title, whatever the case."""
    state: TenantState | None = None
    member: str | None = None
    """A user of the provider who is one."""
    stopped: bool = False
    """Some profile of it is quarantined or paused."""
    ids: Collection[str] | None = None


@dataclass(frozen=True, slots=True)
class TenantLine:
    """One of a list of tenants."""

    tenant: Tenant
    profiles: int
    stopped: int
    """Of its profiles, those that are quarantined or paused."""
    next_at: float | None
    """When the next of its profiles is due; seconds since 1970."""


@dataclass(frozen=True, slots=True)
class TenantList:
    """A page of a list of tenants, by id."""

    lines: tuple[TenantLine, ...]
    total: int
    """On all pages."""
    next: str
    """What to ask for as `after` to go on; empty at the end."""


def listed(control: ControlDatabase, wanted: TenantFilter, *, after: str = "", limit: int) -> TenantList:
    """Those whose id comes after `after`, `limit` at most."""
    which = and_(true(), *_conditions(wanted))
    with control.read() as connection:
        total = connection.execute(select(func.count()).select_from(tenant).where(which)).scalar_one()
        query = _lines().where(which, tenant.c.id > after).order_by(tenant.c.id).limit(limit + 1)
        lines = [_line(row._asdict()) for row in connection.execute(query)]
    more = lines[limit - 1].tenant.id if len(lines) > limit else ""
    return TenantList(tuple(lines[:limit]), total, more)


def _conditions(wanted: TenantFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.text:
        texts = tenant.c.id, func.lower(tenant.c.title)
        found.append(or_(*(text.contains(wanted.text.lower(), autoescape=True) for text in texts)))
    if wanted.state:
        found.append(tenant.c.state == wanted.state)
    if wanted.member is not None:
        found.append(exists().where(member.c.tenant == tenant.c.id, member.c.user == wanted.member))
    if wanted.stopped:
        found.append(exists().where(schedule.c.tenant == tenant.c.id, schedule.c.state != ProfileRunState.READY))
    if wanted.ids is not None:
        found.append(tenant.c.id.in_(wanted.ids))
    return found


def _lines() -> Select[Any]:
    """Profiles are counted for the tenants of the page alone."""
    ready = schedule.c.state == ProfileRunState.READY
    counts = (
        select(
            func.count().label("profiles"),
            func.count().filter(~ready).label("stopped"),
            func.min(schedule.c.next_at).filter(ready).label("next_at"),
        )
        .where(schedule.c.tenant == tenant.c.id)
        .lateral("counts")
    )
    return select(tenant, counts.c.profiles, counts.c.stopped, counts.c.next_at).join(counts, true())


def _line(values: dict[str, Any]) -> TenantLine:
    counts = [values.pop(name) for name in ("profiles", "stopped", "next_at")]
    return TenantLine(tenant_of(values), *counts)
