"""A run ends as a value, whatever ended it; who hears of it is decided in one place for every user interface."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from pbx_connector.application import runs
from pbx_connector.application.history import last_run
from pbx_connector.application.installation import Installation
from pbx_connector.application.runs import RunOutcome, RunRequest
from pbx_connector.config import Config
from pbx_connector.config.model import HistoryConfig
from pbx_connector.errors import AuthenticationFailed, PlanRefused, ProfileBusy, ProfileHeld, StoreError, UsageError
from pbx_connector.model import Book, Mapped, Report, Row, RunStatus
from pbx_connector.plan import Content
from pbx_connector.plugins import Plugins
from pbx_connector.profile import Profile
from pbx_connector.stores import Store, open_store
from pbx_connector.stores.sql.schema.tables import run as run_table
from pbx_connector.stores.sql.store import SqlStore
from pbx_connector.testing import MemorySource


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(f"sqlite:///{tmp_path}/book.sqlite") as store:
        yield store


class Office:
    """Runs a profile and keeps what people would be told."""

    def __init__(self, store: Store, config: Config | None = None) -> None:
        self.installation = Installation(config or Config(), Plugins([]))
        self.store = store
        self.told: list[tuple[RunStatus, str]] = []

    def notify(self, profile: Profile, report: Report, reason: str) -> None:
        self.told.append((report.status, reason))

    def run(self, profile: Profile, **asked: object) -> RunOutcome:
        return runs.run(self.installation, profile, self.store, RunRequest(**asked), self.notify)  # type: ignore[arg-type]


@pytest.fixture
def office(store: Store) -> Office:
    return Office(store)


def test_a_run_that_is_done_is_its_report(office: Office, profile: Profile) -> None:
    outcome = office.run(profile)
    assert (outcome.report.status, outcome.reason, outcome.error) == (RunStatus.DONE, "", None)
    assert office.store.run(outcome.report.run).report.counts.added == 20
    assert office.told == [(RunStatus.DONE, "")]


def test_a_failure_is_a_value_with_its_record_and_its_hint(
    office: Office, profile: Profile, source: MemorySource
) -> None:
    source.down = AuthenticationFailed("the password is wrong", hint="correct it")
    outcome = office.run(profile)
    assert isinstance(outcome.error, AuthenticationFailed)
    assert outcome.reason == "the password is wrong (correct it)"
    assert office.store.run(outcome.report.run).report.status is RunStatus.FAILED
    assert office.told == [(RunStatus.FAILED, outcome.reason)]


def test_a_refused_plan_is_told_and_a_stale_one_is_not(office: Office, profile: Profile, source: MemorySource) -> None:
    office.run(profile)
    for number in range(19):
        source.address_books["public"].drop(f"r{number}")
    refused = office.run(profile)
    assert isinstance(refused.error, PlanRefused)
    assert [status for status, _ in office.told] == [RunStatus.DONE, RunStatus.REFUSED]
    source.address_books["public"].put("new", display_name="New")
    stale = office.run(profile, release=refused.error.plan)
    assert isinstance(stale.error, PlanRefused)
    assert stale.error.stale
    assert len(office.told) == 2


@pytest.mark.parametrize("attended", [True, False])
def test_what_could_not_begin_is_news_only_where_nobody_sees_it(
    office: Office, profile: Profile, attended: bool
) -> None:
    done = office.run(profile)
    office.store.undo(done.report.run)
    held = office.run(profile, attended=attended)
    assert isinstance(held.error, ProfileHeld)
    assert held.report.run == ""
    assert "pbx-connector profiles resume" in held.reason
    assert len(office.told) == (1 if attended else 2)


def test_a_wrong_request_is_no_news(office: Office, profile: Profile) -> None:
    assert isinstance(office.run(profile, plan="99").error, UsageError)
    assert office.told == []


def test_a_busy_profile_is_neither_a_run_nor_news(office: Office, profile: Profile) -> None:
    with office.store.open_workspace("crm", "CRM", simulate=False), pytest.raises(ProfileBusy):
        office.run(profile)
    assert office.told == []


def test_a_bug_is_kept_whole_and_recorded(office: Office, profile: Profile) -> None:
    def broken(row: Row, book: Book) -> Mapped:
        raise ZeroDivisionError("secret")

    outcome = office.run(replace(profile, map=broken))
    assert outcome.is_bug
    assert isinstance(outcome.error, ZeroDivisionError)
    assert "secret" not in outcome.reason
    assert office.store.run(outcome.report.run).report.status is RunStatus.FAILED


def test_a_store_that_cannot_say_how_it_ended_is_raised(
    office: Office, profile: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(*given: object, **named: object) -> object:
        raise StoreError("it does not answer")

    monkeypatch.setattr(office.store, "open_workspace", lost)
    monkeypatch.setattr(office.store, "runs", lost)
    with pytest.raises(StoreError):
        office.run(profile)
    assert office.told == []


def test_a_run_drops_the_history_that_is_older_than_is_kept(tmp_path: Path, profile: Profile) -> None:
    with open_store(f"sqlite:///{tmp_path}/book.sqlite") as store:
        office = Office(store, Config(history=HistoryConfig(keep=timedelta(days=30))))
        office.run(profile)
        assert isinstance(store, SqlStore)
        long_ago = timedelta(days=31).total_seconds()
        with store._database.write() as connection:
            connection.execute(update(run_table).values(finished=run_table.c.finished - long_ago))
        second = office.run(profile)
        assert [record.id for record in store.runs()] == [second.report.run]


def test_a_run_whose_history_cannot_be_pruned_is_done(
    office: Office, profile: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(keep: timedelta) -> int:
        raise StoreError("the disk is full")

    monkeypatch.setattr(office.store, "prune", fail)
    assert office.run(profile).report.status is RunStatus.DONE


def test_the_last_run_is_no_change_by_hand_and_no_undo(office: Office, profile: Profile) -> None:
    """Command line and service asked for different ones: an undo made `run` tell of the wrong report."""
    assert last_run(office.store, "crm") is None
    done = office.run(profile)
    office.store.add_entry(Content(None, {"display_name": "Ann"}, {}))
    office.store.undo(done.report.run)
    last = last_run(office.store, "crm")
    assert last is not None
    assert last.id == done.report.run


def test_a_failure_is_found_in_the_history_by_the_installations_clock(
    store: Store, profile: Profile, source: MemorySource
) -> None:
    """Under another clock than the run's its record would be taken for one of an earlier run."""
    office = Office(store)
    office.installation = Installation(Config(), Plugins([]), lambda: datetime.now(UTC) + timedelta(hours=3))
    source.down = AuthenticationFailed("the password is wrong", hint="correct it")
    assert office.run(profile).report.run
    assert office.told


def test_the_clock_is_the_installations(store: Store, profile: Profile) -> None:
    """A failure that the history does not know began when the installation's clock says."""
    office = Office(store)
    noon = datetime(2026, 11, 23, 12, tzinfo=UTC)
    office.installation = Installation(Config(), Plugins([]), lambda: noon)
    outcome = office.run(profile, release="1", plan="1")
    assert outcome.report.started == noon
