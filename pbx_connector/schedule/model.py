"""A profile's `schedule:` as a model; `profile.header` holds it and the service asks it for the next time.

It has three forms: `"0 12 * * *"`, `{cron: "0 12 * * *", timezone: Europe/Berlin}` and `{every: 15m}`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, field_validator, model_validator

from pbx_connector.duration import Duration, in_words
from pbx_connector.schedule import cron as times
from pbx_connector.schedule.zone import local_zone, zone

DAILY_AT_NOON = "0 12 * * *"
SHORTEST = timedelta(seconds=10)
LONGEST = timedelta(days=366)
CLOCK_SET_BACK = timedelta(hours=3)


class Schedule(BaseModel):
    """When a profile runs by itself; a text alone is its `cron`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    cron: str | None = None
    """Minute, hour, day of month, month, day of week (0 and 7 are Sunday), such as `0 12 * * *`."""
    timezone: str | None = None
    """Whose clock `cron` goes by, such as Europe/Berlin; default: the machine's."""
    every: Duration | None = None
    """Instead of `cron`: the time from the start of one run to the start of the next, such as `15m`."""

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        return {"cron": value} if isinstance(value, str) else value

    @field_validator("cron")
    @classmethod
    def _is_cron(cls, text: str | None) -> str | None:
        if text is not None:
            times.check(text)
        return text

    @field_validator("timezone")
    @classmethod
    def _is_a_timezone(cls, name: str | None) -> str | None:
        if name is not None:
            zone(name)
        return name

    @field_validator("every")
    @classmethod
    def _is_sensible(cls, every: timedelta | None) -> timedelta | None:
        if every is not None and not SHORTEST <= every <= LONGEST:
            raise ValueError(f"every is from {in_words(SHORTEST)} to {in_words(LONGEST)}")
        return every

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.cron is None) == (self.every is None):
            raise ValueError('write a schedule as "0 12 * * *", {cron: ..., timezone: ...} or {every: 15m}')
        if self.every is not None and self.timezone is not None:
            raise ValueError("timezone goes with cron, not with every")
        return self

    def next_after(self, moment: datetime, default_zone: tzinfo | None = None) -> datetime:
        """The first time to run that is later than `moment` (aware), in UTC."""
        if self.every is not None:
            return moment.astimezone(UTC) + self.every
        return times.next_after(str(self.cron), moment, self.zone(default_zone))

    def due(
        self,
        last: datetime | None,
        seen: datetime,
        now: datetime,
        default_zone: tzinfo | None = None,
        *,
        served: datetime | None = None,
    ) -> datetime:
        """When the next run is wanted; if that is past, one was missed, or several, to be made up for once.

        `last` is when the last run counts as begun, `seen` when the profile came here. A clock that was set back makes
        both lie in the future; whoever asks again and again then says the moment at which this was first seen instead,
        and in `served` when the last run began by its own clock: a time of day that it served does not count twice.
        """
        if last is not None and last > now:
            last, served = now, served or last
        if self.every is not None:
            return min(seen, now) if last is None else last + self.every
        due = self.next_after(last or min(seen, now), default_zone)
        if last is None or served is None or not due <= served <= last + CLOCK_SET_BACK:
            return due
        after = self.next_after(due, default_zone)
        return after if after > served else due

    def zone(self, default: tzinfo | None = None) -> tzinfo:
        return zone(self.timezone) if self.timezone else default or local_zone()

    def in_words(self) -> str:
        """As the profile says it, for lists."""
        if self.every is not None:
            return f"every {in_words(self.every)}"
        return f"{self.cron} ({self.timezone})" if self.timezone else str(self.cron)
