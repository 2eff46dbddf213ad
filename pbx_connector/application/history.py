"""The history: which of its runs are worth a look, which was a profile's last one, and what an undo takes back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from pbx_connector.duration import parse_duration
from pbx_connector.errors import UsageError
from pbx_connector.model import RunStatus
from pbx_connector.plan import Action, Change
from pbx_connector.stores import History, RunKind, RunRecord, Undone


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
    kind: RunKind | None = None
    status: RunStatus | None = None
    before: str | None = None
    """Only what is older than this run."""
    look_at: int | None = None
    """Runs to look through at most, whatever they are."""
    hidden: int = 0
    """How many were left out so far because they went well and changed nothing."""
    next: str | None = None
    """What to ask for as `before` to go on; None at the end of the history, or of the time that is asked for."""

    def of(self, store: History) -> Iterator[RunRecord]:
        """The newest first."""
        left, seen = self.limit, _Counted(store.runs(self.profile, limit=self.look_at, before=self.before))
        self.next = None
        for record in self._in_time(iter(seen)):
            if self._is_wanted(record):
                yield record
                left -= 1
            if not left:
                self.next = record.id
                return
        if seen.many == self.look_at:
            self.next = seen.last

    def _is_wanted(self, record: RunRecord) -> bool:
        if self.kind not in (None, record.kind) or self.status not in (None, record.report.status):
            return False
        if self.everything or not _is_uneventful(record):
            return True
        self.hidden += 1
        return False

    def _in_time(self, records: Iterator[RunRecord]) -> Iterator[RunRecord]:
        """One that was killed does not say when it began: it counts with the one after it."""
        started = None
        for record in records:
            started = record.report.started or started
            if started and self.since and started < self.since:
                return
            if not (started and self.until and started > self.until):
                yield record


@dataclass
class _Counted:
    """Runs as they come, how many they were, and the last one's id."""

    runs: Iterator[RunRecord]
    many: int = 0
    last: str = ""

    def __iter__(self) -> Iterator[RunRecord]:
        for record in self.runs:
            self.many += 1
            self.last = record.id
            yield record


def _is_uneventful(record: RunRecord) -> bool:
    counts = record.report.counts
    changed = counts.added or counts.updated or counts.removed or counts.given_way or counts.came_back
    return record.kind is RunKind.RUN and record.report.status is RunStatus.DONE and not changed


_REVERSED = {Action.ADD: Action.REMOVE, Action.REMOVE: Action.ADD}


def reversed_changes(
    store: History, run: str, undone: Undone, *, skip: int = 0, limit: int | None = None
) -> Iterator[Change]:
    """A run's changes the other way round, as its undo makes them: without those that are left as they are."""
    for change in store.changes(run, skip=skip, limit=limit, leaving=undone.left):
        action = _REVERSED.get(change.action, change.action)
        yield Change(action, change.entry, change.book, change.after, change.before, change.what)


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
