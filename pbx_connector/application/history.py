"""The history: which of its runs are worth a look, and which was a profile's last one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from pbx_connector.duration import parse_duration
from pbx_connector.errors import UsageError
from pbx_connector.model import RunStatus
from pbx_connector.stores import History, RunKind, RunRecord


def last_run(store: History, profile: str) -> RunRecord | None:
    """The profile's last run that says when it began; those that were killed do not, and what people did by hand since
    (an undo, an adoption) is no run. Schedules, status and notices all go by this one."""
    records = store.runs(profile)
    return next((record for record in records if record.kind is RunKind.RUN and record.report.started), None)


@dataclass
class Excerpt:
    """The part of the history that is asked for."""

    profile: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    limit: int = 30
    everything: bool = True
    """Also runs that went well and changed nothing."""
    hidden: int = 0
    """How many of those were left out so far."""

    def of(self, store: History) -> Iterator[RunRecord]:
        """The newest first."""
        left = self.limit
        for record in self._in_time(store.runs(self.profile)):
            if not self.everything and _is_uneventful(record):
                self.hidden += 1
                continue
            yield record
            left -= 1
            if not left:
                return

    def _in_time(self, records: Iterator[RunRecord]) -> Iterator[RunRecord]:
        """One that was killed does not say when it began: it counts with the one after it."""
        started = None
        for record in records:
            started = record.report.started or started
            if started and self.since and started < self.since:
                return
            if not (started and self.until and started > self.until):
                yield record


def _is_uneventful(record: RunRecord) -> bool:
    counts = record.report.counts
    changed = counts.added or counts.updated or counts.removed or counts.given_way or counts.came_back
    return record.kind is RunKind.RUN and record.report.status is RunStatus.DONE and not changed


def parse_moment(text: str, now: datetime, *, end: bool = False) -> datetime:
    """`2026-11-28`, `2026-11-28 14:30` in this machine's zone, or a span before `now` such as `7d`.

    With `end` a day means its end. Raises `UsageError`.
    """
    with suppress(ValueError, OverflowError):
        return now - parse_duration(text)
    with suppress(ValueError, OverflowError):
        return _on_the_calendar(text.strip(), end)
    hint = "write it as 2026-11-28, '2026-11-28 14:30', or as a span before now, such as 24h or 7d"
    raise UsageError(f"{text!r} is no moment", hint=hint)


def _on_the_calendar(text: str, end: bool) -> datetime:
    moment = datetime.fromisoformat(text)
    if end and len(text) == len("2026-11-28"):
        moment += timedelta(days=1)
    return moment if moment.tzinfo else moment.astimezone()
