"""Damaged answers: cut, miscounted, busy, slow. A stream is whole or it fails; it never merely stops early."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from email.utils import formatdate
from itertools import islice

import pytest
from pbx_exchange.wire import endpoint

from pbx_connector.api import Book, End, SourceError

from .conftest import Middleman, Office, Passing, find_book, rows_of

TITLE = "/Company Contacts/Customers"
Spoil = Callable[[Passing], None]


@pytest.fixture
def big(office: Office) -> str:
    """The title of a folder of three pages."""
    state = office.sandbox.state
    folder = state.add_folder(state.folder("Company Contacts"), "Big")
    for number in range(2500):
        state.add(folder, DisplayName=f"Contact {number}")
    return "/Company Contacts/Big"


def on_page(number: int, spoil: Spoil) -> Spoil:
    """Spoil the n-th page of items, whenever it is asked for."""

    def only(passing: Passing) -> None:
        if passing.operation == "FindItem" and f'Offset="{(number - 1) * 1000}"'.encode() in passing.request:
            spoil(passing)

    return only


def cut(share: float) -> Spoil:
    def spoil(passing: Passing) -> None:
        passing.body = passing.body[: int(len(passing.body) * share)]

    return spoil


def drop(passing: Passing) -> None:
    passing.cut = len(passing.body) // 2


def lose_items(passing: Passing) -> None:
    """As a recovering parser would see a page that was cut: fewer items, and the paging of the whole."""
    passing.body = re.sub(rb"<t:Contact>.*?</t:Contact>", b"", passing.body, count=40)


def rewrite(pattern: bytes, replacement: bytes) -> Spoil:
    def spoil(passing: Passing) -> None:
        passing.body, count = re.subn(pattern, replacement, passing.body)
        assert count

    return spoil


@pytest.mark.parametrize("page", [1, 2, 3])
@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (cut(0.6), "X0501"),
        (cut(0.99), "X0501"),
        (drop, "X0105"),
        (lose_items, "X0501"),
        (rewrite(rb"<t:Items>.*</t:Items>", b"<t:Items/>"), "X0501"),
        (rewrite(rb"<m:RootFolder.*</m:RootFolder>", b""), "X0501"),
        (rewrite(rb"<t:ItemId [^>]*/>", b""), "X0501"),
        (rewrite(rb"(<s:Body[^>]*>).*</s:Body>", rb"\1</s:Body>"), "X0501"),
        (rewrite(rb"NoError", b"ErrorMailboxStoreUnavailable"), "X0304"),
        (rewrite(rb"NoError", b"ErrorInventedLater"), "X0504"),
    ],
)
def test_a_damaged_page_fails_the_book(
    office: Office, middleman: Middleman, big: str, page: int, spoil: Spoil, code: str
) -> None:
    with office.open(url=middleman.url, personal=False) as source:
        book = find_book(source, big)
        middleman.spoil = on_page(page, spoil)
        stream = source.changes(book, None, ())
        items = list(islice(stream, 1000 * (page - 1)))
        with pytest.raises(SourceError) as failure:
            next(stream)
        assert list(stream) == []
    assert len(items) == 1000 * (page - 1)
    assert not any(isinstance(item, End) for item in items)
    assert failure.value.code == code
    assert failure.value.message.startswith(big)


def test_the_last_page_must_say_how_many_there_are(office: Office, middleman: Middleman, big: str) -> None:
    with office.open(url=middleman.url, personal=False) as source:
        book = find_book(source, big)
        middleman.spoil = on_page(3, rewrite(rb"TotalItemsInView", b"Total"))
        with pytest.raises(SourceError) as failure:
            rows_of(source, book)
    assert failure.value.code == "X0501"


def test_a_stopped_server_fails_the_book_in_the_middle(office: Office, big: str) -> None:
    with office.open(personal=False) as source:
        stream = source.changes(find_book(source, big), None, ())
        next(stream)
        office.sandbox.stop()
        with pytest.raises(SourceError):
            list(stream)


def test_an_answer_that_was_damaged_once_is_asked_for_again(office: Office, middleman: Middleman, big: str) -> None:
    times = iter([cut(0.5)])

    def once(passing: Passing) -> None:
        next(times, lambda _: None)(passing)

    with office.open(url=middleman.url, personal=False) as source:
        book = find_book(source, big)
        middleman.spoil = on_page(2, once)
        assert len(rows_of(source, book)) == 2500


def test_what_moved_up_and_is_listed_twice_comes_once(office: Office, middleman: Middleman, big: str) -> None:
    with office.open(personal=False) as source:
        first = rows_of(source, find_book(source, big))[0]

    def repeat(passing: Passing) -> None:
        if b'Offset="1000"' in passing.request:
            key = first.key.encode()
            contact = b'<t:Contact><t:ItemId Id="%b" ChangeKey="x"/></t:Contact>' % key
            passing.body = re.sub(rb"<t:Contact>.*?</t:Contact>", contact, passing.body, count=1)

    with office.open(url=middleman.url, personal=False) as source:
        book = find_book(source, big)
        middleman.spoil = repeat
        keys = [row.key for row in rows_of(source, book)]
    assert len(keys) == len(set(keys)) == 2499


@pytest.mark.parametrize("code", ["ErrorInvalidServerVersion", "ErrorIncorrectSchemaVersion"])
def test_an_older_server_is_spoken_to_in_its_own_version(office: Office, middleman: Middleman, code: str) -> None:
    spoken: list[bytes] = []

    def know_2013_only(passing: Passing) -> None:
        spoken.extend(re.findall(rb'RequestServerVersion Version="(\w+)"', passing.request))
        if spoken[-1] != b"Exchange2013_SP1":
            passing.status = 500
            passing.body = BUSY_FAULT.replace(b"ErrorServerBusy", code.encode())

    middleman.spoil = know_2013_only
    with office.open(url=middleman.url, personal=False) as source:
        assert len(rows_of(source, find_book(source, TITLE))) > 20
    assert spoken[0] == b"Exchange2016"
    assert spoken.count(b"Exchange2016") < len(spoken) / 2, "what was found out once is not asked again each time"
    spoken.clear()
    with office.open(url=middleman.url, personal=False, version="Exchange2013_SP1") as source:
        assert list(source.books())
    assert set(spoken) == {b"Exchange2013_SP1"}


def test_a_server_older_than_any_version_we_speak_is_told(office: Office, middleman: Middleman) -> None:
    def refuse(passing: Passing) -> None:
        passing.status, passing.body = 500, BUSY_FAULT.replace(b"ErrorServerBusy", b"ErrorInvalidServerVersion")

    middleman.spoil = refuse
    with pytest.raises(SourceError) as failure, office.open(url=middleman.url):
        pass
    assert failure.value.code == "X0503"


def test_a_fault_in_one_book_leaves_the_others_alone(office: Office, middleman: Middleman, big: str) -> None:
    def books(source: object) -> Iterator[Book]:
        return (book for book in source.books() if isinstance(book, Book))  # type: ignore[attr-defined]

    with office.open(url=middleman.url) as source:
        middleman.spoil = on_page(3, drop)
        whole, failed = [], []
        for book in books(source):
            try:
                whole.append((book.title, len(rows_of(source, book))))
            except SourceError:
                failed.append(book.title)
    assert failed == [big]
    assert len(whole) >= 9


# --- busy servers --------------------------------------------------------------------------------------------------

BUSY_FAULT = (
    b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault>'
    b"<faultcode>a:ErrorServerBusy</faultcode><faultstring>Busy.</faultstring><detail>"
    b'<e:ResponseCode xmlns:e="http://schemas.microsoft.com/exchange/services/2006/errors">ErrorServerBusy'
    b"</e:ResponseCode>"
    b'<t:MessageXml xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types">'
    b'<t:Value Name="BackOffMilliseconds">300</t:Value></t:MessageXml></detail></s:Fault></s:Body></s:Envelope>'
)
BUSY_MESSAGE = rewrite(
    rb'ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode>',
    b'ResponseClass="Error"><m:MessageText>Busy.</m:MessageText><m:ResponseCode>ErrorServerBusy</m:ResponseCode>'
    b'<m:DescriptiveLinkKey>0</m:DescriptiveLinkKey><m:MessageXml><t:Value Name="BackOffMilliseconds">300</t:Value>'
    b"</m:MessageXml>",
)


def busy_fault(passing: Passing) -> None:
    passing.status, passing.body = 500, BUSY_FAULT


def busy_fault_with_200(passing: Passing) -> None:
    passing.body = BUSY_FAULT


def answer(status: int, **headers: str) -> Spoil:
    def spoil(passing: Passing) -> None:
        passing.status, passing.body = status, b""
        passing.headers.update({name.replace("_", "-"): value for name, value in headers.items()})

    return spoil


def spoil_first(times: int, spoil: Spoil) -> Spoil:
    left = iter([spoil] * times)
    return lambda passing: next(left, lambda _: None)(passing)


@pytest.mark.parametrize(
    ("spoil", "least"),
    [
        (busy_fault, 0.3),
        (busy_fault_with_200, 0.3),
        (BUSY_MESSAGE, 0.3),
        (answer(503, Retry_After="1"), 1.0),
        (answer(429, Retry_After="1"), 1.0),
        (answer(401), 0.0),
    ],
)
def test_a_busy_server_is_given_the_time_that_it_asks_for(
    office: Office, middleman: Middleman, spoil: Spoil, least: float
) -> None:
    with office.open(url=middleman.url, personal=False, patience=300) as source:
        book = find_book(source, TITLE)
        middleman.spoil = spoil_first(1, spoil)
        start = time.monotonic()
        rows = rows_of(source, book)
    assert least <= time.monotonic() - start < least + 100
    assert len(rows) > 20


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (busy_fault, "X0401"),
        (answer(503), "X0401"),
        (answer(503, Retry_After="86400"), "X0401"),
        (answer(429, Retry_After="soon"), "X0401"),
        (answer(401), "X0201"),
        (answer(403), "X0202"),
        (answer(403, Connection="close"), "X0202"),
        (answer(500), "X0402"),
    ],
)
def test_the_time_for_retries_ends_and_a_password_is_not_tried_again_and_again(
    office: Office, middleman: Middleman, spoil: Spoil, code: str
) -> None:
    with office.open(url=middleman.url, personal=False, patience=1) as source:
        book = find_book(source, TITLE)
        middleman.spoil = spoil
        asked = len(middleman.seen)
        start = time.monotonic()
        with pytest.raises(SourceError) as failure:
            rows_of(source, book)
    assert failure.value.code == code
    assert time.monotonic() - start < 100
    if code in ("X0201", "X0202"):
        assert len(middleman.seen) - asked == 2


def test_books_in_parallel_share_a_bounded_number_of_connections(office: Office, middleman: Middleman) -> None:
    with office.open(url=middleman.url, connections=2) as source, ThreadPoolExecutor(8) as pool:
        books = [book for book in source.books() if isinstance(book, Book)]
        alone = [len(rows_of(source, book)) for book in books]
        together = list(pool.map(lambda book: len(rows_of(source, book)), books))
    assert alone == together
    assert middleman.connections <= 2


@pytest.mark.parametrize("ahead", [0.0, 3600.0])
def test_a_busy_server_may_say_until_when(office: Office, middleman: Middleman, ahead: float) -> None:
    """By its own clock, which may be ahead of ours."""

    def busy(passing: Passing) -> None:
        now = time.time() + ahead
        answer(503, Retry_After=formatdate(now + 2, usegmt=True), Date=formatdate(now, usegmt=True))(passing)

    with office.open(url=middleman.url, personal=False, patience=300) as source:
        book = find_book(source, TITLE)
        middleman.spoil = spoil_first(1, busy)
        start = time.monotonic()
        assert len(rows_of(source, book)) > 20
    assert 1.9 <= time.monotonic() - start < 100


def test_a_back_off_outlives_a_change_of_summer_time(monkeypatch: pytest.MonkeyPatch) -> None:
    patience = endpoint.RetryPolicy(60, 1)
    try:
        monkeypatch.setenv("TZ", "Etc/GMT")
        time.tzset()
        patience.back_off(30)
        monkeypatch.setenv("TZ", "Etc/GMT-1")
        time.tzset()
        until = patience.back_off_until
        assert until is not None
        assert 0 < (until - datetime.now()).total_seconds() <= 30
    finally:
        monkeypatch.undo()
        time.tzset()


class AnsweredMeanwhile(endpoint.RetryPolicy):
    """As soon as it is noted that there is trouble, another thread gets an answer."""

    @property
    def _trouble_since(self) -> float | None:
        return self._since

    @_trouble_since.setter
    def _trouble_since(self, since: float | None) -> None:
        self._since = since
        if since is not None:
            self.other = threading.Thread(target=self.answered)
            self.other.start()
            self.other.join(0.5)


def test_an_answer_to_one_book_takes_nothing_from_another_that_fails() -> None:
    policy = AnsweredMeanwhile(60, 1)
    assert policy.trouble() <= time.monotonic()
    policy.other.join()
    assert policy._trouble_since is None


def test_a_back_off_holds_all_books_back(office: Office, middleman: Middleman, monkeypatch: pytest.MonkeyPatch) -> None:
    told, began, back_off = threading.Event(), list[float](), endpoint.RetryPolicy.back_off

    def noted(policy: endpoint.RetryPolicy, seconds: float) -> None:
        began.append(time.monotonic())
        back_off(policy, seconds)
        told.set()

    monkeypatch.setattr(endpoint.RetryPolicy, "back_off", noted)
    with office.open(url=middleman.url, personal=False, patience=300) as source, ThreadPoolExecutor(1) as pool:
        first, second = [book for book in source.books() if isinstance(book, Book)][:2]
        middleman.spoil = spoil_first(1, answer(503, Retry_After="1"))
        held_back = pool.submit(rows_of, source, first)
        assert told.wait(100)
        rows_of(source, second)
        assert time.monotonic() - began[0] >= 1
        assert held_back.result()
