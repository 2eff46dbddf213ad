"""A private entry never leaves for another account's device: in no search, order, count, page, limit or error.

Each entry carries a marker that nothing else has. And as if that were not enough, every answer is the same once the
entries of others are gone: so nothing of an answer depends on them.
"""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pbx_directory.access import Gate
from pbx_directory.dialing import DialForm
from pbx_directory.ldap.filters import Comparing, Comparison, Filter, Or, Pieces
from pbx_directory.ldap.limits import Limits
from pbx_directory.ldap.messages import read_request
from pbx_directory.ldap.session import Directory, Session

from pbx_connector.api import Content, DeviceReader, PhoneBook, Store
from pbx_connector.stores import open_store

from . import ldap_support as ldap
from .ldap_support import Answer
from .slapd_oracle import Question, answers, question

LIMITS = Limits(entries=20)
ENTRIES = 30
QUESTIONS = 25


def marked(chance: random.Random, number: int) -> Content:
    account = chance.choice([None, "1", "2"])
    mark = f"marker{number:04}"
    fields = {"display_name": f"{mark} {chance.choice(['anna', 'bo'])}"}
    others = {"first_name": mark, "last_name": mark, "organisation": mark, "email": f"{mark}@x.test", "notes": mark}
    numbers = {"phone": f"+4930{number:07}", "mobile": f"+49171{number:07}", "home_phone": f"0301{number:06}"}
    fields |= {name: value for name, value in (others | numbers).items() if chance.random() < 0.6}
    return Content(account, fields, {mark: mark} if chance.random() < 0.5 else {})


class Snoop:
    """A client of one account, who asks about everybody's entries."""

    def __init__(self, store: Store, account: str | None, *, bound: bool) -> None:
        gate = Gate(DeviceReader(lambda: store), ldap.LOOPBACK)
        directory = Directory(PhoneBook(lambda: store), gate, dial_form=lambda device: DialForm(), limits=LIMITS)
        self._session = Session(directory, "127.0.0.1")
        self.heard = b""
        if bound:
            known = ldap.login(store, account)
            assert self.ask(ldap.bind(known.dn, known.secret)).code == 0

    def ask(self, request: bytes) -> Answer:
        heard = b"".join(self._session.answer(read_request(request, LIMITS)))
        self.heard += heard
        (answer,) = ldap.answers_of(heard)
        return answer


def curious(chance: random.Random) -> Filter:
    """About one entry, whosever it is."""
    number = chance.randrange(ENTRIES)
    mark = f"marker{number:04}"
    about: list[Filter] = [
        Pieces("cn", mark.encode()),
        Comparison(Comparing.EQUAL, "mail", f"{mark}@x.test".encode()),
        Comparison(Comparing.EQUAL, "pbxLabel", f"{mark}: {mark}".encode()),
        Comparison(Comparing.EQUAL, "telephoneNumber", f"+4930{number:07}".encode()),
        Comparison(Comparing.EQUAL, "homePhone", f"0301{number:06}".encode()),
        Pieces("mobile", final=f"{number:07}".encode()),
        Comparison(Comparing.EQUAL, "uid", str(number + 1).encode()),
        Comparison(Comparing.AT_LEAST, "cn", mark.encode()),
    ]
    return Or(tuple(chance.sample(about, 2)))


def asked_of(snoop: Snoop, seed: int) -> list[object]:
    """All that is heard, without the random names of pages."""
    chance, found = random.Random(seed), list[object]()
    for _ in range(QUESTIONS):
        asked = question(chance, ENTRIES)
        if chance.random() < 0.4:
            asked = Question(curious(chance), size=chance.choice([0, 1, 3]), page=chance.choice([0, 0, 2]))
        for answer in answers(snoop, asked):  # type: ignore[arg-type] # asks as a client does
            answer.controls.pop("1.2.840.113556.1.4.319", None)
            found.append(answer)
        entry = f"uid={chance.randrange(1, ENTRIES + 1)},ou={chance.choice(['private', 'company'])},dc=phonebook"
        found.append(snoop.ask(ldap.compare(entry, "cn", f"marker{chance.randrange(ENTRIES):04} anna")))
    return found


@pytest.fixture(scope="module", params=[(None, False), (None, True), ("1", True)], ids=["anybody", "company", "ann"])
def who(request: pytest.FixtureRequest) -> Any:
    return request.param


@settings(max_examples=8)
@given(st.integers(0, 2**32))
def test_nothing_of_somebody_else_is_heard(who: tuple[str | None, bool], seed: int) -> None:
    account, bound = who
    chance = random.Random(seed)
    with open_store("memory:") as store:
        ldap.fill(store)
        for known in list(store.entries()):
            store.remove_entry(known.id)
        contents = [marked(chance, number) for number in range(ENTRIES)]
        ids = [store.add_entry(content).id for content in contents]
        others = [number for number, content in enumerate(contents) if content.account not in (None, account)]
        snoop = Snoop(store, account, bound=bound)
        heard = asked_of(snoop, seed)
        for number in others:
            assert f"marker{number:04}".encode() not in snoop.heard
            store.remove_entry(ids[number])
        assert asked_of(snoop, seed) == heard


def test_the_markers_of_one_s_own_entries_are_heard() -> None:
    with open_store("memory:") as store:
        ldap.fill(store)
        ldap.add(store, "marker0001", account="1")
        snoop = Snoop(store, "1", bound=True)
        snoop.ask(ldap.search(Pieces("cn", b"marker")))
        assert b"marker0001" in snoop.heard
