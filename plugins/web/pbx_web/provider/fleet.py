"""How the whole fares: workers, queues, what is late or stopped; and that a profile runs now, or again."""

from __future__ import annotations

from datetime import datetime

from pbx_connector.api import StoreError, application
from pbx_web.asking import Ask
from pbx_web.page import Action, Done, NotFound, Page, Shown
from pbx_web.permissions import Role
from pbx_web.provider.access import site_of, tenant_of

AuditAction = application.audit.AuditAction


def show(ask: Ask) -> Shown:
    """Also before anything was prepared for workers: then it says so."""
    try:
        status = site_of(ask).engine.status()
    except StoreError as error:
        if ask.wants_json:
            raise
        return Shown(template="provider_fleet.html", values={"of": None, "error": error, "warning": ""}, status=503)
    said = application.views.tenants.fleet_status(status)
    warning = _no_worker(ask, status.unserved_since) if status.unserved_since else ""
    return Shown(template="provider_fleet.html", values={"of": status, "error": None, "warning": warning}, json=said)


def release(ask: Ask) -> Done:
    tenant, profile = _profile(ask)
    site_of(ask).engine.release(tenant, profile)
    ask.note(AuditAction.QUARANTINE_ENDED, tenant, detail={"profile": profile})
    return _done(tenant, profile, ask.language("%(profile)s runs again.", profile=profile))


def run(ask: Ask) -> Done:
    tenant, profile = _profile(ask)
    site_of(ask).engine.run(tenant, profile, full=bool(ask.typed("full")))
    ask.note(AuditAction.RUN_ORDERED, tenant, detail={"profile": profile})
    waits = ask.language("%(profile)s waits for a worker.", profile=profile)
    if since := site_of(ask).engine.unserved_since():
        waits += f" {_no_worker(ask, since)}"
    return _done(tenant, profile, waits)


def _no_worker(ask: Ask, since: datetime) -> str:
    when = ask.language.moment(since, ask.site.installation.zone)
    return ask.language("No worker has been running since %(when)s: pbx-connector worker starts one.", when=when)


def _profile(ask: Ask) -> tuple[str, str]:
    """Raises `NotFound` for what is not published."""
    tenant, profile = tenant_of(ask, Role.RELEASER).id, ask.path["profile"]
    if profile not in application.tenants.profiles(site_of(ask).fleet, tenant):
        raise NotFound(ask.language("No such profile is published."))
    return tenant, profile


def _done(tenant: str, profile: str, message: str) -> Done:
    return Done(to=f"/tenants/{tenant}", message=message, json={"tenant": tenant, "profile": profile})


PAGES = (
    Page("/fleet", Role.ADMIN, show),
    Action("/tenants/{tenant}/profiles/{profile}/release", Role.READER, release, longest=20_000),
    Action("/tenants/{tenant}/profiles/{profile}/run", Role.READER, run, longest=20_000),
)
