"""Schedules, and how profiles and the service stand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from pbx_connector.application.views.values import Json, moment

if TYPE_CHECKING:  # a view looks at what is there: it loads nothing that a command does not use
    from pbx_connector.application.attention import Concern
    from pbx_connector.application.configuration import AppliedSetting
    from pbx_connector.application.schedules import Automated, ScheduledProfile
    from pbx_connector.application.status import ProfileStatus, ServerStatus, ServiceStatus
    from pbx_connector.application.tally import Day
    from pbx_connector.application.upkeep import StoreCheck


def scheduled_profile(of: ScheduledProfile) -> Json:
    profile = of.file.profile
    return {
        "id": of.file.id,
        "title": profile.title if profile else None,
        "file": str(of.file.path),
        "schedule": of.schedule or None,
        "next": of.next.isoformat(timespec="seconds") if of.next else None,
        "broken": of.file.broken or None,
        "held": of.held or None,
    }


def automated(of: Automated) -> Json:
    return {
        "id": of.profile.id,
        "file": str(of.file),
        "schedule": of.schedule.in_words() if of.schedule else None,
        "next": moment(max(of.due, of.now)) if of.due else None,
    }


def service_status(of: ServiceStatus, now: datetime) -> Json:
    """As /health says it."""
    faults = None if of.faults is None else list(of.faults)
    store: Json = {"place": of.store, "reachable": of.reachable, "faults": faults}
    return {
        "ready": of.ready,
        "store": store | ({"reason": of.reason} if of.reason else {}),
        "folder": {"path": str(of.folder), "trouble": of.folder_missing or None},
        "profiles": [profile_status(each, now) for each in of.profiles],
        "servers": [_server(each) for each in of.servers],
        "orphans": [{"id": one.id, "title": one.title, "entries": one.entries} for one in of.orphans],
    }


def asked_service(listen: str, health: Json, *, answers: bool) -> Json:
    """What `status` says: of a service that was asked at `listen`, or without its answer."""
    return {"service": {"listen": listen, "answers": answers}} | health


def asked_tenant(tenant: str, state: str, published: int, health: Json) -> Json:
    """What `status` says of one phone system of many, which no service of its own runs; its profiles are those of a
    version, in no folder. `published`: the version that counts; 0 for none."""
    of = {"id": tenant, "state": state, "published": published or None}
    folder = health["folder"] | {"path": None}
    return {"service": {"listen": None, "answers": False}, "tenant": of} | health | {"folder": folder}


def store_check(of: StoreCheck) -> Json:
    return {"store": of.place, "whole": not of.faults, "faults": list(of.faults)}


def _server(of: ServerStatus) -> Json:
    return {"plugin": of.plugin, "name": of.name, "address": of.address or None, "reason": of.reason or None}


def profile_status(of: ProfileStatus, now: datetime) -> Json:
    last = of.last
    return {
        "id": of.id,
        "title": of.title,
        "file": of.file,
        "schedule": of.schedule or None,
        "next": moment(of.next),
        "last_run": last
        and {
            "run": last.run,
            "status": str(last.status),
            "started": moment(last.started),
            "reason": of.reason or None,
        },
        "last_success": moment(of.success),
        "last_success_age": max(0, round((now - of.success).total_seconds())) if of.success else None,
        "trouble": of.trouble or None,
        "broken": of.broken or None,
        "running": of.running,
        "hung": of.hung,
        "held": of.held or None,
        "undelivered": of.undelivered
        and {
            "messages": of.undelivered.messages,
            "notifier": of.undelivered.notifier,
            "reason": of.undelivered.reason,
        },
        "set_back": of.set_back and {"from": moment(of.set_back.moment), "seen": moment(of.set_back.at)},
    }


def concern(of: Concern) -> Json:
    return {
        "kind": str(of.kind),
        "subject": of.subject,
        "detail": of.detail or None,
        "profile": of.profile or None,
        "command": of.command or None,
        "plan": of.plan or None,
        "number": of.number or None,
    }


def day(of: Day, entries: int) -> Json:
    """`entries`: how many there were at its end."""
    return {
        "date": of.date.isoformat(),
        "runs": of.runs,
        "failed": of.failed,
        "added": of.added,
        "updated": of.updated,
        "removed": of.removed,
        "entries": entries,
    }


def overview(concerns: Sequence[Concern], days: Sequence[tuple[Day, int]], status: Json) -> Json:
    """`status` as `service_status` says it."""
    return status | {"attention": [concern(each) for each in concerns], "days": [day(*each) for each in days]}


def applied_setting(of: AppliedSetting) -> Json:
    return {
        "key": of.key,
        "value": of.value or None,
        "origin": str(of.origin),
        "place": of.place or None,
        "variable": of.variable,
        "secret": of.secret or None,
    }
