"""One outage of one server is one message, however many profiles read that server, and its end is another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import AnyHttpUrl, BaseModel

from pbx_connector.config import Config
from pbx_connector.errors import ConnectorError
from pbx_connector.model import Book, Counts, Mapped, Report, Row, RunStatus
from pbx_connector.notice import Notice
from pbx_connector.notifications import outages
from pbx_connector.notifications.notify import write_run
from pbx_connector.notifications.outbox import LocalSharedState, Outbox
from pbx_connector.profile import Profile
from pbx_connector.secret import Secret
from pbx_connector.testing import MemorySource

FAILED, DONE, REFUSED = RunStatus.FAILED, RunStatus.DONE, RunStatus.REFUSED


class Settings(BaseModel):
    url: AnyHttpUrl | None = None
    email: str = ""
    folder: str = ""
    password: Secret | None = None


def map_row(row: Row, book: Book) -> Mapped:
    return Mapped()


def at(url: str | None, *names: str, **settings: Any) -> list[Profile]:
    """Profiles that read the server of this address, each a folder of its own."""
    made = (Settings(url=AnyHttpUrl(url) if url else None, folder=name, **settings) for name in names)
    source = MemorySource().type()
    return [
        Profile(name, name.title(), source, each, map_row, frozenset(), "f")
        for name, each in zip(names, made, strict=True)
    ]


class Office:
    """People who are told things, by a mail server that fails with `trouble`."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
        self.told: list[tuple[str, str]] = []
        self.trouble: Exception | None = None
        self.shared = LocalSharedState()
        self.outbox = Outbox(self.shared, {"inbox": self._receive}, Config(), lambda: self.now)

    def _receive(self, report: Report, notices: Sequence[Notice], config: Config, delivery: str) -> None:
        if self.trouble:
            raise self.trouble
        self.told += [(notice.profile, str(notice.kind)) for notice in notices]

    def run(
        self, profile: Profile, status: RunStatus, reason: str = "no answer", outbox: Outbox | None = None
    ) -> list[Notice]:
        report = Report("1", profile.id, status, Counts(), started=self.now)
        notices = write_run(outbox or self.outbox, profile, report, reason, Config().notify, self.now)
        self.outbox.deliver(profile.id)
        return notices


@pytest.fixture
def office() -> Office:
    return Office()


TWENTY = [f"office-{number:02}" for number in range(20)]


def test_twenty_profiles_of_one_server_are_one_message_each_way(office: Office) -> None:
    profiles = at("https://exchange.example.com/EWS", *TWENTY)
    for status in (FAILED, FAILED, DONE, DONE):
        for profile in profiles:
            office.run(profile, status)
    assert office.told == [("office-00", "failing"), ("office-00", "recovered")]


def test_two_servers_are_two_outages(office: Office) -> None:
    profiles = [*at("https://a.example.com/EWS", "a1", "a2"), *at("https://b.example.com/EWS", "b1", "b2")]
    for status in (FAILED, DONE):
        for profile in profiles:
            office.run(profile, status)
    failing, recovered = [("a1", "failing"), ("b1", "failing")], [("a1", "recovered"), ("b1", "recovered")]
    assert office.told == failing + recovered


def test_another_reason_is_another_message(office: Office) -> None:
    a, b = at("https://a.example.com", "a", "b")
    office.run(a, FAILED, "no answer")
    office.run(b, FAILED, "the password is wrong")
    assert office.told == [("a", "failing"), ("b", "failing")]


def test_a_profile_that_goes_on_failing_is_news_again(office: Office) -> None:
    a, b, c = at("https://a.example.com", "a", "b", "c")
    for profile in (a, b, c):
        office.run(profile, FAILED)
    office.run(a, DONE)
    for profile in (b, c):
        office.run(profile, FAILED)
    office.run(c, DONE)
    office.run(b, DONE)
    assert office.told == [("a", "failing"), ("a", "recovered"), ("b", "failing"), ("c", "recovered")]


