"""When a profile runs, chosen and said in words; what has no words of ours is shown as cron says it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import available_timezones

from babel.dates import format_time, get_day_names

from pbx_connector.api import Schedule, UsageError, application
from pbx_web.asking import Ask

_DAILY = re.compile(r"(\d{1,2}) (\d{1,2}) \* \* (\*|[0-7]|1-5)")
_HOURLY = re.compile(r"(\d{1,2}) \* \* \* \*")
_AT = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True, slots=True)
class Choice:
    """A schedule as the form shows it."""

    kind: str = "none"
    """`none`, `daily`, `hourly`, `every` or `cron`; `keep` for what cannot be read."""
    at: str = "12:00"
    days: str = "*"
    """The day of the week of a daily one, as cron has it."""
    minute: str = "0"
    every: str = "15m"
    cron: str = "0 12 * * *"
    timezone: str = ""


def choice_of(form: application.drafts.ScheduleForm) -> Choice:
    schedule = form.schedule
    if schedule is None:
        return Choice("keep" if form.fault else "none")
    if schedule.every is not None:
        return Choice("every", every=schedule.in_words().removeprefix("every "))
    cron, timezone = str(schedule.cron), schedule.timezone or ""
    if found := _DAILY.fullmatch(cron):
        at = f"{int(found[2]):02}:{int(found[1]):02}"
        return Choice("daily", at=at, days=found[3].replace("7", "0"), cron=cron, timezone=timezone)
    if found := _HOURLY.fullmatch(cron):
        return Choice("hourly", minute=found[1], cron=cron, timezone=timezone)
    return Choice("cron", cron=cron, timezone=timezone)


def schedule_of(ask: Ask, kind: str, former: Schedule | None) -> Schedule | None:
    """As chosen; what says the same as before stays as it is written. Raises `UsageError`."""
    made = _made(ask, kind)
    if made is None or former is None:
        return made
    return former if _said(made) == _said(former) else made


def _said(schedule: Schedule) -> Choice:
    choice = choice_of(application.drafts.ScheduleForm(schedule, is_set=True))
    return choice if choice.kind == "cron" else replace(choice, cron="")


def _made(ask: Ask, kind: str) -> Schedule | None:
    if kind == "none":
        return None
    timezone = ask.text("schedule/timezone").strip() or None
    if kind == "every":
        return application.schedules.schedule_of(cron=None, every=ask.text("schedule/every").strip(), timezone=None)
    return application.schedules.schedule_of(cron=_cron(ask, kind), every=None, timezone=timezone)


def _cron(ask: Ask, kind: str) -> str:
    if kind == "hourly":
        return f"{ask.text('schedule/minute').strip() or '0'} * * * *"
    if kind == "daily":
        found = _AT.fullmatch(ask.text("schedule/at").strip())
        if not found:
            raise UsageError(ask.language("Write the time of day as 12:00."))
        return f"{int(found[2])} {int(found[1])} * * {ask.text('schedule/days') or '*'}"
    return ask.text("schedule/cron").strip()


def in_words(ask: Ask, schedule: Schedule | None) -> str:
    """Such as `every day at 12:00`."""
    speak = ask.language
    if schedule is None:
        return speak("by hand only")
    choice = choice_of(application.drafts.ScheduleForm(schedule, is_set=True))
    if choice.kind == "every":
        said = speak("every %(span)s", span=choice.every)
    elif choice.kind == "hourly":
        said = speak("every hour, at minute %(minute)s", minute=choice.minute)
    elif choice.kind == "daily":
        said = f"{_days(ask, choice.days)} {speak('at %(time)s', time=_clock(ask, choice.at))}"
    else:
        said = speak("as cron says: %(cron)s", cron=choice.cron)
    return f"{said} ({choice.timezone})" if choice.timezone else said


def _clock(ask: Ask, at: str) -> str:
    hour, minute = map(int, at.split(":"))
    return format_time(datetime(2024, 1, 1, hour, minute).time(), "short", locale=ask.language.locale)


def _days(ask: Ask, days: str) -> str:
    if days == "*":
        return ask.language("every day")
    if days == "1-5":
        return ask.language("Monday to Friday")
    return ask.language("every %(day)s", day=day_names(ask)[days])


def day_names(ask: Ask) -> dict[str, str]:
    """By the number that cron gives them."""
    names = get_day_names("wide", locale=ask.language.locale)
    return {str((day + 1) % 7): names[day] for day in range(7)}


def next_runs(ask: Ask, schedule: Schedule | None, count: int = 3) -> Iterator[datetime]:
    """By the clock that the schedule goes by, from now on."""
    if schedule is None:
        return
    moment, zone = ask.site.now(), ask.site.installation.zone
    for _ in range(count):
        moment = schedule.next_after(moment, zone)
        yield moment.astimezone(schedule.zone(zone))


def timezones() -> list[str]:
    return sorted(name for name in available_timezones() if "/" in name and not name.startswith("Etc/"))
