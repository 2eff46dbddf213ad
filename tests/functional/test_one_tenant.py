"""`--tenant`: what the commands do with one phone system of a provider."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from product import Connector

PROFILE = """\
title: Staff
source: csv
settings: {file: ../staff.csv, key: Id, settle: 0}
schedule: "0 12 * * *"
rules: keep when [Name] is not blank because "no name"
structure:
  phonebook:
    - 028pho_bez:   "{{Name}}"
      028pho_phone: "{{Phone}}"
tests:
- row: {Id: 1, Name: Ann}
  expect: {028pho_bez: Ann}
"""


OTHER_SOURCE = """\
title: Cards
source: carddav
settings: {url: "https://cards.example.com/dav/"}
region: DE
structure: {phonebook: [{028pho_bez: "{{DisplayName}}", 028pho_notes: "{{Mileage}}"}]}
"""
"""It reads a field that is always blank, and is warned."""


@pytest.fixture
def provider_of(
    connector: Connector, new_database: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Connector]:
    """With two tenants, each with a person of its own, and with a phone book that is no tenant's."""
    text = f"control: {{database: '{new_database()}', keys: keys, files: files, cache: cache}}\n"
    (connector.home / "config.yaml").write_text(text)
    monkeypatch.setenv("PBX_CONNECTOR_CONFIG", str(connector.home / "config.yaml"))
    folder = connector.home / "fleet"
    for id, person in (("acme", "Ann"), ("bolt", "Bob")):
        (folder / id / "profiles").mkdir(parents=True)
        (folder / id / "profiles" / "staff.yaml").write_text(PROFILE)
        (folder / id / "staff.csv").write_text(f"Id;Name;Phone\n1;{person};+49 89 1\n")
    connector("tenants", "publish", folder, "--add")
    monkeypatch.delenv("PBX_CONNECTOR_STORE")
    monkeypatch.setenv("XDG_DATA_HOME", str(connector.home / "data"))
    yield connector
    assert not (connector.home / "data").exists()


@pytest.fixture
def acme(provider_of: Connector) -> Callable[..., str]:
    def acme(*arguments: str | Path, code: int = 0) -> str:
        return provider_of("--tenant", "acme", *arguments, code=code).out

    return acme


@pytest.fixture
def rows(connector: Connector) -> Path:
    file = connector.home / "rows.jsonl"
    file.write_text('{"Id": "7", "Name": "Zoe", "Phone": "+49 89 7"}\n')
    return file


def names(out: str) -> list[str]:
    return [entry["fields"]["display_name"] for entry in json.loads(out)]


def test_a_published_profile_is_simulated_run_undone_and_looked_at(
    acme: Callable[..., str], provider_of: Connector
) -> None:
    assert json.loads(acme("simulate", "staff", "--json"))["counts"]["added"] == 1
    report = json.loads(acme("run", "staff", "--json"))
    assert report["counts"]["added"] == 1
    assert names(acme("phonebook", "list", "--json")) == ["Ann"]
    assert [record["run"] for record in json.loads(acme("history", "--json"))] == [report["run"]]
    assert "Ann" in acme("history", "show", report["run"])
    assert provider_of("--tenant", "bolt", "history", "--json").json == []
    acme("undo", report["run"])
    assert names(acme("phonebook", "list", "--json")) == []
    acme("profiles", "resume", "staff")
    acme("run", "staff")
    assert names(acme("phonebook", "list", "--json")) == ["Ann"]


def test_plans_accounts_labels_and_entries_are_the_tenants(acme: Callable[..., str], provider_of: Connector) -> None:
    plan = json.loads(acme("simulate", "staff", "--save", "--json"))["plan"]
    assert plan in acme("plan", "list")
    acme("run", "staff", "--plan", plan)
    acme("accounts", "add", "7", "--username", "ann")
    acme("labels", "add", "vip")
    acme("phonebook", "add", "--display-name", "Hand", "--phone", "+49 89 5")
    assert names(acme("phonebook", "list", "--json")) == ["Ann", "Hand"]
    for command in (("plan", "list"), ("accounts", "list"), ("labels", "list"), ("phonebook", "list")):
        assert provider_of("--tenant", "bolt", *command, "--json").json == []


def test_the_rules_of_a_published_profile_are_tried(acme: Callable[..., str], rows: Path) -> None:
    assert "1 passed" in acme("test", "staff")
    assert "Zoe" in acme("map", "staff", "--rows", rows)
    assert "Zoe" in acme("explain", "staff", "--rows", rows)
    assert json.loads(acme("rows", "staff"))["Name"] == "Ann"
    assert "ok" in acme("test-connection", "staff")


