"""`automate` as an administrator uses it: noon by default, any time by cron, and off again; the file stays theirs."""

from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

import pytest
from product import Connector

from pbx_connector.application import installation


def test_daily_at_noon_and_off_again(connector: Connector, profile: Path) -> None:
    connector("automate", profile, "--off")
    before = profile.read_bytes()
    assert b"schedule:" not in before
    profile.chmod(0o640)
    done = connector("automate", profile)
    assert 'schedule: "0 12 * * *"\n' in profile.read_text()
    assert "first: " in done.out
    assert "12:00" in done.out
    assert "move the profile there" in done.err
    assert stat.S_IMODE(profile.stat().st_mode) == 0o640
    connector("check", profile)
    assert "by hand only" in connector("automate", profile, "--off").out
    assert profile.read_bytes() == before


def test_times_are_said_as_people_will_see_them(connector: Connector, profile: Path) -> None:
    done = connector("automate", profile, "--cron", "30 2 * * 1-5", "--timezone", "Asia/Tokyo")
    assert "02:30 JST" in done.out
    assert 'schedule: {cron: "30 2 * * 1-5", timezone: "Asia/Tokyo"}' in profile.read_text()
    connector("automate", profile, "--every", "15m")
    assert 'schedule: {every: "15m"}' in profile.read_text()


def test_programs_get_json(connector: Connector, profile: Path) -> None:
    told = connector("automate", profile, "--cron", "30 2 * * *", "--timezone", "Asia/Tokyo", "--json").json
    assert told["id"] == "exchange-contacts"
    assert told["schedule"] == "30 2 * * * (Asia/Tokyo)"
    assert told["next"].endswith("T17:30:00+00:00")
    off = connector("automate", profile, "--off", "--json").json
    assert (off["schedule"], off["next"]) == (None, None)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--cron", "0 25 * * *"], "--cron: hour makes no sense"),
        (["--cron", "daily"], "five fields"),
        (["--every", "soon"], "--every: write a duration as"),
        (["--timezone", "Middle/Earth"], "--timezone: unknown time zone"),
        (["--every", "15m", "--timezone", "UTC"], "timezone goes with cron"),
        (["--cron", "0 1 * * *", "--every", "15m"], "write a schedule as"),
        (["--off", "--every", "15m"], "--off goes alone"),
    ],
)
def test_a_time_that_makes_no_sense_leaves_the_file_alone(
    connector: Connector, profile: Path, options: list[str], words: str
) -> None:
    before = profile.read_bytes()
    done = connector("automate", profile, *options, code=2)
    assert words in done.err
    assert profile.read_bytes() == before


def test_a_broken_profile_and_a_missing_one_are_said_as_check_does(connector: Connector, profile: Path) -> None:
    profile.write_text(profile.read_text().replace("source: exchange", "source: exchnage"))
    assert "did you mean exchange?" in connector("automate", profile, code=2).err
    assert "no such file" in connector("automate", "nowhere.yaml", code=2).err


def test_a_bad_schedule_in_a_profile_is_found_by_check_at_its_place(connector: Connector, profile: Path) -> None:
    connector("automate", profile, "--off")
    lines = profile.read_text().splitlines()
    profile.write_text("\n".join(["schedule: 0 12 * *", *lines]) + "\n")
    done = connector("check", profile, code=2)
    assert f"{profile.name}:1:11" in done.err
    assert "cron has five fields" in done.err


def test_schedule_without_a_folder_says_what_to_do(connector: Connector) -> None:
    done = connector("schedule", code=2)
    assert "cannot be read" in done.err
    assert "config.yaml" in done.err


def test_a_time_that_has_passed_since_the_last_run_is_said_as_the_service_takes_it(
    connector: Connector, profile: Path, profiles: Path, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class TwoDaysAgo(datetime):
        @classmethod
        def now(cls, zone: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return datetime.now(zone) - timedelta(days=2)

    with monkeypatch.context() as patch:
        patch.setattr(installation, "datetime", TwoDaysAgo)
        connector("run", profile)
    moved = profile.rename(profiles / profile.name)
    assert "first: at once, as it has not run since" in connector("--config", config, "automate", moved).out
    [listed] = connector("--config", config, "schedule", "--json").json
    told = connector("--config", config, "automate", moved, "--json").json["next"]
    assert abs(datetime.fromisoformat(told) - datetime.fromisoformat(listed["next"])) < timedelta(minutes=1)
    assert abs(datetime.fromisoformat(told) - datetime.now(UTC)) < timedelta(minutes=1)


def test_to_automate_makes_no_phone_book(connector: Connector, profile: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = connector.home / "elsewhere.sqlite"
    monkeypatch.setenv("PBX_CONNECTOR_STORE", f"sqlite:///{elsewhere}")
    assert "first: " in connector("automate", profile, "--cron", "0 3 * * *").out
    assert not elsewhere.exists()
