"""When a profile fires: at its time plus an offset of its own, at once if it was missed, and again after."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from pbx_connector.schedule import Schedule
from pbx_connector.schedule.offset import offset
from pbx_connector.service.scheduler import Scheduler, ScheduleTrigger

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
DAILY = Schedule(cron="0 12 * * *", timezone="UTC")
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)


def test_an_offset_is_within_the_jitter_always_the_same_and_not_everybodys() -> None:
    jitter = timedelta(seconds=30)
    offsets = [offset(f"p{number}", DAILY, jitter) for number in range(200)]
    assert all(timedelta(0) <= late <= jitter for late in offsets)
    assert offsets == [offset(f"p{number}", DAILY, jitter) for number in range(200)]
    assert len(set(offsets)) > 20
    assert offset("p", DAILY, timedelta(0)) == timedelta(0)
    assert offset("p", Schedule(every=timedelta(hours=1)), jitter) == timedelta(0)


def test_a_trigger_fires_once_for_each_time_of_the_schedule() -> None:
    late = 7 * SECOND
    trigger = ScheduleTrigger(DAILY, BERLIN, late)
    first = trigger.get_next_fire_time(None, NOON - SECOND)
    assert first == NOON + late
    assert trigger.get_next_fire_time(first, first) == NOON + DAY + late
    assert trigger.get_next_fire_time(None, NOON + SECOND) == NOON + late


def test_a_trigger_fires_once_at_half_past_two_on_the_days_that_clocks_change() -> None:
    trigger = ScheduleTrigger(Schedule(cron="30 2 * * *"), BERLIN, 5 * SECOND)
    for day in (datetime(2026, 3, 28, 12, tzinfo=BERLIN), datetime(2026, 10, 24, 12, tzinfo=BERLIN)):
        first = trigger.get_next_fire_time(None, day.astimezone(UTC))
        second = trigger.get_next_fire_time(first, first)
        assert first.astimezone(BERLIN).date() == (day + DAY).date()
        assert second.astimezone(BERLIN).date() == (day + 2 * DAY).date()


@pytest.fixture
def fired() -> list[str]:
    return []


@pytest.fixture
def bell() -> threading.Event:
    return threading.Event()


@pytest.fixture
def scheduler(fired: list[str], bell: threading.Event) -> Iterator[Scheduler]:
    def fire(profile: str) -> None:
        fired.append(profile)
        bell.set()

    scheduler = Scheduler(BERLIN, timedelta(0), fire)
    scheduler.start()
    yield scheduler
    scheduler.stop()


def test_what_was_missed_fires_once_and_at_once(scheduler: Scheduler, fired: list[str], bell: threading.Event) -> None:
    now = datetime.now(UTC)
    assert scheduler.plan("crm", DAILY, now - 3 * DAY, now) == now
    assert bell.wait(100)
    bell.clear()
    assert not bell.wait(0.5)
    assert fired == ["crm"]


def test_what_is_due_later_waits_and_a_new_plan_takes_the_place_of_the_old(
    scheduler: Scheduler, fired: list[str], bell: threading.Event
) -> None:
    now = datetime.now(UTC)
    scheduler.plan("crm", DAILY, now + DAY, now)
    assert not bell.wait(0.3)
    scheduler.plan("crm", DAILY, now, now)
    assert bell.wait(100)
    assert fired == ["crm"]


def test_what_was_dropped_does_not_fire(scheduler: Scheduler, bell: threading.Event) -> None:
    now = datetime.now(UTC)
    scheduler.plan("crm", DAILY, now + 3 * SECOND, now)
    scheduler.drop("crm")
    scheduler.drop("crm")
    assert not bell.wait(3.3)