def test_a_file_is_tried_with_the_tenants_phone_book_and_secrets(
    acme: Callable[..., str], provider_of: Connector, rows: Path
) -> None:
    draft = provider_of.home / "fleet" / "acme" / "profiles" / "staff.yaml"
    draft.write_text(PROFILE.replace("{{Name}}", "Dr {{Name}}"))
    acme("run", "staff")
    assert json.loads(acme("simulate", draft, "--json"))["counts"]["updated"] == 1
    assert "Dr Zoe" in acme("map", draft, "--rows", rows)


def test_only_what_is_published_is_run(provider_of: Connector) -> None:
    draft = provider_of.home / "fleet" / "acme" / "profiles" / "staff.yaml"
    refused = provider_of("--tenant", "acme", "run", draft, code=2).err
    assert "is not published" in refused
    assert "tenants publish FOLDER" in refused
    assert provider_of("--tenant", "acme", "history", "--json").json == []


def test_nothing_of_a_suspended_tenant_is_run(provider_of: Connector) -> None:
    provider_of("tenants", "suspend", "acme")
    assert "tenants resume acme" in provider_of("--tenant", "acme", "run", "staff", code=2).err
    provider_of("--tenant", "acme", "simulate", "staff")


@pytest.mark.parametrize(
    ("tenant", "said"),
    [
        ("cork", "there is no tenant cork"),
        ("", "cannot be the id of a tenant"),
        ("acme; DROP TABLE tenant", "cannot be the id of a tenant"),
        ("../acme", "cannot be the id of a tenant"),
        ("ACME", "cannot be the id of a tenant"),
    ],
)
def test_a_tenant_that_is_not_there_is_told(provider_of: Connector, tenant: str, said: str) -> None:
    assert said in provider_of("--tenant", tenant, "history", code=2).err


def test_a_profile_that_is_not_published_is_told(provider_of: Connector) -> None:
    told = provider_of("--tenant", "acme", "simulate", "stuff", code=2).err
    assert "no profile stuff is published for tenant acme" in told
    assert "tenants show acme" in told


