"""Whatever a server sends, ten address books that are read at once stay within the bound on memory."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from pbx_carddav.phones import phones_of
from pbx_carddav.vcard import NotACard, read_card
from pbx_carddav.wire.multistatus import DamagedAnswer, Multistatus, OversizedAnswer, Response

from .dav_server import multistatus, response

HOME = "/dav/pbx/"
MIB = 1024 * 1024
KIND = "<d:resourcetype><d:collection/><c:addressbook/></d:resourcetype><d:sync-token>t</d:sync-token>"
RUN = """
import resource, sys
from concurrent.futures import ThreadPoolExecutor
from pbx_carddav.settings import CardDavSettings
from pbx_carddav.source import open_carddav
from pbx_carddav.fields import FIELDS
from pbx_connector.api import Book, SourceContext, SourceError, Unreadable
resource.setrlimit(resource.RLIMIT_AS, (6 << 30, 6 << 30))
def read(book):
    try:
        return {i.problem.code if isinstance(i, Unreadable) else "read" for i in source.changes(book, None, ())}
    except SourceError as error:
        return {error.code}
given = {"url": sys.argv[1], "patience": 0, "timeout": 300}
with open_carddav(CardDavSettings.model_validate(given), SourceContext((), frozenset(FIELDS.names()))) as source:
    books = [book for book in source.books() if isinstance(book, Book)]
    with ThreadPoolExecutor(10) as pool:
        print(*sorted(set().union(*pool.map(read, books))))
status = open("/proc/self/status").read()  # what getrusage says starts with the memory of the process before
print(int(status.partition("VmHWM:")[2].split()[0]) // 1024)
"""
PROPERTY = "<d:response><d:href>x.vcf</d:href><d:propstat><d:prop>"
LISTS: dict[str, Callable[[], str]] = {
    "elements": lambda: "<a/>" * (4 * MIB),
    "elements in a property": lambda: f"{PROPERTY}<a>{'<b/>' * (4 * MIB)}",
    "properties": lambda: PROPERTY + "<a/>" * (4 * MIB),
    "one text": lambda: "<a>" + "x" * (50 * MIB),
    "one wide text": lambda: "<a>\U0001f6b2" + "x" * (10 * MIB),
    "hrefs": lambda: "<d:response>" + "<d:href>x</d:href>" * MIB,
    "an entity": lambda: "&a;",
    "depth": lambda: "<a>" * 1000,
}


def read_all(reader: Multistatus, content: bytes) -> None:
    for start in range(0, len(content), 65536):
        reader.feed(content[start : start + 65536])
    reader.close()


@pytest.mark.parametrize("keeps", [True, False])
@pytest.mark.parametrize("inner", LISTS)
def test_an_answer_without_measure_is_refused_as_it_arrives(inner: str, keeps: bool) -> None:
    found: list[Response] = []
    content = multistatus(LISTS[inner]()).encode()
    with pytest.raises((OversizedAnswer, DamagedAnswer)):
        read_all(Multistatus(found.append, 4 * MIB, keeps=keeps), content)
    assert not found


@pytest.mark.parametrize(
    "text",
    [
        "A:1\n" * MIB,
        "A;ENCODING=QUOTED-PRINTABLE:1=\n" * MIB,
        "NOTE:" + "x" * (2 * MIB),
        "\n".join(["NOTE:" + "x" * MIB] * 3),
        "NOTE:" + "x\n " * MIB + "x" * MIB,
    ],
    ids=["lines", "soft line breaks", "a text", "texts", "folds"],
)
def test_a_card_without_measure_is_refused(text: str) -> None:
    with pytest.raises(NotACard):
        read_card(f"BEGIN:VCARD\n{text}\nEND:VCARD\n")


def test_a_picture_does_not_count() -> None:
    card = read_card("BEGIN:VCARD\nPHOTO;ENCODING=b:" + "A" * (8 * MIB) + "\nTEL:1\nEND:VCARD\n")
    assert [phone.number for phone in phones_of(card)] == ["1"]


@pytest.mark.parametrize("line", ["TEL" + ";A=1" * MIB + ":2", "TEL:tel:2" + ";ext=1" * MIB, "TEL:" + "2" * MIB])
def test_a_number_without_measure_costs_nothing_else(line: str) -> None:
    card = read_card(f"BEGIN:VCARD\n{line[:900_000]}\nTEL:1\nEND:VCARD\n")
    assert {phone.number[:1] for phone in phones_of(card)} <= {"1", "2"}
    assert sum(len(phone.number) for phone in phones_of(card)) < 1000


@contextmanager
def hostile(listed: bytes, cards: bytes) -> Iterator[str]:
    """Ten address books, each with these answers, packed."""

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            content = found if self.command == "PROPFIND" else cards if b"address-data" in body else listed
            self.send_response(207)
            self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_PROPFIND = do_REPORT = _answer

        def log_message(self, format: str, *args: object) -> None:
            pass

    found = gzip.compress(multistatus("".join(response(f"{HOME}{n}/", KIND) for n in range(10))).encode())
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}{HOME}"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("wide", ["", "NOTE:\U0001f6b2\n"], ids=["narrow", "wide"])
def test_ten_cards_as_large_as_may_be_stay_below_a_gibibyte(wide: str) -> None:
    """The names of the cards are the whole path, so that they are one for all ten books."""
    text = "PHOTO:" + "A" * ((2 if wide else 10) * MIB) + "\nFN:x\n" + wide
    data = f"<d:getetag>1</d:getetag><c:address-data>BEGIN:VCARD\n{text}END:VCARD\n</c:address-data>"
    member = response("/x.vcf", "<d:getetag>1</d:getetag>") + "<d:sync-token>u</d:sync-token>"
    listed, cards = (gzip.compress(multistatus(one).encode(), 1) for one in (member, response("/x.vcf", data)))
    with hostile(listed, cards) as url:
        command = [sys.executable, "-c", RUN, url]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=250, check=False, env=dict(os.environ))
    assert ended.returncode == 0, ended.stderr[-2000:]
    found, peak = ended.stdout.splitlines()
    assert found == "read"
    assert int(peak) < 1024
    print(peak)
