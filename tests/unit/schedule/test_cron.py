"""Times of a schedule, by a clock that the tests hold; Berlin's clocks change on 2026-03-29 and 2026-10-25."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest

from pbx_connector.schedule.cron import check, next_after

BERLIN = ZoneInfo("Europe/Berlin")


def times(text: str, start: datetime, count: int) -> list[str]:
    """The next times, as a clock on the wall shows them with its offset from UTC."""
    found = []
    moment = start
    for _ in range(count):
        moment = next_after(text, moment, BERLIN)
        found.append(moment.astimezone(BERLIN).strftime("%m-%d %H:%M %z"))
    return found


def test_daily_at_noon() -> None:
    start = datetime(2026, 11, 23, 11, 59, 59, tzinfo=BERLIN)
    assert times("0 12 * * *", start, 2) == ["11-23 12:00 +0100", "11-24 12:00 +0100"]


def test_the_time_itself_is_not_after_it() -> None:
    start = datetime(2026, 11, 23, 12, 0, tzinfo=BERLIN)
    assert times("0 12 * * *", start, 1) == ["11-24 12:00 +0100"]


@pytest.mark.parametrize(
    ("text", "weekday"), [("0 12 * * 0", 6), ("0 12 * * 7", 6), ("0 12 * * 1", 0), ("0 12 * * FRI", 4)]
)
def test_weekdays_count_from_sunday(text: str, weekday: int) -> None:
    assert next_after(text, datetime(2026, 11, 23, 13, tzinfo=BERLIN), BERLIN).weekday() == weekday


def test_day_of_month_or_weekday_as_cron_always_had_it() -> None:
    start = datetime(2026, 11, 10, tzinfo=BERLIN)
    assert times("0 6 13 * 5", start, 3) == ["11-13 06:00 +0100", "11-20 06:00 +0100", "11-27 06:00 +0100"]
    assert times("0 6 15 * 5", start, 2) == ["11-13 06:00 +0100", "11-15 06:00 +0100"]


def test_half_past_two_in_spring_runs_once_after_the_gap() -> None:
    start = datetime(2026, 3, 28, 1, 0, tzinfo=BERLIN)
    assert times("30 2 * * *", start, 3) == ["03-28 02:30 +0100", "03-29 03:00 +0200", "03-30 02:30 +0200"]


def test_half_past_two_in_autumn_runs_once_at_the_first_of_the_two() -> None:
    start = datetime(2026, 10, 24, 1, 0, tzinfo=BERLIN)
    assert times("30 2 * * *", start, 3) == ["10-24 02:30 +0200", "10-25 02:30 +0200", "10-26 02:30 +0100"]


@pytest.mark.parametrize("minute", [0, 29, 30, 31, 59])
def test_within_the_repeated_hour_the_next_time_is_never_past(minute: int) -> None:
    second_time_around = datetime(2026, 10, 25, 2, minute, fold=1, tzinfo=BERLIN)
    assert times("30 2 * * *", second_time_around, 1) == ["10-26 02:30 +0100"]


@pytest.mark.parametrize(("day", "runs"), [(28, 24), (29, 23)])
def test_an_hourly_job_in_spring_goes_by_the_time_that_passes(day: int, runs: int) -> None:
    assert count_on(datetime(2026, 3, day, tzinfo=BERLIN)) == runs


@pytest.mark.parametrize(("day", "runs"), [(24, 24), (25, 25)])
def test_an_hourly_job_in_autumn_goes_by_the_time_that_passes(day: int, runs: int) -> None:
    assert count_on(datetime(2026, 10, day, tzinfo=BERLIN)) == runs


def count_on(day: datetime) -> int:
    moment = day.astimezone(UTC) - timedelta(seconds=1)
    seen = 0
    while (moment := next_after("15 * * * *", moment, BERLIN)).astimezone(BERLIN).date() == day.date():
        seen += 1
    return seen


@pytest.mark.parametrize("start", [datetime(2026, 3, 28, 23, tzinfo=BERLIN), datetime(2026, 10, 24, 23, tzinfo=BERLIN)])
@pytest.mark.parametrize("text", ["30 2 * * *", "*/7 * * * *", "0 */3 * * *", "15,45 1-3 * * *"])
def test_times_only_ever_grow(text: str, start: datetime) -> None:
    def walk() -> list[datetime]:
        found = [start]
        for _ in range(300):
            found.append(next_after(text, found[-1], BERLIN))
        return found

    found = walk()
    assert all(earlier < later for earlier, later in zip(found, islice(found, 1, None), strict=False))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "five fields"),
        ("0 12 * *", "this has 4"),
        ("0 0 12 * * *", "this has 6"),
        ("@daily", "five fields"),
        ("61 12 * * *", "minute makes no sense"),
        ("0 24 * * *", "hour makes no sense"),
        ("0 12 0 * *", "day-of-month makes no sense"),
        ("0 12 * 13 *", "month makes no sense"),
        ("0 12 * * 8", "day-of-week makes no sense"),
        ("0 12 * * MONDAY", "day-of-week makes no sense"),
        ("a b c d e", "minute makes no sense"),
        ("*/0 * * * *", "minute makes no sense"),
        ("0 12 31 2 *", "day-of-month makes no sense"),
        ("0 12 * 2 1#6", "day-of-week makes no sense"),
        ("٣ 12 * * *", "minute makes no sense"),
    ],
)
def test_bad_cron_text_is_answered_in_words(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        check(text)


@pytest.mark.parametrize("text", ["0 12 * * *", "*/15 8-18 * * MON-FRI", "0 3 L * *", "0 3 29 2 *", "5 4 * * 1#2"])
def test_good_cron_text_passes(text: str) -> None:
    check(text)
