"""The overview: first what needs a person, then how the profiles are, and what the last days changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pbx_connector.api import ALL, StoreError, application
from pbx_web.asking import Ask
from pbx_web.chart import Sample, chart
from pbx_web.drafting.folder import find
from pbx_web.drafting.schedules import in_words
from pbx_web.page import Action, Done, Page, Shown
from pbx_web.permissions import Role

PROFILES = 100
"""On one page."""
CONCERNS = 8
"""Of one kind that are shown at once; more are folded up."""

AuditAction = application.audit.AuditAction
Concern = application.attention.Concern
ServiceStatus = application.status.ServiceStatus
ProfileStatus = application.status.ProfileStatus


@dataclass(frozen=True, slots=True)
class _Days:
    days: Sequence[tuple[application.tally.Day, int]]
    """With the number of entries at the end of each."""

    @classmethod
    def of(cls, ask: Ask) -> _Days:
        try:
            days = ask.site.tally.days(ask.store, ask.site.now(), ask.site.installation.zone)
            now = ask.site.as_of_revision(ask.store, "entries", lambda: ask.store.count_entries(account=ALL))
        except StoreError:
            return cls(())
        return cls(tuple(zip(days, application.tally.entries_by_day(days, now), strict=True)))

    @property
    def samples(self) -> list[Sample]:
        return [Sample(day.date, entries, day.added, day.updated, day.removed) for day, entries in self.days]


def show(ask: Ask) -> Shown:
    status, now = ask.site.status(), ask.site.now()
    concerns = application.attention.concerns(status, _waiting(ask, status), now)
    if ask.site.operations.is_hosted:
        concerns = [replace(concern, command="") for concern in concerns]
    days = _Days.of(ask)
    said = application.views.service_status(status, now)
    after = ask.query.get("after", "")
    page = [profile for profile in status.profiles if profile.id > after][: PROFILES + 1]
    values: dict[str, Any] = {
        "status": status,
        "groups": _groups(concerns),
        "profiles": page[:PROFILES],
        "following": page[PROFILES - 1].id if len(page) > PROFILES else "",
        "after": after,
        "total": len(status.profiles),
        "chart": chart(days.samples) if days.days else None,
        "troubled": _troubled(concerns),
        "in_words": lambda schedule: in_words(ask, schedule),
        "shown_at_once": CONCERNS,
    }
    return Shown(template="overview.html", values=values, json=application.views.overview(concerns, days.days, said))


def _waiting(ask: Ask, status: ServiceStatus) -> list[Any]:
    """Plans; none while the store cannot be asked."""
    if not status.reachable:
        return []
    try:
        return list(application.plans.waiting(ask.store, ask.store.profiles()))
    except StoreError:
        return []


def _groups(concerns: Sequence[Concern]) -> Mapping[str, Sequence[Concern]]:
    groups: dict[str, list[Concern]] = {}
    for concern in concerns:
        groups.setdefault(str(concern.kind), []).append(concern)
    return groups


def _troubled(concerns: Sequence[Concern]) -> Mapping[str, str]:
    """The most urgent concern of each profile."""
    found: dict[str, str] = {}
    for concern in concerns:
        found.setdefault(concern.profile, str(concern.kind))
    return found


def resume(ask: Ask) -> Done:
    ask.site.operations.resume(ask.text("profile"))
    ask.note(AuditAction.RESUMED, ask.text("profile"))
    return Done(to="/", message=ask.language("The profile may run again."), json={"profile": ask.text("profile")})


def adopt(ask: Ask) -> Done:
    old, profile = ask.text("old"), ask.text("profile")
    adopted = application.profiles.adopt(ask.site.installation, ask.store, old, profile)
    ask.note(AuditAction.ADOPTED, profile, detail={"from": old})
    message = ask.language.count(
        "%(number)s entry belongs to this profile now.",
        "%(number)s entries belong to this profile now.",
        adopted.entries,
    )
    return Done(to="/", message=message, json={"old": old, "profile": profile, "entries": adopted.entries})


def keep(ask: Ask) -> Done:
    profile = ask.text("profile")
    application.profiles.keep(ask.site.installation, ask.store, find(ask, profile))
    ask.note(AuditAction.ADOPTED, profile, detail={"kept": "as a profile of its own"})
    message = ask.language("It is a profile of its own: its next run makes its entries.")
    return Done(to="/", message=message, json={"profile": profile})


PAGES = (
    Page("/", Role.EDITOR, show),
    Action("/overview/resume", Role.RELEASER, resume),
    Action("/overview/adopt", Role.RELEASER, adopt),
    Action("/overview/keep", Role.RELEASER, keep),
)
