"""The three forms of `schedule:`, and what each says when it is wrong."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from pbx_connector.schedule import DAILY_AT_NOON, Schedule

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def test_text_is_cron() -> None:
    schedule = Schedule.model_validate(DAILY_AT_NOON)
    assert schedule.next_after(NOW, ZoneInfo("Europe/Berlin")) == datetime(2026, 11, 23, 11, 0, tzinfo=UTC)
    assert schedule.in_words() == "0 12 * * *"


def test_a_schedule_goes_by_its_own_time_zone_first() -> None:
    schedule = Schedule.model_validate({"cron": "0 12 * * *", "timezone": "Asia/Tokyo"})
    assert schedule.next_after(NOW, ZoneInfo("Europe/Berlin")) == datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
    assert schedule.in_words() == "0 12 * * * (Asia/Tokyo)"


def test_every_counts_from_the_last_start() -> None:
    schedule = Schedule.model_validate({"every": "1h30m"})
    assert schedule.next_after(NOW) == NOW + timedelta(minutes=90)
    assert schedule.in_words() == "every 1h30m"


def test_every_goes_on_when_clocks_change() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    before = datetime(2026, 10, 25, 2, 45, tzinfo=berlin)
    after = Schedule.model_validate({"every": "30m"}).next_after(before)
    assert after - before.astimezone(UTC) == timedelta(minutes=30)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("every day", "five fields"),
        ({}, "write a schedule as"),
        ({"cron": "0 12 * * *", "every": "15m"}, "write a schedule as"),
        ({"every": "15m", "timezone": "UTC"}, "timezone goes with cron"),
        ({"every": "1s"}, "from 10s to"),
        ({"every": "367d"}, "from 10s to"),
        ({"every": "soon"}, "write a duration as"),
        ({"every": "999999999d"}, "write a duration as"),
        ({"cron": "0 12 * * *", "timezone": "Europe"}, "unknown time zone"),
        ({"cron": "0 12 * * *", "timezone": "Berlin"}, "unknown time zone"),
        ({"cron": "0 12 * * *", "timezone": "../../etc/passwd"}, "unknown time zone"),
        ({"cron": "0 12 * * *", "zone": "UTC"}, "Extra inputs"),
        (["0 12 * * *"], "valid dictionary"),
    ],
)
def test_a_bad_schedule_is_answered_in_words(value: Any, words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Schedule.model_validate(value)