def test_the_command_line_wins_over_the_environment(
    acme: Callable[..., str], provider_of: Connector, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme("run", "staff")
    book = f"sqlite:///{provider_of.home / 'other.sqlite'}"
    provider_of("--store", book, "phonebook", "add", "--display-name", "Otto")
    monkeypatch.setenv("PBX_CONNECTOR_TENANT", "acme")
    assert names(provider_of("phonebook", "list", "--json").out) == ["Ann"]
    assert names(provider_of("phonebook", "list", "--json", "--store", book).out) == ["Otto"]
    assert names(provider_of("--store", book, "phonebook", "list", "--json").out) == ["Otto"]
    monkeypatch.setenv("PBX_CONNECTOR_STORE", book)
    assert "PBX_CONNECTOR_STORE" in provider_of("phonebook", "list", code=2).err
    assert names(acme("phonebook", "list", "--json")) == ["Ann"]


@pytest.mark.parametrize("place", ["before", "after"])
def test_a_store_and_a_tenant_exclude_one_another(provider_of: Connector, place: str) -> None:
    store = ("--store", f"sqlite:///{provider_of.home / 'other.sqlite'}")
    before, after = (store, ()) if place == "before" else ((), store)
    told = provider_of("--tenant", "acme", *before, "history", *after, code=2).err
    assert "--store and --tenant exclude one another" in told


@pytest.mark.parametrize(
    ("command", "hint"),
    [
        (("serve",), "pbx-connector worker"),
        (("store", "check"), "pg_dump"),
        (("new", "csv-contacts"), "tenants publish FOLDER"),
        (("automate", "staff"), "tenants publish FOLDER"),
        (("tenants", "list"), "leave out --tenant acme"),
        (("fleet", "status"), "leave out --tenant acme"),
        (("worker",), "leave out --tenant acme"),
        (("dispatcher",), "leave out --tenant acme"),
    ],
)
def test_what_makes_no_sense_for_a_tenant_says_so(provider_of: Connector, command: tuple[str, ...], hint: str) -> None:
    assert hint in provider_of("--tenant", "acme", *command, code=2).err
    assert "Usage" in provider_of("--tenant", "acme", *command, "--help").out


def test_a_tenant_of_the_environment_is_no_matter_for_commands_about_all(
    provider_of: Connector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PBX_CONNECTOR_TENANT", "acme")
    assert [one["id"] for one in provider_of("tenants", "list", "--json").json] == ["acme", "bolt"]


def test_commands_of_plugins_act_on_the_tenant(acme: Callable[..., str], provider_of: Connector) -> None:
    acme("run", "staff")
    made = json.loads(acme("directory", "devices", "add", "Phone of Ann", "--json"))
    assert "Ann" in acme("directory", "test", made["id"], "Ann")
    assert [one["name"] for one in json.loads(acme("directory", "devices", "list", "--json"))] == ["Phone of Ann"]
    assert provider_of("--tenant", "bolt", "directory", "devices", "list", "--json").json == []
    assert "http" in acme("web", "setup")


def test_a_tenants_secret_is_found_and_not_shown(provider_of: Connector, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = "v3ry-s3cret-w0rd"
    provider_of("tenants", "secrets", "new-key")
    monkeypatch.setattr("sys.stdin", io.StringIO(secret + "\n"))
    provider_of("tenants", "secrets", "set", "acme", "hook")
    config = provider_of.home / "fleet" / "acme" / "config.yaml"
    config.write_text("webhook: {url: 'http://127.0.0.1:9/', secret: {vault: hook}}\n")
    provider_of("tenants", "publish", provider_of.home / "fleet")
    told = provider_of("--tenant", "acme", "notify", "test", code=4)
    assert "webhook" in told.err
    assert secret not in told.out + told.err


def test_the_status_of_a_tenant_is_what_is_published_and_what_its_phone_book_says(
    acme: Callable[..., str], provider_of: Connector
) -> None:
    acme("run", "staff")
    found = json.loads(acme("status", "--json"))
    assert found["tenant"] == {"id": "acme", "state": "active", "published": 1}
    assert found["store"]["place"] == "the phone book of tenant acme"
    assert [(one["id"], one["schedule"], one["last_run"]["status"]) for one in found["profiles"]] == [
        ("staff", "0 12 * * *", "done")
    ]
    due = provider_of("tenants", "show", "acme", "--json").json["profiles"][0]["next"]
    assert found["profiles"][0]["next"] == due
    planned = json.loads(acme("schedule", "--json"))
    assert [(one["id"], one["file"]) for one in planned] == [("staff", "/acme/profiles/staff.yaml")]
    assert found["folder"]["path"] is None
    assert "profiles  version 1, as published\n" in acme("status")
    assert "/acme" not in acme("status")


def test_the_status_of_a_tenant_says_what_is_not_run(acme: Callable[..., str], provider_of: Connector) -> None:
    run = json.loads(acme("run", "staff", "--json"))["run"]
    acme("undo", run)
    told = acme("status", code=1)
    assert "pbx-connector --tenant acme profiles resume staff" in told
    acme("profiles", "resume", "staff")
    provider_of("tenants", "suspend", "acme")
    suspended = provider_of("--tenant", "acme", "status", code=1)
    assert "tenants resume acme" in suspended.err
    assert json.loads(acme("status", "--json", code=1))["profiles"][0]["next"] is None


def test_hints_in_json_name_the_tenant_too(provider_of: Connector) -> None:
    """One tenant's by --tenant, and each one's where a folder of all is published."""
    folder = provider_of.home / "fleet"
    (folder / "acme" / "profiles" / "cards.yaml").write_text(OTHER_SOURCE)
    published = provider_of("tenants", "publish", folder, "acme", "--simulate", "--json")
    hints = " ".join(found["hint"] for found in json.loads(published.out)["findings"])
    assert "pbx-connector --tenant acme fields carddav" in hints
    wrong = provider_of("tenants", "publish", folder, "acme", "--simulate")
    assert "pbx-connector --tenant acme fields carddav" in wrong.err
    run = json.loads(provider_of("--tenant", "acme", "run", "staff", "--json").out)["run"]
    provider_of("--tenant", "acme", "undo", run)
    [profile] = provider_of("--tenant", "acme", "status", "--json", code=1).json["profiles"]
    assert profile["held"] == "pbx-connector --tenant acme profiles resume staff"


def test_one_that_nothing_is_published_for_has_a_status(provider_of: Connector) -> None:
    provider_of("tenants", "add", "cork")
    assert provider_of("--tenant", "cork", "status", "--json").json["profiles"] == []
    assert provider_of("--tenant", "cork", "schedule", "--json").json == []


def test_hints_name_the_tenant(provider_of: Connector) -> None:
    acme = ("--tenant", "acme")
    run = provider_of(*acme, "run", "staff")
    assert "pbx-connector --tenant acme history show" in run.out
    assert "pbx-connector --tenant acme accounts add" in provider_of(*acme, "accounts", "list").out
    assert "see: pbx-connector --tenant acme profiles list" in provider_of(*acme, "profiles", "remove", "x", code=2).err
    assert "see: pbx-connector tenants list" in provider_of("--tenant", "cork", "history", code=2).err
    assert "--tenant" not in provider_of("tenants", "show", "cork", code=2).err
