"""One profile, two protocols: the same rules over EWS and over Graph give the same phone book, run after run.

Both sandboxes serve one office. Public folders are left out, as Graph has none.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pbx_exchange.sandbox import Sandbox as Exchange
from pbx_microsoft365.sandbox import Sandbox as Graph
from product import Connector

from pbx_connector.testing.office.entities import Right
from pbx_connector.testing.office.identifiers import make_stem
from pbx_connector.testing.office.server_state import ServerState

ANNA, SALES = "anna.berg@example.com", "sales@example.com"
BODY = """\
mode: mirror
region: DE
rules: |
  Name  = left([DisplayName] else join(" ", [GivenName], [Surname]) else [CompanyName] else [FileAs] else "?", 80)
  Phone = phone([PhoneNumbers_BusinessPhone]) else phone([PhoneNumbers_CompanyMainPhone])
  Born  = format([Birthday], "YYYY-MM-DD")
  Notes = join("; ", [JobTitle], [PhysicalAddresses_Business_Text], Born, [PhoneNumbers_BusinessPhone2])
  Groups = join("+", [Categories])
  keep when Name is not blank because "nameless"
structure:
  phonebook:
    - 028pho_bez: "{{Name}}"
      028pho_phone: "{{Phone}}"
      028pho_firstname: "{{GivenName}}"
      028pho_lastname: "{{Surname}}"
      028pho_organisation: "{{CompanyName}}"
      028pho_email: "{{EmailAddresses_EmailAddress1}}"
      028pho_mobile: "{{PhoneNumbers_MobilePhone}}"
      028pho_homephone: "{{PhoneNumbers_HomePhone}}"
      028pho_fax: "{{PhoneNumbers_BusinessFax}}"
      028pho_notes: "{{Notes}}"
      011acc_id: "{{local_id}}"
      post:
        phonebook.phonebooklabel:
          - {050lab_bez: Department, 028050pholab_value: "{{Department}}"}
          - {050lab_bez: Categories, 028050pholab_value: "{{Groups}}"}
