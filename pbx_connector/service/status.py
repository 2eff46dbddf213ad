"""What is known of each profile at the moment; health, metrics and `status` look at it."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from pbx_connector.model import Report
from pbx_connector.service.folder import Folder, ProfileFile
from pbx_connector.service.store_watch import StoreWatch
from pbx_connector.stores import RunRecord


@dataclass(frozen=True, slots=True)
class ProfileStatus:
    """One profile, for people and monitoring. Carries no contact data."""

    id: str
    title: str
    file: str
    schedule: str
    """In words; empty without one."""
    next: datetime | None = None
    """When it is due; past while a run is under way or waits."""
    last: Report | None = None
    """How its last run went, without books and problems."""
    success: datetime | None = None
    """The end of its last run that was done, at least in part."""
    trouble: str = ""
    """A word for what its runs suffer from; empty while they succeed."""
    broken: str = ""
    """What is wrong with its file."""
    running: bool = False
    hung: bool = False
    reason: str = ""
    """Why its last run failed, in a line."""

    def after(self, record: RunRecord) -> ProfileStatus:
        """The same with what the history says of the last run."""
        report = replace(record.report, books=(), problems=(), skipped={}, warnings=())
        return replace(self, last=report, reason=record.note)

    def as_json(self, now: datetime) -> dict[str, Any]:
        last = self.last
        return {
            "id": self.id,
            "title": self.title,
            "file": self.file,
            "schedule": self.schedule or None,
            "next": _clock(self.next),
            "last_run": last
            and {
                "run": last.run,
                "status": str(last.status),
                "started": _clock(last.started),
                "reason": self.reason or None,
            },
            "last_success": _clock(self.success),
            "last_success_age": round((now - self.success).total_seconds()) if self.success else None,
            "trouble": self.trouble or None,
            "broken": self.broken or None,
            "running": self.running,
            "hung": self.hung,
        }


class StatusBoard:
    """Written by the service's threads, read by the web's."""

    def __init__(self) -> None:
        self._statuses: dict[str, ProfileStatus] = {}
        self._lock = threading.Lock()

    def put(self, status: ProfileStatus) -> None:
        with self._lock:
            self._statuses[status.id] = status

    def change(self, profile: str, **changes: Any) -> None:
        """Nothing happens if the profile is not there any more."""
        with self._lock:
            if profile in self._statuses:
                self._statuses[profile] = replace(self._statuses[profile], **changes)

    def ran(self, profile: str, record: RunRecord) -> None:
        with self._lock:
            if profile in self._statuses:
                self._statuses[profile] = self._statuses[profile].after(record)

    def drop(self, profile: str) -> None:
        with self._lock:
            self._statuses.pop(profile, None)

    def statuses(self) -> list[ProfileStatus]:
        with self._lock:
            return sorted(self._statuses.values(), key=lambda status: status.id)


def status_of(loaded: ProfileFile) -> ProfileStatus:
    """What a profile's file says by itself."""
    profile = loaded.profile
    schedule = profile.schedule if profile else None
    title = profile.title if profile else loaded.path.stem
    return ProfileStatus(
        loaded.id, title, str(loaded.path), schedule.in_words() if schedule else "", broken=loaded.broken
    )


def health(
    ready: bool, store: StoreWatch, folder: Folder, status: Iterable[ProfileStatus], now: datetime
) -> dict[str, Any]:
    """All of it, as /health and `status --json` say it."""
    reachable = store.lost_since is None
    return {
        "ready": ready,
        "store": {"place": store.place, "reachable": reachable} | ({"reason": store.reason} if store.reason else {}),
        "folder": {"path": str(folder.path), "trouble": folder.missing or None},
        "profiles": [each.as_json(now) for each in status],
    }


def _clock(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat(timespec="seconds") if moment else None
