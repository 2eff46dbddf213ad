"""The JSON shapes of tenants, of what is published for them, and of how they fare."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from pbx_connector.application.views.profiles import diagnostic
from pbx_connector.application.views.values import Json, moment

if TYPE_CHECKING:
    from pbx_connector.application.fleet_status import FleetStatus, LastRun
    from pbx_connector.application.publishing import Published
    from pbx_connector.application.tenants import TenantDetails
    from pbx_connector.tenants.listing import TenantLine
    from pbx_connector.tenants.members import Member
    from pbx_connector.tenants.migrating import PhoneBookMigration
    from pbx_connector.tenants.registry import Tenant
    from pbx_connector.tenants.schedules import ScheduleRow
    from pbx_connector.tenants.vault import SecretRow
    from pbx_connector.tenants.versions import PublishedVersion


def tenant(of: Tenant) -> Json:
    return {
        "id": of.id,
        "title": of.title,
        "state": str(of.state),
        "store": of.store or None,
        "schema_version": of.schema_version or None,
        "published": of.published or None,
        "made": _moment(of.made),
        "changed": _moment(of.changed),
    }


def tenant_details(of: TenantDetails, last: Collection[LastRun] = ()) -> Json:
    """`last`: the last run of each profile that a worker ran."""
    runs = {run.profile: run for run in last}
    return tenant(of.tenant) | {
        "profiles": [_schedule(row, runs.get(row.profile)) for row in of.schedules],
        "versions": [version(one) for one in of.versions],
        "secrets": [secret(row) for row in of.secrets],
        "hosts": list(of.hosts),
        "shadowed_hosts": list(of.shadowed),
        "members": [member(one) for one in of.members],
        "migration": migration(of.migration) if of.migration else None,
    }


def tenant_line(of: TenantLine, late: timedelta | None, last: LastRun | None = None) -> Json:
    """`late`: by how much the latest of its profiles is; None if none is. `last`: the latest run of all its
    profiles."""
    return tenant(of.tenant) | {
        "profiles": of.profiles,
        "stopped": of.stopped,
        "next": _moment(of.next_at),
        "late_seconds": None if late is None else round(late.total_seconds(), 1),
        "last_run": _last_run(last) | {"profile": last.profile} if last else None,
    }


def member(of: Member) -> Json:
    return {"tenant": of.tenant, "user": of.user, "role": str(of.role)}


def removed_member(tenant: str, user: str) -> Json:
    return {"tenant": tenant, "user": user, "removed": True}


def added_host(tenant: str, name: str) -> Json:
    return {"tenant": tenant, "host": name, "added": True}


def removed_host(tenant: str, name: str) -> Json:
    return {"tenant": tenant, "host": name, "removed": True}


def removed_tenant(id: str) -> Json:
    return {"id": id, "removed": True}


def _last_run(of: LastRun) -> Json:
    return {"ended": moment(of.ended), "status": of.result}


def _schedule(of: ScheduleRow, last: LastRun | None) -> Json:
    return {
        "id": of.profile,
        "schedule": of.rule.in_words() if of.rule else None,
        "state": str(of.state),
        "next": _moment(of.next_at),
        "last_run": _last_run(last) if last else None,
        "failures": of.failures,
        "reason": of.reason or None,
    }


def version(of: PublishedVersion) -> Json:
    return {
        "tenant": of.tenant,
        "number": of.number,
        "who": of.who,
        "made": _moment(of.made),
        "digest": of.digest,
        "note": of.note or None,
        "warnings": list(of.findings),
    }


def published(of: Published) -> Json:
    what, error = of.publication, of.error
    return {
        "tenant": what.tenant,
        "status": str(of.status),
        "adds_tenant": what.adds_tenant,
        "base": what.base or None,
        "version": of.version.number if of.version else None,
        "added": list(what.changes.added),
        "changed": list(what.changes.changed),
        "removed": list(what.changes.removed),
        "findings": [diagnostic(found) for file in what.files for found in file.findings],
        "error": {"message": error.message, "hint": error.hint} if error else None,
    }


def migration(of: PhoneBookMigration) -> Json:
    return {
        "tenant": of.tenant,
        "state": str(of.state),
        "wanted": of.wanted,
        "reached": of.reached or None,
        "error": of.error or None,
        "started": _moment(of.started),
        "ended": _moment(of.ended),
    }


def secret(of: SecretRow) -> Json:
    """Never its value."""
    return {"name": of.name, "key": of.key, "who": of.who, "changed": _moment(of.changed)}


def stored_secret(tenant: str, name: str) -> Json:
    return {"tenant": tenant, "name": name, "stored": True}


def removed_secret(tenant: str, name: str) -> Json:
    return {"tenant": tenant, "name": name, "removed": True}


def rotated_secrets(many: int) -> Json:
    return {"rotated": many}


def new_key(id: str) -> Json:
    return {"key": id}


def fleet_status(of: FleetStatus) -> Json:
    return {
        "well": not of.complaints,
        "complaints": of.complaints,
        "tenants": of.tenants,
        "profiles": of.profiles,
        "queues": [
            {
                "queue": queue.queue,
                "waiting": queue.waiting,
                "running": queue.running,
                "oldest_seconds": None if queue.oldest is None else round(queue.oldest.total_seconds(), 1),
            }
            for queue in of.queues
        ],
        "workers": [
            {
                "id": worker.id,
                "host": worker.host,
                "process": worker.process,
                "version": worker.version,
                "places": worker.places,
                "running": worker.running,
                "stopping": worker.stopping,
                "silent_seconds": round(worker.silent.total_seconds(), 1),
                "dead": worker.dead,
            }
            for worker in of.workers
        ],
        "unserved_since": moment(of.unserved_since) if of.unserved_since else None,
        "lost_workers": [
            {
                "id": lost.id,
                "host": lost.host,
                "process": lost.process,
                "jobs": lost.jobs,
                "found": lost.found.isoformat(),
            }
            for lost in of.lost
        ],
        "late": {
            "count": of.late_count,
            "profiles": [
                {"tenant": late.tenant, "profile": late.profile, "seconds": round(late.late.total_seconds(), 1)}
                for late in of.late
            ],
        },
        "stopped": {
            "count": of.stopped_count,
            "profiles": [
                {"tenant": one.tenant, "profile": one.profile, "state": one.state, "reason": one.reason}
                for one in of.stopped
            ],
        },
        "held_sources": {
            "count": of.held_count,
            "sources": [
                {
                    "tenant": held.tenant,
                    "source": held.source,
                    "reason": held.reason,
                    "seconds": round(held.left.total_seconds(), 1),
                }
                for held in of.held
            ],
        },
    }


def _moment(seconds: float | None) -> str | None:
    return None if seconds is None else moment(datetime.fromtimestamp(seconds, UTC))
