"""Bad input and bad luck: a clear line and a hint, the right exit code, nothing lost, and never a traceback."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest
from pbx_exchange.sandbox import Sandbox
from product import Connector, Done


def said(done: Done, *words: str) -> None:
    assert "<s:Envelope" not in done.err, "libraries keep their own words, and what they sent, to themselves"
    for word in words:
        assert word.lower() in done.err.lower(), done.err
    assert "hint:" in done.err or "= help:" in done.err


def replaced(profile: Path, old: str, new: str) -> Path:
    text = profile.read_text()
    assert old in text
    profile.write_text(text.replace(old, new))
    return profile


def test_a_wrong_password_is_said_at_once(connector: Connector, profile: Path, sandbox: Sandbox) -> None:
    connector.counts(profile)
    before = connector.entries()
    (connector.home / "password.txt").write_text("wrong-password-7")
    done = connector("run", profile, code=4)
    said(done, "password")
    assert "wrong-password-7" not in done.err + done.out
    assert connector.entries() == before


def test_a_refused_connection_and_an_unknown_host(connector: Connector, profile: Path, sandbox: Sandbox) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        replaced(profile, f":{sandbox.port}/", f":{port}/")
        said(connector("run", profile, code=4), "refuses the connection")
    replaced(profile, f"127.0.0.1:{port}", "exchange.invalid")
    said(connector("run", profile, code=4), "exchange.invalid")


def test_a_failed_run_is_told_to_programs_too(connector: Connector, profile: Path) -> None:
    (connector.home / "password.txt").unlink()
    done = connector("run", profile, "--json", code=2)
    report = json.loads(done.out)
    assert report["status"] == "failed"
    assert report["problems"][0]["message"]
    assert report["problems"][0]["hint"]


def test_all_errors_of_a_profile_are_reported_at_once(connector: Connector, profile: Path) -> None:
    text = (
        profile.read_text()
        .replace("source: exchange", "source: exchange\nmdoe: mirror")
        .replace("{{Surname", "{{Surnam")
    )
    text = text.replace("  email:", "  e_mail:")
    profile.write_text(text)
    done = connector("run", profile, code=2)
    said(done, "did you mean mode?", "did you mean email?", "Surname", f"{profile}:")
    assert done.err.count("-->") >= 3
    found = connector("check", profile, "--json", code=2).json
    assert {"code", "severity", "message", "file", "line", "column", "end_line", "end_column", "hint"} <= set(found[0])
    assert len(found) >= 3


def test_an_unknown_source_gets_a_suggestion(connector: Connector, profile: Path) -> None:
    replaced(profile, "source: exchange", "source: exchnage")
    said(connector("check", profile, code=2), "exchnage", "did you mean exchange?")


def test_a_profile_that_is_not_there(connector: Connector) -> None:
    said(connector("run", "nowhere.yaml", code=2), "no such file")


def test_without_accounts_the_company_book_is_filled_and_the_lack_is_said(
    connector: Connector, profile: Path, sandbox: Sandbox
) -> None:
    for account in sandbox.accounts:
        connector("accounts", "remove", account.id, "--yes")
    done = connector("run", profile)
    assert connector.entries("--company")
    assert len(connector.entries()) == len(connector.entries("--company"))
    assert "accounts" in done.err


def test_lists_and_mails_among_the_contacts_are_skipped_and_counted(connector: Connector, profile: Path) -> None:
    report = connector("run", profile, "--json").json
    assert report["counts"]["skipped"] >= 2
    assert {"All staff", "Please keep this folder tidy"}.isdisjoint(
        entry["fields"]["display_name"] for entry in connector.entries()
    )


def test_contacts_without_a_name_are_problems_of_their_own(connector: Connector, profile: Path) -> None:
    report = connector("run", profile, "--json").json
    nameless = [problem for problem in report["problems"] if "028pho_bez" in problem["where"] + problem["message"]]
    assert nameless
    assert all(problem["hint"] for problem in nameless if problem["severity"] == "error")
    assert report["status"] == "done"


@pytest.mark.parametrize(
    "arguments", [["runn"], ["run"], ["run", "--jsn", "x"], ["phonebook", "show", "x"], ["new", "x"]]
)
def test_wrong_usage_ends_with_2(connector: Connector, arguments: list[str]) -> None:
    assert connector(*arguments, code=2).err


def test_a_profile_that_exists_is_not_overwritten(connector: Connector, profile: Path) -> None:
    before = profile.read_text()
    done = connector("new", "exchange-contacts", "--file", profile, "--name", "x", "--email", "a@b", code=2)
    said(done, "exists already")
    assert profile.read_text() == before


def test_a_store_that_cannot_be_opened_is_named(connector: Connector, profile: Path, tmp_path: Path) -> None:
    (tmp_path / "not-a-database").write_text("just text, long enough to be looked at " * 50)
    said(connector("run", profile, "--store", f"sqlite:///{tmp_path / 'not-a-database'}", code=4), "not-a-database")
    said(connector("run", profile, "--store", "sqlite:////nowhere/at/all/book.sqlite", code=4), "/nowhere/at/all")
    said(connector("run", profile, "--store", "mysterysql://x", code=2), "mysterysql")


def test_a_broken_configuration_is_told_before_anything_happens(connector: Connector, profile: Path) -> None:
    config = connector.home / "config.yaml"
    config.write_text("mail: nonsense\n")
    done = connector("--config", config, "run", profile, code=2)
    assert f"{config}:1:7" in done.err
    assert "'mail': must have keys of its own" in done.err
    assert connector.entries() == []


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("phonebook list --account nosuch", "there is no account 'nosuch'"),
        ("phonebook lookup 1 --account nosuch", "there is no account 'nosuch'"),
        ("accounts remove nosuch --yes", "there is no account 'nosuch'"),
        ("phonebook export --out /", "is a folder"),
        ("phonebook list --store foo://[bad", "no store at foo://[bad"),
        ("accounts import many-digits.json", "not proper JSON"),
    ],
)
def test_what_cannot_be_done_is_said(connector: Connector, command: str, told: str) -> None:
    (connector.home / "many-digits.json").write_text('[{"id": 1' + "0" * 5000 + "}]")
    done = connector(*command.split(), code=2)
    assert told in done.err


def test_options_may_stand_before_the_word_that_is_asked_for(connector: Connector, profile: Path) -> None:
    connector.counts(profile)
    store = connector.environment["PBX_CONNECTOR_STORE"]
    assert "Changes of run 2" in connector("history", "--store", store, "show", "2").out
    assert "exchange-contacts" in connector("history", "--limit", "5", "exchange-contacts").out
    assert "has never run" in connector("history", "nosuch").out


def test_a_removal_that_is_shown_first_leaves_json_alone(connector: Connector, profile: Path) -> None:
    (connector.home / "less.csv").write_text("id,username,email\nacc-ben,ben,ben.o.hara@example.com\n")
    done = connector("accounts", "import", "less.csv", "--remove-missing", "--yes", "--json")
    assert len(done.json["removed"]) == 2
    assert "acc-anna" in done.err


def test_a_home_where_nothing_can_be_made_is_named(connector: Connector) -> None:
    connector.environment |= {"HOME": "/dev/null"}
    for name in ("PBX_CONNECTOR_STORE", "XDG_DATA_HOME"):
        connector.environment.pop(name, None)
    done = connector.process("phonebook", "add", "--display-name", "Ann", code=4)
    said(done, "/dev/null/.local/share/pbx-connector cannot be made", "set HOME")
    assert "Traceback" not in done.err
    looked = connector.process("phonebook", "list")  # makes nothing, and says what it shows
    assert "there is no phone book /dev/null/" in looked.err
