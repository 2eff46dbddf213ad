"""The CardDAV source keeps what every source promises: on Radicale, and on servers that tell changes in other ways."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager

import pytest
from pbx_carddav.plugin import pbx_sources
from pbx_carddav.source import CardDavSource

from pbx_connector.api import Account, Book, Source, SourceType
from pbx_connector.testing import MovingSourceContract, SourceContract, SourceStage

from .conftest import Office
from .dav_server import BOOK, DavServer, Reply, Request, serving, status
from .radicale import SERVICE, Radicale, card


@pytest.fixture
def source_type() -> SourceType:
    return pbx_sources()[0]


FULL = (
    "TEL;TYPE=WORK,VOICE:+49 89 1",
    "TEL;TYPE=CELL:+49 170 1",
    "item1.TEL:+49 89 2",
    "item1.X-ABLabel:Durchwahl",
    "ORG:Berg & Co;Sales",
    "EMAIL;TYPE=INTERNET:anna@example.test",
    "ADR;TYPE=WORK:;;Weg 1;Ulm;;89073;Germany",
    "BDAY:1980-05-01",
    "CATEGORIES:Friends,Ulm",
    "NOTE:First\\nsecond",
)


class TestRadicale(SourceContract):
    @pytest.fixture
    def source(self, radicale: Radicale, office: Office) -> Iterator[CardDavSource]:
        book = radicale.book(SERVICE, "customers", "Customers")
        for text in (card("Anna Berg", *FULL), card("Bob Lee"), card("All", "KIND:group", version="4.0")):
            radicale.put(book, text)
        radicale.book(SERVICE, "empty", "Empty")
        radicale.put(radicale.book("ada", "private", "Private"), card("Cy Young"))
        office.accounts = [Account("1", "ada")]
        with office.open(personal={"url": radicale.url + "/{username}/"}) as source:
            yield source


class RadicaleStage(SourceStage):
    def __init__(self, server: Radicale, office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
        self._server = server
        self._office = office
        self._monkeypatch = monkeypatch
        self._book = server.book(SERVICE, "customers", "Customers")
        self._number = 0
        for _ in range(3):
            self.add()

    def open(self) -> AbstractContextManager[Source]:
        return self._office.open()

    def is_staged(self, book: Book) -> bool:
        return book.title == "Customers"

    def count(self) -> int:
        return len(list(self._book.glob("*.vcf")))

    def add(self) -> None:
        self._server.put(self._book, card(f"Contact {self._number}"))
        self._number += 1

    def change(self) -> None:
        self._server.put(self._book, card("Contact 0", "ORG:Changed"))

    def remove(self) -> None:
        (self._book / "contact-1.vcf").unlink()

    def remove_book(self) -> None:
        shutil.rmtree(self._book)

    def cut_short(self) -> None:
        pytest.skip("Radicale has no limits; the server below has")

    def break_down(self) -> None:
        self._server.stop()


class TestMovingRadicale(MovingSourceContract):
    @pytest.fixture
    def stage(self, radicale: Radicale, office: Office, monkeypatch: pytest.MonkeyPatch) -> SourceStage:
        return RadicaleStage(radicale, office, monkeypatch)


class OtherStage(SourceStage):
    """A server of the tests: `cut` says how it ends its lists too early."""

    def __init__(self, server: DavServer, office: Office, cut: str) -> None:
        self._server = server
        self._office = office
        self._cut = cut
        self._number = 0
        for _ in range(3):
            self.add()

    def open(self) -> AbstractContextManager[Source]:
        return self._office.open()

    def is_staged(self, book: Book) -> bool:
        return True

    def count(self) -> int:
        return len(self._server.cards)

    def add(self) -> None:
        self._server.put(f"{self._number}.vcf", card(f"Contact {self._number}"))
        self._number += 1

    def change(self) -> None:
        self._server.put("0.vcf", card("Contact 0", "ORG:Changed"))

    def remove(self) -> None:
        self._server.delete("1.vcf")

    def remove_book(self) -> None:
        self._server.is_there = False

    def cut_short(self) -> None:
        self._server.spoil = self._shorten

    def break_down(self) -> None:
        self._server.spoil = lambda request, reply: Reply(500)

    def _shorten(self, request: Request, reply: Reply) -> Reply:
        if request.kind == "find" or reply.status != 207:
            return reply
        if self._cut == "connection":
            reply.cut = True
            return reply
        responses = re.findall(r"<d:response>.*?</d:response>", reply.body, re.DOTALL)
        kept = "".join(responses[: len(responses) // 2])
        end = "" if request.kind == "multiget" else status(BOOK, 507)
        token = "".join(re.findall(r"<d:sync-token>.*?</d:sync-token>", reply.body)[-1:])
        return Reply(207, reply.body[: reply.body.index("<d:response>")] + kept + end + token + "</d:multistatus>")


@pytest.fixture
def dav() -> Iterator[DavServer]:
    with serving(DavServer()) as server:
        yield server


@pytest.fixture
def office_of_other(dav: DavServer, monkeypatch: pytest.MonkeyPatch) -> Office:
    return Office(monkeypatch, url=dav.url, username="pbx", patience=0)


class TestMovingWithSync(MovingSourceContract):
    @pytest.fixture
    def stage(self, dav: DavServer, office_of_other: Office) -> SourceStage:
        return OtherStage(dav, office_of_other, "507")


class TestMovingByCtag(MovingSourceContract):
    @pytest.fixture
    def stage(self, dav: DavServer, office_of_other: Office) -> SourceStage:
        dav.has_sync = False
        return OtherStage(dav, office_of_other, "507")


class TestMovingByComparing(MovingSourceContract):
    @pytest.fixture
    def stage(self, dav: DavServer, office_of_other: Office) -> SourceStage:
        dav.has_sync = dav.has_ctag = False
        return OtherStage(dav, office_of_other, "connection")
