"""What the messages say: what happened, what is safe, and what to type next. Counts only, never contact data."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from pbx_connector.counting import counted
from pbx_connector.duration import roughly
from pbx_connector.model import BookStatus, Problem, Report
from pbx_connector.notice import Notice, NoticeKind

HELD = "P0110"
"""The code of `ProfileHeld`."""
MOST_FAULTS = 3
"""So many are in a message; the command in it lists all."""
UNTOUCHED = "The phone book is as it was before this run; nothing was lost."


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a message is about."""

    profile: str
    title: str
    file: Path

    def command(self, name: str, *arguments: str) -> str:
        return shlex.join(["pbx-connector", name, str(self.file), *arguments])

    def notice(self, kind: NoticeKind, headline: str, *, happened: str, safe: str, command: str) -> Notice:
        title = " ".join(self.title.split()) or self.profile
        return Notice(kind, self.profile, f"{title}: {headline}", happened, safe, command)


def trouble(kind: NoticeKind, report: Report, subject: Subject, reason: str) -> Notice:
    write = {NoticeKind.REFUSED: _refused, NoticeKind.HELD: _held}.get(kind, _failing)
    return write(report, subject, reason)


def held_by(report: Report) -> Problem | None:
    """Why the profile waits for a person's word, with the command that gives it; None if it does not."""
    return next((problem for problem in report.problems if problem.code == HELD), None)


def _held(report: Report, subject: Subject, reason: str) -> Notice:
    held = held_by(report)
    return subject.notice(
        NoticeKind.HELD,
        "its runs wait for your word",
        happened=f"The run {_when(report)} was not made: {reason}",
        safe="The phone book is as it was; it grows out of date until you decide.",
        command=held.hint if held else subject.command("run"),
    )


def _failing(report: Report, subject: Subject, reason: str) -> Notice:
    return subject.notice(
        NoticeKind.FAILING,
        "the runs fail",
        happened=(
            f"The run {_when(report)} failed: {reason}\n"
            "Others that fail at the same server for this reason send no message; pbx-connector status shows them."
        ),
        safe=UNTOUCHED,
        command=subject.command("simulate"),
    )


def _refused(report: Report, subject: Subject, reason: str) -> Notice:
    counts = report.counts
    return subject.notice(
        NoticeKind.REFUSED,
        "a plan was refused",
        happened=(
            f"The run {_when(report)} would have removed {counted(counts.removed, 'entry')}, "
            f"changed {counts.updated} and added {counts.added}. That is more than the profile's limits allow: {reason}"
        ),
        safe=f"{UNTOUCHED} If the plan is right, release it: {subject.command('run', '--release', report.run)}",
        command=shlex.join(["pbx-connector", "plan", "show", report.run]),
    )


def partial(times: int, report: Report, subject: Subject) -> Notice:
    left_out = sum(book.status in (BookStatus.FAILED, BookStatus.UNKNOWN) for book in report.books)
    if not left_out:
        return _many_problems(times, report, subject)
    return subject.notice(
        NoticeKind.PARTIAL,
        "address books are left out",
        happened=(
            f"{times} runs in a row could not read every address book; the one {_when(report)} left out {left_out} "
            f"of {len(report.books)}."
        ),
        safe="The entries of those address books are as they were; all others are up to date.",
        command=subject.command("run"),
    )


def _many_problems(times: int, report: Report, subject: Subject) -> Notice:
    return subject.notice(
        NoticeKind.PARTIAL,
        "many contacts cannot be read",
        happened=(
            f"{times} runs in a row left many contacts as they were, because they could not be read or mapped; the one "
            f"{_when(report)} has {counted(report.counts.problems, 'problem')}."
        ),
        safe="The entries of those contacts are as they were; all others are up to date.",
        command=subject.command("run"),
    )


def overdue(silent: timedelta, subject: Subject) -> Notice:
    return subject.notice(
        NoticeKind.OVERDUE,
        f"no successful run for {roughly(silent)}",
        happened=f"The last successful run ended {roughly(silent)} ago, though the profile has a schedule.",
        safe="The phone book is as the last successful run left it; it grows out of date.",
        command="pbx-connector status",
    )


