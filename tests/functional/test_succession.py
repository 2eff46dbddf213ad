"""A profile file that is renamed, copied or given another id makes no second set of entries before a person says so."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from product import Connector
from serving import Serve, wait_until

OLD, NEW = "exchange-contacts", "office"


@pytest.fixture
def ran(connector: Connector, profile: Path) -> Connector:
    connector.counts(profile)
    return connector


def renamed(profile: Path) -> Path:
    return profile.rename(profile.with_name(f"{NEW}.yaml"))


def copied(profile: Path) -> Path:
    return Path(shutil.copy(profile, profile.with_name(f"{NEW}.yaml")))


def renumbered(profile: Path) -> Path:
    profile.write_text(f"id: {NEW}\n{profile.read_text()}")
    return profile


def retitled(profile: Path) -> Path:
    file = renamed(profile)
    file.write_text(file.read_text().replace('title: "Exchange contacts"', 'title: "The office"'))
    return file


@pytest.mark.parametrize("happens", [renamed, copied, renumbered, retitled])
def test_what_seems_to_be_the_same_profile_waits_for_a_word(ran: Connector, profile: Path, happens: object) -> None:
    before = ran.entries()
    file = happens(profile)  # type: ignore[operator]
    for _ in range(2):
        done = ran("run", file, code=3)
        told = " ".join(done.err.split())
        assert f"seems to be {OLD}, which has {len(before)} entries" in told
        assert f"pbx-connector profiles adopt {OLD} {NEW}" in told
        assert "pbx-connector profiles keep" in told
    assert ran.entries() == before
    ran("profiles", "adopt", OLD, NEW)
    if happens is copied:
        profile.unlink()
    counts = ran.counts(file)
    assert (counts["added"], counts["removed"]) == (0, 0)
    assert [entry["id"] for entry in ran.entries()] == [entry["id"] for entry in before]


def test_a_copy_that_is_meant_makes_its_own_entries(ran: Connector, profile: Path) -> None:
    before = ran.entries()
    file = copied(profile)
    ran("run", file, code=3)
    assert f"{NEW} is a profile of its own" in ran("profiles", "keep", file).out
    assert ran.counts(file)["added"] == len(before)
    assert ran.counts(file)["added"] == 0
    adopted = ran("profiles", "adopt", OLD, NEW).out
    assert f"{len(before)} entries of {OLD} belong to {NEW} now" in adopted
    assert [entry["id"] for entry in ran.entries()] == [entry["id"] for entry in before]


def test_another_profile_of_the_same_source_runs(ran: Connector, profile: Path) -> None:
    other = copied(profile)
    text = other.read_text().replace('title: "Exchange contacts"', 'title: "Firms only"')
    other.write_text(text.replace('"{{DisplayName}}"', '"{{CompanyName}}"'))
    assert ran.counts(other)["added"] > 0


def test_what_was_removed_holds_nobody_up(ran: Connector, profile: Path) -> None:
    file = renamed(profile)
    ran("profiles", "remove", OLD, "--yes")
    assert ran.counts(file)["added"] > 0


def test_a_file_that_is_renamed_under_a_running_service_doubles_nothing_and_somebody_is_told(
    connector: Connector, serve: Serve, profile: Path, profiles: Path, config: Path
) -> None:
    connector("automate", profile, "--every", "10s")
    os.rename(profile, profiles / profile.name)
    serving = serve()
    serving.wait_for("run ended", profile=OLD)
    before = connector.entries()
    os.rename(profiles / profile.name, profiles / f"{NEW}.yaml")
    failed = serving.wait_for("run failed", profile=NEW)
    assert f"seems to be {OLD}" in failed["reason"]
    assert connector.entries() == before
    wait_until(lambda: [one["trouble"] for one in serving.health["profiles"]] == ["held"])
    [waiting] = serving.health["profiles"]
    assert waiting["held"] == f"pbx-connector profiles adopt {OLD} {NEW}"
    wait_until(lambda: serving.health["orphans"])
    assert serving.health["orphans"] == [{"id": OLD, "title": "Exchange contacts", "entries": len(before)}]
    shown = connector("--config", config, "status", code=4).out
    assert f"{NEW} is held; next: {waiting['held']}" in shown
    assert f"{OLD}: {len(before)} entries, file gone" in shown
    assert connector("--config", config, "schedule", "--json").json[0]["held"] == waiting["held"]
    connector("profiles", "adopt", OLD, NEW)
    ended = serving.wait_for("run ended", profile=NEW, status="done")
    assert ended["added"] == 0
    assert [entry["id"] for entry in connector.entries()] == [entry["id"] for entry in before]
    serving.stop()


def test_an_undone_profile_is_shown_with_the_command_that_lets_it_go_on(
    ran: Connector, profile: Path, profiles: Path, config: Path
) -> None:
    run = ran("history", "--json").json[0]["run"]
    ran("automate", profile, "--every", "1h")
    os.rename(profile, profiles / profile.name)
    ran("undo", run)
    resume = f"pbx-connector profiles resume {OLD}"
    assert f"next: {resume}" in ran("--config", config, "status", code=4).out
    assert ran("--config", config, "schedule", "--json").json[0]["held"] == resume
    assert f"waits for: {resume}" in " ".join(ran("--config", config, "schedule").out.split())
