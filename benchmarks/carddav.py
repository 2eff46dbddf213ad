"""The CardDAV source against parsers alone: an address book of 10,000 cards on a server of its own process.

    python benchmarks/carddav.py [CARDS] [ROUNDS]

CPU seconds of this process: reading the book (requests, XML, vCards, rows), and the cards' texts alone, which are there
already, with this source's parser and with vobject. The three take turns, so that all meet the same load.
"""

from __future__ import annotations

import http.client
import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import Pipe, Process
from multiprocessing.connection import Connection
from statistics import median
from typing import ClassVar
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

import vobject
from pbx_carddav.fields import FIELDS
from pbx_carddav.rows import RowReader
from pbx_carddav.settings import CardDavSettings
from pbx_carddav.source import open_carddav
from pbx_carddav.vcard import read_card

from pbx_connector.api import Book, End, Row, Source, SourceContext

BOOK = "/dav/pbx/contacts/"
NAMES = frozenset(FIELDS.names())
CARD = """\
BEGIN:VCARD
VERSION:3.0
PRODID:-//Example//EN
UID:00000000-0000-4000-8000-{n:012d}
FN:Given{n} Surname{n}
N:Surname{n};Given{n};;Dr.;
ORG:Example GmbH;Department {unit}
TITLE:Engineer
TEL;TYPE=WORK,VOICE:+49 89 {n:06d}
TEL;TYPE=CELL:+49 170 {n:07d}
item1.TEL:+49 30 {n:06d}
item1.X-ABLabel:_$!<HomeFax>!$_
EMAIL;TYPE=INTERNET:u{n}@example.test
ADR;TYPE=WORK:;;Street {n};Munich;;{n:05d};Germany
BDAY:1980-05-01
CATEGORIES:Customers,South
NOTE:A note\\, with a comma\\nand a second line
REV:20260101T000000Z
END:VCARD
"""
_OPEN = (
    '<?xml version="1.0" encoding="utf-8"?>\n<d:multistatus xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:carddav">'
)
_PRINCIPAL = (
    "<d:current-user-principal><d:href>/dav/pbx/</d:href></d:current-user-principal>"
    "<c:addressbook-home-set><d:href>/dav/pbx/</d:href></c:addressbook-home-set>"
)


def card(number: int) -> str:
    return CARD.format(n=number, unit=number % 50).replace("\n", "\r\n")


def response(href: str, properties: str) -> str:
    found = f"<d:propstat><d:prop>{properties}</d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat>"
    return f"<d:response><d:href>{href}</d:href>{found}</d:response>"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    cards: ClassVar[dict[str, str]] = {}
    asked: ClassVar[int] = 0

    def do_PROPFIND(self) -> None:
        listed = response(self.path, f"<d:resourcetype><d:collection/></d:resourcetype>{_PRINCIPAL}")
        if self.headers["Depth"] == "1" and self.path == "/dav/pbx/":
            kind = "<d:resourcetype><d:collection/><c:addressbook/></d:resourcetype>"
            listed += response(BOOK, f"{kind}<d:displayname>Contacts</d:displayname><d:sync-token>t</d:sync-token>")
        self._answer(listed)

    def do_REPORT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if "sync-collection" in body:
            names = [] if "<d:sync-token>t<" in body else self.cards
            told = "".join(response(BOOK + name, "<d:getetag>&quot;1&quot;</d:getetag>") for name in names)
            self._answer(told + "<d:sync-token>t</d:sync-token>")
        else:
            self._answer("".join(self.cards[href.removeprefix(BOOK)] for href in re.findall("<d:href>(.*?)</", body)))

    def do_GET(self) -> None:
        """How much was asked so far."""
        self.wfile.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n%d" % Handler.asked)
        self.close_connection = True

    def _answer(self, inner: str) -> None:
        if self.command == "PROPFIND":
            self.rfile.read(int(self.headers["Content-Length"]))
        Handler.asked += 1
        content = (_OPEN + inner + "</d:multistatus>").encode()
        self.send_response(207)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        pass


def serve(count: int, told: Connection) -> None:
    for number in range(count):
        data = f"<c:address-data>{escape(card(number), {chr(13): '&#13;'})}</c:address-data>"
        name = f"{number}.vcf"
        Handler.cards[name] = response(BOOK + name, f"<d:getetag>&quot;1&quot;</d:getetag>{data}")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.send(server.server_address[1])
    server.serve_forever()


@contextmanager
def server(count: int) -> Iterator[str]:
    ours, theirs = Pipe()
    process = Process(target=serve, args=(count, theirs))
    process.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}/dav/"
    finally:
        process.terminate()
        process.join()


def requests(url: str) -> int:
    connection = http.client.HTTPConnection(urlsplit(url).netloc)
    connection.request("GET", "/")
    return int(connection.getresponse().read())


def processor(what: Callable[[], object]) -> float:
    begun = time.process_time()
    what()
    return time.process_time() - begun


def read(url: str, count: int) -> None:
    os.environ["BENCH_PASSWORD"] = "secret"
    given = {"url": url, "username": "pbx", "password": {"env": "BENCH_PASSWORD"}}
    with open_carddav(CardDavSettings.model_validate(given), SourceContext((), NAMES)) as source:
        (book,) = source.books()
        assert isinstance(book, Book)
        *rows, end = source.changes(book, None, ())
        assert sum(isinstance(row, Row) for row in rows) == count
        assert isinstance(end, End)


def nothing_changed(url: str) -> tuple[int, float]:
    """Requests and CPU seconds of a book in which nothing changed."""
    given = {"url": url, "username": "pbx", "password": {"env": "BENCH_PASSWORD"}}
    with open_carddav(CardDavSettings.model_validate(given), SourceContext((), NAMES)) as source:
        (book,) = source.books()
        assert isinstance(book, Book)
        *_, end = source.changes(book, None, ())
        assert isinstance(end, End)
        before = requests(url)
        spent = processor(lambda: _unchanged(source, book, end.checkpoint))
        return requests(url) - before, spent


def _unchanged(source: Source, book: Book, checkpoint: str | None) -> None:
    assert [type(item) for item in source.changes(book, checkpoint, ())] == [End]


def main() -> None:
    count, rounds = (int(word) for word in [*sys.argv[1:], *["10000", "5"][len(sys.argv) - 1 :]])
    texts = [card(number) for number in range(count)]
    reader = RowReader(NAMES)
    ways: dict[str, Callable[[], object]] = {
        "our parser alone": lambda: [read_card(text) for text in texts],
        "our parser and rows": lambda: [reader.read(read_card(text)) for text in texts],
        "vobject alone": lambda: [vobject.readOne(text) for text in texts],
    }
    with server(count) as url:
        before = requests(url)
        read(url, count)
        print(f"requests                 {requests(url) - before}")
        spent: dict[str, list[float]] = {name: [] for name in (*ways, "this source")}
        for _ in range(rounds):
            for name, way in ways.items():
                spent[name].append(processor(way))
            spent["this source"].append(processor(lambda: read(url, count)))
        for name, seconds in spent.items():
            print(f"{name:24} {median(seconds):.2f} s ({min(seconds):.2f} to {max(seconds):.2f})")
        for name in ways:
            ratios = [mine / other for mine, other in zip(spent["this source"], spent[name], strict=True)]
            print(f"this source / {name}: {median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")
        asked, seconds_again = nothing_changed(url)
        print(f"nothing changed          {asked} request, {seconds_again * 1000:.1f} ms")


if __name__ == "__main__":
    main()
