"""Cron text and the times it stands for, as Debian's cron has them; the counting is cronsim's.

Where clocks change, a job at a fixed time runs once: at the first minute after the gap if its time is skipped, and at
the first of the two if its time comes twice. A job with `*` as minute or hour goes by the time that passes.
"""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo

from cronsim import CronSim, CronSimError

_SOME_DAY = datetime(2024, 1, 1, tzinfo=UTC)
"""In a leap year, so that February 29th is found at once."""


def check(text: str) -> None:
    """Raises `ValueError`, in an administrator's words, for what is no cron text or never comes."""
    if len(text.split()) != 5:
        raise ValueError(f'cron has five fields, as in "0 12 * * *" for daily at noon; this has {len(text.split())}')
    try:
        next(CronSim(text, _SOME_DAY))
    except CronSimError as error:
        raise ValueError(f"{str(error).removeprefix('Bad ')} makes no sense in {text!r}") from None
    except StopIteration:
        raise ValueError(f"{text!r} never comes") from None


def next_after(text: str, moment: datetime, zone: tzinfo) -> datetime:
    """The first time later than `moment`, in UTC."""
    # cronsim counts fixed times on a clock face without zone, so that in the hour that comes twice its answer can
    # already be past; comparing in UTC tells.
    for time in CronSim(text, moment.astimezone(zone)):
        found = time.astimezone(UTC)
        if found > moment:
            return found
    raise ValueError(f"{text!r} never comes")
