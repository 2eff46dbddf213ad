"""A server that answers what a test wants it to, over HTTP on loopback, and counts what it is asked."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
_NAMESPACES = (
    f'xmlns:s="{SOAP}" xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages" '
    'xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types"'
)


class _Quiet(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Clients hang up in the middle of what is too much for them."""


@dataclass
class Answer:
    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


def envelope(operation: str, messages: list[str]) -> bytes:
    """The answer to one operation; each message is what follows `NoError`."""
    told = "".join(
        f'<m:{operation}ResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode>{message}'
        f"</m:{operation}ResponseMessage>"
        for message in messages
    )
    return (
        f"<s:Envelope {_NAMESPACES}><s:Body><m:{operation}Response><m:ResponseMessages>{told}"
        f"</m:ResponseMessages></m:{operation}Response></s:Body></s:Envelope>"
    ).encode()


def folder(identifier: str, name: str, parent: str = "top", *, total: int = 0, children: int = 0) -> str:
    return (
        f'<t:ContactsFolder><t:FolderId Id="{identifier}"/><t:ParentFolderId Id="{parent}"/>'
        f"<t:FolderClass>IPF.Contact</t:FolderClass><t:DisplayName>{name}</t:DisplayName>"
        f"<t:TotalCount>{total}</t:TotalCount><t:ChildFolderCount>{children}</t:ChildFolderCount></t:ContactsFolder>"
    )


def page(container: str, inside: str, *, total: int, next_offset: int | None = None) -> str:
    last = "true" if next_offset is None else "false"
    where = "" if next_offset is None else f'IndexedPagingOffset="{next_offset}" '
    return (
        f'<m:RootFolder {where}TotalItemsInView="{total}" IncludesLastItemInRange="{last}">'
        f"<t:{container}>{inside}</t:{container}></m:RootFolder>"
    )


def contact(key: str, inside: str = "") -> str:
    return f'<t:Contact><t:ItemId Id="{key}" ChangeKey="1"/>{inside}</t:Contact>'


class HostileServer:
    """Has some public folders of contacts; `answers` says what else it does, by operation."""

    def __init__(self, books: int = 1) -> None:
        self.books = [f"book-{number}" for number in range(books)]
        self.counts: Counter[str] = Counter()
        self.requests: list[bytes] = []
        self.spoil: Callable[[str, bytes], Answer | None] = lambda operation, request: None
        """The answer to an operation in place of the one of a tame server."""
        self._lock = threading.Lock()
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                answer = server._answer(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response_only(answer.status)
                headers = {"Content-Type": "text/xml; charset=utf-8"} | answer.headers
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = _Quiet(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/ews/exchange.asmx"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, request: bytes) -> Answer:
        operation = request.partition(b"Body>")[2].partition(b"<m:")[2].split(b" ")[0].split(b">")[0].decode()
        with self._lock:
            self.counts[operation] += 1
        return self.spoil(operation, request) or self._tame(operation, request)

    def _tame(self, operation: str, request: bytes) -> Answer:
        if operation == "FindFolder":
            books = "".join(folder(book, book, total=1) for book in self.books)
            return Answer(envelope(operation, [page("Folders", books, total=len(self.books))]))
        if operation == "GetFolder":
            wanted = [match.decode() for match in re.findall(rb'FolderId Id="([^"]*)"', request)]
            return Answer(
                envelope(operation, [f"<m:Folders>{folder(one, one, total=1)}</m:Folders>" for one in wanted])
            )
        return Answer(envelope(operation, [page("Items", contact("c", "<t:GivenName>A</t:GivenName>"), total=1)]))


@contextmanager
def hostile_server(books: int = 1) -> Iterator[HostileServer]:
    server = HostileServer(books)
    try:
        yield server
    finally:
        server.stop()


def offset_of(request: bytes) -> int:
    return int(re.search(rb'Offset="(\d+)"', request)[1])  # type: ignore[index]
