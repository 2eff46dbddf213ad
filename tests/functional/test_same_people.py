"""The same people in Exchange, Microsoft 365, LDAP, CardDAV and a CSV list, with the same rules: the same phone book.

Held for fields that all of them carry; docs/same-people.md says which these are, by the plugins' own tables.
"""

from __future__ import annotations

import base64
import csv
import json
import os
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from pbx_exchange.sandbox import Sandbox as Exchange
from pbx_microsoft365.sandbox import Sandbox as Graph
from product import Connector

from pbx_connector.api import CONTACT_FIELDS, address_line
from pbx_connector.plugins import Plugins
from pbx_connector.testing.office.entities import Item, Right
from pbx_connector.testing.office.generated import Generator
from plugins.carddav.tests.radicale import PASSWORD as CARD_PASSWORD
from plugins.carddav.tests.radicale import SERVICE, Radicale
from plugins.ldap.tests.openldap import ADMIN, PASSWORD, SUFFIX, OpenLdap, missing_programs

PAGE = Path(__file__).resolve().parents[2] / "docs/same-people.md"
SALES = "sales@example.com"
RULES = """\
mode: mirror
region: DE
rules: |
  Name  = left([DisplayName] else join(", ", [Surname], [GivenName]) else "?", 80)
  Phone = phone([PhoneNumbers_BusinessPhone]) else phone([PhoneNumbers_MobilePhone])
  Notes = join(", ", [Department], [JobTitle], [PhysicalAddresses_Business_Text])
  Town  = first(split([PhysicalAddresses_Business_Text], ","))
  skip when [Department] is "Accounting" because "they want to be left alone"
structure:
  phonebook:
    - 028pho_bez:          "{{Name}}"
      028pho_phone:        "{{Phone}}"
      028pho_firstname:    "{{GivenName}}"
      028pho_lastname:     "{{Surname}}"
      028pho_organisation: "{{CompanyName}}"
      028pho_email:        "{{EmailAddresses_EmailAddress1}}"
      028pho_mobile:       "{{PhoneNumbers_MobilePhone}}"
      028pho_homephone:    "{{PhoneNumbers_HomePhone}}"
      028pho_fax:          "{{PhoneNumbers_BusinessFax}}"
      028pho_notes:        "{{Notes}}"
      post:
        phonebook.phonebooklabel:
          - {050lab_bez: Street, 028050pholab_value: "{{Town}}"}
"""
ATTRIBUTES = {
    "DisplayName": "displayName",
    "GivenName": "givenName",
    "Surname": "sn",
    "CompanyName": "o",
    "Department": "departmentNumber",
    "JobTitle": "title",
    "EmailAddresses_EmailAddress1": "mail",
    "PhoneNumbers_BusinessPhone": "telephoneNumber",
    "PhoneNumbers_BusinessFax": "facsimileTelephoneNumber",
    "PhoneNumbers_HomePhone": "homePhone",
    "PhoneNumbers_MobilePhone": "mobile",
    "PhysicalAddresses_Business_Street": "street",
    "PhysicalAddresses_Business_City": "l",
    "PhysicalAddresses_Business_PostalCode": "postalCode",
}
"""By what OpenLDAP's people have."""
Person = Mapping[str, str]


def people() -> dict[int, dict[str, str]]:
    """Those of the office's generator, and some who are hard."""
    made = Generator(7)
    found = {number: {name: str(made(number).get(name) or "") for name in ATTRIBUTES} for number in range(60)}
    found[60] = {"DisplayName": 'Ann "Bo" Lee; Co', "Surname": "Lee", "PhoneNumbers_BusinessPhone": "089 99998-120"}
    found[61] = {"GivenName": "Nobody's", "Surname": "Child", "PhoneNumbers_MobilePhone": "0171/3920001"}
    found[62] = {"DisplayName": "  Åsa,  Søren ", "Surname": "Åsa", "PhoneNumbers_HomePhone": "+49 (0)89 99998 121"}
    found[63] = {"DisplayName": "No number", "Surname": "Number", "CompanyName": "{{Surname}} & Co"}
    return {number: {name: one[name] for name in one if one[name]} for number, one in found.items()}


