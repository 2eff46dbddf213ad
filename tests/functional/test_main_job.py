"""The main job, as its users would check it: Exchange -> rules -> phone book."""

from __future__ import annotations

import sqlite3
import threading
import time
from pathlib import Path

from pbx_exchange.sandbox import Fault, Right, Sandbox
from product import Connector

NO_CHANGE = {"added": 0, "updated": 0, "removed": 0}


def ids(connector: Connector) -> list[tuple[int, str]]:
    """Straight from the database file: what clients of the phone book hold on to."""
    with sqlite3.connect(connector.home / "book.sqlite") as database:
        return database.execute("SELECT id, display_name FROM entry ORDER BY id").fetchall()


def changes(counts: dict[str, int]) -> dict[str, int]:
    return {name: counts[name] for name in NO_CHANGE}


def test_a_second_run_changes_nothing_and_keeps_the_ids(connector: Connector, profile: Path) -> None:
    first = connector.counts(profile)
    assert first["added"] > 50
    before = ids(connector)
    assert len(before) == first["added"]
    second = connector.counts(profile)
    assert changes(second) == NO_CHANGE
    assert second["unchanged"] == first["added"]
    assert ids(connector) == before


def test_private_entries_show_for_their_account_alone(connector: Connector, profile: Path, sandbox: Sandbox) -> None:
    connector.counts(profile)
    company = {entry["id"] for entry in connector.entries("--company")}
    for account in sandbox.accounts:
        private = connector.entries("--account", account.id)
        assert private
        assert {entry["account"] for entry in private} == {account.id}
        assert company.isdisjoint(entry["id"] for entry in private)
    assert {entry["account"] for entry in connector.entries("--company")} == {None}


def test_labels_and_difficult_names_arrive_unchanged(connector: Connector, profile: Path) -> None:
    connector.counts(profile)
    entries = {entry["fields"]["display_name"]: entry for entry in connector.entries("--company")}
    quoted = entries['Ann "Bo" Lee']
    assert quoted["labels"] == {"Department": "Sales"}
    assert quoted["fields"]["organisation"] == 'Lee "Quotes" & Partners'
    assert "Server\\Share Ltd." in entries
    assert "Zoë 🚲 Rad-Kurier 👩‍🔧" in entries
    assert max(map(len, entries)) == 80  # a name of 100 characters is cut, and said so
    shown = connector("phonebook", "search", "ann lee").out + connector("phonebook", "search", 'ANN "BO"').out
    assert "Department: Sales" in shown


def test_one_edit_on_the_server_is_one_update(connector: Connector, profile: Path, sandbox: Sandbox) -> None:
    connector.counts(profile)
    before = ids(connector)
    sandbox.state.update(sandbox.state.find(DisplayName="Reception"), PhoneNumbers_BusinessPhone="+49 89 99998 555")
    assert changes(connector.counts(profile)) == NO_CHANGE | {"updated": 1}
    assert ids(connector) == before
    entry = next(entry for entry in connector.entries() if entry["fields"]["display_name"] == "Reception")
    assert entry["fields"]["phone"] == "+49 89 99998 555"


def test_a_small_folder_without_read_right_leaves_the_phone_book(
    connector: Connector, profile: Path, sandbox: Sandbox
) -> None:
    first = connector.counts(profile)
    folder = sandbox.state.folder("Company Contacts/Suppliers")
    gone = sum(item.kind == "Contact" for item in folder.items.values())
    assert 0 < gone <= 10
    folder.everyone = Right.NONE
    folder.rights.clear()
    second = connector.counts(profile)
    assert changes(second) == NO_CHANGE | {"removed": gone}
    assert len(connector.entries()) == first["added"] - gone


def test_a_folder_that_its_owner_deletes_in_outlook_leaves_the_phone_book(
    connector: Connector, profile: Path, sandbox: Sandbox
) -> None:
    """Outlook moves it to Deleted Items, where it and its contacts go on under the same ids."""
    first = connector.counts(profile)
    anna = next(account for account in sandbox.accounts if account.username == "anna")
    private = len(connector.entries("--account", anna.id))
    friends = sandbox.state.folder("Contacts/Friends", anna.email)
    sandbox.state.move_folder(friends, sandbox.state.mailboxes[anna.email].distinguished["deleteditems"])
    second = connector.counts(profile)
    assert second["removed"] == len(friends.items) > 0
    assert len(connector.entries("--account", anna.id)) == private - second["removed"]
    assert second["unchanged"] == first["added"] - second["removed"]


