"""Who hears what, and when: a profile's life as a list of runs and silences, and the messages that come of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbx_connector.config import NotifyConfig
from pbx_connector.model import Book, BookReport, BookStatus, Counts, Problem, Report, RunStatus
from pbx_connector.notice import Notice, NoticeKind
from pbx_connector.notifications.policy import (
    AlertState,
    Expiry,
    after_loading,
    after_look_at_secrets,
    after_run,
    after_silence,
)
from pbx_connector.notifications.wording import Subject

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CRM = Subject("crm", "Customers", Path("/etc/pbx/crm one.yaml"))
CONFIG = NotifyConfig()
DONE, PARTIAL, REFUSED, FAILED = RunStatus.DONE, RunStatus.PARTIAL, RunStatus.REFUSED, RunStatus.FAILED


def report(status: RunStatus) -> Report:
    books = tuple(
        BookReport(Book(f"b{number}", "Ann Lee's contacts", "personal", "7"), state)
        for number, state in enumerate([BookStatus.DONE, BookStatus.FAILED, BookStatus.UNKNOWN])
    )
    return Report("r1", "crm", status, Counts(added=1, updated=2, removed=3), books, started=NOON)


def told(*statuses: RunStatus, start: AlertState | None = None) -> list[str]:
    """The kinds of messages that a row of daily runs causes, `-` for a run without one."""
    alert_state, kinds = start or AlertState(), []
    for day, status in enumerate(statuses):
        alert_state, notices = after_run(alert_state, report(status), CRM, CONFIG, NOON + day * DAY, reason="no route")
        kinds.append("+".join(notice.kind for notice in notices) or "-")
    return kinds


@pytest.mark.parametrize(
    ("statuses", "messages"),
    [
        ([DONE, DONE], ["-", "-"]),
        ([FAILED, FAILED, FAILED, DONE, DONE], ["failing", "-", "-", "recovered", "-"]),
        ([DONE, FAILED, DONE, FAILED], ["-", "failing", "recovered", "failing"]),
        ([REFUSED, REFUSED, DONE], ["refused", "-", "recovered"]),
        ([FAILED, REFUSED, REFUSED, DONE], ["failing", "refused", "-", "recovered"]),
        ([PARTIAL, PARTIAL, PARTIAL, PARTIAL, DONE], ["-", "-", "partial", "-", "recovered"]),
        ([PARTIAL, PARTIAL, DONE, PARTIAL, PARTIAL], ["-"] * 5),
        ([PARTIAL, FAILED, PARTIAL, PARTIAL], ["-", "failing", "-", "-"]),
        ([FAILED, PARTIAL, FAILED, DONE], ["failing", "-", "-", "recovered"]),
    ],
)
def test_people_hear_of_changes_of_state(statuses: list[RunStatus], messages: list[str]) -> None:
    assert told(*statuses) == messages


@given(st.lists(st.sampled_from(RunStatus), max_size=40))
def test_never_the_same_message_twice_in_a_row(statuses: list[RunStatus]) -> None:
    said = [kind for kind in told(*statuses) if kind != "-"]
    assert all(first != second for first, second in pairwise(said))


def silent(
    alert_state: AlertState, *, hours: float, due: datetime = NOON + DAY, watched: datetime = NOON
) -> tuple[AlertState, list[Notice]]:
    return after_silence(alert_state, lambda since: due, watched, CRM, CONFIG, NOON + hours * HOUR)


def test_silence_is_told_once_after_26_hours() -> None:
    alert_state, _ = after_run(AlertState(), report(DONE), CRM, CONFIG, NOON)
    assert silent(alert_state, hours=25.9)[1] == []
    alert_state, notices = silent(alert_state, hours=26)
    assert [notice.kind for notice in notices] == [NoticeKind.OVERDUE]
    assert "no successful run for 1d2h" in notices[0].subject
    assert silent(alert_state, hours=80)[1] == []
    assert told(FAILED, FAILED, DONE, start=alert_state) == ["failing", "-", "recovered"]
    assert told(PARTIAL, DONE, start=alert_state) == ["-", "recovered"]


def test_a_weekly_profile_is_not_late_on_the_second_day() -> None:
    alert_state = AlertState(success=NOON)
    week = NOON + 7 * DAY
    assert silent(alert_state, hours=30, due=week)[1] == []
    assert silent(alert_state, hours=7 * 24 + 1, due=week)[1] == []
    assert len(silent(alert_state, hours=7 * 24 + 2, due=week)[1]) == 1


def test_a_profile_that_comes_back_after_weeks_has_time_to_run() -> None:
    back = NOON + 21 * DAY
    assert silent(AlertState(success=NOON), hours=21 * 24 + 1.9, watched=back)[1] == []
    [notice] = silent(AlertState(success=NOON), hours=21 * 24 + 2, watched=back)[1]
    assert "no successful run for 21d" in notice.subject


def test_a_profile_that_never_ran_has_its_time_from_when_it_was_first_seen() -> None:
    alert_state, notices = silent(AlertState(), hours=0)
    assert notices == []
    assert len(silent(alert_state, hours=26)[1]) == 1


def test_a_clock_that_was_set_back_makes_nobody_late() -> None:
    assert silent(AlertState(success=NOON), hours=-5)[1] == []


@pytest.mark.parametrize("alert_state", [AlertState(success=NOON), AlertState(seen=NOON)])
def test_after_a_clock_was_set_back_silence_counts_from_when_that_was_seen(alert_state: AlertState) -> None:
    month = 30 * 24
    alert_state, notices = silent(alert_state, hours=-month, due=NOON - 29 * DAY, watched=NOON - 30 * DAY)
    assert notices == []
    later, watched = timedelta(hours=27 - month), NOON - 30 * DAY
    _, notices = after_silence(alert_state, lambda since: NOON - 29 * DAY, watched, CRM, CONFIG, NOON + later)
    assert [notice.kind for notice in notices] == [NoticeKind.OVERDUE]


def secrets(alert_state: AlertState, today: datetime, *expiries: Expiry) -> tuple[AlertState, list[str]]:
    alert_state, notices = after_look_at_secrets(alert_state, expiries, CRM, CONFIG, today)
    return alert_state, [notice.subject for notice in notices]


def test_a_secret_is_told_of_two_weeks_before_and_when_it_has_expired() -> None:
    expiry = Expiry("the keyring, as exchange", date(2026, 12, 8))
    alert_state, said = secrets(AlertState(), NOON, expiry)
    assert said == []
    alert_state, said = secrets(alert_state, NOON + DAY, expiry)
    assert said == ["Customers: a secret expires in 14 days"]
    assert secrets(alert_state, NOON + 5 * DAY, expiry)[1] == []
    alert_state, said = secrets(alert_state, NOON + 15 * DAY, expiry)
    assert said == ["Customers: a secret has expired"]
    assert secrets(alert_state, NOON + 16 * DAY, expiry)[1] == []
    renewed = replace(expiry, day=date(2027, 12, 8))
    alert_state, said = secrets(alert_state, NOON + 17 * DAY, renewed)
    assert said == []
    assert secrets(alert_state, NOON + 370 * DAY, renewed)[1] == ["Customers: a secret expires in 10 days"]


def test_a_broken_file_is_told_once_and_so_is_its_repair() -> None:
    alert_state, notices = after_loading(AlertState(), broken="2 errors", subject=CRM)
    assert [notice.kind for notice in notices] == [NoticeKind.BROKEN]
    assert notices[0].command == "pbx-connector check '/etc/pbx/crm one.yaml'"
    alert_state, again = after_loading(alert_state, broken="1 error", subject=CRM)
    assert again == []
    alert_state, notices = after_loading(alert_state, broken="", subject=CRM)
    assert [notice.kind for notice in notices] == [NoticeKind.RECOVERED]


def test_a_message_names_the_profile_what_happened_what_is_safe_and_what_to_type() -> None:
    _, [refused] = after_run(AlertState(), report(REFUSED), CRM, CONFIG, NOON, reason="3 of 4 entries would go")
    assert refused.subject == "Customers: a plan was refused"
    assert "2026-11-23 12:00 UTC would have removed 3 entries, changed 2 and added 1" in refused.happened
    assert "3 of 4 entries would go" in refused.happened
    assert "run '/etc/pbx/crm one.yaml' --release r1" in refused.safe
    assert refused.command == "pbx-connector plan show r1"


def test_a_message_about_many_contacts_counts_their_problems_and_names_nobody() -> None:
    problem = Problem("S204", "no name", "Contacts: k1", contact="Ann Lee")
    ended = replace(report(PARTIAL), books=(), problems=(problem,), counts=Counts(problems=120))
    _, [notice] = after_run(AlertState(partials=2), ended, CRM, CONFIG, NOON)
    assert "120 problems" in notice.happened
    assert "address book" not in notice.subject + notice.happened + notice.safe
    assert "Ann Lee" not in notice.happened + notice.safe + notice.subject


def test_a_message_about_books_counts_them_and_names_nobody() -> None:
    _, [notice] = after_run(AlertState(partials=2), report(PARTIAL), CRM, CONFIG, NOON)
    assert "left out 2 of 3" in notice.happened
    assert "Ann Lee" not in notice.happened + notice.safe + notice.subject