class Protocol(ABC):
    """A server, or a list, with these people, and a phone book that is made of it."""

    source: str

    def __init__(self, connector: Connector) -> None:
        self._connector = connector

    def run(self) -> list[dict[str, Any]]:
        """The phone book after a run: what its entries say."""
        profile = self._connector.home / "people.yaml"
        head = {"title": "People", "id": "people", "source": self.source, "settings": self.settings()}
        profile.write_text("\n".join(f"{name}: {json.dumps(value)}" for name, value in head.items()) + f"\n{RULES}")
        with pytest.MonkeyPatch.context() as environment:
            for name, value in self._connector.environment.items():
                environment.setenv(name, value)
            self._connector("run", profile)
            entries = self._connector.entries()
        said = [{part: entry[part] for part in ("account", "fields", "labels")} for entry in entries]
        return sorted(said, key=lambda entry: json.dumps(entry, sort_keys=True))

    @abstractmethod
    def settings(self) -> dict[str, Any]: ...

    @abstractmethod
    def put(self, number: int, person: Person) -> None: ...

    @abstractmethod
    def remove(self, number: int) -> None: ...

    def secret(self, value: str) -> dict[str, str]:
        path = self._connector.home / "secret"
        path.write_text(value)
        path.chmod(0o600)
        return {"file": "secret"}


class Office(Protocol):
    """The sandbox of Exchange: people in the mailbox that the company shares."""

    source = "exchange"

    def __init__(self, connector: Connector, sandbox: Exchange) -> None:
        super().__init__(connector)
        self.sandbox = sandbox
        self._items: dict[int, Item] = {}
        self._folder = sandbox.state.contacts(SALES)
        for folder in (self._folder, *self._folder.walk()):
            sandbox.state.set_right(folder, sandbox.email, Right.READ)
            for item in list(folder.items.values()):
                sandbox.state.remove(item)

    def settings(self) -> dict[str, Any]:
        settings = {"email": self.sandbox.email, "url": self.sandbox.url, "auth": "basic", "public": False}
        return {**settings, "password": self.secret(self.sandbox.password), "shared": {"owners": [SALES]}}

    def put(self, number: int, person: Person) -> None:
        if number in self._items:
            self.sandbox.state.update(self._items[number], **person)
        else:
            self._items[number] = self.sandbox.state.add_values(self._folder, person)

    def remove(self, number: int) -> None:
        self.sandbox.state.remove(self._items.pop(number))


class Microsoft365(Protocol):
    """The same office over Graph: what is put into the one is in the other."""

    source = "microsoft365"

    def __init__(self, connector: Connector, sandbox: Graph) -> None:
        super().__init__(connector)
        self._sandbox = sandbox

    def settings(self) -> dict[str, Any]:
        there = self._sandbox
        secret = {"client_id": there.client_id, "client_secret": self.secret(there.client_secret)}
        address = {"url": there.url, "authority": there.authority, "tenant": there.tenant}
        return {**address, **secret, "ca_file": str(there.ca_file), "shared": {"owners": [SALES]}}

    def put(self, number: int, person: Person) -> None:
        """It is there."""

    def remove(self, number: int) -> None:
        """It is gone."""


class Directory(Protocol):
    """OpenLDAP's server."""

    source = "ldap"

    def __init__(self, connector: Connector, server: OpenLdap) -> None:
        super().__init__(connector)
        self._server = server
        self._there: set[int] = set()

    def settings(self) -> dict[str, Any]:
        settings = {"servers": self._server.address, "security": "none", "username": ADMIN, "base": self._base}
        return {**settings, "password": self.secret(PASSWORD), "filter": "(objectClass=inetOrgPerson)"}

    _base = f"ou=customers,{SUFFIX}"

    def put(self, number: int, person: Person) -> None:
        if number in self._there:
            self.remove(number)
        self._there.add(number)
        lines = [f"dn: uid=u{number},{self._base}", "objectClass: inetOrgPerson", f"uid: u{number}"]
        called = person.get("DisplayName") or f"{person['Surname']}, {person['GivenName']}"  # no entry is without
        values = {"cn": called, **{ATTRIBUTES[name]: value for name, value in person.items()}}
        lines += [f"{name}:: {base64.b64encode(value.encode()).decode()}" for name, value in values.items()]
        self._server.add("\n".join(lines) + "\n")

    def remove(self, number: int) -> None:
        self._there.remove(number)
        self._server.delete(f"uid=u{number},{self._base}")


