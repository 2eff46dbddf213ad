"""By which names a phone system is reached, and who of the provider sees to it: the administrators' business."""

from __future__ import annotations

from pbx_connector.api import application
from pbx_web.asking import Ask
from pbx_web.page import Action, Done
from pbx_web.permissions import Role
from pbx_web.provider.access import site_of, tenant_of

AuditAction = application.audit.AuditAction


def add_host(ask: Ask) -> Done:
    tenant = tenant_of(ask)
    name = application.tenants.add_host(site_of(ask).fleet, tenant.id, ask.typed("name"))
    ask.note(AuditAction.HOST_ADDED, tenant.id, detail={"name": name})
    return _hosts(ask, tenant.id, ask.language("It is reached by %(name)s from now on.", name=name))


def remove_host(ask: Ask) -> Done:
    tenant = tenant_of(ask)
    name = application.tenants.remove_host(site_of(ask).fleet, tenant.id, ask.typed("name"))
    ask.note(AuditAction.HOST_REMOVED, tenant.id, detail={"name": name})
    return _hosts(ask, tenant.id, ask.language("It is reached by %(name)s no more.", name=name))


def _hosts(ask: Ask, tenant: str, message: str) -> Done:
    said = {"tenant": tenant, "hosts": application.tenants.hosts(site_of(ask).fleet, tenant)}
    return Done(to=f"/tenants/{tenant}", message=message, json=said)


def set_member(ask: Ask) -> Done:
    tenant, role = tenant_of(ask), application.users.role_of(ask.typed("role"))
    member = application.members.set_member(site_of(ask).fleet, ask.store, tenant.id, ask.typed("user"), role)
    ask.note(AuditAction.MEMBER_SET, tenant.id, detail={"user": member.user, "role": str(role)})
    message = ask.language("%(user)s sees to it as %(role)s.", user=member.user, role=role)
    return Done(to=f"/tenants/{tenant.id}", message=message, json=application.views.tenants.member(member))


def remove_member(ask: Ask) -> Done:
    tenant, user = tenant_of(ask), ask.typed("user")
    application.members.remove_member(site_of(ask).fleet, tenant.id, user)
    ask.note(AuditAction.MEMBER_REMOVED, tenant.id, detail={"user": user})
    message = ask.language("The membership is over, and with it whatever %(user)s does there.", user=user)
    said = application.views.tenants.removed_member(tenant.id, user)
    return Done(to=f"/tenants/{tenant.id}", message=message, json=said)


PAGES = (
    Action("/tenants/{tenant}/hosts/add", Role.ADMIN, add_host, longest=20_000),
    Action("/tenants/{tenant}/hosts/remove", Role.ADMIN, remove_host, longest=20_000),
    Action("/tenants/{tenant}/members/set", Role.ADMIN, set_member, longest=20_000),
    Action("/tenants/{tenant}/members/remove", Role.ADMIN, remove_member, longest=20_000),
)
