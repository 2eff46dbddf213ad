"""The JSON shapes of tenants; a part of `views`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pbx_connector.application.views import diagnostic, moment

if TYPE_CHECKING:
    from pbx_connector.application.publishing import Published
    from pbx_connector.application.tenants import TenantDetails
    from pbx_connector.tenants.migrating import Migration
    from pbx_connector.tenants.registry import Tenant
    from pbx_connector.tenants.schedules import ScheduleRow
    from pbx_connector.tenants.vault import SecretRow
    from pbx_connector.tenants.versions import Version

Json = dict[str, Any]


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


def tenant_details(of: TenantDetails) -> Json:
    return tenant(of.tenant) | {
        "profiles": [_schedule(row) for row in of.schedules],
        "versions": [version(one) for one in of.versions],
        "secrets": [secret(row) for row in of.secrets],
        "migration": migration(of.migration) if of.migration else None,
    }


def removed_tenant(id: str) -> Json:
    return {"id": id, "removed": True}


def _schedule(of: ScheduleRow) -> Json:
    return {
        "id": of.profile,
        "schedule": of.rule.in_words() if of.rule else None,
        "state": str(of.state),
        "next": _moment(of.next_at),
        "failures": of.failures,
        "reason": of.reason or None,
    }


def version(of: Version) -> Json:
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
        "base": what.base or None,
        "version": of.version.number if of.version else None,
        "added": list(what.changes.added),
        "changed": list(what.changes.changed),
        "removed": list(what.changes.removed),
        "findings": [diagnostic(found) for file in what.files for found in file.findings],
        "error": {"message": error.message, "hint": error.hint} if error else None,
    }


def migration(of: Migration) -> Json:
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


def _moment(seconds: float | None) -> str | None:
    return None if seconds is None else moment(datetime.fromtimestamp(seconds, UTC))
