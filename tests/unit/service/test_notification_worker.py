"""The service's messages: of runs, of silence, of broken files and of the store itself, whatever fails."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from pydantic import BaseModel

from pbx_connector.application.profile_folder import ProfileFile
from pbx_connector.application.status import ProfileStatus, StatusBoard
from pbx_connector.application.store_watch import StoreWatch
from pbx_connector.config import Config, NotifyConfig
from pbx_connector.errors import ConnectorError, StoreError
from pbx_connector.model import Book, Counts, Mapped, Report, Row, RunStatus
from pbx_connector.notice import Notice
from pbx_connector.notifications.outbox import Outbox
from pbx_connector.profile import Profile
from pbx_connector.schedule import Schedule
from pbx_connector.secret import Secret
from pbx_connector.service import notification_worker
from pbx_connector.service.notification_worker import NotificationWorker
from pbx_connector.testing import MemorySource

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class Settings(BaseModel):
    password: Secret


class Faulty(BaseModel):
    def __iter__(self) -> Any:
        raise ZeroDivisionError


def map_row(row: Row, book: Book) -> Mapped:
    return Mapped()


class World:
    """A notification worker with everything around it, on a clock of its own."""

    def __init__(self, folder: Path) -> None:
        self.now = NOON
        self.folder = folder
        self.told: list[tuple[str, str]] = []
        self.runs: list[str] = []
        self.trouble: Exception | None = None
        self.asked = 0
        self.on_call: Callable[[], object] = lambda: None
        self.watch = StoreWatch(f"sqlite:///{folder}/book.sqlite", lambda: self.now)
        settings = Settings(password=Secret(env="X", expires=date(2027, 1, 10)))
        self.profile = Profile(
            *("crm", "Customers", MemorySource().type(), settings, map_row, frozenset(), "f"),
            schedule=Schedule(cron="0 12 * * *", timezone="UTC"),
            file=Path("crm.yaml"),
        )
        self.loaded = ProfileFile(Path("crm.yaml"), (1, 1, 1), NOON, self.profile)
        self.others: list[ProfileFile] = []
        self.board = StatusBoard()
        self.board.put(ProfileStatus("crm", "Customers", "crm.yaml", "0 12 * * *"))
        self.notification_worker = NotificationWorker(
            self.watch,
            {"inbox": self._receive},
            Config(),
            lambda: self.now,
            lambda: [*self.others, self.loaded],
            self.board,
        )

    def _receive(self, report: Report, notices: Sequence[Notice], config: Config, delivery: str) -> None:
        self.asked += 1
        self.on_call()
        if self.trouble:
            raise self.trouble
        self.runs += [] if notices else [report.run]
        self.told += [(notice.profile, str(notice.kind)) for notice in notices]

    def run_ends(self, status: RunStatus, run: str = "1") -> None:
        self.notification_worker.run_ended(
            self.profile, Report(run, "crm", status, Counts(), started=self.now), "no answer"
        )

    def add(self, *names: str) -> list[Profile]:
        """Further profiles in the folder."""
        profiles = [replace(self.profile, id=name) for name in names]
        for profile in profiles:
            self.board.put(ProfileStatus(profile.id, "", "", ""))
            self.others.append(replace(self.loaded, profile=profile))
        return profiles

    def end_run(self, profile: Profile, status: RunStatus, reason: str = "no answer") -> None:
        report = Report("1", profile.id, status, Counts(), started=self.now)
        self.notification_worker.run_ended(profile, report, reason)

    def troubles(self) -> list[str]:
        return [status.trouble for status in self.board.statuses()]

    def pass_time(self, **span: float) -> None:
        """So much time goes by, with a round of the notification worker every minute."""
        end = self.now + timedelta(**span)
        while self.now < end:
            self.now += timedelta(minutes=1)
            self.round()

    def round(self) -> None:
        self.watch.look()
        try:
            self.notification_worker.work()
        except StoreError:
            assert self.watch.lost_since is not None


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    folder = tmp_path / "store"
    folder.mkdir()
    world = World(folder)
    yield world
    world.watch.close()


def test_a_run_without_news_is_announced_to_those_who_want_all(world: World) -> None:
    world.run_ends(RunStatus.DONE, "7")
    world.round()
    assert world.told == []
    assert world.runs == ["7"]


def test_failure_and_recovery_are_told_and_shown(world: World) -> None:
    world.run_ends(RunStatus.FAILED)
    world.round()
    assert world.board.statuses()[0].trouble == "failing"
    world.run_ends(RunStatus.DONE)
    world.round()
    assert world.told == [("crm", "failing"), ("crm", "recovered")]
    assert world.board.statuses()[0].trouble == ""
    assert world.board.statuses()[0].success == NOON


def test_silence_is_told_after_26_hours_and_once(world: World) -> None:
    world.run_ends(RunStatus.DONE)
    world.round()
    world.pass_time(hours=25)
    assert world.told == []
    world.pass_time(hours=3)
    assert world.told == [("crm", "overdue")]
    world.pass_time(hours=10)
    assert len(world.told) == 1


def test_a_profile_that_was_not_here_is_not_late_before_it_could_run(world: World) -> None:
    world.run_ends(RunStatus.DONE)
    world.round()
    [back] = world.add("crm2")
    world.end_run(back, RunStatus.DONE)
    world.round()
    world.others, others = [], world.others
    world.run_ends(RunStatus.DONE)
    world.pass_time(minutes=2)
    world.now += timedelta(days=21)
    world.run_ends(RunStatus.DONE)
    world.round()
    world.others = others
    world.pass_time(hours=1)
    assert world.told == []
    world.pass_time(hours=1, minutes=2)
    assert world.told == [("crm2", "overdue")]


def test_a_profile_says_itself_how_long_is_too_long(world: World) -> None:
    world.loaded = ProfileFile(Path("crm.yaml"), (1, 1, 1), NOON, _replaced(world.profile, hours=72))
    world.run_ends(RunStatus.DONE)
    world.round()
    world.pass_time(hours=30)
    assert world.told == []


def _replaced(profile: Profile, *, hours: int) -> Profile:
    return replace(profile, notify=NotifyConfig(overdue_after=timedelta(hours=hours)))


def test_a_secret_that_expires_is_told_even_between_runs(world: World) -> None:
    world.now = datetime(2026, 12, 26, 12, 0, tzinfo=UTC)
    world.round()
    world.now = datetime(2026, 12, 28, 12, 0, tzinfo=UTC)
    world.round()
    assert ("crm", "secret") in world.told


def test_a_broken_file_is_told_and_so_is_its_repair(world: World) -> None:
    good = world.loaded
    world.loaded = ProfileFile(good.path, (2, 2, 2), NOON, good.profile, "line 3: unknown key")
    world.round()
    world.pass_time(minutes=5)
    world.loaded = good
    world.pass_time(minutes=5)
    assert world.told == [("crm", "broken"), ("crm", "recovered")]


def test_a_store_that_is_unreachable_is_told_of_after_five_minutes_and_when_it_is_back(world: World) -> None:
    world.round()
    elsewhere = world.folder.with_name("elsewhere")
    world.watch.close()
    world.folder.rename(elsewhere)
    world.pass_time(minutes=4)
    assert world.told == []
    world.pass_time(minutes=60)
    assert world.told == [("", "store")]
    elsewhere.rename(world.folder)
    world.pass_time(minutes=3)
    assert world.told == [("", "store"), ("", "recovered")]


def test_a_store_that_is_unreachable_for_a_moment_is_no_news(world: World) -> None:
    elsewhere = world.folder.with_name("elsewhere")
    world.folder.rename(elsewhere)
    world.pass_time(minutes=3)
    elsewhere.rename(world.folder)
    world.pass_time(minutes=10)
    assert world.told == []


def test_a_run_that_ended_as_the_store_became_unreachable_is_told_when_it_is_back(world: World) -> None:
    elsewhere = world.folder.with_name("elsewhere")
    world.folder.rename(elsewhere)
    world.round()
    world.run_ends(RunStatus.FAILED)
    world.pass_time(minutes=2)
    elsewhere.rename(world.folder)
    world.pass_time(minutes=2)
    assert world.told == [("crm", "failing")]


def test_hours_without_a_mail_server_cost_no_message(world: World) -> None:
    world.trouble = ConnectorError("the mail server does not answer")
    world.run_ends(RunStatus.FAILED)
    world.pass_time(hours=6)
    assert world.told == []
    world.trouble = None
    world.pass_time(hours=2)
    assert world.told == [("crm", "failing")]


def test_a_notifier_with_a_bug_harms_nobody(world: World) -> None:
    world.trouble = ZeroDivisionError()
    world.run_ends(RunStatus.FAILED)
    world.round()
    world.run_ends(RunStatus.DONE)
    world.round()
    assert world.board.statuses()[0].success == NOON


def test_a_bug_over_one_profile_costs_no_other_its_messages(world: World) -> None:
    faulty = replace(world.profile, id="faulty", settings=Faulty())
    world.others = [replace(world.loaded, profile=faulty)]
    world.notification_worker.run_ended(
        faulty, Report("1", "faulty", RunStatus.FAILED, Counts(), started=world.now), "no answer"
    )
    world.run_ends(RunStatus.FAILED)
    world.round()
    world.loaded = replace(world.loaded, broken="line 3: unknown key")
    world.pass_time(minutes=2)
    assert world.told == [("crm", "failing"), ("crm", "broken")]


def test_health_knows_all_before_anybody_is_told(world: World) -> None:
    a, b = world.add("a", "b")
    shown: list[list[str]] = []

    def look() -> None:
        shown.append(world.troubles())
        if len(shown) == 1:
            world.end_run(b, RunStatus.DONE)

    world.on_call = look
    world.end_run(a, RunStatus.FAILED, "refused")
    world.end_run(b, RunStatus.FAILED, "no answer")
    world.round()
    assert shown == [["failing", "failing", ""], ["failing", "", ""]]
    assert world.told == [("a", "failing"), ("b", "recovered")]


def test_a_notifier_that_fails_is_asked_once_a_minute_however_much_waits(world: World) -> None:
    world.trouble = ConnectorError("the mail server does not answer")
    for profile in world.add(*(f"p{number}" for number in range(20))):
        world.end_run(profile, RunStatus.FAILED, f"no answer for {profile.id}")
    world.round()
    world.round()
    assert world.asked == 1
    world.pass_time(minutes=3)
    assert world.asked == 4
    world.trouble = None
    world.pass_time(minutes=5)
    assert len(world.told) == 20


def test_runs_that_too_many_wait_before_are_said_to_be_left_out(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notification_worker, "MOST_WAITING", 2)
    with structlog.testing.capture_logs() as lines:
        for run in ("1", "2", "3"):
            world.run_ends(RunStatus.FAILED, run)
    assert [(line["log_level"], line["run"]) for line in lines] == [("error", "3")]
    world.round()
    assert world.told == [("crm", "failing")]


def test_what_ends_while_a_notifier_holds_the_thread_up_is_written_at_the_end(world: World) -> None:
    held, go = threading.Event(), threading.Event()

    def hold_up() -> None:
        held.set()
        go.wait(100)

    world.on_call = hold_up
    world.notification_worker.start()
    world.run_ends(RunStatus.FAILED)
    assert held.wait(100)
    world.run_ends(RunStatus.DONE)
    world.notification_worker.stop(within=0.1)
    kept = Outbox(world.watch.current(), {}, Config(), lambda: world.now)
    assert kept.alert_state("crm").success == NOON
    assert kept.pending("crm") == 1  # the failure is old news by then, whatever becomes of its delivery
    go.set()
    world.notification_worker._thread.join(100)


def test_the_thread_ends_when_it_is_told_to(world: World) -> None:
    world.notification_worker.start()
    world.run_ends(RunStatus.FAILED)
    world.notification_worker.stop(within=100)
    assert not world.notification_worker._thread.is_alive()


def test_a_long_outage_is_overdue_for_all_profiles_in_one_message(world: World) -> None:
    profiles = world.add(*(f"p{number}" for number in range(5)))
    for profile in profiles:
        world.end_run(profile, RunStatus.DONE)
    world.run_ends(RunStatus.DONE)
    world.round()
    world.now += timedelta(hours=24)
    for profile in (*profiles, world.profile):
        world.end_run(profile, RunStatus.FAILED)
    world.pass_time(hours=3)
    assert world.told == [("p0", "failing"), ("p0", "overdue")]


def test_damage_is_told_once_and_so_is_its_end(world: World) -> None:
    for faults in (("entry 3",), ("entry 3", "entry 4"), (), ()):
        world.notification_worker.store_checked(faults)
        world.round()
    assert world.told == [("", "store"), ("", "recovered")]
