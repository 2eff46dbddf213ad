"""A conversation of one client with the directory, in octets and without a network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pbx_directory.access import Gate
from pbx_directory.dialing import DialForm
from pbx_directory.ldap.codes import Code
from pbx_directory.ldap.filters import Comparing, Comparison, Filter, Pieces
from pbx_directory.ldap.limits import Limits
from pbx_directory.ldap.messages import read_request
from pbx_directory.ldap.session import Directory, Session

from pbx_connector.api import DeviceReader, PhoneBook, Store
from pbx_connector.stores import open_store

from . import ldap_support as ldap
from .ldap_support import Answer, Login

LIMITS = Limits(entries=50)


class Talk:
    """A session, spoken with in octets."""

    def __init__(self, store: Store, *, form: DialForm | None = None, limits: Limits = LIMITS, trusted: bool = False):
        self.store = store
        self.gate = Gate(DeviceReader(lambda: store), ldap.LOOPBACK if trusted else [])
        book = PhoneBook(lambda: store)
        self.directory = Directory(book, self.gate, dial_form=lambda device: form or DialForm(), limits=limits)
        self.limits = limits
        self.session = Session(self.directory, "127.0.0.1")

    def ask(self, request: bytes) -> Answer:
        pieces = b"".join(self.session.answer(read_request(request, self.limits)))
        (answer,) = ldap.answers_of(pieces)
        return answer

    def login(self, account: str | None = None) -> Login:
        known = ldap.login(self.store, account)
        assert self.ask(ldap.bind(known.dn, known.secret)).code == Code.SUCCESS
        return known

    def found(self, asked: Filter, **more: object) -> list[str]:
        answer = self.ask(ldap.search(asked, **more))  # type: ignore[arg-type]
        assert answer.code == Code.SUCCESS, answer
        return answer.names


def filled(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    url = "memory:" if request.param == "memory" else f"sqlite:///{tmp_path / 'book.db'}"
    with open_store(url) as store:
        ldap.fill(store)
        yield store


def logged_in(store: Store) -> Talk:
    """As the company's own phone."""
    talk = Talk(store)
    talk.login()
    return talk


def equal(attribute: str, value: str) -> Filter:
    return Comparison(Comparing.EQUAL, attribute, value.encode())


def begins(attribute: str, value: str) -> Filter:
    return Pieces(attribute, value.encode())