def secret(place: str, day: date, left: timedelta, subject: Subject) -> Notice:
    expired = left <= timedelta(0)
    return subject.notice(
        NoticeKind.SECRET,
        "a secret has expired" if expired else f"a secret expires in {left.days} days",
        happened=f"The secret in {place} {'expired' if expired else 'expires'} on {day:%Y-%m-%d}, as the profile says.",
        safe="Runs go on for as long as the source accepts it; when they fail, the phone book stays as it is.",
        command=subject.command("simulate"),
    )


def broken(reason: str, subject: Subject) -> Notice:
    return subject.notice(
        NoticeKind.BROKEN,
        "the profile's file cannot be used",
        happened=f"{subject.file} has changed and cannot be used: {reason}",
        safe="The phone book is as it was. If the service had read the file before, it goes on with what it read then.",
        command=subject.command("check"),
    )


FILE_FIXED = "the profile's file is fixed"
_OF_RUNS = {NoticeKind.FAILING, NoticeKind.REFUSED, NoticeKind.HELD, NoticeKind.PARTIAL, NoticeKind.OVERDUE}


def is_of_runs(notice: Notice) -> bool:
    """Whether it says how a profile's runs go, which the next such message says anew."""
    recovered = notice.kind is NoticeKind.RECOVERED and not notice.subject.endswith(FILE_FIXED)
    return notice.kind in _OF_RUNS or recovered


def fixed(subject: Subject) -> Notice:
    return subject.notice(
        NoticeKind.RECOVERED,
        FILE_FIXED,
        happened=f"{subject.file} can be used again and is in effect.",
        safe="The next run uses it.",
        command="pbx-connector schedule",
    )


def recovered(report: Report, subject: Subject) -> Notice:
    counts = report.counts
    return subject.notice(
        NoticeKind.RECOVERED,
        "runs succeed again",
        happened=(
            f"The run {_when(report)} succeeded: {counted(counts.added, 'entry')} added, {counts.updated} updated, "
            f"{counts.removed} removed."
        ),
        safe="The phone book is up to date.",
        command="pbx-connector status",
    )


def trial() -> Notice:
    return Notice(
        NoticeKind.TEST,
        "",
        "pbx-connector: a test message",
        "Somebody typed pbx-connector notify test: messages of this kind arrive here.",
        "Nothing is wrong, and nothing was changed.",
        "pbx-connector status",
    )


def store_lost(place: str, since: datetime) -> Notice:
    return Notice(
        NoticeKind.STORE,
        "",
        "pbx-connector: the phone book store cannot be reached",
        f"{place} has not answered since {_clock(since)}. Runs wait until it does, and are then made up for once.",
        "Nothing is written while the store is unreachable.",
        "pbx-connector status",
    )


def store_back(place: str, since: datetime) -> Notice:
    return Notice(
        NoticeKind.RECOVERED,
        "",
        "pbx-connector: the phone book store is back",
        f"{place} answers again; it had been unreachable since {_clock(since)}. Missed runs are made up for now.",
        "The phone book is as it was before.",
        "pbx-connector schedule",
    )


def store_damaged(place: str, faults: Sequence[str]) -> Notice:
    more = f"; and {len(faults) - MOST_FAULTS} more" if len(faults) > MOST_FAULTS else ""
    return Notice(
        NoticeKind.STORE,
        "",
        "pbx-connector: the phone book is damaged",
        f"The daily check of {place} found: {'; '.join(faults[:MOST_FAULTS])}{more}.",
        "The check only reads. Runs go on unless the file itself is damaged. Keep older backups until this is settled.",
        "pbx-connector store check",
    )


def store_whole(place: str) -> Notice:
    return Notice(
        NoticeKind.RECOVERED,
        "",
        "pbx-connector: the phone book is whole again",
        f"The daily check of {place} finds nothing damaged any more.",
        "What was brought back from a backup is brought up to date by the next runs.",
        "pbx-connector status",
    )


def _when(report: Report) -> str:
    return f"of {_clock(report.started)}" if report.started else "that was due"


def _clock(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
