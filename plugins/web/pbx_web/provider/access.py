"""Who may do what at which tenant: the provider's administrators everything, members what they are there."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pbx_connector.api import Role, StoreError, Tenant, application
from pbx_web.asking import Ask
from pbx_web.page import Forbidden, NotFound
from pbx_web.provider.site import ProviderSite
from pbx_web.wording import Wording, mood


def site_of(ask: Ask) -> ProviderSite:
    assert isinstance(ask.site, ProviderSite)  # noqa: S101 - these pages are served by no other
    return ask.site


def tenant_of(ask: Ask, least: Role = Role.READER) -> Tenant:
    """The tenant that the address names. Who is no member is told what he would be told of one that is not there:
    raises `NotFound`, and `Forbidden` for a member who may not do it."""
    fleet = site_of(ask).fleet
    found = application.tenants.find(fleet, ask.path["tenant"])
    role = application.members.role_in(fleet, found.id, ask.known_user) if found else None
    if found is None or role is None:
        raise NotFound(ask.language("There is no such phone system."))
    if not role.includes(least):
        raise Forbidden(ask.language("Your role at this phone system does not allow this."))
    return found


def role_at(ask: Ask, tenant: str) -> Role | None:
    return application.members.role_in(site_of(ask).fleet, tenant, ask.known_user)


def last_runs(ask: Ask, tenants: Collection[str]) -> Sequence[application.fleet_status.LastRun]:
    """The latest last; none while nobody can tell, as where no worker was ever prepared for."""
    try:
        return site_of(ask).engine.last_runs(tenants)
    except StoreError:
        return ()


def words_of_runs(ask: Ask) -> Mapping[str, Any]:
    """What the macro `last_run` needs."""
    return {"w": Wording(ask.language), "mood": mood}


def moment_of(seconds: float | None) -> datetime | None:
    """Of what the control database has."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
