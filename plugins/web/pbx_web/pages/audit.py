"""What was done on these pages and by the commands about their users: by whom, when, from where."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from urllib.parse import urlencode

from pbx_connector.api import AuditFilter, UsageError, application
from pbx_web.asking import Ask
from pbx_web.page import Page, Shown
from pbx_web.permissions import Role

SIZE = 100
"""Records on a page."""
ASKED = ("user", "action", "since", "until")


def show(ask: Ask) -> Shown:
    given = {name: text for name in ASKED if (text := ask.query.get(name, "").strip())}
    error = None
    try:
        wanted = _filter(given, ask.site.installation.zone)
    except UsageError as wrong:
        if ask.wants_json:
            raise
        wanted, error = AuditFilter(), wrong
    page = application.audit.audit_page(ask.store, wanted, before=_number(ask.query.get("before", "")), limit=SIZE)
    following = f"/audit?{urlencode({**given, 'before': page.next})}" if page.next else ""
    values: dict[str, Any] = {
        "records": page.records,
        "following": following,
        "first": f"/audit?{urlencode(given)}" if "before" in ask.query else "",
        "given": given,
        "error": error,
        "actions": list(application.audit.AuditAction),
    }
    said = application.views.audit_page(page)
    return Shown(template="audit.html", values=values, json=said, status=400 if error else 200)


def _filter(given: dict[str, str], zone: tzinfo) -> AuditFilter:
    """Raises `UsageError` for what is no day."""
    since, until = _day(given.get("since", ""), zone), _day(given.get("until", ""), zone)
    return AuditFilter(
        given.get("user"), given.get("action"), None, since, until + timedelta(days=1) if until else None
    )


def _day(text: str, zone: tzinfo) -> datetime | None:
    """Its beginning, by the clock that schedules go by."""
    if not text:
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        raise UsageError(f"{text[:40]!r} is no day", hint="write it as 2026-11-28") from None


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


PAGES = (Page("/audit", Role.ADMIN, show),)
