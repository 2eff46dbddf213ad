"""A hostile or broken server: each bound holds, in the unit of the harm, for the whole of a run."""

from __future__ import annotations

import gzip
import itertools
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from pbx_exchange.settings import ExchangeSettings
from pbx_exchange.source import ExchangeSource, open_exchange
from pbx_exchange.wire import endpoint
from pbx_exchange.wire.adapter import TransportOptions, Unprotected
from requests.auth import HTTPDigestAuth

from pbx_connector.api import Account, Book, BookUnknown, Row, SourceContext, SourceError

from .hostile import Answer, HostileServer, contact, envelope, folder, hostile_server, offset_of, page

Spoil = Callable[[str, bytes], Answer | None]


@contextmanager
def opened(server: HostileServer, accounts: int = 0, **changes: Any) -> Iterator[ExchangeSource]:
    given = {
        "email": "pbx@example.com",
        "password": {"env": "EXCHANGE_PASSWORD"},
        "url": server.url,
        "auth": "basic",
        "patience": 2,
        "timeout": 20,
        "personal": accounts > 0,
    }
    users = [Account(str(number), f"user{number}", f"user{number}@example.com") for number in range(accounts)]
    settings = ExchangeSettings.model_validate(given | changes)
    with open_exchange(settings, SourceContext(users, frozenset(("GivenName",)))) as source:
        yield source


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXCHANGE_PASSWORD", "right or wrong")


def failure_of(source: ExchangeSource, book: Book) -> SourceError:
    with pytest.raises(SourceError) as failure:
        list(source.changes(book, None, ()))
    return failure.value


def books_of(source: ExchangeSource) -> list[Book]:
    return [book for book in source.books() if isinstance(book, Book)]


# --- log-ins -------------------------------------------------------------------------------------------------------


def refuse_after(count: int, refusals: list[int]) -> Spoil:
    numbers = itertools.count(1)
    lock = threading.Lock()

    def spoil(operation: str, request: bytes) -> Answer | None:
        with lock:
            number = next(numbers)
            if number <= count:
                return None
            refusals.append(number)
        return Answer(status=401, headers={"WWW-Authenticate": "Basic"})

    return spoil


def test_a_password_that_is_refused_twice_is_not_sent_again_for_any_book() -> None:
    refusals: list[int] = []
    with hostile_server(60) as server, opened(server) as source:
        books = books_of(source)
        server.spoil = refuse_after(12, refusals)
        whole = [list(source.changes(book, None, ())) for book in books[:12]]
        codes = {failure_of(source, book).code for book in books[12:]}
    assert len(books) == 60
    assert all(len(items) == 2 for items in whole)
    assert codes == {"X0201"}
    assert len(refusals) == 2


def test_what_is_on_its_way_as_a_password_is_refused_is_all_that_comes_on_top() -> None:
    refusals: list[int] = []
    with hostile_server(60) as server, opened(server, connections=5) as source:
        books = books_of(source)
        server.spoil = refuse_after(0, refusals)
        with ThreadPoolExecutor(10) as pool:
            assert {error.code for error in pool.map(lambda book: failure_of(source, book), books)} == {"X0201"}
    assert len(refusals) <= 5


def test_mailboxes_that_refuse_us_are_not_tried_one_after_the_other() -> None:
    """Also where other requests go well in between, as with several servers behind one address."""
    refusals: list[bytes] = []

    def refuse_mailboxes(operation: str, request: bytes) -> Answer | None:
        if b"user" not in request:
            return None
        refusals.append(request)
        return Answer(status=401, headers={"WWW-Authenticate": "Basic"})

    with hostile_server() as server:
        server.spoil = refuse_mailboxes
        with opened(server, accounts=60, connections=1) as source:
            unknown = [found for found in source.books() if isinstance(found, BookUnknown)]
    assert len(unknown) == 60
    assert len(refusals) <= 5


def test_a_proxy_that_refuses_us_twice_is_not_asked_again() -> None:
    with hostile_server() as proxy:
        proxy.spoil = lambda operation, request: Answer(status=407, headers={"Proxy-Authenticate": "Basic"})
        address = proxy.url.removesuffix("/ews/exchange.asmx")
        login: dict[str, Any] = {"proxy_username": "pbx", "proxy_password": {"env": "EXCHANGE_PASSWORD"}}
        with hostile_server(60) as server:
            for _ in range(2):
                with pytest.raises(SourceError) as failure, opened(server, proxy=address, **login):
                    pass
                assert failure.value.code == "X0106"
    assert proxy.counts.total() == 2


# --- memory --------------------------------------------------------------------------------------------------------

