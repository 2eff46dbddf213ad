"""When a profile runs: the profile's `schedule:` and the times that follow from it. Pure: the clock is the caller's."""

from pbx_connector.schedule.model import DAILY_AT_NOON, Schedule

__all__ = ["DAILY_AT_NOON", "Schedule"]
