"""The table of docs/faults-carddav.md: each row is what really happened here, on a server that a test spoils.

The address book has three contacts. Whatever happens, it is read in full, or as far as it changed, or it fails; nothing
that is there is taken for gone.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from pbx_carddav import accesses
from pbx_carddav.error_mapping import explain
from pbx_carddav.source import CardDavSource
from pbx_carddav.wire.errors import DavError
from pbx_carddav.wire.retries import RetryPolicy

from pbx_connector.api import (
    Book,
    BookGone,
    BookUnknown,
    End,
    Gone,
    Row,
    SourceError,
    SourceUnavailable,
    StreamItem,
    Unreadable,
)

from .conftest import Office, items_of, the_book
from .dav_server import BOOK, HOME, PRINCIPAL, DavServer, Reply, Request, Spoil, multistatus, response, serving, status
from .radicale import PASSWORD, card

PAGE = Path(__file__).parents[3] / "docs" / "faults-carddav.md"
FIND, LIST, CHANGES, CONFIRM, LOOK = "finding", "reading", "changes", "asking", "a look"
BOMB = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><x>&b;</x>'
ANNA = BOOK + "anna.vcf"


@dataclass
class Fault:
    """`spoil` changes answers to requests of some kinds; `times`: the first ones alone."""

    when: str
    kind: str
    spoil: Callable[[Request, Reply], Reply]
    times: float = float("inf")

    def __call__(self, request: Request, reply: Reply) -> Reply:
        if request.kind not in self.kind.split() or self.times <= 0:
            return reply
        self.times -= 1
        return self.spoil(request, reply)


def answer(code: int, body: str = "", **headers: str) -> Spoil:
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda request, reply: Reply(code, body, told)


def edit(change: Callable[[str], str]) -> Spoil:
    def edited(request: Request, reply: Reply) -> Reply:
        return Reply(reply.status, change(reply.body), reply.headers)

    return edited


def instead(inner: str) -> Spoil:
    """Of the response about Anna."""
    return edit(lambda body: re.sub(_about(ANNA), lambda found: inner, body, flags=re.DOTALL))


def _about(href: str) -> str:
    return f"<d:response><d:href>{re.escape(href)}</d:href>.*?</d:response>"


def card_of_anna(text: str) -> Spoil:
    data = f"<c:address-data>{text}</c:address-data>"
    return instead(response(ANNA, f"<d:getetag>&quot;0&quot;</d:getetag>{data}"))


def only_at_book(spoil: Spoil) -> Spoil:
    return lambda request, reply: spoil(request, reply) if request.path == BOOK else reply


def cut_list(keeps_token: bool) -> Spoil:
    """One contact at a time, and 507; the token says how many were told."""

    def cut(request: Request, reply: Reply) -> Reply:
        asked = re.search(r"<d:sync-token>urn:part:(\d)</d:sync-token>", request.body)
        start = int(asked[1]) if asked else 0
        names = ["anna", "ben", "cy"]
        told = response(f"{BOOK}{names[start]}.vcf", f"<d:getetag>{start}</d:getetag>")
        token = f"<d:sync-token>urn:part:{0 if keeps_token else start + 1}</d:sync-token>"
        more = status(BOOK, 507) if keeps_token or start < 2 else ""
        return Reply(207, multistatus(told + more + token))

    return cut


def endless(request: Request, reply: Reply) -> Reply:
    return Reply(301, headers={"Location": request.path + "x/"})


def dripping(request: Request, reply: Reply) -> Reply:
    reply.delay = 1.0
    return reply


def broken_off(request: Request, reply: Reply) -> Reply:
    reply.cut = True
    return reply


CASES: dict[str, Fault] = {
    "the well-known address and the root answer 404": Fault(FIND, "find", answer(404)),
    "the well-known address answers 405": Fault(FIND, "find", answer(405)),
    "a web page answers": Fault(FIND, "find", answer(200, "<html/>", Content_Type="text/html")),
    "HTTP 401": Fault(FIND, "find", answer(401, WWW_Authenticate="Basic realm=x")),
    "HTTP 401 that offers Digest alone": Fault(FIND, "find", answer(401, WWW_Authenticate="Digest realm=x")),
    "HTTP 403, as iCloud answers to a main password": Fault(FIND, "find", answer(403)),
    "a redirect that never ends": Fault(FIND, "find", endless),
    "an answer that names neither principal nor home": Fault(
        FIND, "find", answer(207, multistatus(response("/dav/", "")))
    ),
    "an XML bomb": Fault(FIND, "find", answer(207, BOMB)),
    "HTTP 500, once": Fault(LIST, "sync", answer(500), 1),
    "HTTP 500, every time": Fault(LIST, "sync", answer(500)),
    "HTTP 429 with `Retry-After`, once": Fault(LIST, "multiget", answer(429, Retry_After="0"), 1),
    "HTTP 503 with `Retry-After`, every time": Fault(LIST, "multiget", answer(503, Retry_After="1")),
    "HTTP 403 for one address book": Fault(LIST, "sync list", answer(403)),
    "HTTP 500 for one address book": Fault(LIST, "sync list", answer(500)),
    "HTTP 404 for one address book": Fault(LIST, "sync list", answer(404)),
    "no sync-collection, though the server names a token": Fault(LIST, "sync", answer(415)),
    "507: the list goes on": Fault(LIST, "sync", cut_list(keeps_token=False)),
    "507, and no way on": Fault(LIST, "sync", cut_list(keeps_token=True)),
    "XML cut in the middle": Fault(LIST, "sync", edit(lambda body: body[: len(body) // 2])),
    "an answer that is empty": Fault(LIST, "sync", answer(207)),
    "the connection breaks in the middle": Fault(LIST, "multiget", broken_off),
    "the answer drips": Fault(LIST, "sync", dripping),
    "207 without a single contact": Fault(LIST, "multiget", answer(207, multistatus(""))),
    "207 that leaves one out, once": Fault(LIST, "multiget", instead(""), 1),
    "207 that leaves one out, every time": Fault(LIST, "multiget", instead("")),
    "207 with 403 for one": Fault(LIST, "multiget", instead(status(ANNA, 403))),
    "207 with 500 for one": Fault(LIST, "multiget", instead(status(ANNA, 500))),
    "207 with 404 for the card of one": Fault(LIST, "multiget", instead(response(ANNA, "<c:address-data/>", code=404))),
    "207 with 404 for one: it is gone since the list": Fault(LIST, "multiget", instead(status(ANNA, 404))),
    "whole addresses instead of paths": Fault(
        LIST, "multiget", edit(lambda body: body.replace("<d:href>/", "<d:href>http://127.0.0.1/"))
    ),
    "paths encoded in another way": Fault(LIST, "multiget", edit(lambda body: body.replace("anna.vcf", "%61nna.vcf"))),
    "a card that is no vCard": Fault(LIST, "multiget", card_of_anna("&lt;html&gt;")),
    "a card that ends in the middle": Fault(LIST, "multiget", card_of_anna("BEGIN:VCARD\nFN:Anna")),
    "two cards in one": Fault(LIST, "multiget", card_of_anna("BEGIN:VCARD\nFN:A\nEND:VCARD\n" * 2)),
    "a card larger than the memory for one answer": Fault(
        LIST, "multiget", card_of_anna(f"BEGIN:VCARD\nNOTE:{'x' * 7_000_000}\nEND:VCARD\n")
    ),
    "characters that XML forbids": Fault(
        LIST, "multiget", edit(lambda body: body.replace("FN:", "FN:\x0b&#11;\udcef\udcbf\udcbf"))
    ),
    "the token is refused: 403 `valid-sync-token`": Fault(
        CHANGES, "sync", answer(403, '<d:error xmlns:d="DAV:"><d:valid-sync-token/></d:error>'), 1
    ),
    "the token is refused: 409 `valid-sync-token`": Fault(
        CHANGES, "sync", answer(409, '<d:error xmlns:d="DAV:"><d:valid-sync-token/></d:error>'), 1
    ),
    "HTTP 403 without a reason": Fault(CHANGES, "sync", answer(403)),
    "HTTP 404 for the address book": Fault(CHANGES, "sync", answer(404)),
    "HTTP 502": Fault(CHANGES, "sync", answer(502)),
    "a deletion of a contact that is there": Fault(
        CHANGES,
        "sync",
        edit(lambda body: body.replace("</d:multistatus>", status(BOOK + "cy.vcf", 404) + "</d:multistatus>")),
    ),
    "403 for the contact that changed": Fault(CHANGES, "sync", instead(status(ANNA, 403))),
    "404 for the contact": Fault(CONFIRM, "none", answer(404)),
    "404 for the whole request": Fault(CONFIRM, "multiget", answer(404)),
    "403 for the contact": Fault(CONFIRM, "multiget", edit(lambda body: body.replace("404 X", "403 X"))),
    "207 without the contact": Fault(CONFIRM, "multiget", answer(207, multistatus(""))),
    "404 for the address book": Fault(CONFIRM, "find", only_at_book(answer(404))),
    "an address book that is gone: 404": Fault(LOOK, "find", only_at_book(answer(404))),
    "403 for the address book": Fault(LOOK, "find", only_at_book(answer(403))),
    "500 for the address book": Fault(LOOK, "find", only_at_book(answer(500))),
    "a folder that is no address book any more": Fault(
        LOOK, "find", edit(lambda body: body.replace("<c:addressbook/>", ""))
    ),
}


@pytest.fixture
def dav() -> Iterator[DavServer]:
    with serving(DavServer()) as server:
        for name in ("anna", "ben", "cy"):
            server.put(f"{name}.vcf", card(name))
        yield server


@pytest.fixture
def office(dav: DavServer, monkeypatch: pytest.MonkeyPatch) -> Office:
    monkeypatch.setattr(accesses, "RetryPolicy", partial(RetryPolicy, first_wait=0.01))
    return Office(monkeypatch, url=dav.url, username="pbx", timeout=60, patience=0.3, memory=512)


def told(items: Iterable[StreamItem]) -> str:
    counts = Counter(type(item) for item in items if not isinstance(item, End))
    parts = [f"{counts[Row]} row{'s' * (counts[Row] != 1)}"] + [f"{counts[Gone]} gone"] * (counts[Gone] > 0)
    parts += [f"{item.problem.code}, {item.problem.message}" for item in items if isinstance(item, Unreadable)]
    return "; ".join(parts)


def suffer(dav: DavServer, office: Office, fault: Fault) -> str:
    """What becomes of the address book."""
    try:
        if fault.when == FIND:
            dav.spoil = fault
        timeout = 4 if fault.spoil is dripping else 60
        with office.open(patience=100 if fault.times == 1 else 0.3, timeout=timeout) as source:
            return _suffer(dav, source, fault)
    except SourceError as error:
        return f"failed: {error.code}, {error.message.rpartition(': ')[2]}"


def _suffer(dav: DavServer, source: CardDavSource, fault: Fault) -> str:
    book = the_book(source)
    since, known = None, ()
    if fault.when == CHANGES:
        *_, end = items_of(source, book)
        assert isinstance(end, End)
        since = end.checkpoint
        dav.put("anna.vcf", card("anna", "NOTE:new"))
        dav.delete("ben.vcf")
    dav.spoil = fault
    if fault.when == CONFIRM:
        dav.delete("ben.vcf")
        return f"gone: {', '.join(source.confirm_gone(book, ['ben.vcf'])) or 'nobody'}"
    if fault.when == LOOK:
        dav.spoil = lambda request, reply: fault(request, _hidden(request, reply))
        return _looked(source.look(book))
    items = items_of(source, book, since, known)
    confirmed = set(source.confirm_gone(book, [item.key for item in items if isinstance(item, Gone)]))
    assert confirmed <= {"ben.vcf"}
    assert isinstance(items[-1], End)
    return f"{'in full' if items[-1].full else 'what changed'}: {told(items)}"


def _hidden(request: Request, reply: Reply) -> Reply:
    """The home does not list the address book."""
    if request.path == HOME and request.kind == "find":
        return Reply(207, re.sub(_about(BOOK), "", reply.body, flags=re.DOTALL))
    return reply


def _looked(found: Book | BookGone | BookUnknown) -> str:
    if isinstance(found, BookUnknown):
        return f"unknown: {found.problem.code}, {found.problem.message}"
    return f"gone: {found.reason}" if isinstance(found, BookGone) else "there"


def row(name: str, outcome: str) -> str:
    return f"| {name} | {CASES[name].when} | {outcome} |"


@pytest.mark.parametrize("name", CASES)
def test_the_page_says_what_happens(name: str, dav: DavServer, office: Office) -> None:
    assert row(name, suffer(dav, office, CASES[name])) in PAGE.read_text(encoding="utf-8").splitlines()


def test_the_page_has_no_other_rows() -> None:
    named = re.findall(r"^\| (.*?) \| (?:finding|reading|changes|asking|a look) \|", PAGE.read_text(), re.MULTILINE)
    assert named == list(CASES)


@pytest.mark.parametrize("code", [403, 404, 405, 500])
def test_a_place_that_fails_is_not_taken_for_another_one(code: int, dav: DavServer, office: Office) -> None:
    """The log-in has a home of its own, which was not asked for."""
    shared, book = "/dav/shared/", "/dav/shared/b/"
    failing: list[int] = []
    principal = f"<d:current-user-principal><d:href>{PRINCIPAL}</d:href></d:current-user-principal>"
    listed = response(book, "<d:resourcetype><d:collection/><c:addressbook/></d:resourcetype>")

    def spoil(request: Request, reply: Reply) -> Reply:
        if not request.path.startswith(shared):
            return reply
        if failing and request.depth == "1":
            return Reply(failing[0])
        if request.path == book:
            return Reply(403 if failing else 207, multistatus(listed))
        return Reply(207, multistatus(response(shared, principal) + listed * (request.depth == "1")))

    dav.spoil = spoil
    with office.open(url=dav.url + shared) as source:
        found = the_book(source)
        failing.append(code)
        assert isinstance(source.look(found), BookUnknown)


# --- hosts ---------------------------------------------------------------------------------------------------------


def test_a_redirect_to_another_host_does_not_get_the_password(dav: DavServer, office: Office) -> None:
    with serving(DavServer()) as other:
        away = f"http://localhost:{other.port}/dav/"
        dav.spoil = lambda request, reply: Reply(301, headers={"Location": away}) if request.kind == "find" else reply
        with (
            pytest.raises(SourceError, match="sends us on to localhost, where the password was not sent") as failed,
            office.open(),
        ):
            pass
        assert failed.value.code == "D0111"
        assert not other.requests
        with office.open(hosts=f"localhost:{other.port}") as source:
            assert the_book(source).title == "Contacts"
        assert all(request.authorization for request in other.requests)


def test_a_home_on_another_host_is_followed_if_it_may_have_the_password(dav: DavServer, office: Office) -> None:
    """As iCloud, whose users each have a server of their own."""
    dav.home_host = f"http://localhost:{dav.port}"
    with pytest.raises(SourceError, match="localhost"), office.open():
        pass
    with office.open(hosts=[f"localhost:{dav.port}"]) as source:
        assert len(items_of(source, the_book(source))) == 4


def test_no_password_goes_over_an_open_network(dav: DavServer, office: Office) -> None:
    with pytest.raises(SourceError) as failed, office.open(url="http://dav.example.com/", timeout=1):
        pass
    assert failed.value.code == "D0113"


def test_a_refused_log_in_is_tried_twice_at_most(dav: DavServer, office: Office) -> None:
    """Each further try brings a lock of the account nearer."""
    dav.spoil = lambda request, reply: Reply(401)
    for _ in range(2):
        with pytest.raises(SourceError) as failed, office.open():
            pass
        assert PASSWORD not in str(failed.value)
    assert len(dav.requests) == 2


# --- versions ------------------------------------------------------------------------------------------------------


def test_a_card_that_changed_since_the_list_has_the_version_that_was_read(dav: DavServer, office: Office) -> None:
    def change_before(request: Request, reply: Reply) -> Reply:
        if request.kind == "sync" and len(dav.changes) == 3:
            dav.put("anna.vcf", card("anna", "NOTE:new"))
        return reply

    with office.open() as source:
        book = the_book(source)
        dav.spoil = change_before
        *items, end = items_of(source, book)
        (anna,) = [item for item in items if isinstance(item, Row) and item.key == "anna.vcf"]
        assert (anna.version, anna.values["Notes"]) == ('"3"', "new")
        assert isinstance(end, End)
        (again, _) = items_of(source, book, end.checkpoint)
        assert again == anna


@pytest.mark.parametrize("has_sync", [True, False])
def test_nothing_changed_costs_one_request_a_book(has_sync: bool, dav: DavServer, office: Office) -> None:
    dav.has_sync = has_sync
    with office.open() as source:
        book = the_book(source)
        *_, end = items_of(source, book)
        assert isinstance(end, End)
        before = len(dav.requests)
        assert items_of(source, book, end.checkpoint) == [End(end.checkpoint, full=False)]
        assert len(dav.requests) == before + 1


def test_a_thousand_cards_take_few_requests(dav: DavServer, office: Office) -> None:
    """Four for the way, one for the list, one for each hundred."""
    for number in range(1000):
        dav.put(f"{number}.vcf", card(f"Contact {number}"))
    with office.open() as source:
        assert len(items_of(source, the_book(source))) == 1004
    assert len(dav.requests) == 4 + 1 + 11


def test_a_portion_that_is_too_large_is_read_in_halves(dav: DavServer, office: Office) -> None:
    picture = "PHOTO;ENCODING=b:" + "A" * 1_500_000
    for number in range(8):
        dav.put(f"{number}.vcf", card(f"Contact {number}", picture))
    with office.open(timeout=30) as source:
        items = items_of(source, the_book(source))
    assert told(items) == "11 rows"


def test_a_full_list_is_due_after_some_days(dav: DavServer, office: Office) -> None:
    with office.open(full_after_days=0) as source:
        book = the_book(source)
        *_, end = items_of(source, book)
        assert isinstance(end, End)
        *_, again = items_of(source, book, end.checkpoint)
        assert isinstance(again, End)
        assert again.full


def test_for_how_long_the_server_wants_to_be_left_alone_is_told() -> None:
    error = explain(DavError(503, wait=420.0))
    assert isinstance(error, SourceUnavailable)
    assert error.retry_after == 420
