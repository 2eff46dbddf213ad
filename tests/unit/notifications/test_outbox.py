"""Messages are written down with what caused them, tried until they arrive, and never doubled by a second service."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pbx_connector.config import Config
from pbx_connector.errors import ConnectorError, SourceUnavailable
from pbx_connector.model import Book, BookReport, BookStatus, Counts, Problem, Report, RunStatus
from pbx_connector.notice import Notice, NoticeKind
from pbx_connector.notifications.outbox import (
    FEWEST_TRIES,
    GIVE_UP_AFTER,
    LONGEST_PAUSE,
    MOST_PENDING,
    Attempt,
    LocalSharedState,
    Outbox,
    Undelivered,
)
from pbx_connector.notifications.policy import AlertState, Told, after_run
from pbx_connector.notifications.wording import Subject
from pbx_connector.stores import SharedState, open_store

CRM = Subject("crm", "Customers", Path("crm.yaml"))
CONFIG = Config()


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def on(self, **span: float) -> None:
        self.now += timedelta(**span)


class Inbox:
    """A notifier that keeps what it gets, or fails with `trouble`."""

    def __init__(self) -> None:
        self.got: list[tuple[Report, list[NoticeKind]]] = []
        self.asked: list[str] = []
        """The delivery of each call."""
        self.trouble: Exception | None = None

    def __call__(self, report: Report, notices: Sequence[Notice], config: Config, delivery: str) -> None:
        self.asked.append(delivery)
        if self.trouble:
            raise self.trouble
        self.got.append((report, [notice.kind for notice in notices]))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture(params=["local", "sqlite"])
def shared_state(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    if request.param == "local":
        yield LocalSharedState()
        return
    with open_store(f"sqlite:///{tmp_path}/book.sqlite") as store:
        yield store


@pytest.fixture
def outbox(shared_state: SharedState, inbox: Inbox, clock: Clock) -> Outbox:
    return Outbox(shared_state, {"inbox": inbox}, CONFIG, clock)


def report(status: RunStatus = RunStatus.FAILED) -> Report:
    book = BookReport(Book("b", "Ann's contacts", "personal"), BookStatus.FAILED)
    problem = Problem("X001", "no answer", "Ann")
    return Report("r1", "crm", status, Counts(rows=7), (book,), (problem,), {"private": 2}, clock_of_runs, 1.5)


clock_of_runs = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def ended(status: RunStatus) -> Any:
    def change(alert_state: AlertState) -> Told:
        return after_run(alert_state, report(status), CRM, CONFIG.notify, clock_of_runs, reason="no answer")

    return change


def run_ends(outbox: Outbox, status: RunStatus = RunStatus.FAILED) -> list[Notice]:
    return outbox.write("crm", report(status), ended(status))


def test_a_message_arrives_once(outbox: Outbox, inbox: Inbox) -> None:
    run_ends(outbox)
    assert outbox.pending("crm") == 1
    [attempt] = outbox.deliver("crm")
    assert attempt.error == ""
    assert [kinds for _, kinds in inbox.got] == [["failing"]]
    assert outbox.deliver("crm") == []
    assert outbox.pending("crm") == 0


def test_a_run_without_news_writes_nothing_down(outbox: Outbox, inbox: Inbox) -> None:
    run_ends(outbox)
    assert run_ends(outbox) == []
    outbox.deliver("crm")
    assert len(inbox.got) == 1


def test_what_is_kept_has_counts_and_no_contact_data(outbox: Outbox, inbox: Inbox, shared_state: SharedState) -> None:
    run_ends(outbox)
    assert "Ann" not in shared_state.shared_state("notices crm")
    outbox.deliver("crm")
    [(kept, _)] = inbox.got
    assert (kept.run, kept.counts.rows, kept.started, kept.duration) == ("r1", 7, clock_of_runs, 1.5)
    assert (kept.books, kept.problems, kept.skipped) == ((), (), {})


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        (ConnectorError("the webhook answers 500", hint="see url"), "the webhook answers 500 (see url)"),
        (SourceUnavailable("down"), "down"),
        (RuntimeError("password hunter2"), "the plugin inbox failed with RuntimeError"),
    ],
)
def test_a_failure_is_tried_again_with_growing_pauses(
    outbox: Outbox, inbox: Inbox, clock: Clock, trouble: Exception, words: str
) -> None:
    inbox.trouble = trouble
    run_ends(outbox)
    [attempt] = outbox.deliver("crm")
    assert attempt.error == words
    assert attempt.next == clock.now + timedelta(minutes=1)
    clock.on(seconds=59)
    assert outbox.deliver("crm") == []
    clock.on(seconds=1)
    [attempt] = outbox.deliver("crm")
    assert attempt.next == clock.now + timedelta(minutes=2)
    inbox.trouble = None
    clock.on(minutes=2)
    outbox.deliver("crm")
    assert len(inbox.got) == 1


def test_a_message_has_an_id_of_its_own_that_it_keeps(outbox: Outbox, inbox: Inbox, clock: Clock) -> None:
    inbox.trouble = ConnectorError("down")
    run_ends(outbox)
    outbox.deliver("crm")
    inbox.trouble = None
    clock.on(minutes=1)
    for status in (RunStatus.DONE, RunStatus.FAILED, RunStatus.DONE):
        outbox.deliver("crm")
        run_ends(outbox, status)
    outbox.deliver("crm")
    assert inbox.asked[0] == inbox.asked[1]
    assert len(inbox.asked) == 5
    assert len(set(inbox.asked)) == 4


def test_hours_of_failure_end_with_the_message_delivered(outbox: Outbox, inbox: Inbox, clock: Clock) -> None:
    inbox.trouble = ConnectorError("down")
    run_ends(outbox)
    attempts = 0
    for _ in range(10 * 60):
        attempts += len(outbox.deliver("crm"))
        clock.on(minutes=1)
    assert 10 <= attempts <= 20
    inbox.trouble = None
    clock.on(hours=1)
    outbox.deliver("crm")
    assert len(inbox.got) == 1


def test_two_days_minute_by_minute_end_with_giving_up(outbox: Outbox, inbox: Inbox, clock: Clock) -> None:
    inbox.trouble = ConnectorError("down")
    run_ends(outbox)
    attempts: list[Attempt] = []
    while outbox.pending("crm") and len(attempts) < 100:
        attempts += outbox.deliver("crm")
        clock.on(minutes=1)
    assert all(attempt.error == "down" for attempt in attempts)
    assert [attempt.next is None for attempt in attempts] == [False] * (len(attempts) - 1) + [True]
    assert GIVE_UP_AFTER <= clock.now - clock_of_runs < GIVE_UP_AFTER + LONGEST_PAUSE + timedelta(minutes=2)
    assert len(attempts) > 41


def test_after_two_days_it_is_given_up_and_said_so(outbox: Outbox, inbox: Inbox, clock: Clock) -> None:
    inbox.trouble = ConnectorError("down")
    run_ends(outbox)
    clock.now += GIVE_UP_AFTER
    for _ in range(FEWEST_TRIES):
        [attempt] = outbox.deliver("crm")
        assert attempt.error
        clock.on(hours=1)
    assert attempt.next is None
    assert outbox.pending("crm") == 0


def test_a_clock_that_is_set_forward_makes_no_message_old(outbox: Outbox, inbox: Inbox, clock: Clock) -> None:
    inbox.trouble = ConnectorError("down")
    run_ends(outbox)
    outbox.deliver("crm")
    clock.on(days=30)
    outbox.deliver("crm")
    inbox.trouble = None
    clock.on(hours=1)
    outbox.deliver("crm")
    assert len(inbox.got) == 1


def test_a_clock_that_is_set_back_by_an_hour_delays_no_first_message(
    outbox: Outbox, inbox: Inbox, clock: Clock
) -> None:
    run_ends(outbox)
    clock.on(hours=-1)
    outbox.deliver("crm")
    assert len(inbox.got) == 1


def test_alert_state_and_messages_outlive_the_process(
    shared_state: SharedState, outbox: Outbox, inbox: Inbox, clock: Clock
) -> None:
    run_ends(outbox)
    restarted = Outbox(shared_state, {"inbox": inbox}, CONFIG, clock)
    assert restarted.alert_state("crm").trouble is NoticeKind.FAILING
    assert run_ends(restarted) == []
    restarted.deliver("crm")
    assert len(inbox.got) == 1


def test_a_notifier_that_died_over_a_message_does_not_lose_it(
    shared_state: SharedState, inbox: Inbox, clock: Clock
) -> None:
    class Killed(BaseException):
        pass

    def kill(report: Report, notices: Sequence[Notice], config: Config, delivery: str) -> None:
        raise Killed

    dying = Outbox(shared_state, {"inbox": kill}, CONFIG, clock)
    run_ends(dying)
    with pytest.raises(Killed):
        dying.deliver("crm")
    restarted = Outbox(shared_state, {"inbox": inbox}, CONFIG, clock)
    assert restarted.deliver("crm") == []
    clock.on(minutes=1)
    restarted.deliver("crm")
    assert len(inbox.got) == 1


def test_two_services_deliver_a_message_once(shared_state: SharedState, inbox: Inbox, clock: Clock) -> None:
    outboxes = [Outbox(shared_state, {"inbox": inbox}, CONFIG, clock) for _ in range(4)]
    run_ends(outboxes[0])
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda outbox: outbox.deliver("crm"), outboxes))
    assert len(inbox.got) == 1


def test_one_notifier_that_fails_does_not_stop_the_other(shared_state: SharedState, inbox: Inbox, clock: Clock) -> None:
    broken = Inbox()
    broken.trouble = ConnectorError("down")
    outbox = Outbox(shared_state, {"broken": broken, "inbox": inbox}, CONFIG, clock)
    run_ends(outbox)
    outbox.deliver("crm")
    assert len(inbox.got) == 1
    assert outbox.pending("crm") == 1


def test_a_plugin_that_was_removed_is_not_waited_for_for_ever(
    shared_state: SharedState, outbox: Outbox, clock: Clock
) -> None:
    run_ends(outbox)
    without = Outbox(shared_state, {}, CONFIG, clock)
    [attempt] = without.deliver("crm")
    assert "not installed or not configured any more" in attempt.error
    clock.now += GIVE_UP_AFTER
    for _ in range(FEWEST_TRIES):
        without.deliver("crm")
        clock.on(hours=1)
    assert without.pending("crm") == 0


def test_trouble_that_nobody_was_there_to_hear_is_told_once_somebody_is(
    shared_state: SharedState, outbox: Outbox, inbox: Inbox
) -> None:
    deaf = Outbox(shared_state, {}, CONFIG, lambda: clock_of_runs)
    run_ends(deaf)
    run_ends(deaf)
    assert deaf.deliver("crm") == []
    assert outbox.write("crm", report(), lambda alert_state: (alert_state, [])) == []
    assert outbox.alert_state("crm").in_a_word == "failing"
    run_ends(outbox)
    run_ends(outbox)
    outbox.deliver("crm")
    assert [kinds for _, kinds in inbox.got] == [["failing"]]
    run_ends(outbox, RunStatus.DONE)
    assert outbox.alert_state("crm").in_a_word == ""


def test_trouble_that_is_over_when_somebody_is_there_to_hear_is_no_news(
    shared_state: SharedState, outbox: Outbox, inbox: Inbox
) -> None:
    deaf = Outbox(shared_state, {}, CONFIG, lambda: clock_of_runs)
    run_ends(deaf)
    assert run_ends(outbox, RunStatus.DONE) == []
    assert outbox.alert_state("crm").in_a_word == ""


def test_what_people_know_goes_with_an_adopted_profile(shared_state: SharedState, outbox: Outbox, inbox: Inbox) -> None:
    run_ends(outbox)
    outbox.write("new", report(), lambda alert_state: (replace(alert_state, broken=True), []))
    outbox.adopt("crm", "new")
    assert shared_state.shared_state("notices crm") == ""
    assert outbox.alert_state("new") == AlertState(trouble=NoticeKind.FAILING, broken=True)
    assert (outbox.pending("crm"), outbox.pending("new")) == (0, 1)
    outbox.adopt("never seen", "new")
    assert outbox.alert_state("new").trouble is NoticeKind.FAILING


def test_a_profile_that_is_forgotten_begins_anew(shared_state: SharedState, outbox: Outbox) -> None:
    run_ends(outbox)
    outbox.forget("crm")
    assert shared_state.shared_state("notices crm") == ""
    assert [notice.kind for notice in run_ends(outbox)] == [NoticeKind.FAILING]


def test_pending_messages_do_not_grow_without_bound(outbox: Outbox, inbox: Inbox) -> None:
    secret = Notice(NoticeKind.SECRET, "crm", "expires", "", "", "")
    for _ in range(MOST_PENDING + 5):
        outbox.write("crm", report(), lambda alert_state: (alert_state, [secret]))
    assert outbox.pending("crm") == MOST_PENDING


def test_what_newer_news_has_made_old_is_not_told_any_more(outbox: Outbox, inbox: Inbox, clock: Clock) -> None:
    inbox.trouble = ConnectorError("down")
    run_ends(outbox)
    outbox.deliver("crm")
    run_ends(outbox, RunStatus.DONE)
    inbox.trouble = None
    for _ in range(5):
        outbox.deliver("crm")
        clock.on(minutes=1)
    assert [kinds for _, kinds in inbox.got] == [["recovered"]]


def test_messages_arrive_in_their_order(outbox: Outbox, inbox: Inbox, clock: Clock) -> None:
    def write(kind: NoticeKind) -> None:
        notice = Notice(kind, "crm", "news", "", "", "")
        outbox.write("crm", report(), lambda alert_state: (alert_state, [notice]))

    inbox.trouble = ConnectorError("down")
    write(NoticeKind.SECRET)
    outbox.deliver("crm")
    inbox.trouble = None
    write(NoticeKind.BROKEN)
    assert outbox.deliver("crm") == []
    clock.on(minutes=1)
    outbox.deliver("crm")
    assert [kinds for _, kinds in inbox.got] == [["secret"], ["broken"]]


def test_what_cannot_be_delivered_is_known_until_it_arrives(outbox: Outbox, inbox: Inbox, clock: Clock) -> None:
    inbox.trouble = ConnectorError("down")
    run_ends(outbox)
    assert outbox.undelivered("crm") is None
    outbox.deliver("crm")
    assert outbox.undelivered("crm") == Undelivered(1, "inbox", "down")
    inbox.trouble = None
    clock.on(minutes=1)
    outbox.deliver("crm")
    assert outbox.undelivered("crm") is None


def test_a_clock_that_was_set_back_does_not_hold_messages_for_ever(outbox: Outbox, inbox: Inbox, clock: Clock) -> None:
    inbox.trouble = ConnectorError("down")
    run_ends(outbox)
    outbox.deliver("crm")
    clock.on(days=-30)
    inbox.trouble = None
    outbox.deliver("crm")
    assert len(inbox.got) == 1


@pytest.mark.parametrize("text", ["{", "[]", '{"alert_state": {"trouble": "bored"}}'])
def test_what_cannot_be_read_counts_as_nothing(shared_state: SharedState, outbox: Outbox, text: str) -> None:
    shared_state.compare_and_set("notices crm", "", text)
    assert [notice.kind for notice in run_ends(outbox)] == [NoticeKind.FAILING]
