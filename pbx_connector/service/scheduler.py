"""When each profile runs next: APScheduler keeps the times and wakes up, the schedule and the store's history set them.

A time is computed anew after each run and whenever something changes, so that nothing drifts and what was missed while
the service was down, the store unreachable or the clock wrong is made up for once.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo

from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger

from pbx_connector.schedule import Schedule
from pbx_connector.schedule.offset import offset


class ScheduleTrigger(BaseTrigger):  # type: ignore[misc] # APScheduler has no types
    """A profile's schedule as APScheduler asks for it, a little late so that profiles do not all start at once."""

    def __init__(self, schedule: Schedule, zone: tzinfo, late: timedelta) -> None:
        self._schedule = schedule
        self._zone = zone
        self._late = late

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        latest = max(previous_fire_time or now, now) - self._late
        return self._schedule.next_after(latest, self._zone) + self._late


class Scheduler:
    """`fire` is called with a profile's id when it may be due; it must return at once."""

    def __init__(self, zone: tzinfo, jitter: timedelta, fire: Callable[[str], object]) -> None:
        self._zone = zone
        self._jitter = jitter
        self._fire = fire
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": {"type": "threadpool", "max_workers": 1}},
            job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1},
        )

    def start(self) -> None:
        self._scheduler.start()

    def stop(self) -> None:
        self._scheduler.shutdown(wait=False)

    def wake_up(self) -> None:
        """Look at the clock now: it may have been set while the scheduler slept."""
        self._scheduler.wakeup()

    def plan(self, profile: str, schedule: Schedule, at: datetime, now: datetime) -> datetime:
        """Run the profile at `at`, or now if that is past, and then as its schedule says; returns when.

        `at` and `now` are by the caller's clock; what counts is how far apart they are.
        """
        late = offset(profile, schedule, self._jitter)
        first = max(at + late, now) if at > now else now
        self._scheduler.add_job(
            self._fire,
            ScheduleTrigger(schedule, self._zone, late),
            args=[profile],
            id=profile,
            next_run_time=datetime.now(UTC) + (first - now),
            replace_existing=True,
        )
        return first

    def drop(self, profile: str) -> None:
        try:
            self._scheduler.remove_job(profile)
        except JobLookupError:
            return  # it has no schedule