class CsvList(Protocol):
    """A file with a column for each field."""

    source = "csv"

    def __init__(self, connector: Connector) -> None:
        super().__init__(connector)
        self._people: dict[int, Person] = {}

    def settings(self) -> dict[str, Any]:
        with (self._connector.home / "people.csv").open("w", encoding="utf-8", newline="") as file:
            columns = ["Number", *ATTRIBUTES, "PhysicalAddresses_Business_Text"]
            writer = csv.DictWriter(file, columns, delimiter=";")
            writer.writeheader()
            writer.writerows(
                {"Number": number, **person, **_address(person)} for number, person in self._people.items()
            )
        return {"file": "people.csv", "key": "Number", "settle": 0}

    def put(self, number: int, person: Person) -> None:
        self._people[number] = person

    def remove(self, number: int) -> None:
        del self._people[number]


class AddressBook(Protocol):
    """Radicale's server, with a vCard for each."""

    source = "carddav"

    def __init__(self, connector: Connector, server: Radicale) -> None:
        super().__init__(connector)
        self._server = server
        self._book = server.book(SERVICE, "customers")

    def settings(self) -> dict[str, Any]:
        return {"url": self._server.url, "username": SERVICE, "password": self.secret(CARD_PASSWORD)}

    def put(self, number: int, person: Person) -> None:
        one = {name: _escaped(value) for name, value in person.items()}
        called = one.get("DisplayName") or f"{one['Surname']}\\, {one['GivenName']}"  # no card is without
        lines = [f"UID:{number}", f"FN:{called}", f"N:{one.get('Surname', '')};{one.get('GivenName', '')};;;"]
        if "CompanyName" in one or "Department" in one:
            lines += [f"ORG:{one.get('CompanyName', '')};{one.get('Department', '')}"]
        lines += [f"{line}:{one[name]}" for name, line in _CARD_LINES.items() if name in one]
        street, city, code = (
            one.get(f"PhysicalAddresses_Business_{part}", "") for part in ("Street", "City", "PostalCode")
        )
        lines += [f"ADR;TYPE=WORK:;;{street};{city};;{code};"] if street or city or code else []
        text = "\r\n".join(("BEGIN:VCARD", "VERSION:3.0", *lines, "END:VCARD", ""))
        self._server.put(self._book, text, f"{number}.vcf")

    def remove(self, number: int) -> None:
        (self._book / f"{number}.vcf").unlink()


_CARD_LINES = {
    "JobTitle": "TITLE",
    "EmailAddresses_EmailAddress1": "EMAIL",
    "PhoneNumbers_BusinessPhone": "TEL;TYPE=WORK,VOICE",
    "PhoneNumbers_BusinessFax": "TEL;TYPE=WORK,FAX",
    "PhoneNumbers_HomePhone": "TEL;TYPE=HOME",
    "PhoneNumbers_MobilePhone": "TEL;TYPE=CELL",
}


def _escaped(text: str) -> str:
    for sign, written in (("\\", "\\\\"), (",", "\\,"), (";", "\\;"), ("\n", "\\n")):
        text = text.replace(sign, written)
    return text


def _address(person: Person) -> dict[str, str]:
    """What the other sources make of its parts."""
    prefix = "PhysicalAddresses_Business_"
    parts = {name.removeprefix(prefix): value for name, value in person.items() if name.startswith(prefix)}
    return {f"{prefix}Text": address_line(parts)}


Make = Callable[[str], Connector]


