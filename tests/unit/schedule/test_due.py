"""What is due now: catching up once after a pause, and clocks that were set."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from pbx_connector.schedule import Schedule

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
DAILY = Schedule(cron="0 12 * * *", timezone="UTC")
QUARTERLY = Schedule(every=timedelta(minutes=15))
SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)


def test_a_run_that_was_made_is_not_due_again() -> None:
    assert DAILY.due(NOON, NOON - DAY, NOON + SECOND) == NOON + DAY


def test_after_three_days_of_silence_one_run_is_due() -> None:
    now = NOON + 3 * DAY + HOUR
    assert DAILY.due(NOON, NOON, now) <= now
    assert DAILY.due(now, NOON, now + SECOND) == NOON + 4 * DAY


def test_a_new_profile_waits_for_its_time() -> None:
    assert DAILY.due(None, NOON - HOUR, NOON - HOUR) == NOON


def test_a_new_profile_whose_first_time_was_missed_is_due() -> None:
    assert DAILY.due(None, NOON - HOUR, NOON + HOUR) == NOON


def test_a_file_from_the_future_does_not_wait_for_its_date() -> None:
    assert DAILY.due(None, NOON + 900 * DAY, NOON - HOUR) == NOON


def test_a_new_profile_with_an_interval_is_due_at_once() -> None:
    assert QUARTERLY.due(None, NOON, NOON) == NOON


def test_an_interval_counts_from_the_last_start() -> None:
    assert QUARTERLY.due(NOON, NOON, NOON + SECOND) == NOON + timedelta(minutes=15)


@pytest.mark.parametrize("back", [1, 30, 60, 120])
def test_a_clock_set_back_runs_no_time_of_day_twice(back: int) -> None:
    assert DAILY.due(NOON + SECOND, NOON - DAY, NOON - timedelta(minutes=back)) == NOON + DAY


@pytest.mark.parametrize("back", [1, 30, 60, 120])
def test_a_time_of_day_that_was_served_before_the_clock_was_set_back_does_not_count_twice(back: int) -> None:
    seen = NOON - timedelta(minutes=back)
    for later in (timedelta(0), timedelta(minutes=back), timedelta(minutes=back + 30)):
        assert DAILY.due(seen, seen, seen + later, served=NOON + SECOND) == NOON + DAY


def test_a_frequent_schedule_does_not_wait_for_the_time_before_the_clock_was_set_back() -> None:
    seen = NOON - 2 * HOUR
    often = Schedule(cron="*/5 * * * *", timezone="UTC")
    assert often.due(seen, seen, seen + SECOND, served=NOON + SECOND) == seen + timedelta(minutes=5)


def test_a_clock_set_back_for_years_does_not_wait_for_them() -> None:
    assert DAILY.due(NOON + 1000 * DAY, NOON, NOON - HOUR) == NOON


@pytest.mark.parametrize("back", [HOUR, 1000 * DAY])
def test_a_clock_set_back_does_not_stop_an_interval(back: timedelta) -> None:
    now = NOON - back
    assert QUARTERLY.due(NOON, NOON, now) <= now + timedelta(minutes=15)


def test_a_clock_set_forward_is_caught_up_with_once() -> None:
    now = NOON + 40 * DAY
    assert DAILY.due(NOON, NOON, now) <= now
    assert DAILY.due(now, NOON, now + SECOND) > now + SECOND


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (datetime(2026, 3, 28, 2, 30, tzinfo=BERLIN), "03-29 03:00 +0200"),
        (datetime(2026, 10, 24, 2, 30, tzinfo=BERLIN), "10-25 02:30 +0200"),
    ],
)
def test_half_past_two_is_due_once_on_the_days_that_clocks_change(start: datetime, expected: str) -> None:
    schedule = Schedule(cron="30 2 * * *", timezone="Europe/Berlin")
    due = schedule.due(start, start, start + DAY)
    assert due.astimezone(BERLIN).strftime("%m-%d %H:%M %z") == expected
    again = schedule.due(due + SECOND, start, due + 2 * HOUR)
    assert again - due > 20 * HOUR
