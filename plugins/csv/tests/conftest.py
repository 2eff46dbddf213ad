"""A plain HTTP server that has one file, and the bad luck that real ones have."""

from __future__ import annotations

import hashlib
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import trustme
from pbx_csv.plugin import pbx_sources
from pbx_csv.settings import CsvSettings

from pbx_connector.api import Account, Book, Problem, SourceContext, StreamItem

(CSV,) = pbx_sources()
ACCOUNTS = (Account("7", "ann", "ann@example.com"), Account("8", "bob", "bob@example.com"))


class WebServer:
    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.content = b""
        self.status = 200
        self.content_type = "text/csv"
        self.etags = True
        self.cut = False
        """The connection ends after half of the file."""
        self.silent = False
        self.over = threading.Event()
        self.drips = False
        self.location = ""
        self.wanted: str | None = None
        """The header `Authorization` that it takes; None: anything."""
        self.asked: list[dict[str, str]] = []
        """The headers of all requests."""
        self.answered: list[int] = []
        """Their status."""
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        if tls is not None:
            self._http.socket = tls.wrap_socket(self._http.socket, server_side=True)
        scheme = "https" if tls else "http"
        self.url = f"{scheme}://127.0.0.1:{self._http.server_address[1]}/people.csv"

    def __enter__(self) -> WebServer:
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self._http.shutdown()
        self._http.server_close()

    @property
    def etag(self) -> str:
        return f'"{hashlib.sha256(self.content).hexdigest()}"'


def _handler(server: WebServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server.asked.append(dict(self.headers))
            if self.path == "/people.csv" and server.location:
                self.answer(302, Location=server.location)
            elif server.wanted is not None and self.headers["Authorization"] != server.wanted:
                self.answer(401)
            elif server.status != 200:
                self.answer(server.status)
            elif server.etags and self.headers["If-None-Match"] == server.etag:
                self.answer(304)
            else:
                tag = {"ETag": server.etag} if server.etags else {}
                self.answer(200, server.content, **{"Content-Type": server.content_type}, **tag)

        def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
            server.answered.append(status)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            sent = body[: len(body) // 2] if server.cut or server.silent else body
            for piece in (sent[at : at + 1] for at in range(len(sent))) if server.drips else [sent]:
                self.wfile.write(piece)
                time.sleep(0.1 if server.drips else 0)
            if server.silent:
                server.over.wait(60)
            self.close_connection = True

        def log_message(self, *_: Any) -> None:
            pass

    return Handler


@pytest.fixture
def web() -> Iterator[WebServer]:
    with WebServer() as server:
        yield server


@pytest.fixture(scope="session")
def trust() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def authority(trust: trustme.CA, tmp_path: Path) -> Path:
    trust.cert_pem.write_to_path(tmp_path / "ca.pem")
    return tmp_path / "ca.pem"


@pytest.fixture
def secure_web(trust: trustme.CA) -> Iterator[WebServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trust.issue_cert("127.0.0.1").configure_cert(context)
    with WebServer(context) as server:
        yield server


Read = Callable[..., list[StreamItem]]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "people.csv"


@pytest.fixture
def read(path: Path) -> Read:
    """All that the stream of one list has, from a file with that content."""

    def read(content: bytes | str | None, fields: tuple[str, ...] = (), **settings: Any) -> list[StreamItem]:
        if content is not None:
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        given = {"settle": 0} | ({} if "url" in settings or "folder" in settings else {"file": str(path)}) | settings
        context = SourceContext(ACCOUNTS, frozenset(fields))
        with CSV.open(CsvSettings.model_validate(given), context) as source:
            (found,) = (found for found in source.books() if not isinstance(found, Problem))
            book = found if isinstance(found, Book) else found.book
            return list(source.changes(book, None, ()))

    return read
