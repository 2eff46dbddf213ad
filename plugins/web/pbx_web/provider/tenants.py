"""The phone systems: looked through, a page at a time, and added."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from starlette.responses import RedirectResponse, Response

from pbx_connector.api import StoreError, TenantFilter, TenantState, UsageError, application
from pbx_web.asking import Ask
from pbx_web.page import Action, Done, Page, Shown
from pbx_web.permissions import Role
from pbx_web.provider.access import last_runs, moment_of, site_of, words_of_runs

AuditAction = application.audit.AuditAction
SIZE = 100
"""Tenants on a page."""
ASKED = ("text", "show")
LATE, STOPPED = "late", "stopped"


def begin(ask: Ask) -> Response:
    return RedirectResponse("/tenants", 303)


def show(ask: Ask) -> Shown:
    return _list(ask)


def _list(ask: Ask, typed: Mapping[str, str] | None = None, error: UsageError | None = None) -> Shown:
    given = {name: text for name in ASKED if (text := ask.query.get(name, "").strip()[:200])}
    late, after = _late(ask), ask.query.get("after", "")[:200].replace("\0", "")
    wanted = _filter(ask, given, late or {})
    page = application.tenants.listed(site_of(ask).fleet, wanted, after=after, limit=SIZE)
    last = {run.tenant: run for run in last_runs(ask, [line.tenant.id for line in page.lines])}
    values: dict[str, Any] = {
        "lines": page.lines,
        "last_runs": last,
        **words_of_runs(ask),
        "total": page.total,
        "late": late or {},
        "knows_late": late is not None,
        "given": given,
        "choices": _choices(ask),
        "first": f"/tenants?{urlencode(given)}" if after else "",
        "following": f"/tenants?{urlencode({**given, 'after': page.next})}" if page.next else "",
        "moment_of": moment_of,
        "typed": typed or {},
        "error": error,
    }
    view = application.views.tenants.tenant_line
    lines = [view(line, (late or {}).get(line.tenant.id), last.get(line.tenant.id)) for line in page.lines]
    if not ask.may(Role.ADMIN):  # where the provider's databases are is nobody else's business
        lines = [line | {"store": None} for line in lines]
    said = {"total": page.total, "next": page.next or None, "tenants": lines}
    return Shown(template="provider_tenants.html", values=values, json=said, status=400 if error else 200)


def _late(ask: Ask) -> Mapping[str, timedelta] | None:
    """None while nobody can tell, as where no worker was ever prepared for."""
    try:
        return site_of(ask).engine.late()
    except StoreError:
        return None


def _filter(ask: Ask, given: Mapping[str, str], late: Mapping[str, timedelta]) -> TenantFilter:
    shown = given.get("show", "")
    user = ask.known_user
    return TenantFilter(
        text=given.get("text", "").replace("\0", ""),
        state=TenantState(shown) if shown in list(TenantState) else None,
        member=None if user.role is Role.ADMIN else user.name,
        stopped=shown == STOPPED,
        ids=list(late) if shown == LATE else None,
    )


def _choices(ask: Ask) -> list[tuple[str, str]]:
    speak = ask.language
    return [
        ("", speak("all")),
        (LATE, speak("late")),
        (STOPPED, speak("with quarantined or paused profiles")),
        (TenantState.ACTIVE, speak("active")),
        (TenantState.SUSPENDED, speak("suspended")),
        (TenantState.ADDING, speak("not finished")),
        (TenantState.REMOVING, speak("being removed")),
    ]


def add(ask: Ask) -> Shown | Done:
    typed = {name: ask.typed(name).strip() for name in ("id", "title", "store")}
    try:
        made = application.tenants.add(site_of(ask).fleet, typed["id"], title=typed["title"], store=typed["store"])
    except UsageError as error:
        if ask.wants_json:
            raise
        return _list(ask, typed, error)
    ask.note(AuditAction.TENANT_ADDED, made.id)
    message = ask.language("The phone system is there. What is published says what runs for it.")
    return Done(to=f"/tenants/{made.id}", message=message, json=application.views.tenants.tenant(made))


PAGES = (
    Page("/", Role.READER, begin),
    Page("/tenants", Role.READER, show),
    Action("/tenants/add", Role.ADMIN, add, longest=20_000),
)
