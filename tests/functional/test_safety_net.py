"""What stands between a run and a lost phone book: refused plans, releases, saved plans, history, undo."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import pytest
from pbx_exchange.sandbox import Right, Sandbox
from product import Connector

from pbx_connector.stores import open_store


@pytest.fixture
def ran(connector: Connector, profile: Path) -> Connector:
    connector.counts(profile)
    return connector


def notes_of(connector: Connector, profile: str) -> str:
    """What people were told of it."""
    with open_store(connector.environment["PBX_CONNECTOR_STORE"], read_only=True) as store:
        return store.shared_state(f"notices {profile}")


def lose_customers(sandbox: Sandbox) -> None:
    folder = sandbox.state.folder("Company Contacts/Customers")
    folder.everyone = Right.NONE
    folder.rights.clear()


def test_a_refused_plan_is_kept_shown_and_released_once(ran: Connector, profile: Path, sandbox: Sandbox) -> None:
    lose_customers(sandbox)
    refused = ran("run", profile, "--json", code=3).json
    plan = refused["plan"]
    assert refused["reasons"]
    shown = ran("plan", "show", plan)
    assert 'Ann "Bo" Lee' in shown.out
    assert "refused:" in shown.out
    removals = [
        change for change in ran("plan", "show", plan, "--json").json["changes"] if change["action"] == "remove"
    ]
    before = len(ran.entries())
    [row] = [line for line in ran("history").out.splitlines() if "refused" in line]
    assert re.search(rf"refused +would be \+0 ~0 -{len(removals)}$", row.strip())
    assert ran("run", profile, "--release", plan, "--json").json["counts"]["removed"] == len(removals)
    assert len(ran.entries()) == before - len(removals)
    ran("run", profile, "--release", plan, code=2)


def test_a_release_is_stale_when_the_source_has_changed(ran: Connector, profile: Path, sandbox: Sandbox) -> None:
    lose_customers(sandbox)
    plan = ran("run", profile, "--json", code=3).json["plan"]
    sandbox.state.update(sandbox.state.find(DisplayName="Reception"), PhoneNumbers_BusinessPhone="+49 89 1")
    before = ran.entries()
    done = ran("run", profile, "--release", plan, code=3)
    assert "plan" in done.err
    assert ran.entries() == before


def test_a_saved_simulation_is_what_a_run_applies(ran: Connector, profile: Path, sandbox: Sandbox) -> None:
    sandbox.state.update(sandbox.state.find(DisplayName="Reception"), PhoneNumbers_BusinessPhone="+49 89 1")
    simulated = ran("simulate", profile, "--save", "--json").json
    assert simulated["counts"]["updated"] == 1
    assert ran("run", profile, "--plan", simulated["plan"], "--json").json["counts"]["updated"] == 1


def test_a_run_is_undone_and_the_profile_waits(ran: Connector, profile: Path, sandbox: Sandbox) -> None:
    before = ran.entries()
    sandbox.state.update(sandbox.state.find(DisplayName="Reception"), PhoneNumbers_BusinessPhone="+49 89 1")
    run = ran("run", profile, "--json").json["run"]
    assert ran.entries() != before
    shown = ran("history", "show", run).out
    assert "+49 89 99998 100 → +49 89 1" in shown
    undone = ran("undo", run, "--json").json
    assert undone["changes"] == 1
    assert ran.entries() == before
    held = ran("run", profile, code=3)
    assert "resume" in held.err
    ran("profiles", "resume", "exchange-contacts")
    assert ran.counts(profile)["updated"] == 1
    assert {"run", "undo", "accounts"} <= {record["kind"] for record in ran("history", "--json").json}
    assert run in {record["run"] for record in ran("history", "exchange-contacts", "--json").json}


def test_entries_by_hand_are_never_touched_by_a_run(ran: Connector, profile: Path) -> None:
    ran("phonebook", "add", "--display-name", "Door phone", "--phone", "+49 89 123", "--label", "Kind=door")
    by_hand = next(entry for entry in ran.entries() if entry["fields"]["display_name"] == "Door phone")
    assert by_hand["labels"] == {"Kind": "door"}
    ran("phonebook", "edit", str(by_hand["id"]), "--phone", "+49 89 99998 456")
    ran.counts(profile)
    assert ran("phonebook", "lookup", "089 99998456").out.count("Door phone") == 1
    ran("phonebook", "remove", str(by_hand["id"]))
    imported = next(entry for entry in ran.entries() if entry["fields"]["display_name"] == "Reception")
    assert "hint:" in ran("phonebook", "edit", str(imported["id"]), "--phone", "1", code=2).err


def test_a_caller_shows_the_private_name_before_the_company_one(ran: Connector, sandbox: Sandbox) -> None:
    company = ran("phonebook", "lookup", "+49 (89) 99998-100", "--json").json
    assert [match["display_name"] for match in company] == ["Reception"]
    private = next(entry for entry in ran.entries("--account", sandbox.accounts[0].id) if "phone" in entry["fields"])
    found = ran("phonebook", "lookup", private["fields"]["phone"], "--account", sandbox.accounts[0].id, "--json").json
    assert found[0]["id"] == private["id"]
    assert ran("phonebook", "lookup", private["fields"]["phone"], "--json").json == []


def test_what_a_deleted_profile_owned_is_removed_by_hand_alone(ran: Connector, profile: Path) -> None:
    [known] = ran("profiles", "list", "--json").json
    assert (known["entries"], known["file"]) == (len(ran.entries()), str(profile.resolve()))
    refused = ran("profiles", "remove", "exchange-contacts", "--yes", code=2).err
    assert f"is run from {known['file']}" in refused.replace("\n", " ")
    assert len(ran.entries()) == known["entries"]
    profile.unlink()
    asked = ran("profiles", "remove", "exchange-contacts", code=2)
    assert 'Ann "Bo" Lee' in asked.out
    assert "--yes" in asked.err
    assert len(ran.entries()) == known["entries"]
    assert notes_of(ran, "exchange-contacts")
    ran("profiles", "remove", "exchange-contacts", "--yes")
    assert notes_of(ran, "exchange-contacts") == ""
    assert ran.entries() == []
    assert "no profile exchange-contacts" in ran("profiles", "remove", "exchange-contacts", "--yes", code=2).err


def test_a_profile_is_adopted_by_one_that_a_file_can_be(ran: Connector, profile: Path) -> None:
    for wrong in ("", "an office", "exchange-contacts"):
        ran("profiles", "adopt", "exchange-contacts", wrong, code=2)
    early = ran("profiles", "adopt", "exchange-contacts", "office").err
    assert "still is profile exchange-contacts" in early
    assert ran("profiles", "adopt", "office", "exchange-contacts").err == ""
    ran.counts(profile)
    profile.write_text(f"id: office\n{profile.read_text()}")
    known = notes_of(ran, "exchange-contacts")
    assert ran("profiles", "adopt", "exchange-contacts", "office").err == ""
    assert (notes_of(ran, "exchange-contacts"), notes_of(ran, "office")) == ("", known)
    assert ran.counts(profile)["added"] == 0


def test_labels_can_be_required(connector: Connector, profile: Path) -> None:
    profile.write_text(f"labels: require\n{profile.read_text()}")
    report = connector("run", profile, "--json").json
    assert any("Department" in problem["message"] for problem in report["problems"])
    assert all(entry["labels"] == {} for entry in connector.entries())
    connector("labels", "add", "Department")
    connector("run", profile, "--full")
    assert any(entry["labels"] for entry in connector.entries())
    assert connector("labels", "list", "--json").json[0]["entries"] > 0
    connector("labels", "remove", "Department", code=2)


def test_the_phone_book_is_exported_for_other_programs(ran: Connector) -> None:
    table = list(csv.DictReader(io.StringIO(ran("phonebook", "export", "--company").out)))
    ann = next(line for line in table if line["displayname"] == 'Ann "Bo" Lee')
    assert ann["organisation"] == 'Lee "Quotes" & Partners'
    assert ann["Department"] == "Sales"
    ran("phonebook", "export", "--format", "jsonl", "--out", "book.jsonl")
    lines = [json.loads(line) for line in (ran.home / "book.jsonl").read_text(encoding="utf-8").splitlines()]
    assert {line["id"] for line in lines} == {entry["id"] for entry in ran.entries()}
    cards = ran("phonebook", "export", "--format", "vcard", "--all").out
    assert cards.count("BEGIN:VCARD") == cards.count("VERSION:4.0") == len(lines)
    assert "known formats" in ran("phonebook", "export", "--format", "xml", code=2).err
    assert "nowhere" in ran("phonebook", "export", "--out", "nowhere/book.csv", code=4).err


def test_kept_plans_are_listed_and_an_undo_is_simulated(ran: Connector, profile: Path, sandbox: Sandbox) -> None:
    assert "no plan is kept" in ran("plan", "list").out
    saved = ran("simulate", profile, "--save", "--json").json["plan"]
    lose_customers(sandbox)
    report = ran("run", profile, "--json", code=3).json
    refused, removed = report["plan"], report["counts"]["removed"]
    assert [plan["plan"] for plan in ran("plan", "list", "--json").json] == [refused, saved]
    listed = ran("plan", "list", "exchange-contacts").out
    assert re.search(rf"{refused} +exchange-contacts .* \+0 ~0 -{removed} +refused", listed)
    assert re.search(rf"{saved} +exchange-contacts .* \+0 ~0 -0 +saved", listed)
    shown = ran("plan", "show", refused).out
    assert f"0 to add, 0 to change, {removed} to remove" in shown
    assert "keep" not in shown
    assert "keep" in ran("plan", "show", refused, "--all").out
    before = ran.entries()
    simulated = ran("undo", "2", "--simulate").out
    assert "57 changes of run 2 would be taken back" in simulated
    assert "remove" in simulated
    assert ran("undo", "2", "--simulate", "--json").json["run"] is None
    assert ran.entries() == before
    assert "57 changes of run 2 are taken back" in ran("undo", "2").out
