"""What the runs of the last days changed, day by day, for a chart.

The history is read once and then only as far back as it is not known yet: it has a line for each run of each profile.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, tzinfo

from pbx_connector.model import RunStatus
from pbx_connector.stores import History, RunRecord

DAYS = 30
MOST_RUNS = 50_000
"""So many of the newest are looked at; what lies behind them shows as nothing."""
KNOWN_IN_A_ROW = 200
"""A run is written down when it ends and numbered when it begins: behind so many known ones there is no new one."""


@dataclass(frozen=True, slots=True)
class Day:
    """What happened on a day, by the clock that schedules go by."""

    date: date
    runs: int = 0
    failed: int = 0
    """Runs that failed or were refused."""
    added: int = 0
    updated: int = 0
    removed: int = 0

    @property
    def changes(self) -> int:
        return self.added + self.updated + self.removed


class RunTally:
    """For several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._days: dict[date, Day] = {}
        self._seen: dict[str, date] = {}
        """The runs that are counted, with their days."""

    def days(self, store: History, now: datetime, zone: tzinfo) -> tuple[Day, ...]:
        """The last `DAYS` days, the oldest first and today last. Raises `StoreError`."""
        today = now.astimezone(zone).date()
        first = today - timedelta(days=DAYS - 1)
        with self._lock:
            for record, day in _dated(self._unknown(store), first, zone):
                self._count(record, day)
            self._forget(first)
            dates = [first + timedelta(days=number) for number in range(DAYS)]
            return tuple(self._days.get(each, Day(each)) for each in dates)

    def _unknown(self, store: History) -> Iterator[RunRecord]:
        known = 0
        for record in store.runs(limit=MOST_RUNS):
            known = known + 1 if record.id in self._seen else 0
            if not known:
                yield record
            elif known >= KNOWN_IN_A_ROW:
                return

    def _count(self, record: RunRecord, day: date) -> None:
        counts, held = record.report.counts, self._days.get(day, Day(day))
        failed = record.report.status in (RunStatus.FAILED, RunStatus.REFUSED)
        changed = 0 if failed else 1
        self._seen[record.id] = day
        self._days[day] = replace(
            held,
            runs=held.runs + 1,
            failed=held.failed + failed,
            added=held.added + changed * counts.added,
            updated=held.updated + changed * counts.updated,
            removed=held.removed + changed * counts.removed,
        )

    def _forget(self, first: date) -> None:
        self._seen = {run: day for run, day in self._seen.items() if day >= first}
        self._days = {each: day for each, day in self._days.items() if each >= first}


def _dated(records: Iterator[RunRecord], first: date, zone: tzinfo) -> Iterator[tuple[RunRecord, date]]:
    """Those since `first`; one that was killed does not say when it began, and counts with the one after it."""
    started: datetime | None = None
    for record in records:
        started = record.report.started or started
        if started is None:
            continue
        day = started.astimezone(zone).date()
        if day < first:
            return
        yield record, day


def entries_by_day(days: tuple[Day, ...], now: int) -> tuple[int, ...]:
    """How many entries there were at the end of each day, reckoned back from how many there are."""
    left, found = now, []
    for day in reversed(days):
        found.append(max(0, left))
        left -= day.added - day.removed
    return tuple(reversed(found))
