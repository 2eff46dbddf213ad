"""Whatever is asked in whatever way, a telephone hears of its own phone system alone.

Devices and entries have the same ids everywhere. Each entry carries the mark of its phone system, so that one of
another in any answer, header or log line is seen; and a question is answered as if there were no other phone system.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pbx_directory.ldap.filters import Comparing, Comparison, Filter, Held, Pieces
from requests.auth import AuthBase, HTTPBasicAuth, HTTPDigestAuth

from pbx_connector.api import Content, Entry

from . import ldap_support as ldap
from .ldap_support import Client
from .many_support import ANNS, HALL, Many, host, secret_of, token

TENANTS = ("acme", "bolt", "cork")
MARKS = {tenant: f"marker-{tenant}" for tenant in TENANTS}
ENTRIES, QUESTIONS = 12, 5
FORMATS = ("yealink", "snom-browser", "cisco", "gigaset", "json", "vcard", "csv")


def fill(many: Many, tenant: str, chance: random.Random) -> None:
    """Ids, accounts and numbers as in all others: only the marks differ."""
    new = []
    for number in range(ENTRIES):
        mark = f"{MARKS[tenant]} {chance.choice(['anna', 'bo'])}"
        fields = {"display_name": mark, "organisation": mark, "phone": f"+49301{number % 5:04}", "notes": mark}
        new.append(Entry(0, Content(chance.choice([None, "1"]), fields, {"Of": mark})))
    many.replace_entries(tenant, new)


@dataclass
class Phone:
    """A device of a tenant that asks by all its ways in turn, with the right secret or with one of another tenant."""

    many: Many
    tenant: str
    device: str
    chance: random.Random
    heard: str = ""

    def get(self, path: str) -> None:
        way = self.chance.randrange(5)
        at, prefix, auth = "", "", None
        if way in (0, 1):
            at = host(self.tenant)
        if way == 0:
            prefix = f"{token(self.tenant, self.device)}/"
        elif way == 2:
            prefix = f"{self.tenant}/{token(self.tenant, self.device)}/"
        if way in (1, 3, 4):
            user = self.device if way == 1 else f"{self.device}@{self.tenant}"
            kind: type[AuthBase] = self.chance.choice([HTTPBasicAuth, HTTPDigestAuth])
            auth = kind(user, secret_of(self.tenant, self.device))  # type: ignore[call-arg]
        answer = self.many.get(prefix + path, at, auth=auth)
        assert answer.status_code == 200, (way, answer.text)
        self.note(answer)

    def note(self, answer: requests.Response) -> None:
        self.heard += f"{answer.headers} {answer.text}"

    def search(self) -> None:
        way = self.chance.randrange(3)
        with self.many.connected(host(self.tenant) if way == 0 else "") as client:
            for tenant in (self.chance.choice(TENANTS), self.tenant):  # somebody else may have been bound before
                chance = random.Random(self.chance.random())  # what one is told changes no question to the other
                name = {1: f"{self.device}@{tenant}", 2: f"uid={self.device},ou=devices,o={tenant},dc=phonebook"}
                bound = client.ask(ldap.bind(name.get(way, self.device), secret_of(tenant, self.device)))
                if tenant != self.tenant and bound.code == 0:
                    heard = self.heard
                    self.page(client, chance)
                    self.heard = heard  # it was told to the other one
            assert bound.code == 0
            self.page(client, chance)

    def page(self, client: Client, chance: random.Random) -> None:
        questions: list[Filter] = [Held("cn"), Pieces("cn", b"marker")]
        questions += [Comparison(Comparing.EQUAL, "telephoneNumber", b"+493010001")]
        questions += [Comparison(Comparing.EQUAL, "o", f"{mark} anna".encode()) for mark in MARKS.values()]
        asked = chance.choice(questions)
        cookie = b""
        while True:
            found = client.ask(ldap.search(asked, ldap.paged(3, cookie)))
            self.heard += repr(found.entries)
            if not (cookie := found.cookie) or chance.random() < 0.3:
                return

    def ask(self) -> None:
        number = f"%2B49301{self.chance.randrange(5):04}"
        other = self.chance.choice([*MARKS.values(), "anna", "marker"])
        match self.chance.randrange(5):
            case 0:
                self.get(f"caller?number={number}&format=json")
            case 1:
                self.get(f"book?term={other}")
            case 2:
                self.get(f"book?label=Of={MARKS[self.chance.choice(TENANTS)]} anna")
            case 3:
                self.get("book")
            case _:
                self.search()


@pytest.fixture
def three(many: Many) -> Many:
    many.add("cork")
    return many


@settings(max_examples=4, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**32))
def test_nothing_of_another_phone_system_is_heard(three: Many, seed: int) -> None:
    chance = random.Random(seed)
    for tenant in TENANTS:
        fill(three, tenant, chance)
        for device, account in ((HALL, None), (ANNS, "1")):
            three.put_device(tenant, device, account, format=chance.choice(FORMATS))
    phones = [Phone(three, tenant, device, chance) for tenant in TENANTS for device in (HALL, ANNS)]
    for _ in range(QUESTIONS):
        for phone in chance.sample(phones, len(phones)):
            phone.ask()
    assert any(MARKS[phone.tenant] in phone.heard for phone in phones), "nobody was told anything"
    for phone in phones:
        others = set(TENANTS) - {phone.tenant}
        # A question may name another one, and is shown again in links: as a parameter, not as an entry.
        told = phone.heard
        for tenant in others:
            told = told.replace(f"term={MARKS[tenant]}", "").replace(f"Of%3D{MARKS[tenant]}", "")
            assert MARKS[tenant] not in told, (phone.tenant, seed)


@settings(max_examples=4, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**32))
def test_counts_pages_and_errors_are_as_if_one_were_alone(three: Many, seed: int) -> None:
    """Asked before and after the others have changed: every octet is the same, but for cookies and the time."""

    def told() -> list[str]:
        questions = random.Random(seed)
        heard = []
        for _ in range(QUESTIONS):
            phone = Phone(three, "acme", questions.choice([HALL, ANNS]), questions)
            phone.ask()
            heard.append(phone.heard)
        return [plain(text) for text in heard]

    chance = random.Random(seed)
    fill(three, "acme", chance)
    fill(three, "bolt", chance)
    before = told()
    fill(three, "bolt", chance)
    three.store("cork").add_entry(Content(None, {"display_name": "new", "phone": "1"}))
    assert told() == before


def plain(text: str) -> str:
    for other in ("bolt", "cork"):
        text = text.replace(MARKS[other], "")
    return re.sub(r"'date': '[^']*'|nonce=\S+", "", text)


def test_no_log_line_of_one_names_another(three: Many, capfd: pytest.CaptureFixture[str]) -> None:
    capfd.readouterr()
    for secret in ("acme", "bolt"):
        three.get(f"acme/{HALL}-{secret_of(secret, ANNS)}/b")
        three.get("b", host("acme"), auth=HTTPBasicAuth(HALL, secret_of("bolt", HALL)))
    printed = "".join(capfd.readouterr())
    assert printed.count("a wrong secret") == 4
    assert "bolt" not in printed
    for tenant in TENANTS:
        assert secret_of(tenant, HALL) not in printed