def test_losing_most_of_the_book_is_refused_and_shown(connector: Connector, profile: Path, sandbox: Sandbox) -> None:
    connector.counts(profile)
    before = connector.entries()
    folder = sandbox.state.folder("Company Contacts/Customers")
    folder.everyone = Right.NONE
    folder.rights.clear()
    refused = connector("run", profile, code=3)
    assert "remove" in refused.out
    assert 'Ann "Bo" Lee' in refused.out
    assert "refused" in refused.err
    report = connector("run", profile, "--json", code=3).json
    assert report["status"] == "refused"
    assert connector.entries() == before


def test_a_server_that_stops_in_the_middle_of_a_run_removes_nothing(
    connector: Connector, profile: Path, sandbox: Sandbox
) -> None:
    connector.counts(profile)
    before = connector.entries()
    profile.write_text(profile.read_text().replace("settings:\n", "settings:\n  patience: 2\n"))
    silence = sandbox.faults.add(Fault(name="silent", operation="FindItem", skip=2, times=100))
    stopper = threading.Thread(target=stop_in_the_middle, args=(sandbox, silence))
    stopper.start()
    report = connector("run", profile, "--json", code=1).json
    stopper.join()
    assert report["status"] == "partial"
    assert "failed" in {book["status"] for book in report["books"]}
    assert connector.entries() == before


def stop_in_the_middle(sandbox: Sandbox, silence: Fault) -> None:
    """Stop the server when some books are read and the others wait for an answer that does not come."""
    deadline = time.monotonic() + 60
    while silence.times == 100 and time.monotonic() < deadline:
        time.sleep(0.01)
    sandbox.stop()


def test_simulate_shows_labels_and_accounts_and_writes_nothing(
    connector: Connector, profile: Path, sandbox: Sandbox
) -> None:
    shown = connector("simulate", profile).out
    assert "Department: Sales" in shown
    assert sandbox.accounts[0].id in shown
    assert connector.entries() == []
    simulated = connector("simulate", profile, "--json").json
    assert simulated["counts"]["added"] == len(simulated["records"]) == connector.counts(profile)["added"]


def test_simulate_makes_no_phone_book_where_there_is_none(connector: Connector, profile: Path) -> None:
    before = sorted(connector.home.rglob("*"))
    simulated = connector("simulate", profile, "--store", "sqlite:///new.sqlite", "--json")
    assert simulated.json["counts"]["added"] == len(simulated.json["records"]) > 0
    assert "an empty one stands for it" in simulated.err
    assert sorted(connector.home.rglob("*")) == before
    saved = connector("simulate", profile, "--store", "sqlite:///new.sqlite", "--save", "--json").json
    assert saved["records"] == simulated.json["records"]
    assert connector("plan", "show", saved["plan"], "--store", "sqlite:///new.sqlite", "--json").json["used"] is None
    connector("simulate", profile, "--store", "sqlite:///nowhere/new.sqlite", code=4)


def test_the_store_can_be_named_before_and_after_the_command(connector: Connector) -> None:
    here = f"sqlite:///{connector.home / 'other.sqlite'}"
    connector("accounts", "add", "7", "--username", "seven", "--store", here)
    assert connector("--store", here, "accounts", "list", "--json").json == [
        {"id": "7", "username": "seven", "email": ""}
    ]
    assert connector("accounts", "list", "--json").json == []


def test_a_contact_with_a_problem_is_named_to_who_runs_the_profile(connector: Connector, profile: Path) -> None:
    told = connector("run", profile).err
    assert all(name in told for name in ("Customers, Nora Namenlos, 028pho_bez", "Nur-Firma OHG", "+49 221 4710 207"))
    problems = connector("history", "show", "2", "--json").json["problems"]
    assert {"Nora Namenlos", "Nur-Firma OHG"} < {problem["contact"] for problem in problems}