MIB = 1024 * 1024
NODES = b"<a/>" * (15 * MIB)
BOMBS: dict[str, Callable[[], bytes]] = {
    "elements": lambda: NODES,
    "elements within the list": lambda: envelope("FindItem", [page("Items", "<t:Contact/>" * (4 * MIB), total=1)]),
    "attributes": lambda: b"<a %b/>" % b" ".join(b'a%d=""' % number for number in range(2 * MIB)),
    "texts": lambda: b"<a>x</a>" * (7 * MIB),
    "one text": lambda: b"<a>" + b"x" * (200 * MIB) + b"</a>",
    "wide text": lambda: (b"<a>" + b"x" * (30 * MIB) + b"</a>").decode().encode("utf-16"),
    "depth": lambda: b"<a>" * (10 * MIB),
}
RUN = """
import os, resource, sys
from concurrent.futures import ThreadPoolExecutor
from pbx_exchange.settings import ExchangeSettings
from pbx_exchange.source import open_exchange
from pbx_connector.api import Book, SourceContext, SourceError
resource.setrlimit(resource.RLIMIT_AS, (6 << 30, 6 << 30))
given = {"email": "pbx@example.com", "password": {"env": "EXCHANGE_PASSWORD"}, "url": sys.argv[1], "auth": "basic",
         "patience": 0, "personal": False}
def read(book):
    try:
        return sum(1 for _ in source.changes(book, None, ()))
    except SourceError as error:
        return error.code
fields = frozenset(("GivenName",))
with open_exchange(ExchangeSettings.model_validate(given), SourceContext((), fields)) as source:
    books = [book for book in source.books() if isinstance(book, Book)]
    with ThreadPoolExecutor(10) as pool:
        print(*sorted({str(found) for found in pool.map(read, books)}))
status = open("/proc/self/status").read()  # what getrusage says starts with the memory of the process before
print(int(status.partition("VmHWM:")[2].split()[0]) // 1024)
"""


def run_against(server: HostileServer) -> tuple[str, int]:
    """What came of the books, and the peak of memory of a process of its own, in MiB."""
    command = [sys.executable, "-c", RUN, server.url]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False, env=dict(os.environ))
    assert ended.returncode == 0, ended.stderr[-2000:]
    *found, peak = ended.stdout.splitlines()
    return found[0], int(peak)


@pytest.mark.parametrize("bomb", BOMBS)
def test_ten_books_at_once_from_a_hostile_server_stay_below_a_gibibyte(bomb: str) -> None:
    packed = gzip.compress(BOMBS[bomb](), 1)
    with hostile_server(10) as server:
        hurt = Answer(packed, headers={"Content-Encoding": "gzip"})
        server.spoil = lambda operation, request: hurt if operation == "FindItem" else None
        found, peak = run_against(server)
    assert found in ("X0505", "X0501")
    assert peak < 1024


def test_ten_answers_as_large_as_may_be_stay_below_a_gibibyte() -> None:
    inside = "<t:X/>" * 75 + "<t:GivenName>\U0001f6b2</t:GivenName>"
    items = "".join(contact(f"c{number}", inside) for number in range(1000))
    large = Answer(envelope("FindItem", [page("Items", items, total=1000)]))
    with hostile_server(10) as server:
        server.spoil = lambda operation, request: large if operation == "FindItem" else None
        found, peak = run_against(server)
    assert found == "1001"
    assert peak < 1024


def test_names_that_are_made_up_do_not_stay_in_memory() -> None:
    """A parser that lives on keeps every name that it ever saw: 13 MiB more with each of these answers."""
    numbers = itertools.count()

    def name_anew(operation: str, request: bytes) -> Answer | None:
        if operation != "FindItem":
            return None
        inside = "".join(f"<n{next(numbers)}{'x' * 300}/>" for _ in range(8000))
        offset = offset_of(request)
        following = offset + 1 if offset < 59 else None
        items = contact(f"c{offset}", inside) + "".join(contact(f"d{n}") for n in range(0 if following else 1440))
        return Answer(envelope(operation, [page("Items", items, total=1500, next_offset=following)]))

    with hostile_server(1) as server:
        server.spoil = name_anew
        found, peak = run_against(server)
    assert found == "1501"
    assert peak < 150


def test_cookies_without_end_are_not_kept() -> None:
    with hostile_server(300) as server:
        numbers = itertools.count()
        server.spoil = lambda operation, request: Answer(
            server._tame(operation, request).body, headers={"Set-Cookie": f"c{next(numbers)}={'x' * 4000}; Path=/"}
        )
        with opened(server, connections=1) as source:
            for book in books_of(source):
                list(source.changes(book, None, ()))
            session = source._finders["public"]._connection._endpoint.get_session()  # type: ignore[attr-defined]
            assert 0 < sum(len(cookie.value or "") for cookie in session.cookies) <= 8192


