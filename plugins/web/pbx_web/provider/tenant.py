"""One phone system: what runs for it, what was published, who sees to it; suspended, resumed and removed here."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pbx_connector.api import Role, StoreError, Tenant, UsageError, application
from pbx_web.asking import Ask
from pbx_web.page import Action, Done, Page, Shown
from pbx_web.provider.access import last_runs, moment_of, role_at, site_of, tenant_of, words_of_runs
from pbx_web.provider.addresses import address_of

AuditAction = application.audit.AuditAction
TenantDetails = application.tenants.TenantDetails
VERSIONS = 20
"""So many are shown, the latest first."""


def show(ask: Ask) -> Shown:
    tenant = tenant_of(ask)
    details = _for_whom(ask, application.tenants.details(site_of(ask).fleet, tenant.id))
    last = last_runs(ask, [tenant.id])
    said = application.views.tenants.tenant_details(details, last)
    if not ask.may(Role.ADMIN):  # where the provider's databases are is nobody else's business
        said["store"] = None
    values: dict[str, Any] = {
        "of": details,
        "last_runs": {run.profile: run for run in last},
        **words_of_runs(ask),
        "versions": details.versions[:VERSIONS],
        "role": role_at(ask, tenant.id) or Role.READER,
        "roles": list(Role),
        "address": address_of(ask, tenant.id),
        "host_that_stays": f"{tenant.id}.{site_of(ask).fleet.config.domain}",
        "users": _users(ask),
        "moment_of": moment_of,
    }
    return Shown(template="provider_tenant.html", values=values, json=said)


def _for_whom(ask: Ask, found: TenantDetails) -> TenantDetails:
    """Why a migration failed names the database."""
    if ask.may(Role.ADMIN) or found.migration is None or not found.migration.error:
        return found
    return replace(found, migration=replace(found.migration, error=ask.language("the provider's log says why")))


def _users(ask: Ask) -> list[str]:
    """Who can be made a member, for those who may make one."""
    if not ask.may(Role.ADMIN):
        return []
    return [user.name for user in ask.store.users() if user.role is not Role.ADMIN]


def suspend(ask: Ask) -> Done:
    tenant = application.tenants.suspend(site_of(ask).fleet, tenant_of(ask, Role.ADMIN).id)
    ask.note(AuditAction.TENANT_SUSPENDED, tenant.id)
    return _changed(tenant, ask.language("No run of it begins any more; telephones go on."))


def resume(ask: Ask) -> Done:
    tenant = application.tenants.resume(site_of(ask).fleet, tenant_of(ask, Role.ADMIN).id)
    ask.note(AuditAction.TENANT_RESUMED, tenant.id)
    return _changed(tenant, ask.language("Its profiles run again."))


def show_removal(ask: Ask) -> Shown:
    return _removal(ask, tenant_of(ask))


def _removal(ask: Ask, tenant: Tenant, error: UsageError | None = None) -> Shown:
    try:
        entries: int | None = application.tenants.entries(site_of(ask).fleet, tenant.id)
    except StoreError:
        entries = None
    values = {"tenant": tenant, "entries": entries, "error": error}
    said = application.views.tenants.tenant(tenant) | {"entries": entries}
    return Shown(template="provider_removal.html", values=values, json=said, status=400 if error else 200)


def remove(ask: Ask) -> Shown | Done:
    """For good: whoever asks has typed its id."""
    tenant = tenant_of(ask)
    if ask.typed("confirm").strip() != tenant.id:
        error = UsageError(
            ask.language("Nothing was removed: the id that was typed is another one."),
            hint=ask.language("Type %(id)s to remove it for good.", id=tenant.id),
        )
        if ask.wants_json:
            raise error
        return _removal(ask, tenant, error)
    application.tenants.remove(site_of(ask).fleet, tenant.id)
    ask.note(AuditAction.TENANT_REMOVED, tenant.id)
    message = ask.language("The phone system is removed, with all that was kept of it.")
    return Done(to="/tenants", message=message, json=application.views.tenants.removed_tenant(tenant.id))


def migrate(ask: Ask) -> Done:
    tenant = tenant_of(ask)
    [migrated] = application.tenants.migrate(site_of(ask).fleet, [tenant.id])
    ask.note(AuditAction.TENANT_MIGRATED, tenant.id, detail={"state": str(migrated.state)})
    said = application.views.tenants.migration(migrated)
    if migrated.error:
        return Done(to=f"/tenants/{tenant.id}", message=migrated.error, json=said)
    return Done(to=f"/tenants/{tenant.id}", message=ask.language("Its phone book is of this version."), json=said)


def _changed(tenant: Tenant, message: str) -> Done:
    return Done(to=f"/tenants/{tenant.id}", message=message, json=application.views.tenants.tenant(tenant))


PAGES = (
    Page("/tenants/{tenant}", Role.READER, show),
    Action("/tenants/{tenant}/suspend", Role.READER, suspend, longest=20_000),
    Action("/tenants/{tenant}/resume", Role.READER, resume, longest=20_000),
    Page("/tenants/{tenant}/remove", Role.ADMIN, show_removal),
    Action("/tenants/{tenant}/remove", Role.ADMIN, remove, longest=20_000),
    Action("/tenants/{tenant}/migrate", Role.ADMIN, migrate, longest=20_000),
)
