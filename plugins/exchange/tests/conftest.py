"""A sandbox Exchange, the source opened on it, and a middleman that spoils answers on their way."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import urllib3.util.connection
from pbx_exchange import discovery
from pbx_exchange.sandbox import Sandbox
from pbx_exchange.settings import ExchangeSettings
from pbx_exchange.source import ExchangeSource, open_exchange

from pbx_connector.api import Account, Book, BookUnknown, End, Row, SourceContext, SourceError, StreamItem

_NAMES = ("DisplayName", "GivenName", "Surname", "CompanyName", "Department", "EmailAddresses_EmailAddress1")
_PHONES = ("BusinessPhone", "MobilePhone", "HomePhone", "BusinessFax")
STANDARD = frozenset((*_NAMES, *(f"PhoneNumbers_{phone}" for phone in _PHONES), "local_id"))


@pytest.fixture
def sandbox(ews_schema: Path | None) -> Iterator[Sandbox]:
    with Sandbox.start(validate=ews_schema) as running:
        yield running
        assert running.violations == []


class Office:
    """The source, opened on a sandbox the way a run would open it."""

    def __init__(self, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sandbox = sandbox
        self.accounts = [Account(one.id, one.username, one.email) for one in sandbox.accounts]
        self.fields = STANDARD
        monkeypatch.setenv("EXCHANGE_PASSWORD", sandbox.password)

    def settings(self, **changes: Any) -> ExchangeSettings:
        values = {
            "email": self.sandbox.email,
            "password": {"env": "EXCHANGE_PASSWORD"},
            "url": self.sandbox.url,
            "auth": "basic",
            "patience": 0,
            "timeout": 10,
        }
        return ExchangeSettings.model_validate(values | changes)

    @contextmanager
    def open(self, **changes: Any) -> Iterator[ExchangeSource]:
        with open_exchange(self.settings(**changes), SourceContext(self.accounts, self.fields)) as source:
            yield source

    def read(self, **changes: Any) -> dict[str, list[Row]]:
        """All rows by the title of their book."""
        with self.open(**changes) as source:
            return {book.title: rows_of(source, book) for book in source.books() if isinstance(book, Book)}


@pytest.fixture
def office(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Office:
    return Office(sandbox, monkeypatch)


def items_of(source: ExchangeSource, book: Book, known: Iterable[tuple[str, str]] = ()) -> list[StreamItem]:
    return list(source.changes(book, None, known))


def rows_of(source: ExchangeSource, book: Book) -> list[Row]:
    *items, end = items_of(source, book)
    assert isinstance(end, End)
    return [item for item in items if isinstance(item, Row)]


def find_book(source: ExchangeSource, title: str) -> Book:
    return next(book for book in source.books() if isinstance(book, Book) and book.title == title)


def unknowns(source: ExchangeSource) -> list[BookUnknown]:
    return [book for book in source.books() if isinstance(book, BookUnknown)]


@dataclass
class Passing:
    """One answer on its way through the middleman."""

    operation: str
    request: bytes
    status: int
    headers: dict[str, str]
    body: bytes
    cut: int | None = None
    """Send only so many bytes, then drop the connection."""


class Middleman:
    """A proxy in front of a sandbox; `spoil` may change each answer."""

    def __init__(self, target: str) -> None:
        self.spoil: Callable[[Passing], None] = lambda passing: None
        self.drip = 0.0
        """Seconds between the bytes of an answer."""
        self.connections = 0
        """Opened so far."""
        self.seen: list[dict[str, str]] = []
        middleman = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                super().setup()
                middleman.connections += 1

            def do_POST(self) -> None:
                middleman._pass(self, target)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}{urlsplit(target).path}"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _pass(self, handler: BaseHTTPRequestHandler, target: str) -> None:
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        self.seen.append(dict(handler.headers))
        passing = _forward(target, dict(handler.headers), body)
        self.spoil(passing)
        handler.send_response_only(passing.status)
        for name, value in passing.headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(passing.body)))
        handler.end_headers()
        for piece in _pieces(passing.body[: passing.cut], 1 if self.drip else len(passing.body) or 1):
            handler.wfile.write(piece)
            handler.wfile.flush()
            time.sleep(self.drip)
        handler.close_connection = passing.cut is not None


def _pieces(body: bytes, size: int) -> Iterator[bytes]:
    return (body[start : start + size] for start in range(0, len(body), size))


def _forward(target: str, headers: dict[str, str], body: bytes) -> Passing:
    connection = http.client.HTTPConnection(urlsplit(target).netloc, timeout=100)
    connection.request("POST", urlsplit(target).path, body, headers)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    kept = {name: value for name, value in answer.getheaders() if name.lower() in ("content-type", "www-authenticate")}
    operation = body.partition(b"Body>")[2].partition(b"<m:")[2].split(b" ")[0].split(b">")[0].decode()
    return Passing(operation, body, answer.status, kept, content)


@pytest.fixture
def middleman(sandbox: Sandbox) -> Iterator[Middleman]:
    running = Middleman(sandbox.url)
    yield running
    running.stop()


class Internet:
    """Names that lead to loopback ports, on port 443 as well; all others are unknown."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ports: dict[str, int] = {}
        self.asked: list[str] = []
        self._connect = urllib3.util.connection.create_connection
        monkeypatch.setattr(urllib3.util.connection, "create_connection", self._create_connection)
        monkeypatch.setattr("pbx_exchange.discovery.socket.getaddrinfo", self._getaddrinfo)
        monkeypatch.setattr(discovery._Steps, "DNS_RESOLVER_LIFETIME", 0.1)

    def _create_connection(self, address: tuple[str, int], *args: Any, **settings: Any) -> socket.socket:
        host, port = address
        self.asked.append(host)
        if host in self.ports:
            return self._connect(("127.0.0.1", self.ports[host]), *args, **settings)
        if host == "127.0.0.1":
            return self._connect((host, port), *args, **settings)
        raise socket.gaierror(f"{host} is not known")

    def _getaddrinfo(self, host: str, port: int, *args: Any, **settings: Any) -> list[Any]:
        if host in self.ports or host == "127.0.0.1":
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", self.ports.get(host, port)))]
        raise socket.gaierror(f"{host} is not known")


@pytest.fixture
def internet(monkeypatch: pytest.MonkeyPatch) -> Internet:
    return Internet(monkeypatch)


MakeOffice = Callable[..., Office]


@pytest.fixture
def make_office(monkeypatch: pytest.MonkeyPatch) -> Iterator[MakeOffice]:
    running: list[Sandbox] = []

    def make(**how: Any) -> Office:
        running.append(Sandbox.start(**how))
        return Office(running[-1], monkeypatch)

    yield make
    for sandbox in running:
        sandbox.stop()


def fail(office: Office, **changes: Any) -> SourceError:
    with pytest.raises(SourceError) as failure, office.open(**changes):
        pass
    return failure.value


def count_books(office: Office, **changes: Any) -> int:
    with office.open(**changes) as source:
        assert unknowns(source) == []
        return sum(isinstance(book, Book) for book in source.books())