def test_the_next_outage_is_told_anew(office: Office) -> None:
    a, b = at("https://a.example.com", "a", "b")
    for status in (FAILED, DONE, FAILED, DONE):
        for profile in (b, a):
            office.run(profile, status)
    assert office.told == [("b", "failing"), ("b", "recovered")] * 2


def test_a_profile_that_was_forgotten_silences_nobody(office: Office) -> None:
    a, b, c = at("https://a.example.com", "a", "b", "c")
    office.run(a, FAILED)
    office.run(b, FAILED)
    office.outbox.forget("a")
    office.run(c, FAILED)
    assert office.told == [("a", "failing"), ("c", "failing")]


def test_an_outage_that_nobody_met_for_days_silences_nobody(office: Office) -> None:
    a, b = at("https://a.example.com", "a", "b")
    office.run(a, FAILED)
    office.now += outages.FORGOTTEN_AFTER
    office.run(b, FAILED)
    assert office.told == [("a", "failing"), ("b", "failing")]


def test_what_nobody_was_there_to_hear_is_one_message_once_somebody_is(office: Office) -> None:
    profiles = at("https://a.example.com", "a", "b")
    deaf = Outbox(office.shared, {}, Config(), lambda: office.now)
    for profile in profiles:
        office.run(profile, FAILED, outbox=deaf)
    for profile in profiles:
        office.run(profile, FAILED)
    assert office.told == [("a", "failing")]


def test_no_failure_arrives_after_the_recovery(office: Office) -> None:
    a, b = at("https://a.example.com", "a", "b")
    office.trouble = ConnectorError("down")
    office.run(a, FAILED)
    office.run(b, FAILED)
    office.trouble = None
    office.run(b, DONE)
    office.now += timedelta(hours=1)
    office.run(a, DONE)
    assert office.told == [("b", "recovered")]


def test_a_refused_plan_is_told_whatever_else_goes_on(office: Office) -> None:
    a, b = at("https://a.example.com", "a", "b")
    office.run(a, FAILED)
    office.run(b, FAILED)
    office.run(b, REFUSED)
    assert office.told == [("a", "failing"), ("b", "refused")]


@pytest.mark.parametrize("text", ["{", "[]", '{"opening": 1}'])
def test_what_cannot_be_read_counts_as_nothing(office: Office, text: str) -> None:
    a, b = at("https://a.example.com", "a", "b")
    office.run(a, FAILED)
    key = office.outbox.alert_state("a").outage.rpartition(" ")[0]
    assert office.shared.compare_and_set(key, office.shared.shared_state(key), text)
    office.run(b, FAILED)
    assert office.told == [("a", "failing"), ("b", "failing")]


def test_what_is_kept_holds_no_text_of_the_reason(office: Office) -> None:
    [a] = at("https://a.example.com", "a")
    office.run(a, FAILED, "hunter2")
    assert "hunter2" not in office.outbox.alert_state("a").outage


@pytest.mark.parametrize(
    ("settings", "server"),
    [
        (Settings(url=AnyHttpUrl("https://User:pw@A.example.com:444/EWS"), email="x@b.example"), ["a.example.com:444"]),
        (Settings(email="pbx@Example.com", folder="/Sales"), ["example.com"]),
        (Settings(folder="contacts.csv", password=Secret(env="https://nowhere.example")), []),
    ],
)
def test_the_server_is_read_from_the_settings(settings: Settings, server: list[str]) -> None:
    assert outages.server_of(settings) == server


def test_the_path_of_a_password_file_does_not_part_profiles(office: Office) -> None:
    [a] = at(None, "a", email="pbx@example.com")
    b = replace(a, id="b", settings=Settings(email="pbx@example.com", password=Secret(file=Path("b.secret"))))
    office.run(a, FAILED)
    office.run(b, FAILED)
    assert office.told == [("a", "failing")]
