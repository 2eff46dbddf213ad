"""A small CardDAV server whose answers a test can spoil: for what Radicale never does.

It keeps cards in memory, answers PROPFIND and REPORT, and writes down what it was asked.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote, unquote
from xml.sax.saxutils import escape

HOME = "/dav/books/pbx/"
PRINCIPAL = "/dav/principals/pbx/"
BOOK = HOME + "contacts/"
_OPEN = (
    '<?xml version="1.0" encoding="utf-8"?>\n<d:multistatus xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:carddav" '
    'xmlns:s="http://calendarserver.org/ns/">'
)
_CLOSE = "</d:multistatus>"


@dataclass
class Request:
    method: str
    path: str
    depth: str
    body: str
    authorization: str

    @property
    def kind(self) -> str:
        """`sync`, `multiget`, `list` (of a book), or `find` for all before that."""
        if self.method == "REPORT":
            return "sync" if "sync-collection" in self.body else "multiget"
        return "list" if "getetag" in self.body else "find"


@dataclass
class Reply:
    status: int
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False
    """Half of the body is sent, and the connection closed."""
    delay: float = 0
    """Seconds between two pieces."""


Spoil = Callable[[Request, Reply], Reply]


@dataclass
class DavServer:
    cards: dict[str, tuple[str, str]] = field(default_factory=dict)
    """By name: ETag and text."""
    requests: list[Request] = field(default_factory=list)
    spoil: Spoil = lambda request, reply: reply
    has_sync: bool = True
    has_ctag: bool = True
    is_there: bool = True
    changes: list[tuple[str, bool]] = field(default_factory=list)
    """Names in the order in which they changed, and whether they are still there."""
    port: int = 0
    home_host: str = ""
    """Where the home is said to be, if on another host."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def put(self, name: str, text: str) -> None:
        self.cards[name] = (f'"{len(self.changes)}"', text)
        self.changes.append((name, True))

    def delete(self, name: str) -> None:
        del self.cards[name]
        self.changes.append((name, False))

    def count(self, kind: str) -> int:
        return sum(request.kind == kind for request in self.requests)

    # --- answers ----------------------------------------------------------------------------------------------------

    def answer(self, request: Request) -> Reply:
        self.requests.append(request)
        return self.spoil(request, self._answer(request))

    def _answer(self, request: Request) -> Reply:
        path = unquote(request.path)
        if path == "/.well-known/carddav":
            return Reply(301, headers={"Location": "/dav/"})
        if request.method == "REPORT" and self.is_there and path == BOOK:
            return self._sync(request.body) if request.kind == "sync" else self._multiget(request.body)
        if request.method == "PROPFIND" and path.rstrip("/") + "/" in self._places():
            return self._propfind(path.rstrip("/") + "/", request)
        return Reply(404)

    def _places(self) -> tuple[str, ...]:
        return ("/dav/", PRINCIPAL, HOME, *([BOOK] if self.is_there else []))

    def _propfind(self, path: str, request: Request) -> Reply:
        listed = [self._place(path)]
        if request.depth == "1" and path == HOME and self.is_there:
            listed.append(self._place(BOOK))
        if request.depth == "1" and path == BOOK:
            listed += [_member(name, etag) for name, (etag, _) in self.cards.items()]
        return Reply(207, _OPEN + "".join(listed) + _CLOSE)

    def _place(self, path: str) -> str:
        kind = "<d:collection/>" + ("<c:addressbook/>" if path == BOOK else "")
        properties = f"<d:resourcetype>{kind}</d:resourcetype>"
        properties += f"<d:current-user-principal><d:href>{PRINCIPAL}</d:href></d:current-user-principal>"
        if path == PRINCIPAL:
            properties += f"<c:addressbook-home-set><d:href>{self.home_host}{HOME}</d:href></c:addressbook-home-set>"
        if path == BOOK:
            properties += "<d:displayname>Contacts</d:displayname>"
            properties += f"<d:sync-token>{self.token}</d:sync-token>" if self.has_sync else ""
            properties += f"<s:getctag>{self.token}</s:getctag>" if self.has_ctag else ""
        return response(path, properties)

    @property
    def token(self) -> str:
        return f"urn:sync:{len(self.changes)}"

    def _sync(self, body: str) -> Reply:
        token = re.search(r"<d:sync-token>(.*?)</d:sync-token>", body)
        if not self.has_sync:
            return Reply(415)
        since = token[1].rpartition(":")[2] if token else ""
        if since and not since.isdigit():
            return Reply(403, '<d:error xmlns:d="DAV:"><d:valid-sync-token/></d:error>')
        changed = self.changes[int(since) :] if since else [(name, True) for name in self.cards]
        last = dict(changed)
        told = [_member(name, self.cards[name][0]) for name in last if name in self.cards]
        told += [status(BOOK + quote(name), 404) for name in last if since and name not in self.cards]
        return Reply(207, _OPEN + "".join(told) + f"<d:sync-token>{self.token}</d:sync-token>" + _CLOSE)

    def _multiget(self, body: str) -> Reply:
        hrefs = [href.replace("&amp;", "&") for href in re.findall(r"<d:href>(.*?)</d:href>", body)]
        return Reply(207, _OPEN + "".join(self._card(href) for href in hrefs) + _CLOSE)

    def _card(self, href: str) -> str:
        found = self.cards.get(unquote(href).removeprefix(BOOK))
        if found is None:
            return status(href, 404)
        etag, text = found
        data = f"<c:address-data>{escape(text, {chr(13): '&#13;'})}</c:address-data>"
        return response(href, f"<d:getetag>{escape(etag)}</d:getetag>{data}")


def _member(name: str, etag: str) -> str:
    return response(BOOK + quote(name), f"<d:getetag>{escape(etag)}</d:getetag><d:resourcetype/>")


def response(href: str, properties: str, code: int = 200) -> str:
    propstat = f"<d:propstat><d:prop>{properties}</d:prop><d:status>HTTP/1.1 {code} X</d:status></d:propstat>"
    return f"<d:response><d:href>{escape(href)}</d:href>{propstat}</d:response>"


def status(href: str, code: int, inner: str = "") -> str:
    return f"<d:response><d:href>{escape(href)}</d:href><d:status>HTTP/1.1 {code} X</d:status>{inner}</d:response>"


def multistatus(inner: str) -> str:
    return _OPEN + inner + _CLOSE


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    dav: DavServer

    def _do(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        asked = Request(
            self.command, self.path, self.headers.get("Depth", ""), body, self.headers.get("Authorization", "")
        )
        reply = self.dav.answer(asked)
        content = reply.body.encode("utf-8", "surrogateescape")
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        content = content[: len(content) // 2] if reply.cut else content
        for start in range(0, len(content), 50 if reply.delay else max(1, len(content))):
            self.wfile.write(content[start:][: 50 if reply.delay else None])
            time.sleep(reply.delay)
        self.close_connection = reply.cut

    do_PROPFIND = do_REPORT = _do

    def log_message(self, format: str, *args: object) -> None:
        pass


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 50


@contextmanager
def serving(server: DavServer) -> Iterator[DavServer]:
    handler = type("Handler", (_Handler,), {"dav": server})
    with _Listener(("127.0.0.1", 0), handler) as listener:
        server.port = listener.server_address[1]
        thread = threading.Thread(target=listener.serve_forever, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            listener.shutdown()
            thread.join()
