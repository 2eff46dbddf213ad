"""Of a profile that did not succeed for too long people hear once, from whichever worker looks first."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime, timedelta
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from fleet import add_tenants

from pbx_connector.api import hookimpl
from pbx_connector.config import Config
from pbx_connector.engine import notes, silence
from pbx_connector.engine.database import EngineDatabase
from pbx_connector.engine.limits import SourceLimits
from pbx_connector.engine.making import RunMaker
from pbx_connector.engine.port import Job, Result
from pbx_connector.engine.silence import SilenceWatch
from pbx_connector.errors import AuthenticationFailed, ConnectorError
from pbx_connector.model import Report
from pbx_connector.notice import Notice
from pbx_connector.plugins import GROUP, Plugins
from pbx_connector.schedule import Schedule
from pbx_connector.source import Source
from pbx_connector.testing import MemorySource
from pbx_connector.testing.fleet import ScriptedTenants

HOURLY = Schedule(every=timedelta(hours=1))


class Inbox:
    """A notifier."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []
        self.down = False

    @hookimpl
    def pbx_run_finished(self, report: Report, notices: Sequence[Notice], config: Config, delivery: str) -> None:
        if self.down:
            raise ConnectorError("the mail server does not answer")
        self.told += [(notice.subject, str(notice.kind)) for notice in notices]


