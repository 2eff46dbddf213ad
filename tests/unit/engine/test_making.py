"""What a run tells of its source, and when the profile is run again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from fleet import add_tenants

from pbx_connector.application.runs import RunOutcome
from pbx_connector.engine import making, notes, unattended
from pbx_connector.engine.database import EngineDatabase
from pbx_connector.engine.limits import SourceLimits
from pbx_connector.engine.making import RunMaker
from pbx_connector.engine.port import Ended, Job, Queue, Result
from pbx_connector.errors import AuthenticationFailed, OtherVersion, SourceError, SourceUnavailable
from pbx_connector.model import Counts, Report, RunStatus, StreamItem
from pbx_connector.notifications.outbox import Outbox
from pbx_connector.source import Source
from pbx_connector.stores import open_store
from pbx_connector.testing import MemorySource
from pbx_connector.testing.fleet import ScriptedTenants

JOB = Job(tenant="t0000", profile="crm")
TOLD = timedelta(minutes=7)


class Server:
    """The source of all tenants."""

    def __init__(self) -> None:
        self.source = MemorySource()
        self.source.add("public").put("1", display_name="Anna")
        self.source.add("other").put("2", display_name="Bert")
        self.opened = 0

    def open(self, tenant: str, profile: str) -> AbstractContextManager[Source]:
        self.opened += 1
        return nullcontext(self.source)


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def maker(server: Server, database: EngineDatabase, tmp_path: Path) -> RunMaker:
    tenants = ScriptedTenants(lambda tenant: f"sqlite:///{tmp_path / tenant}.db", server.open, gone=frozenset({"gone"}))
    return RunMaker(tenants, SourceLimits(database))


def test_a_run_that_goes_well_is_done(maker: RunMaker, tmp_path: Path) -> None:
    assert maker.make(JOB) == Ended(Result.DONE)
    with open_store(f"sqlite:///{tmp_path / 't0000'}.db") as store:
        assert store.count_entries() == 2


def test_how_a_run_ended_is_logged(maker: RunMaker, server: Server) -> None:
    with structlog.testing.capture_logs() as lines:
        maker.make(JOB)
        server.source.down = SourceUnavailable("the server is down")
        maker.make(JOB)
    ended = [line["status"] for line in lines if line["event"] == "run ended"]
    assert ended == ["done", "failed"]
    assert [line["reason"] for line in lines if line["event"] == "run failed"] == ["the server is down"]


@pytest.mark.parametrize(("tenant", "profile"), [("gone", "crm"), ("t0000", "unknown")])
def test_what_is_gone_is_dropped(maker: RunMaker, tenant: str, profile: str) -> None:
    assert maker.make(Job(tenant=tenant, profile=profile)) == Ended(Result.DROPPED)


def test_a_source_that_says_later_is_not_asked_before(maker: RunMaker, server: Server) -> None:
    server.source.down = SourceUnavailable("too busy", retry_after=TOLD.total_seconds())
    assert maker.make(JOB) == Ended(Result.FAILED, TOLD)
    opened, server.source.down = server.opened, None
    postponed = maker.make(JOB)
    assert postponed.result is Result.POSTPONED
    assert postponed.again is not None
    assert TOLD - timedelta(minutes=1) < postponed.again <= TOLD
    assert server.opened == opened
    assert maker.make(Job(tenant="t0001", profile="crm")).result is Result.DONE
    asked_for = Job(tenant="t0000", profile="crm", queue=Queue.INTERACTIVE)
    assert maker.make(asked_for).result is Result.DONE


@pytest.mark.parametrize(("said", "heeded"), [(0.0, timedelta(seconds=1)), (400 * 86_400.0, unattended.MOST_TOLD)])
def test_what_a_source_says_is_heeded_within_bounds(
    maker: RunMaker, server: Server, said: float, heeded: timedelta
) -> None:
    server.source.down = SourceUnavailable("too busy", retry_after=said)
    assert maker.make(JOB) == Ended(Result.FAILED, heeded)


def test_a_book_that_says_later_ends_the_run_in_part_and_with_a_time(
    maker: RunMaker, server: Server, tmp_path: Path
) -> None:
    book = server.source.address_books["other"]

    def busy(since: str | None, known: dict[str, str]) -> Any:
        raise SourceUnavailable("too busy", retry_after=TOLD.total_seconds())

    book.stream = busy  # type: ignore[method-assign]
    assert maker.make(JOB) == Ended(Result.PARTIAL, TOLD)
    with open_store(f"sqlite:///{tmp_path / 't0000'}.db") as store:
        assert [run.report.status for run in store.runs()] == [RunStatus.PARTIAL]
        assert [entry.content.fields["display_name"] for entry in store.entries()] == ["Anna"]


@pytest.mark.parametrize(
    ("error", "again"),
    [(SourceUnavailable("down"), unattended.RETRY), (AuthenticationFailed("wrong password"), None)],
)
def test_only_what_may_be_over_by_itself_is_tried_again_soon(
    maker: RunMaker, server: Server, error: SourceError, again: timedelta | None
) -> None:
    server.source.down = error
    assert maker.make(JOB) == Ended(Result.FAILED, again)


def test_a_run_that_is_not_wanted_any_longer_changes_nothing_and_alarms_nobody(
    server: Server, database: EngineDatabase, tmp_path: Path
) -> None:
    tenants = ScriptedTenants(lambda tenant: f"sqlite:///{tmp_path / tenant}.db", server.open)
    maker = RunMaker(tenants, SourceLimits(database), lambda job: "the worker stops")
    assert maker.make(JOB) == Ended(Result.POSTPONED, making.AT_ONCE)
    with open_store(f"sqlite:///{tmp_path / 't0000'}.db") as store:
        assert store.count_entries() == 0
        outbox = Outbox(store, {}, tenants.installation.config, tenants.installation.clock)
        assert outbox.alert_state("crm").trouble is None


def test_a_slow_source_is_not_read_on_for_a_run_that_nobody_wants(
    server: Server, database: EngineDatabase, tmp_path: Path
) -> None:
    """Not for the rest of a batch, which may take minutes."""
    book, read = server.source.add("slow"), []
    for number in range(500):
        book.put(str(number), display_name=f"Name {number}")
    stream = book.stream

    def slow(since: str | None, known: dict[str, str]) -> Iterator[StreamItem]:
        for item in stream(since, known):
            read.append(item)
            time.sleep(0.02)
            yield item

    book.stream = slow  # type: ignore[method-assign]
    tenants = ScriptedTenants(lambda tenant: f"sqlite:///{tmp_path / tenant}.db", server.open)
    maker = RunMaker(tenants, SourceLimits(database), lambda job: "others make it" if len(read) > 5 else "")
    assert maker.make(JOB) == Ended(Result.POSTPONED, making.AT_ONCE)
    assert 5 < len(read) < 450


def test_a_phone_book_that_was_migrated_in_the_middle_is_no_failure() -> None:
    report = Report("1", "crm", RunStatus.FAILED, Counts())
    assert unattended.classified(RunOutcome(report, "", OtherVersion("migrated"))).result is Result.POSTPONED


def test_people_hear_of_a_quarantine(maker: RunMaker, tmp_path: Path, server: Server) -> None:
    maker.tell(JOB, "3 workers died in its runs")
    with open_store(f"sqlite:///{tmp_path / 't0000'}.db") as store:
        tenants = ScriptedTenants(lambda tenant: "", server.open)
        outbox = Outbox(store, {}, tenants.installation.config, tenants.installation.clock)
        assert outbox.alert_state("crm").trouble is not None


def test_no_source_waits_for_a_busy_server_in_a_workers_place(maker: RunMaker, server: Server) -> None:
    tenant = ScriptedTenants(lambda tenant: "", server.open).load("t0000")
    assert tenant is not None
    profile = tenant.profile("crm")
    assert profile is not None
    assert profile.settings.patience == 300  # type: ignore[attr-defined]
    assert maker._patient(profile).settings.patience == 20  # type: ignore[attr-defined]
    assert maker._patient(profile).fingerprint == profile.fingerprint


def test_each_failure_in_a_row_makes_the_pause_longer_but_never_longer_than_the_schedule(
    database: EngineDatabase, control_url: str, ask: Any
) -> None:
    add_tenants(control_url, 1, due_in=3600)
    pauses = []
    for _ in range(6):
        ask("UPDATE pbx_control.schedule SET next_at = extract(epoch FROM now()) + 3600")
        with database.transaction() as connection:
            notes.ended(connection, JOB, Ended(Result.FAILED, timedelta(minutes=5)))
        [(pause,)] = ask("SELECT round((next_at - extract(epoch FROM now())) / 60)::int FROM pbx_control.schedule")
        pauses.append(pause)
    assert pauses == [5, 10, 20, 40, 60, 60]
    with database.transaction() as connection:
        notes.ended(connection, JOB, Ended(Result.DONE))
    assert ask("SELECT failures FROM pbx_control.schedule") == [(0,)]
