"""One scheduled run: due or not, ours or not, and said how it went whatever happens."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pbx_connector.application.claims import GRACE
from pbx_connector.application.installation import Installation
from pbx_connector.application.runs import Notify, RunOutcome
from pbx_connector.application.store_watch import StoreWatch
from pbx_connector.config import Config
from pbx_connector.config.model import HistoryConfig
from pbx_connector.engine import unattended
from pbx_connector.engine.port import Ended, Job, Result
from pbx_connector.errors import AuthenticationFailed, StoreError
from pbx_connector.model import Book, Mapped, Row, RunStatus
from pbx_connector.plugins import Plugins
from pbx_connector.profile import Limits, Profile, RemovalLimit
from pbx_connector.schedule import Schedule
from pbx_connector.service.execution import Execution
from pbx_connector.stores import RunRecord, Store
from pbx_connector.testing import MemorySource

HOURLY = Schedule(every=timedelta(hours=1))
HOUR = timedelta(hours=1)


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/book.sqlite"


@pytest.fixture
def watch(url: str) -> Iterator[StoreWatch]:
    watch = StoreWatch(url, now)
    yield watch
    watch.close()


def make(
    watch: StoreWatch,
    within: timedelta,
    *,
    keep: timedelta = timedelta(days=365),
    clock: Callable[[], datetime] = now,
    notify: Notify = lambda profile, report, reason: None,
) -> Execution:
    config = Config(history=HistoryConfig(keep=keep))
    return Execution(Installation(config, Plugins([]), clock), watch, within, notify)


@pytest.fixture
def execution(watch: StoreWatch) -> Execution:
    return make(watch, timedelta(hours=1))


def attempt(execution: Execution, profile: Profile) -> RunOutcome | Ended:
    def due(store: Store, last: RunRecord | None, moment: datetime) -> datetime:
        return HOURLY.due(last.report.started if last else None, moment, moment)

    return execution.attempt(job(profile), profile, due)


def at_once(execution: Execution, profile: Profile) -> RunOutcome:
    return ended(execution.attempt(job(profile), profile, lambda store, last, moment: moment))


def job(profile: Profile) -> Job:
    return Job(tenant="", profile=profile.id)


def ended(outcome: RunOutcome | Ended) -> RunOutcome:
    assert isinstance(outcome, RunOutcome)
    return outcome


def test_what_is_due_runs_and_then_is_not_due_again(execution: Execution, profile: Profile) -> None:
    first = ended(attempt(execution, profile))
    assert first.report.status is RunStatus.DONE
    assert first.report.counts.added == 20
    assert attempt(execution, profile) == Ended(Result.POSTPONED)


def test_services_on_one_store_make_a_run_once(url: str, profile: Profile, source: MemorySource) -> None:
    watches = [StoreWatch(url, now) for _ in range(4)]
    watches[0].current()
    with ThreadPoolExecutor(4) as pool:
        executions = [make(watch, HOUR) for watch in watches]
        outcomes = list(pool.map(lambda execution: attempt(execution, profile), executions))
    assert sum(isinstance(outcome, RunOutcome) for outcome in outcomes) == 1
    assert len(source.contexts) == 1
    for watch in watches:
        watch.close()


def test_a_failed_run_is_said_with_its_reason_and_is_not_tried_again_at_once(
    execution: Execution, profile: Profile, source: MemorySource
) -> None:
    source.down = AuthenticationFailed("the password is wrong", hint="see to it")
    failed = ended(attempt(execution, profile))
    assert failed.report.status is RunStatus.FAILED
    assert failed.report.run != ""
    assert failed.reason == "the password is wrong (see to it)"
    assert attempt(execution, profile) == Ended(Result.POSTPONED)


def test_a_refused_plan_is_said_with_its_reasons(
    execution: Execution, profile: Profile, source: MemorySource, watch: StoreWatch
) -> None:
    strict = replace(profile, limits=Limits(RemovalLimit(0.1, 1)))
    ended(attempt(execution, strict))
    for number in range(10):
        source.address_books["public"].drop(f"r{number}")
    again = at_once(execution, strict)
    assert again.report.status is RunStatus.REFUSED
    assert again.reason
    assert watch.current().count_entries() == 20


def test_a_bug_in_a_run_is_a_failed_run(execution: Execution, profile: Profile) -> None:
    def broken(row: Row, book: Book) -> Mapped:
        raise ZeroDivisionError

    failed = ended(attempt(execution, replace(profile, map=broken)))
    assert failed.report.status is RunStatus.FAILED
    assert "ZeroDivisionError" in failed.reason


def test_a_profile_that_is_being_run_by_hand_is_left_alone_for_a_while(
    execution: Execution, profile: Profile, watch: StoreWatch
) -> None:
    for _ in range(5):
        with watch.current().open_workspace("crm", "CRM", simulate=False):
            outcome = attempt(execution, profile)
        assert outcome == Ended(Result.POSTPONED, unattended.BUSY_PAUSE)
    assert unattended.BUSY_PAUSE < GRACE
    assert ended(attempt(execution, profile)).report.status is RunStatus.DONE


def test_a_run_past_its_time_limit_gives_up_and_changes_nothing(watch: StoreWatch, profile: Profile) -> None:
    hurried = make(watch, timedelta(milliseconds=1))

    def slow(row: Row, book: Book) -> Mapped:
        time.sleep(0.002)
        return profile.map(row, book)

    outcome = at_once(hurried, replace(profile, map=slow))
    assert outcome.report.status is RunStatus.FAILED
    assert "took longer than 0s and was given up" in outcome.reason
    assert watch.current().count_entries() == 0


def test_a_held_profile_says_so_and_changes_nothing(execution: Execution, profile: Profile, watch: StoreWatch) -> None:
    report = ended(attempt(execution, profile)).report
    watch.current().undo(report.run)
    outcome = at_once(execution, profile)
    assert outcome.report.run == ""
    assert "pbx-connector profiles resume" in outcome.reason


def test_a_store_that_is_unreachable_leaves_the_run_due(tmp_path: Path, profile: Profile) -> None:
    folder = tmp_path / "mounted"
    watch = StoreWatch(f"sqlite:///{folder}/book.sqlite", now)
    execution = make(watch, HOUR)
    assert not watch.look()
    assert watch.lost_since is not None
    with pytest.raises(StoreError):
        attempt(execution, profile)
    folder.mkdir()
    assert watch.look()
    assert watch.lost_since is None
    assert ended(attempt(execution, profile)).report.status is RunStatus.DONE
    watch.close()


def test_a_store_that_breaks_in_the_middle_of_a_run_leaves_it_due(
    tmp_path: Path, profile: Profile, source: MemorySource
) -> None:
    folder = tmp_path / "mounted"
    folder.mkdir()
    watch = StoreWatch(f"sqlite:///{folder}/book.sqlite", now)
    execution = make(watch, HOUR)
    watch.current()

    def pull_the_plug(row: Row, book: Book) -> Mapped:
        raise StoreError("the database closed the connection")

    outcome = attempt(execution, replace(profile, map=pull_the_plug))
    assert ended(outcome).report.status is RunStatus.FAILED  # the store answers again: it is this run that failed
    watch.close()


def test_a_run_that_hangs_keeps_its_profile_and_nobody_elses(
    watch: StoreWatch, profile: Profile, source: MemorySource
) -> None:
    let_go = threading.Event()

    def hang(row: Row, book: Book) -> Mapped:
        let_go.wait(100)
        return profile.map(row, book)

    execution = make(watch, HOUR)
    other = replace(profile, id="other", title="Other")
    with ThreadPoolExecutor(1) as pool:
        hanging = pool.submit(attempt, execution, replace(profile, map=hang))
        while not source.contexts:
            time.sleep(0.01)
        assert ended(attempt(execution, other)).report.status is RunStatus.DONE
        assert attempt(execution, profile) == Ended(Result.POSTPONED, unattended.BUSY_PAUSE)
        let_go.set()
        assert ended(hanging.result(100)).report.status is RunStatus.DONE