class Office:
    """Tenants, a worker's ways to run and to look, and a clock."""

    def __init__(self, database: EngineDatabase, control: str, folder: Path, plugins: Plugins, ask: Any) -> None:
        self.ahead = timedelta(0)
        self.source = MemorySource()
        self.source.add("public").put("1", display_name="Anna")
        self.opened: list[str] = []
        self.database = database
        self.control = control
        self.ask = ask
        self.tenants = ScriptedTenants(self.store_of(folder), self.open, schedule=HOURLY, plugins=plugins)
        self.maker = RunMaker(self.tenants, SourceLimits(database), clock=self.clock)
        self.watch = SilenceWatch(database, self.tenants, self.clock)

    def store_of(self, folder: Path) -> Callable[[str], str]:
        def address(tenant: str) -> str:
            self.opened.append(tenant)
            return f"sqlite:///{folder / tenant}.db"

        return address

    def open(self, tenant: str, profile: str) -> AbstractContextManager[Source]:
        return nullcontext(self.source)

    def clock(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def run(self, tenant: str) -> Result:
        job = Job(tenant=tenant, profile="crm")
        ended = self.maker.make(job)
        with self.database.transaction() as connection:
            notes.ended(connection, job, ended)
        self.opened.clear()
        return ended.result

    def pass_time(self, **span: float) -> None:
        """For clocks, and for what is written down of the fleet: that everybody looked and nobody was missing."""
        later = timedelta(**span)
        self.ahead += later
        self.ask("UPDATE progress SET look_at = look_at - %s RETURNING 1", later)

    def look(self) -> list[str]:
        """Whose phone books were opened."""
        self.opened.clear()
        self.watch.look()
        return self.opened


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def office(
    database: EngineDatabase,
    control_url: str,
    tmp_path: Path,
    ask: Any,
    inbox: Inbox,
    monkeypatch: pytest.MonkeyPatch,
) -> Office:
    module = ModuleType("inbox_of_the_test")
    module.pbx_run_finished = inbox.pbx_run_finished  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    ask("UPDATE watch SET since = now() - interval '1 year' RETURNING 1")
    return Office(database, control_url, tmp_path, Plugins([EntryPoint("inbox", module.__name__, GROUP)]), ask)


def test_silence_is_told_once_and_its_end(office: Office, inbox: Inbox) -> None:
    [tenant] = add_tenants(office.control, 1)
    assert office.run(tenant) is Result.DONE
    office.pass_time(hours=25)
    assert office.look() == []
    office.pass_time(hours=2)
    assert office.look() == [tenant]
    assert [kind for _, kind in inbox.told] == ["overdue"]
    assert "no successful run for" in inbox.told[0][0]
    office.pass_time(hours=49)
    assert office.look() == [tenant]
    assert len(inbox.told) == 1
    office.run(tenant)
    assert [kind for _, kind in inbox.told] == ["overdue", "recovered"]


def test_a_profile_that_only_fails_is_overdue_too(office: Office, inbox: Inbox) -> None:
    [tenant] = add_tenants(office.control, 1)
    office.run(tenant)
    office.source.down = AuthenticationFailed("no")
    for _ in range(14):
        office.pass_time(hours=2)
        office.run(tenant)
        office.look()
    assert [kind for _, kind in inbox.told] == ["failing", "overdue"]


def test_whose_runs_succeed_is_never_looked_at(office: Office) -> None:
    names = add_tenants(office.control, 5)
    for _ in range(3):
        for name in names:
            office.run(name)
        office.pass_time(hours=20)
        assert office.look() == []
    office.run(names[0])
    office.pass_time(hours=7)
    assert sorted(office.look()) == names[1:]


def test_a_new_profile_has_time_to_succeed_and_is_watched_from_then_on(office: Office, inbox: Inbox) -> None:
    [tenant] = add_tenants(office.control, 1)
    assert office.look() == []
    office.pass_time(minutes=11)
    assert office.look() == [tenant]
    office.pass_time(hours=25)
    assert office.look() == []
    office.pass_time(hours=2)
    assert office.look() == [tenant]
    assert [kind for _, kind in inbox.told] == ["overdue"]


def test_what_a_fleet_missed_that_was_down_is_not_late_yet(office: Office, inbox: Inbox) -> None:
    [tenant] = add_tenants(office.control, 1)
    office.ahead = timedelta(days=-3)
    office.run(tenant)
    office.ahead = timedelta(0)
    office.ask("UPDATE progress SET look_at = now() RETURNING 1")
    office.ask("UPDATE watch SET last = now() - interval '3 days' RETURNING 1")
    assert office.look() == [tenant]
    assert inbox.told == []
    [(back,)] = office.ask("SELECT since > now() - interval '1 minute' FROM watch")
    assert back, "nobody noticed that it was down"
    office.pass_time(hours=3)
    office.look()
    assert [kind for _, kind in inbox.told] == ["overdue"]


def test_nobody_is_late_who_may_not_run(office: Office, inbox: Inbox) -> None:
    suspended, unscheduled = add_tenants(office.control, 2)
    office.run(suspended)
    office.run(unscheduled)
    office.ask("UPDATE pbx_control.tenant SET state = 'suspended' WHERE id = %s RETURNING 1", suspended)
    office.ask("UPDATE pbx_control.schedule SET next_at = NULL WHERE tenant = %s RETURNING 1", unscheduled)
    office.pass_time(days=5)
    assert office.look() == []
    resumed = "changed = extract(epoch FROM now() + interval '5 days')"
    office.ask(f"UPDATE pbx_control.tenant SET state = 'active', {resumed} WHERE id = %s RETURNING 1", suspended)
    assert office.look() == [suspended]
    assert inbox.told == [], "it was resumed just now"


def test_what_could_not_be_delivered_is_tried_again_without_a_run(office: Office, inbox: Inbox) -> None:
    [tenant] = add_tenants(office.control, 1)
    inbox.down = True
    office.source.down = AuthenticationFailed("no")
    office.run(tenant)
    assert inbox.told == []
    inbox.down = False
    office.pass_time(minutes=11)
    assert office.look() == [tenant]
    assert [kind for _, kind in inbox.told] == ["failing"]


def test_one_worker_looks_at_a_time(office: Office, control_url: str, inbox: Inbox) -> None:
    add_tenants(office.control, 1)
    office.run("t0000")
    office.pass_time(days=2)
    other = EngineDatabase(control_url)
    with other.transaction() as connection:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [silence._LOOKS])
        assert office.look() == []
    other.close()
    assert office.look() == ["t0000"]


def test_a_look_that_ended_without_a_word_is_made_again(office: Office, inbox: Inbox) -> None:
    add_tenants(office.control, 1)
    office.run("t0000")
    office.pass_time(days=2)
    with office.database.transaction() as connection:
        assert len(silence._claim(connection)) == 1
    assert office.look() == []
    office.pass_time(minutes=11)
    assert office.look() == ["t0000"]
    assert [kind for _, kind in inbox.told] == ["overdue"]


def test_a_phone_book_that_fails_holds_up_no_other(office: Office, inbox: Inbox, tmp_path: Path) -> None:
    names = add_tenants(office.control, 3)
    for name in names:
        office.run(name)
    (tmp_path / "t0001.db").write_bytes(b"no database at all" * 100)
    office.pass_time(days=2)
    assert sorted(office.look()) == names
    assert [kind for _, kind in inbox.told] == ["overdue", "overdue"]
