"""Answers that take too long or are too large: an end in time, within the memory there is, and the rest is read."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest
from pbx_exchange.sandbox.faults import Fault
from pbx_exchange.wire import adapter, endpoint

from pbx_connector.api import Book, End, Row, SourceError, Unreadable

from .conftest import Middleman, Office, Passing, find_book, rows_of

TITLE = "/Company Contacts/Customers"


def test_an_answer_that_drips_ends_in_time(office: Office, middleman: Middleman) -> None:
    with office.open(url=middleman.url, personal=False, timeout=3) as source:
        book = find_book(source, TITLE)
        middleman.drip = 0.2
        start = time.monotonic()
        with pytest.raises(SourceError) as failure:
            rows_of(source, book)
    assert failure.value.code == "X0104"
    assert time.monotonic() - start < 100


@pytest.mark.parametrize("auth", ["basic", "ntlm", "auto"])
def test_a_refusal_that_drips_ends_in_time(office: Office, middleman: Middleman, auth: str) -> None:
    def refuse(passing: Passing) -> None:
        passing.status, passing.body = 401, b"x" * 100
        passing.headers["WWW-Authenticate"] = "NTLM TlRMTVNTUAACAAAA" if auth == "ntlm" else "Basic"

    middleman.spoil, middleman.drip = refuse, 0.2
    start = time.monotonic()
    with pytest.raises(SourceError) as failure, office.open(url=middleman.url, auth=auth, timeout=3):
        pass
    assert failure.value.code == "X0104"
    assert time.monotonic() - start < 100


@pytest.mark.parametrize("auth", ["basic", "ntlm"])
def test_a_refusal_larger_than_any_answer_is_not_read(
    office: Office, middleman: Middleman, monkeypatch: pytest.MonkeyPatch, auth: str
) -> None:
    """`requests` reads the page of a 401 by itself, however large."""

    def refuse(passing: Passing) -> None:
        passing.status, passing.body = 401, b"x" * 2000
        passing.headers["WWW-Authenticate"] = "NTLM"

    middleman.spoil = refuse
    monkeypatch.setattr(adapter, "LARGEST_ANSWER", 1000)
    with pytest.raises(SourceError) as failure, office.open(url=middleman.url, auth=auth):
        pass
    assert failure.value.code == "X0505"


def test_a_dead_server_is_waited_for_once_and_not_by_each_book(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "UNANSWERED_SECONDS", 2.4)
    with office.open(timeout=2) as source:
        books = [book for book in source.books() if isinstance(book, Book)][:16]
        office.sandbox.faults.add(Fault(name="silent", times=None))
        start = time.monotonic()
        for book in books:
            with pytest.raises(SourceError):
                rows_of(source, book)
        assert time.monotonic() - start < 50  # each by itself: 70
        office.sandbox.faults.clear()
        read: list[Row] = []
        for _ in range(100):  # each only looks, for 0.4 s, which a busy machine may need for more than an answer
            with suppress(SourceError):
                read = rows_of(source, books[0])
                break
        assert read


def test_an_answer_larger_than_any_is_refused(
    office: Office, middleman: Middleman, monkeypatch: pytest.MonkeyPatch
) -> None:
    with office.open(url=middleman.url, personal=False) as source:
        book = find_book(source, TITLE)
        monkeypatch.setattr(adapter, "LARGEST_ANSWER", 1000)
        with pytest.raises(SourceError) as failure:
            rows_of(source, book)
    assert failure.value.code == "X0505"


@pytest.mark.parametrize(("size", "largest"), [(11_000_000, adapter.LARGEST_ANSWER), (60_000, 30_000)])
def test_a_contact_too_large_to_be_read_fails_alone(
    office: Office, middleman: Middleman, monkeypatch: pytest.MonkeyPatch, size: int, largest: int
) -> None:
    office.fields = frozenset(("DisplayName", "Notes"))
    mama = office.sandbox.state.find(DisplayName="Mama")
    note = b"<t:Body BodyType='Text'>%b</t:Body>" % (b"x" * size)

    def write_a_lot(passing: Passing) -> None:
        if passing.operation == "GetItem" and mama.id.encode() in passing.body:
            start = passing.body.index(b"/>", passing.body.index(mama.id.encode())) + 2
            passing.body = passing.body[:start] + note + passing.body[start:]

    with office.open(url=middleman.url, public=False) as source:
        book = find_book(source, "anna: /Contacts")
        monkeypatch.setattr(adapter, "LARGEST_ANSWER", largest)
        middleman.spoil = write_a_lot
        *items, end = source.changes(book, None, ())
    assert isinstance(end, End)
    assert sum(isinstance(item, Row) for item in items) == 2
    assert [(item.key, item.problem.code) for item in items if isinstance(item, Unreadable)] == [(mama.id, "X0505")]