"""


class Two:
    """An office that both protocols show, and for each a phone book with the same accounts."""

    def __init__(self, exchange: Exchange, graph: Graph, connectors: dict[str, Connector]) -> None:
        self.state: ServerState = exchange.state
        top = self.state.contacts(SALES)
        for folder in (top, *top.walk()):  # an app may read all of a mailbox, a user what is shared
            self.state.set_right(folder, exchange.email, Right.READ)
        self.profiles: dict[str, Path] = {}
        self.connectors = connectors
        settings: dict[str, dict[str, Any]] = {
            "exchange": {
                "email": exchange.email,
                "password": {"file": "secret"},
                "url": exchange.url,
                "auth": "basic",
                "public": False,
            },
            "microsoft365": {
                "url": graph.url,
                "authority": graph.authority,
                "tenant": graph.tenant,
                "client_id": graph.client_id,
                "client_secret": {"file": "secret"},
                "ca_file": str(graph.ca_file),
            },
        }
        for source, connector in connectors.items():
            secret = exchange.password if source == "exchange" else graph.client_secret
            (connector.home / "secret").write_text(secret)
            (connector.home / "secret").chmod(0o600)
            self.settings = settings
            self.write(source, connector)
            for account in exchange.accounts:
                add = ("--username", account.username, "--email", account.email)
                connector("accounts", "add", account.id, *add)

    def write(self, source: str, connector: Connector) -> None:
        shared = {"shared": {"owners": [SALES]}}
        head = {"title": "Office", "id": "office", "source": source, "settings": self.settings[source] | shared}
        path = connector.home / "office.yaml"
        path.write_text("\n".join(f"{name}: {json.dumps(value)}" for name, value in head.items()) + f"\n{BODY}")
        self.profiles[source] = path

    def run(self) -> list[list[dict[str, Any]]]:
        """The phone books after a run of each."""
        found = []
        for source, connector in self.connectors.items():
            connector("run", self.profiles[source])
            found.append(sorted(map(said, connector.entries()), key=json.dumps))
        return found


def said(entry: dict[str, Any]) -> dict[str, Any]:
    """What an entry says, without its id and where it is from."""
    return {name: value for name, value in entry.items() if name in ("account", "fields", "labels")}


@pytest.fixture
def two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Two]:
    homes = {source: tmp_path / source for source in ("exchange", "microsoft365")}
    for home in homes.values():
        home.mkdir()
    with Exchange.start() as exchange, Graph(exchange.state, latency=0.0) as graph:
        connectors: dict[str, Connector] = {source: StoreOf(home, monkeypatch) for source, home in homes.items()}
        yield Two(exchange, graph, connectors)


class StoreOf(Connector):
    """A phone book of its own beside others."""

    def __init__(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(home)
        self._monkeypatch = monkeypatch

    def __call__(self, *arguments: Any, code: int | None = 0) -> Any:
        self._monkeypatch.setenv("HOME", str(self.home))
        self._monkeypatch.setenv("PBX_CONNECTOR_STORE", self.environment["PBX_CONNECTOR_STORE"])
        return super().__call__(*arguments, code=code)


def test_both_give_the_same_phone_book_at_first_and_after_every_change(two: Two) -> None:
    ews, graph = two.run()
    assert len(ews) > 5
    assert {entry["account"] for entry in ews} > {None}
    assert ews == graph
    state = two.state
    contacts, friends = state.contacts(ANNA), state.folder("Contacts/Friends", ANNA)
    new = state.add(contacts, DisplayName="Nina Neu", PhoneNumbers_BusinessPhone="+49 89 99998 777")
    ews, graph = two.run()
    assert ews == graph
    assert any("Nina Neu" in entry["fields"].values() for entry in graph)
    state.update(new, PhoneNumbers_BusinessPhone=None, PhoneNumbers_BusinessPhone2="+49 89 99998 778", Department="Neu")
    ews, graph = two.run()
    assert ews == graph
    moved = state.move(new, friends)
    ews, graph = two.run()
    assert ews == graph
    state.remove(moved)
    ews, graph = two.run()
    assert ews == graph
    assert not any("Nina Neu" in entry["fields"].values() for entry in graph)


def test_the_change_of_protocol_is_no_change_of_the_phone_book(two: Two) -> None:
    connector = two.connectors["exchange"]
    connector("run", two.profiles["exchange"])
    before = connector.entries()
    secret = (two.connectors["microsoft365"].home / "secret").read_text()
    (connector.home / "secret").write_text(secret)
    two.write("microsoft365", connector)
    counts = connector.counts(connector.home / "office.yaml")
    assert (counts["added"], counts["removed"], counts["updated"]) == (0, 0, 0)
    after = connector.entries()
    assert [(entry["id"], said(entry)) for entry in after] == [(entry["id"], said(entry)) for entry in before]
    assert connector.counts(connector.home / "office.yaml")["added"] == 0


def test_the_command_moves_a_whole_profile_and_back_and_no_entry_notices(two: Two) -> None:
    connector, settings = two.connectors["exchange"], two.settings
    path = connector.home / "contacts.yaml"
    secret = connector.home / "secret"
    ews = ("--email", settings["exchange"]["email"], "--url", settings["exchange"]["url"], "--password-file", secret)
    connector("new", "exchange-contacts", "--file", path, *ews)
    shared = f"  auth: basic\n  public: false  # there are none any more\n  shared: {{owners: [{SALES}]}}\nmode:"
    path.write_text(path.read_text().replace("mode:", shared, 1))
    assert connector.counts(path)["added"] > 5
    before, text = connector.entries(), path.read_text()

    (connector.home / "graph").write_text((two.connectors["microsoft365"].home / "secret").read_text())
    (connector.home / "graph").chmod(0o600)
    app = ("--answer", f"client_id={settings['microsoft365']['client_id']}", "--answer", "client_secret-file=graph")
    done = connector(
        "profiles", "migrate", path, "--to", "microsoft365", *app, "--answer", "tenant=example.com", "--write"
    )
    assert "the service user is not needed any more" in done.err
    assert path.with_name("contacts.yaml.before").read_text() == text
    addresses = {name: settings["microsoft365"][name] for name in ("url", "authority", "ca_file")}
    only_here = "".join(f"  {name}: {address}\n" for name, address in addresses.items())
    path.write_text(path.read_text().replace("settings:\n", f"settings:\n{only_here}"))
    moved = path.read_text()
    assert [line for line in text.splitlines() if line.startswith((" ", "  -")) and "pho_" in line] == [
        line for line in moved.splitlines() if "pho_" in line
    ]
    assert all(line.startswith("ok ") for line in connector("test-connection", path).out.splitlines())
    for options in ((), (), ("--full",)):
        counts = connector("run", path, *options, "--json").json["counts"]
        assert (counts["added"], counts["removed"], counts["updated"]) == (0, 0, 0)
        assert [(one["id"], said(one)) for one in connector.entries()] == [(one["id"], said(one)) for one in before]

    path.write_text(path.with_name("contacts.yaml.before").read_text())
    counts = connector.counts(path)
    assert (counts["added"], counts["removed"], counts["updated"]) == (0, 0, 0)
    assert [(one["id"], said(one)) for one in connector.entries()] == [(one["id"], said(one)) for one in before]


def test_a_folder_that_both_protocols_call_the_same_keeps_its_entries_too(two: Two) -> None:
    """Graph's ids differ from those of Exchange in two letters, which some do not have."""
    connector, state = two.connectors["exchange"], two.state
    email = next(
        name for name in (f"u{n}@example.com" for n in range(1000)) if not {"/", "+"} & set(make_stem(name, "folder"))
    )
    contacts = state.add_user(email, "same", "password").distinguished["contacts"]
    state.set_impersonation("pbx@example.com", "*", True)
    for number in range(4):
        state.add(contacts, DisplayName=f"Somebody {number}", PhoneNumbers_BusinessPhone=f"+49 30 23125 10{number}")
    connector("accounts", "add", "same", "--username", "same", "--email", email)
    connector("run", two.profiles["exchange"])
    before = [(entry["id"], said(entry)) for entry in connector.entries()]
    assert sum(entry["account"] == "same" for _, entry in before) == 4
    secrets = {source: (two.connectors[source].home / "secret").read_text() for source in two.connectors}
    for source in ("microsoft365", "microsoft365", "exchange", "exchange"):
        (connector.home / "secret").write_text(secrets[source])
        two.write(source, connector)
        counts = connector.counts(connector.home / "office.yaml")
        assert (counts["added"], counts["removed"], counts["updated"]) == (0, 0, 0)
        assert [(entry["id"], said(entry)) for entry in connector.entries()] == before
