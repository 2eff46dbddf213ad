"""What is known of each profile at the moment; health, metrics and `status` look at it."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from pbx_connector.application.profile_folder import ProfileFile, ProfileFiles
from pbx_connector.application.reckoning import Sighting
from pbx_connector.application.store_watch import StoreWatch
from pbx_connector.application.survey import Orphan
from pbx_connector.model import Report, RunStatus
from pbx_connector.notifications.outbox import Undelivered
from pbx_connector.schedule import Schedule
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
    undelivered: Undelivered | None = None
    """Messages about it that could not be delivered."""
    held: str = ""
    """The command that lets its runs go on, which wait for a person's word; empty while they do not."""
    why_held: str = ""
    """What happened, if that is known."""
    set_back: Sighting | None = None
    """What lies in the future by a clock that was set back; None if nothing does."""
    timing: Schedule | None = None
    """`schedule` as a value; None without one."""

    def after(self, record: RunRecord) -> ProfileStatus:
        """The same with what the history says of the last run."""
        report = replace(record.report, books=(), problems=(), skipped={}, warnings=())
        return replace(self, last=report, reason=record.note)


_SUCCESSFUL = (RunStatus.DONE, RunStatus.PARTIAL)


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

    def last(self, profile: str) -> Report | None:
        """How the profile's last run went, as far as that is known."""
        status = self._statuses.get(profile)
        return status.last if status else None

    def has_succeeded(self, profile: str) -> bool:
        """Whether a run of the profile was ever done, at least in part, as far as that is known."""
        status, last = self._statuses.get(profile), self.last(profile)
        return bool(status and status.success) or (last is not None and last.status in _SUCCESSFUL)

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
        loaded.id,
        title,
        str(loaded.path),
        schedule.in_words() if schedule else "",
        broken=loaded.broken,
        timing=schedule,
    )


@dataclass(frozen=True, slots=True)
class ServerStatus:
    """What a plugin lets the service run beside the schedules."""

    plugin: str
    name: str
    address: str = ""
    """Empty while it does not serve."""
    reason: str = ""
    """Why it does not."""


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """All of it, as /health and `status` say it."""

    ready: bool
    store: str
    """Where it is, for people."""
    reachable: bool
    reason: str
    """Why the store cannot be reached."""
    faults: tuple[str, ...] | None
    """What is damaged in it; None if nobody has looked yet."""
    folder: Path
    folder_missing: str
    """Why the folder cannot be read."""
    profiles: tuple[ProfileStatus, ...]
    servers: tuple[ServerStatus, ...] = ()
    orphans: tuple[Orphan, ...] = ()


def service_status(
    ready: bool,
    store: StoreWatch,
    folder: ProfileFiles,
    profiles: Iterable[ProfileStatus],
    servers: Iterable[ServerStatus] = (),
    orphans: Iterable[Orphan] = (),
) -> ServiceStatus:
    return ServiceStatus(
        ready=ready,
        store=store.place,
        reachable=store.lost_since is None,
        reason=store.reason,
        faults=store.faults,
        folder=folder.path,
        folder_missing=folder.missing,
        profiles=tuple(profiles),
        servers=tuple(servers),
        orphans=tuple(orphans),
    )
