"""The secrets of a phone system: set and removed here, and shown nowhere."""

from __future__ import annotations

from pbx_connector.api import UsageError, application
from pbx_web.asking import Ask
from pbx_web.page import Action, Done
from pbx_web.permissions import Role
from pbx_web.provider.access import site_of, tenant_of

AuditAction = application.audit.AuditAction


def store(ask: Ask) -> Done:
    """In place of an earlier one of that name."""
    tenant, name = tenant_of(ask, Role.ADMIN), ask.typed("name").strip()
    value = ask.typed("value").rstrip("\r\n")
    if "\0" in value:
        raise UsageError("a secret is a text")
    application.tenants.set_secret(site_of(ask).fleet, tenant.id, name, value, who=ask.known_user.name)
    ask.note(AuditAction.VAULT_SET, tenant.id, detail={"name": name})
    message = ask.language("It is kept; the profiles name it as {vault: %(name)s}.", name=name)
    said = application.views.tenants.stored_secret(tenant.id, name)
    return Done(to=f"/tenants/{tenant.id}", message=message, json=said)


def remove(ask: Ask) -> Done:
    tenant, name = tenant_of(ask, Role.ADMIN), ask.typed("name").replace("\0", "")
    application.tenants.remove_secret(site_of(ask).fleet, tenant.id, name)
    ask.note(AuditAction.VAULT_REMOVED, tenant.id, detail={"name": name})
    said = application.views.tenants.removed_secret(tenant.id, name)
    return Done(to=f"/tenants/{tenant.id}", message=ask.language("The secret is removed."), json=said)


PAGES = (
    Action("/tenants/{tenant}/secrets/set", Role.READER, store, longest=700_000),
    Action("/tenants/{tenant}/secrets/remove", Role.READER, remove, longest=20_000),
)