# --- lists ---------------------------------------------------------------------------------------------------------


def items_without_end(make: Callable[[int], str], announced: int) -> Spoil:
    def spoil(operation: str, request: bytes) -> Answer | None:
        if operation != "FindItem":
            return None
        offset = offset_of(request)
        items = "".join(make(number) for number in range(offset, offset + 10))
        return Answer(envelope(operation, [page("Items", items, total=announced, next_offset=offset + 10)]))

    return spoil


@pytest.mark.parametrize(
    ("make", "announced", "most"),
    [
        (lambda number: contact(f"c{number % 10}"), 10**9, 10),  # one page, again and again
        (lambda number: contact(f"c{number % 30}"), 10**9, 10),  # three pages in turn
        (lambda number: contact(f"c{number}"), 51, 130),  # always something new, far more than announced
    ],
)
def test_a_list_without_end_ends(make: Callable[[int], str], announced: int, most: int) -> None:
    with hostile_server() as server, opened(server) as source:
        (book,) = books_of(source)
        server.spoil = items_without_end(make, announced)
        assert failure_of(source, book).code == "X0506"
    assert server.counts["FindItem"] <= most


def test_folders_without_end_end(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = itertools.count()

    def grow(operation: str, request: bytes) -> Answer | None:
        if operation != "FindFolder":
            return None
        offset = offset_of(request)
        found = "".join(folder(f"f{next(numbers)}", "x", children=1) for _ in range(1000))
        more = page("Folders", found, total=10**9, next_offset=offset + 1000)
        return Answer(envelope(operation, [more] * request.count(b"FolderId Id=")))

    most = 20_000
    monkeypatch.setattr(endpoint, "MOST_FOLDERS", most)
    with hostile_server() as server, opened(server) as source:
        server.spoil = grow
        (unknown,) = list(source.books())
    assert isinstance(unknown, BookUnknown)
    assert unknown.problem.code == "X0506"
    assert server.counts["FindFolder"] <= most // 1000 + 1


def test_folders_deeper_than_deep_make_no_endless_path() -> None:
    def chain(operation: str, request: bytes) -> Answer | None:
        if operation != "FindFolder":
            return None
        found = "".join(folder(f"f{number}", "x" * 200, parent=f"f{number - 1}") for number in range(5000))
        return Answer(envelope(operation, [page("Folders", found, total=5000)]))

    with hostile_server() as server, opened(server, public=False, shared={"owners": ["ann@example.com"]}) as source:
        server.spoil = chain
        found = list(source.books())
    assert [one.problem.code for one in found if isinstance(one, BookUnknown)] == ["X0501"]


# --- waiting, and numbers --------------------------------------------------------------------------------------------

BUSY = (
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault><faultcode>a</faultcode>'
    '<faultstring>b</faultstring><detail><e:ResponseCode xmlns:e="http://schemas.microsoft.com/exchange/services/2006/'
    'errors">ErrorServerBusy</e:ResponseCode><t:MessageXml xmlns:t="http://schemas.microsoft.com/exchange/services/'
    '2006/types"><t:Value Name="BackOffMilliseconds">{}</t:Value></t:MessageXml></detail></s:Fault></s:Body>'
    "</s:Envelope>"
)
MESSAGE = (
    '<m:FindItemResponseMessage ResponseClass="Error"><m:MessageText>x</m:MessageText><m:ResponseCode>ErrorServerBusy'
    '</m:ResponseCode><m:MessageXml><t:Value Name="BackOffMilliseconds">{}</t:Value></m:MessageXml>'
    "</m:FindItemResponseMessage>"
)
ODD = ["1", "0", "-5", "²", "9" * 5000, "soon", "", "1e400", "٣"]


def busy_fault(told: str) -> Answer:
    return Answer(BUSY.format(told).encode(), status=500)


def busy_message(told: str) -> Answer:
    whole = envelope("FindItem", [""]).decode()
    start, end = whole.index("<m:FindItemResponseMessage"), whole.index("</m:ResponseMessages>")
    return Answer((whole[:start] + MESSAGE.format(told) + whole[end:]).encode())


def busy_status(told: str) -> Answer:
    return Answer(status=503, headers={"Retry-After": told.encode().decode("latin-1")})


@pytest.mark.parametrize("told", ODD, ids=lambda told: told[:8])
@pytest.mark.parametrize("busy", [busy_fault, busy_message, busy_status])
def test_a_busy_server_is_not_asked_more_often_than_a_few_times(busy: Callable[[str], Answer], told: str) -> None:
    with hostile_server() as server, opened(server, patience=1) as source:
        (book,) = books_of(source)
        server.spoil = lambda operation, request: busy(told) if operation == "FindItem" else None
        assert failure_of(source, book).code == "X0401"
    assert server.counts["FindItem"] <= 4


@pytest.mark.parametrize("told", ODD[2:], ids=lambda told: told[:8])
def test_a_number_that_is_none_is_an_answer_that_makes_no_sense(told: str) -> None:
    with hostile_server() as server, opened(server) as source:
        (book,) = books_of(source)
        whole = envelope("FindItem", [page("Items", contact("c"), total=1)]).decode()
        body = whole.replace('TotalItemsInView="1"', f'TotalItemsInView="{told}"').encode()
        server.spoil = lambda operation, request: Answer(body) if operation == "FindItem" else None
        assert failure_of(source, book).code == "X0501"
        counted = folder("f", "x").replace("Count>0<", f"Count>{told}<")
        body = envelope("FindFolder", [page("Folders", counted, total=1)])
        server.spoil = lambda operation, request: Answer(body) if operation == "FindFolder" else None
        assert [one.title for one in books_of(source)] == ["/x"]


# --- encodings -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "iso-8859-1", "us-ascii", "utf-8"])
@pytest.mark.parametrize("declared", ["by HTTP", "in the document"])
def test_an_answer_comes_in_an_encoding_that_nobody_disputes(encoding: str, declared: str) -> None:
    name = "Anna" if encoding == "us-ascii" else "Änne"
    assert given_name(name, encoding, encoding, declared) == name


@pytest.mark.parametrize("encoding", ["utf-7", "utf-32", "cp1252", "gb18030", "x-unheard-of", "base64_codec"])
@pytest.mark.parametrize("declared", ["by HTTP", "in the document"])
def test_an_answer_in_another_encoding_is_refused(encoding: str, declared: str) -> None:
    with pytest.raises(SourceError) as failure:
        given_name("+AMQ-nne", "utf-8", encoding, declared)
    assert failure.value.code == "X0501"


def given_name(name: str, encoding: str, declared: str, where: str) -> object:
    items = page("Items", contact("c", f"<t:GivenName>{name}</t:GivenName>"), total=1)
    text = envelope("FindItem", [items]).decode()
    kind = f"text/xml; charset={declared}"
    if where == "in the document":
        text, kind = f'<?xml version="1.0" encoding="{declared}"?>{text}', "text/xml"
    answer = Answer(text.encode(encoding), headers={"Content-Type": kind})
    with hostile_server() as server, opened(server) as source:
        (book,) = books_of(source)
        server.spoil = lambda operation, request: answer if operation == "FindItem" else None
        (row,) = (item for item in source.changes(book, None, ()) if isinstance(item, Row))
    return row.values["GivenName"]


# --- credentials in the open ---------------------------------------------------------------------------------------

CREDENTIALS: dict[str, dict[str, Any]] = {
    "basic": {"auth": "basic"},
    "ntlm": {"auth": "ntlm"},
    "kerberos": {"auth": "kerberos", "password": None},
    "token": {
        "auth": "auto",
        "password": None,
        "oauth": {"tenant": "t", "client_id": "c", "client_secret": {"env": "EXCHANGE_PASSWORD"}},
    },
}


@pytest.mark.parametrize("kind", CREDENTIALS)
def test_no_kind_of_credential_goes_over_an_open_network(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pbx_exchange.connection.is_installed", lambda: True)  # no ticket is taken
    with hostile_server() as server:
        open_address = server.url.replace("127.0.0.1", "exchange.example.com")
        with pytest.raises(SourceError) as failure, opened(server, **CREDENTIALS[kind], url=open_address):
            pass
    assert failure.value.code == "X0207"


def test_digest_is_not_answered_over_an_open_network() -> None:
    """requests answers it unasked, below its sessions; here a proxy asks, in the name of another machine."""
    asked = Answer(b"", 401, {"WWW-Authenticate": 'Digest realm="r", nonce="n", qop="auth"'})
    with hostile_server() as server:
        server.spoil = lambda operation, request: asked
        session = TransportOptions(5, proxies={"http": server.url}).session()
        session.auth = HTTPDigestAuth("ann", "a password")
        with pytest.raises(Unprotected):
            session.post("http://exchange.example.com/ews/exchange.asmx", data=b"<a/>")


def test_a_client_secret_does_not_go_to_an_open_sign_in_address() -> None:
    oauth = CREDENTIALS["token"]["oauth"] | {"authority": "http://login.example.com/t"}
    changes: dict[str, Any] = {"auth": "auto", "password": None, "oauth": oauth}
    with hostile_server() as server, pytest.raises(SourceError) as failure, opened(server, **changes):
        pass
    assert failure.value.code == "X0207"
