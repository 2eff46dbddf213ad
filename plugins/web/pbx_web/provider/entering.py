"""From the provider's pages to those of a tenant, without a password there."""

from __future__ import annotations

from pbx_connector.api import Tenant, TenantState, UsageError, application
from pbx_web.asking import Ask
from pbx_web.page import Action, Shown
from pbx_web.permissions import Role
from pbx_web.provider.access import site_of, tenant_of
from pbx_web.provider.addresses import address_of

AuditAction = application.audit.AuditAction
visitors = application.visitors


def enter(ask: Ask) -> Shown:
    """The answer itself has the link, which stands in no address of these pages and is kept nowhere: it leads on by
    itself, as a form may not lead to another host."""
    tenant = tenant_of(ask)
    fleet, name = site_of(ask).fleet, ask.known_user.name
    address = _address(ask, tenant)
    with fleet.open_store(tenant) as store:
        token = visitors.Visitors(fleet, tenant.id).invite(store, name, ask.site.now())
    ask.note(AuditAction.TENANT_ENTERED, tenant.id)
    url = f"{address}/enter/{token}"
    said = {"tenant": tenant.id, "url": url, "seconds": int(visitors.LIFETIME.total_seconds())}
    return Shown(template="provider_entering.html", values={"tenant": tenant, "url": url}, json=said)


def _address(ask: Ask, tenant: Tenant) -> str:
    """Raises `UsageError`."""
    address = address_of(ask, tenant.id)
    if not address or tenant.state not in (TenantState.ACTIVE, TenantState.SUSPENDED):
        raise UsageError(ask.language("This phone system has no host name."), hint=ask.language("Give it one first."))
    return address


PAGES = (Action("/tenants/{tenant}/enter", Role.READER, enter, longest=20_000),)
