"""A provider's phone systems, through the installed product: added, published from a folder, suspended, removed."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from pages import Stage
from pbx_exchange.sandbox import Sandbox
from product import Connector

DOCS = Path(__file__).resolve().parents[2] / "docs"
PROFILE = """\
title: Staff
source: csv
settings: {file: ../staff.csv, key: Id}
schedule: "0 12 * * *"
structure:
  phonebook:
    - 028pho_bez:   "{{Name}}"
      028pho_phone: "{{Phone}}"
"""
SECRET = "v3ry-s3cret-w0rd"


@pytest.fixture
def provider_of(connector: Connector, new_database: Callable[[], str]) -> Iterator[Connector]:
    text = f"control: {{database: '{new_database()}', keys: keys, files: files, cache: cache}}\n"
    (connector.home / "config.yaml").write_text(text)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("PBX_CONNECTOR_CONFIG", str(connector.home / "config.yaml"))
        environment.setenv("PBX_CONNECTOR_WHO", "ann@example.com")
        connector.environment["PBX_CONNECTOR_CONFIG"] = str(connector.home / "config.yaml")
        yield connector


@pytest.fixture
def fleet(provider_of: Connector) -> Path:
    """The files of two tenants."""
    folder = provider_of.home / "fleet"
    for id in ("acme", "bolt"):
        (folder / id / "profiles").mkdir(parents=True)
        (folder / id / "profiles" / "staff.yaml").write_text(PROFILE)
        (folder / id / "staff.csv").write_text("Id;Name;Phone\n1;Ann;+49 89 1\n")
    return folder


def lines(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def test_a_fleet_in_a_folder_is_published_as_far_as_it_differs(provider_of: Connector, fleet: Path) -> None:
    assert "there is no tenant acme" in provider_of("tenants", "publish", fleet, code=2).err
    assert "2 tenants: 2 published" in provider_of("tenants", "publish", fleet, "--add").out
    assert provider_of("tenants", "publish", fleet).out == "2 tenants: 2 unchanged\n"
    profile = fleet / "acme" / "profiles" / "staff.yaml"
    profile.write_text(PROFILE.replace("Staff", "People"))
    shown = provider_of("tenants", "publish", fleet, "--simulate").out
    assert "acme: ~ profiles/staff.yaml" in shown
    assert "-title: Staff" in shown
    assert "+title: People" in shown
    assert provider_of("tenants", "versions", "acme", "--json").json[0]["number"] == 1
    made = lines(provider_of("tenants", "publish", fleet, "--json", "--note", "people").out)
    assert [(one["tenant"], one["status"], one["version"]) for one in made] == [
        ("acme", "published", 2),
        ("bolt", "unchanged", None),
    ]
    latest = provider_of("tenants", "versions", "acme", "--json").json[0]
    assert (latest["number"], latest["who"], latest["note"]) == (2, "ann@example.com", "people")


def test_a_simulation_says_who_would_be_added_and_checks_their_files(provider_of: Connector, fleet: Path) -> None:
    provider_of("tenants", "add", "acme")
    (fleet / "bolt" / "profiles" / "staff.yaml").write_text(PROFILE.replace("schedule", "shedule"))
    wrong = provider_of("tenants", "publish", fleet, "--add", "--simulate", code=1)
    assert "bolt: would be added" in wrong.out
    assert "acme: would be added" not in wrong.out
    assert "shedule" in wrong.err
    (fleet / "bolt" / "profiles" / "staff.yaml").write_text(PROFILE)
    right = lines(provider_of("tenants", "publish", fleet, "--add", "--simulate", "--json").out)
    assert [(one["tenant"], one["status"], one["adds_tenant"]) for one in right] == [
        ("acme", "differs", False),
        ("bolt", "differs", True),
    ]
    assert [one["id"] for one in provider_of("tenants", "list", "--json").json] == ["acme"]
    without = provider_of("tenants", "publish", fleet, "--simulate", code=1).err
    assert "there is no tenant bolt" in without
    assert "bolt: added" in provider_of("tenants", "publish", fleet, "--add").out


def test_nothing_of_a_tenant_is_published_if_one_of_its_files_is_wrong(provider_of: Connector, fleet: Path) -> None:
    provider_of("tenants", "publish", fleet, "--add")
    for id in ("acme", "bolt"):
        (fleet / id / "profiles" / "more.yaml").write_text(PROFILE.replace("Staff", "More"))
    (fleet / "acme" / "profiles" / "staff.yaml").write_text(PROFILE.replace("source: csv", "source: cvs"))
    done = provider_of("tenants", "publish", fleet, code=1)
    assert f"{fleet}/acme/profiles/staff.yaml:2:9" in done.err
    assert "1 published, 1 wrong" in done.out
    assert [one["published"] for one in provider_of("tenants", "list", "--json").json] == [1, 2]
    wrong = lines(provider_of("tenants", "publish", fleet, "acme", "--json", code=2).out)[0]
    found: list[dict[str, object]] = wrong["findings"]  # type: ignore[assignment]
    errors = [(one["file"], one["line"]) for one in found if one["severity"] == "error"]
    assert errors == [(f"{fleet}/acme/profiles/staff.yaml", 2)]


def test_an_earlier_version_counts_again_as_a_new_one(provider_of: Connector, fleet: Path) -> None:
    provider_of("tenants", "publish", fleet, "--add")
    (fleet / "acme" / "profiles" / "staff.yaml").write_text(PROFILE.replace("Staff", "People"))
    provider_of("tenants", "publish", fleet)
    provider_of("tenants", "rollback", "acme", "1")
    first, _, last = reversed(provider_of("tenants", "versions", "acme", "--json").json)
    assert last["number"] == 3
    assert last["digest"] == first["digest"]
    assert last["note"] == "back to version 1"
    assert "no version 9" in provider_of("tenants", "rollback", "acme", "9", code=2).err


def test_a_tenant_is_shown_suspended_resumed_and_removed(provider_of: Connector, fleet: Path) -> None:
    provider_of("tenants", "publish", fleet, "--add")
    shown = provider_of("tenants", "show", "acme", "--json").json
    assert (shown["state"], shown["published"]) == ("active", 1)
    assert [(one["id"], one["schedule"], one["state"]) for one in shown["profiles"]] == [
        ("staff", "0 12 * * *", "ready")
    ]
    assert "staff" in provider_of("tenants", "show", "acme").out
    assert provider_of("tenants", "suspend", "acme", "--json").json["state"] == "suspended"
    assert "is active" in provider_of("tenants", "resume", "acme").out
    assert "say --yes to agree" in provider_of("tenants", "remove", "acme", code=2).err
    provider_of("tenants", "remove", "acme", "--yes")
    assert [one["id"] for one in provider_of("tenants", "list", "--json").json] == ["bolt"]
    assert "bolt" in provider_of("tenants", "list").out
    assert "there is no tenant acme" in provider_of("tenants", "show", "acme", code=2).err


def test_phone_books_that_are_of_this_version_are_not_migrated(provider_of: Connector, fleet: Path) -> None:
    provider_of("tenants", "publish", fleet, "--add")
    assert provider_of("tenants", "migrate").out == "0 phone books migrated, 0 failed\n"
    assert provider_of("tenants", "migrate", "acme", "--json").json["state"] == "done"


def test_secrets_are_kept_and_never_shown(provider_of: Connector, fleet: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = []

    def say(*arguments: str | Path, code: int = 0) -> str:
        done = provider_of(*arguments, code=code)
        said.append(done.out + done.err)
        return said[-1]

    say("tenants", "publish", fleet, "--add")
    monkeypatch.setattr("sys.stdin", io.StringIO(SECRET + "\n"))
    assert "new-key" in say("tenants", "secrets", "set", "acme", "token", code=2)
    say("tenants", "secrets", "new-key")
    monkeypatch.setattr("sys.stdin", io.StringIO(SECRET + "\n"))
    assert "{vault: token}" in say("tenants", "secrets", "set", "acme", "token")
    (provider_of.home / "secret.txt").write_text(SECRET)
    say("tenants", "secrets", "set", "acme", "other", "--file", provider_of.home / "secret.txt")
    assert "may be the secret itself" in say("tenants", "secrets", "set", "acme", f"My {SECRET}", code=2)
    say("tenants", "secrets", "new-key")
    assert "2 secrets encrypted anew" in say("tenants", "secrets", "rotate")
    say("tenants", "secrets", "list", "acme")
    say("tenants", "show", "acme", "--json")
    say("tenants", "secrets", "remove", "acme", "other")
    assert [one["name"] for one in provider_of("tenants", "secrets", "list", "acme", "--json").json] == ["token"]
    assert "has no secret" in say("tenants", "secrets", "list", "bolt")
    assert SECRET not in "".join(said)


def test_without_a_control_database_it_is_said_what_to_do(connector: Connector) -> None:
    told = connector("tenants", "list", code=2).err
    assert "there is no configuration" in told
    assert "PBX_CONNECTOR_CONFIG" in told
    assert "control: {database: postgresql://" in told
    (connector.home / "config.yaml").write_text("timezone: UTC\n", encoding="utf-8")
    told = connector("--config", "config.yaml", "tenants", "list", code=2).err
    assert "config.yaml names no control database" in told
    assert "control: {database: postgresql://" in told


def test_the_help_needs_no_extra(connector: Connector) -> None:
    assert "publish" in connector("tenants", "--help").out


def test_the_page_for_providers_works_as_printed_in_an_empty_folder(
    connector: Connector, sandbox: Sandbox, new_database: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PBX_CONNECTOR_CONFIG", str(connector.home / "config.yaml"))
    monkeypatch.setenv("PBX_CONNECTOR_CONTROL_DATABASE", new_database())
    page = DOCS / "providers.md"
    assert Stage(connector, sandbox).play(page) == page.read_text(encoding="utf-8").count("\n$ ") > 10


def test_users_of_the_provider_are_members_of_tenants(provider_of: Connector) -> None:
    provider_of("tenants", "add", "acme")
    assert (
        "there is no user bob"
        in provider_of("tenants", "members", "add", "acme", "bob", "--role", "editor", code=2).err
    )
    assert "/setup/" in provider_of("web", "setup").out
    provider_of("web", "users", "add", "bob")
    assert provider_of("web", "users", "list", "--json").json[0]["name"] == "bob"
    added = provider_of("tenants", "members", "add", "acme", "Bob", "--role", "editor", "--json").json
    assert added == {"tenant": "acme", "user": "bob", "role": "editor"}
    assert provider_of("tenants", "show", "acme", "--json").json["members"] == [added]
    provider_of("web", "users", "add", "bob", code=2)
    assert provider_of("tenants", "members", "list", "acme", "--json").json == [added]
    provider_of("web", "users", "remove", "bob")
    provider_of("web", "users", "add", "bob")
    assert "no members" in provider_of("tenants", "members", "list", "acme").out
    provider_of("tenants", "members", "remove", "acme", "bob", code=2)


def test_host_names_lead_to_one_tenant_each(provider_of: Connector, monkeypatch: pytest.MonkeyPatch) -> None:
    for id in ("acme", "bolt"):
        provider_of("tenants", "add", id)
    assert "no host name leads to tenant acme" in provider_of("tenants", "hosts", "list", "acme").out
    monkeypatch.setenv("PBX_CONNECTOR_CONTROL_DOMAIN", "pbx.example.com")
    added = provider_of("tenants", "hosts", "add", "acme", "Phones.Acme.example.", "--json").json
    assert added == {"tenant": "acme", "host": "phones.acme.example", "added": True}
    names = ["phones.acme.example", "acme.pbx.example.com"]
    assert provider_of("tenants", "hosts", "list", "acme", "--json").json == names
    assert provider_of("tenants", "show", "acme", "--json").json["hosts"] == names
    assert "reached as phones.acme.example, acme.pbx.example.com" in provider_of("tenants", "show", "acme").out
    taken = provider_of("tenants", "hosts", "add", "bolt", "phones.acme.example", code=2).err
    assert "pbx-connector tenants hosts remove acme phones.acme.example" in taken
    assert (
        "is the name of tenant bolt"
        in provider_of("tenants", "hosts", "add", "acme", names[1].replace("acme", "bolt"), code=2).err
    )
    assert "cannot be a host name" in provider_of("tenants", "hosts", "add", "acme", "a b", code=2).err
    provider_of("tenants", "hosts", "remove", "acme", "phones.acme.example")
    assert provider_of("tenants", "hosts", "add", "bolt", "phones.acme.example").out.endswith("leads to tenant bolt\n")
    assert "is no name of tenant acme" in provider_of("tenants", "hosts", "remove", "acme", names[0], code=2).err


def test_no_tenant_gets_the_host_name_of_the_providers_pages(
    provider_of: Connector, monkeypatch: pytest.MonkeyPatch
) -> None:
    for id in ("acme", "provider"):
        provider_of("tenants", "add", id)
    monkeypatch.setenv("PBX_CONNECTOR_CONTROL_DOMAIN", "pbx.example.com")
    with (provider_of.home / "config.yaml").open("a") as file:
        file.write("plugins: {web: {url: 'http://new.pbx.example.com'}}\n")
    refused = provider_of("tenants", "add", "new", code=2).err
    assert "new.pbx.example.com is where the provider's own pages are" in refused
    assert "choose another id" in refused
    assert "there is no tenant new" in provider_of("tenants", "show", "new", code=2).err
    assert "choose another name" in provider_of("tenants", "hosts", "add", "acme", "new.pbx.example.com", code=2).err
    text = (provider_of.home / "config.yaml").read_text()
    (provider_of.home / "config.yaml").write_text(text.replace("new.pbx", "provider.pbx"))
    assert "not those of provider: give it another name" in provider_of("tenants", "show", "provider").err
    assert "give it another name" not in provider_of("tenants", "show", "acme").err


def test_tenants_are_added_as_it_is_their_turn(provider_of: Connector, fleet: Path) -> None:
    """One that cannot be added is no reason to leave the ones before it unpublished, and all is gone on with later."""
    address = (provider_of.home / "config.yaml").read_text().split("'")[1].replace("provider@", "postgres@")
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA tenant_bolt")
        assert "has a schema tenant_bolt already" in provider_of("tenants", "publish", fleet, "--add", code=4).err
        assert [(one["id"], one["published"]) for one in provider_of("tenants", "list", "--json").json] == [("acme", 1)]
        connection.execute("DROP SCHEMA tenant_bolt")
    assert "1 published, 1 unchanged" in provider_of("tenants", "publish", fleet, "--add").out