@pytest.fixture
def connectors(tmp_path: Path) -> Make:
    """A phone book of its own for each."""

    def make(name: str) -> Connector:
        (home := tmp_path / name).mkdir()
        return Connector(home)

    return make


@pytest.fixture
def office(connectors: Make) -> Iterator[Office]:
    with Exchange.start() as sandbox:
        yield Office(connectors("exchange"), sandbox)


@pytest.fixture(params=["microsoft365", "ldap", "carddav", "csv"])
def other(request: pytest.FixtureRequest, connectors: Make, office: Office, tmp_path: Path) -> Iterator[Protocol]:
    connector = connectors(request.param)
    if request.param == "microsoft365":
        with Graph(office.sandbox.state, latency=0.0) as graph:
            yield Microsoft365(connector, graph)
    elif request.param == "carddav":
        with Radicale.start(tmp_path / "radicale") as cards:
            yield AddressBook(connector, cards)
    elif request.param == "csv":
        yield CsvList(connector)
    else:
        if missing := missing_programs():
            told = f"OpenLDAP's server is not installed: {', '.join(missing)}"
            (pytest.fail if "PBX_DIRECTORY_SERVERS" in os.environ else pytest.skip)(told)
        with OpenLdap.start(tmp_path / "slapd") as server:
            server.add(*TREE.split("\n\n"))
            yield Directory(connector, server)


TREE = f"""\
dn: ou=people,{SUFFIX}
objectClass: organizationalUnit
ou: people
"""


def test_they_make_the_same_phone_book_at_first_and_after_every_change(office: Office, other: Protocol) -> None:
    for number, person in people().items():
        office.put(number, person)
        other.put(number, person)
    expected = office.run()
    assert 40 < len(expected) < 64  # some are skipped, and some have no number
    assert other.run() == expected
    for one in (office, other):
        one.remove(3)
        one.remove(61)
        one.put(5, {**people()[5], "PhoneNumbers_BusinessPhone": "+49 89 99998 777", "DisplayName": "Renamed"})
        one.put(70, {"DisplayName": "Zoë New", "Surname": "New", "PhoneNumbers_MobilePhone": "+49 171 39200 70"})
    changed = office.run()
    assert changed != expected
    assert other.run() == changed


# --- which fields they carry -----------------------------------------------------------------------------------------

SOURCES = {"exchange": "Exchange", "microsoft365": "Microsoft 365", "ldap": "LDAP", "carddav": "CardDAV"}
HEAD = PAGE.read_text(encoding="utf-8").split("| Field |")[0] if PAGE.exists() else ""


def carried(source: str) -> set[str]:
    """The fields of contacts that rows of it can have a value in."""
    fields = Plugins().sources[source].fields.fields
    return {field.name for field in fields if not field.blank} & set(CONTACT_FIELDS)


def table() -> str:
    by_source = {source: carried(source) for source in SOURCES}
    lines = [f"| Field | {' | '.join(SOURCES.values())} | CSV |", "|---|---|---|---|---|---|"]
    for name in CONTACT_FIELDS:
        marks = ["yes" if name in by_source[source] else "" for source in SOURCES]
        lines.append(f"| `{name}` | {' | '.join(marks)} | {'from `account:`' if name == 'local_id' else 'a column'} |")
    return "\n".join(lines) + "\n"


def test_the_page_says_which_fields_each_source_carries() -> None:
    told = "docs/same-people.md is not what the plugins say: python tests/functional/test_same_people.py writes it anew"
    assert PAGE.read_text(encoding="utf-8") == HEAD + table(), told


def test_the_rules_above_use_fields_that_all_sources_carry() -> None:
    used = set(re.findall(r"\[([A-Z]\w+)\]", RULES)) | set(re.findall(r"\{\{(\w+)\}\}", RULES)) - {"Name", "Phone"}
    used -= {"Notes", "Town"}
    assert len(used) > 9
    assert used <= set.intersection(*map(carried, SOURCES))


if __name__ == "__main__":
    PAGE.write_text(HEAD + table(), encoding="utf-8")
