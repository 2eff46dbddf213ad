"""When profiles run by themselves: said for a folder, and written into a profile's file."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from pbx_connector.application.history import last_run
from pbx_connector.application.installation import Installation
from pbx_connector.application.offline_status import OfflineStatus
from pbx_connector.application.profile_folder import ProfileFile, seen_at
from pbx_connector.application.reckoning import Basis, look
from pbx_connector.application.replacing import rewrite
from pbx_connector.application.store_watch import StoreWatch
from pbx_connector.application.survey import survey
from pbx_connector.errors import ProfileError, StoreError, UsageError
from pbx_connector.profile import Profile, check_text, load_profile, read_profile
from pbx_connector.profile.scheduling import with_schedule
from pbx_connector.schedule import DAILY_AT_NOON, Schedule
from pbx_connector.stores import Store

LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ScheduledProfile:
    """A file of the profiles folder and when the service runs it next."""

    file: ProfileFile
    next: datetime | None
    held: str = ""
    """The command that its runs wait for."""

    @property
    def schedule(self) -> str:
        """In words; empty without one."""
        profile = self.file.profile
        return profile.schedule.in_words() if profile and profile.schedule else ""


@dataclass(frozen=True, slots=True)
class Automated:
    """A profile with its schedule as it is now in its file."""

    profile: Profile
    file: Path
    schedule: Schedule | None
    """None: by hand only."""
    due: datetime | None
    """When the service would run it first, by the clock that the schedule goes by; past if that is due already."""
    now: datetime


def scheduled_profiles(offline: OfflineStatus, store: Store) -> list[ScheduledProfile]:
    """All of the folder, the next one to run first."""
    found, known = [], survey(store, ())
    for file in offline.folder.files():
        basis = look(store, file.id, last_run(store, file.id), file.seen, offline.now)
        due = offline.next_run(file, basis)
        word = offline.word_wanted(store, known, file)
        found.append(ScheduledProfile(file, max(due, offline.now) if due else None, word))
    return sorted(found, key=_order)


def automate(installation: Installation, store_url: str, path: Path, schedule: Schedule | None) -> Automated:
    """Write a schedule into a profile's file, or take it out; comments and layout stay.

    Raises `ProfileError` for a file with mistakes and `UsageError` for one that cannot be written.
    """
    load_profile(path, installation.plugins)
    text = read_profile(path, keep_mark=True)
    changed = with_schedule(text, schedule)
    checked = check_text(changed, path, installation.plugins)
    if checked.profile is None:
        raise ProfileError(f"{path} would not be valid any more", checked.diagnostics, text=checked.text)
    now = installation.clock()
    seen = now if changed != text else seen_at(path)
    due = _due(installation, store_url, checked.profile.id, schedule, seen, now) if schedule else None
    if changed != text:
        rewrite(path, changed)
    return Automated(checked.profile, path, schedule, due, now)


def schedule_of(*, cron: str | None, every: str | None, timezone: str | None) -> Schedule:
    """Daily at noon unless something is said. Raises `UsageError`."""
    given = {"cron": cron, "every": every, "timezone": timezone}
    values = {name: value for name, value in given.items() if value is not None}
    if every is None:
        values.setdefault("cron", DAILY_AT_NOON)
    try:
        return Schedule.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        option = f"--{first['loc'][0]}: " if first["loc"] else ""
        raise UsageError(option + first["msg"].removeprefix("Value error, ")) from None


def _due(
    installation: Installation, store_url: str, profile: str, schedule: Schedule, seen: datetime, now: datetime
) -> datetime:
    """As the service reckons it, from the last run; from the file alone if the store does not say."""
    basis = Basis(None, seen)
    watch = StoreWatch(store_url, lambda: now, read_only=True)
    try:
        store = watch.current()
        basis = look(store, profile, last_run(store, profile), seen, now)
    except StoreError:
        LOG.debug("the store does not answer, the next run is reckoned from the file")
    finally:
        watch.close()
    due = schedule.due(basis.start, basis.seen, now, installation.zone, served=basis.served)
    return due.astimezone(schedule.zone(installation.zone))


def _order(line: ScheduledProfile) -> tuple[bool, float, str]:
    return line.next is None, line.next.timestamp() if line.next else 0, line.file.id
