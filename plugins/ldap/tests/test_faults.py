"""The table "Bad luck" of docs/ldap.md: each row is what really happened here.

A book of four people is read in pages of two while something goes wrong; it is read in full or fails, and never ends
early. What OpenLDAP does not do by itself a middleman does on the way, or a small server in its place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pbx_ldap.wire import messages

from pbx_connector.api import (
    AuthenticationFailed,
    Book,
    BookUnknown,
    ConnectorError,
    End,
    Row,
    SourceError,
    Unreadable,
    ber,
)

from .conftest import Office
from .middleman import Answer, Asked, Middleman, Passing, SmallServer, done, entry, notice, reference, result
from .openldap import SUFFIX, OpenLdap, person

PAGE = Path(__file__).parents[3] / "docs" / "ldap.md"
BASE = f"ou=customers,{SUFFIX}"
NAMES = ("Anna Berg", "Ben Adler", "Chloe Duval", "Dirk Ebel")
Spoil = Callable[[Passing], None]


@pytest.fixture
def server(openldap: OpenLdap) -> OpenLdap:
    openldap.add(*map(person, NAMES))
    return openldap


@pytest.fixture
def middleman(server: OpenLdap) -> Iterator[Middleman]:
    with_server = Middleman("127.0.0.1", server.port)
    yield with_server
    with_server.close()


def read(office: Office, timeout: float = 60, **changes: object) -> str:
    """What becomes of the book, in the words of the page."""
    try:
        with office.open(page=2, timeout=timeout, **changes) as source:
            (found,) = source.books()
            if isinstance(found, BookUnknown):
                return f"unknown: {found.problem.code}, {found.problem.message}"
            items = list(source.changes(found, None, ()))
    except SourceError as failure:
        words = re.sub(rf"^({BASE}|[\w.:]+): ", "", failure.message)
        return f"failed: {failure.code}, {words}"
    assert isinstance(items[-1], End)
    return f"read in full: {sum(isinstance(item, Row) for item in items)} entries"


def row_of(name: str) -> str:
    """What the page says of it."""
    (line,) = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith(f"| {name} |")]
    return line.split(" | ", 1)[1].removesuffix(" |")


def at_end(spoil: Callable[[Passing], None]) -> Spoil:
    def at(passing: Passing) -> None:
        if passing.tag == messages.DONE and passing.entries == 2:
            spoil(passing)

    return at


def at_entry(spoil: Callable[[Passing], None]) -> Spoil:
    """The second one of a page."""

    def at(passing: Passing) -> None:
        if passing.tag == messages.ENTRY and passing.entries == 2:
            spoil(passing)

    return at


def ends(code: int, said: str = "") -> Spoil:
    return at_end(lambda passing: setattr(passing, "send", [done(passing.number, code, said, b"")]))


def sends(*parts: bytes, drop: bool = False) -> Spoil:
    def spoil(passing: Passing) -> None:
        passing.send, passing.drop = list(parts), drop

    return at_entry(spoil)


def cut(passing: Passing) -> None:
    passing.send, passing.drop = [passing.data[:-5]], True


def drip(passing: Passing) -> None:
    passing.wait = 0.2


def silence(passing: Passing) -> None:
    passing.send = []


def refer(passing: Passing) -> None:
    passing.send.insert(0, reference(passing.number, "ldap://other.example.test/ou=more,dc=example,dc=test"))


def another_number(passing: Passing) -> None:
    passing.send = [entry(passing.number + 7, "cn=x")]


def longer_than_it_is(passing: Passing) -> None:
    inner = ber.octets("cn=x") + b"\x30\x7f\x30\x03"
    passing.send = [messages.message(passing.number, ber.element(messages.ENTRY, inner))]


def twice(passing: Passing) -> None:
    passing.send *= 2


def without_key(passing: Passing) -> None:
    passing.send = [entry(passing.number, f"cn=Nobody,{BASE}", displayName="Nobody")]


FAULTS: dict[str, Spoil] = {
    "the list ends at the server's size limit": ends(4),
    "the list ends at the server's time limit": ends(3),
    "the list ends at a limit of the administrator": ends(11),
    "the server is busy": ends(51),
    "the server shuts down and says so": sends(notice("shutting down"), drop=True),
    "the server does not allow the search": ends(50),
    "the server cannot do that": ends(53, "not now"),
    "the base is deleted while it is read": ends(32),
    "an error that is none of these": ends(80, "internal error"),
    "a part of the base is on another server": at_entry(refer),
    "the server sends all of it elsewhere": ends(10),
    "the connection is cut in the middle of a page": at_entry(cut),
    "the answer drips": at_entry(drip),
    "the end of a page never comes": at_end(silence),
    "an answer to a question that nobody asked": at_entry(another_number),
    "a web page in place of an entry": sends(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    "a message of two gigabytes": sends(b"\x30\x84\x7f\xff\xff\xff"),
    "an entry whose lengths lead out of it": at_entry(longer_than_it_is),
    "an entry on two pages": at_entry(twice),
    "an entry without its key": at_entry(without_key),
}

SLOW = ("the answer drips", "the end of a page never comes")
"""These last until the settings' time is up."""


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_on_the_way_does_what_the_page_says(office: Office, middleman: Middleman, name: str) -> None:
    middleman.spoil = FAULTS[name]
    assert read(office, 3 if name in SLOW else 60, servers=middleman.address) == row_of(name)
    middleman.spoil = lambda passing: None
    assert read(office, servers=middleman.address) == "read in full: 4 entries"


def test_a_part_elsewhere_may_be_left_out(office: Office, middleman: Middleman) -> None:
    middleman.spoil = at_entry(refer)
    assert read(office, servers=middleman.address, referrals="ignore") == "read in full: 4 entries"


def test_nothing_is_confirmed_gone_where_a_part_is_elsewhere(office: Office, middleman: Middleman) -> None:
    with office.open(servers=middleman.address) as source:
        (book,) = source.books()
        assert isinstance(book, Book)
        middleman.spoil = lambda passing: refer(passing) if passing.tag == messages.DONE else None
        with pytest.raises(SourceError):
            list(source.confirm_gone(book, ["00000000-0000-0000-0000-000000000000"]))


def test_settings_that_lead_nowhere_are_said(office: Office, server: OpenLdap, monkeypatch: pytest.MonkeyPatch) -> None:
    assert read(office, base=f"ou=wrong,{SUFFIX}") == row_of("the base is wrong")
    assert read(office, servers="127.0.0.1:1") == row_of("nobody listens there")
    assert read(office, servers="no.such.host.invalid:389", security="starttls") == row_of("the host has no address")
    assert read(office, security="ldaps", servers=server.address) == row_of("the port speaks no TLS")
    assert read(office, security="starttls") == row_of("the server has no certificate for StartTLS")
    monkeypatch.setenv("LDAP_PASSWORD", "wrong")
    assert read(office) == row_of("the password is wrong")


# --- how Active Directory refuses a log-in -------------------------------------------------------------------------

SUB_CODES = {
    "525": "L0202",
    "52e": "L0201",
    "530": "L0203",
    "531": "L0204",
    "532": "L0205",
    "533": "L0206",
    "534": "L0210",
    "568": "L0211",
    "701": "L0207",
    "773": "L0208",
    "775": "L0209",
}


@pytest.fixture
def answering(office: Office) -> Iterator[Callable[[Callable[[Asked], Answer | None]], SmallServer]]:
    started: list[SmallServer] = []

    def start(answer: Callable[[Asked], Answer | None]) -> SmallServer:
        started.append(SmallServer(answer))
        return started[-1]

    yield start
    for one in started:
        one.close()


Answering = Callable[[Callable[[Asked], Answer | None]], SmallServer]


@pytest.mark.parametrize("sub_code", SUB_CODES)
def test_why_active_directory_refuses_a_login_is_said(office: Office, answering: Answering, sub_code: str) -> None:
    said = f"80090308: LdapErr: DSID-0C09044E, comment: AcceptSecurityContext error, data {sub_code}, v4563\0"

    def refuse(asked: Asked) -> Answer | None:
        return [result(messages.BIND_ANSWER, asked.number, 49, said)] if asked.tag == messages.BIND else None

    server = answering(refuse)
    outcome = read(office, servers=[server.address, server.address])
    assert outcome.startswith(f"failed: {SUB_CODES[sub_code]}, ")
    assert outcome == row_of(f"Active Directory refuses the log-in with `data {sub_code}`")
    logins = [asked for asked in server.asked if asked.tag == messages.BIND]
    assert len(logins) == 1, "a second server has the same users: it is not asked"


def test_an_empty_password_is_not_sent(office: Office, answering: Answering, tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")
    server = answering(lambda asked: None)
    way = {"servers": server.address, "password": {"file": str(tmp_path / "empty")}}
    with pytest.raises(ConnectorError, match="is empty"), office.open(**way):
        pass
    assert server.asked == []


def test_a_password_is_not_sent_over_an_open_network(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    from pbx_ldap import servers

    sent: list[str] = []

    class Far:
        host, url_host, broken = "ldap.example.com", "ldap.example.com", False

        def bind(self, name: str, password: str) -> None:
            sent.append(password)

        def close(self) -> None:
            pass

    monkeypatch.setattr(servers, "Connection", lambda *_: Far())
    with pytest.raises(AuthenticationFailed) as refused, office.open(servers="ldap.example.com"):
        pass
    assert (refused.value.code, sent) == ("L0113", [])


# --- what no server shows ------------------------------------------------------------------------------------------


def test_another_server_is_asked_when_the_first_does_not_answer(office: Office, server: OpenLdap) -> None:
    assert read(office, servers=["127.0.0.1:1", server.address]) == "read in full: 4 entries"


def test_a_thousand_entries_without_pages_are_no_whole_list(office: Office, answering: Answering) -> None:
    def answer(asked: Asked) -> Answer | None:
        if asked.tag == messages.SEARCH and asked.scope:
            some = [entry(asked.number, f"cn={n},{BASE}", entryUUID=str(n), displayName=str(n)) for n in range(1000)]
            return [*some, done(asked.number, 4)]
        return None

    assert read(office, servers=answering(answer).address).startswith("failed: L0401")


def test_pages_without_end_are_given_up(office: Office, answering: Answering) -> None:
    def answer(asked: Asked) -> Answer | None:
        if asked.tag == messages.SEARCH and asked.scope:
            return [entry(asked.number, f"cn=1,{BASE}", entryUUID="1"), done(asked.number, cookie=b"more")]
        return None

    assert read(office, servers=answering(answer).address) == row_of("the list repeats itself without end")


def test_values_in_parts_come_together(office: Office, answering: Answering) -> None:
    numbers = [str(number) for number in range(3500)]

    def answer(asked: Asked) -> Answer | None:
        if asked.tag != messages.SEARCH or not asked.base or "1.1" in asked.attributes:
            return None
        name = f"cn=1,{BASE}"
        if asked.scope:
            parts = {"otherTelephone": [], "otherTelephone__0_1499": numbers[:1500]}
            return [entry(asked.number, name, entryUUID="1", **parts), done(asked.number)]
        if asked.attributes == ("othertelephone;range=1500-*",):
            return [entry(asked.number, name, otherTelephone__1500_2999=numbers[1500:3000]), done(asked.number)]
        if asked.attributes == ("othertelephone;range=3000-*",):
            return [entry(asked.number, name, otherTelephone__3000_X=numbers[3000:]), done(asked.number)]
        return None

    server = answering(answer)
    office.fields = frozenset({"otherTelephone"})
    (rows,) = office.rows(servers=server.address).values()
    assert rows[0].values["otherTelephone"] == tuple(numbers)


def test_a_part_that_is_missing_fails_the_book(office: Office, answering: Answering) -> None:
    def answer(asked: Asked) -> Answer | None:
        if asked.tag == messages.SEARCH and asked.scope:
            held = entry(asked.number, f"cn=1,{BASE}", entryUUID="1", otherTelephone__0_1499=["1"])
            return [held, done(asked.number)]
        return None

    assert read(office, servers=answering(answer).address) == row_of("values come in parts, and one is missing")


def test_a_value_that_is_no_text_harms_its_own_entry_alone(office: Office, answering: Answering) -> None:
    def answer(asked: Asked) -> Answer | None:
        if asked.tag == messages.SEARCH and asked.scope:
            good = entry(asked.number, f"cn=1,{BASE}", entryUUID="1", displayName="Bäcker")
            bad = entry(asked.number, f"cn=2,{BASE}", entryUUID="2", displayName=b"B\xe4cker")
            return [good, bad, done(asked.number)]
        return None

    with office.open(servers=answering(answer).address) as source:
        (book,) = source.books()
        assert isinstance(book, Book)
        good, bad, end = source.changes(book, None, ())
    assert isinstance(good, Row)
    assert good.values["DisplayName"] == "Bäcker"
    assert isinstance(bad, Unreadable)
    assert (bad.key, bad.problem.code) == ("2", "L0601")
    assert end == End(None, full=True)


def test_a_server_that_lost_its_data_does_not_say_that_a_book_is_gone(office: Office, server: OpenLdap) -> None:
    with office.open() as source:
        (book,) = source.books()
        assert isinstance(book, Book)
        server.delete(SUFFIX, whole_tree=True)
        assert isinstance(source.look(book), BookUnknown)


def test_every_row_of_the_page_has_a_test() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    table = PAGE.read_text(encoding="utf-8").partition("## Bad luck")[2]
    rows = [line.split(" | ")[0].removeprefix("| ") for line in table.splitlines() if line.startswith("| ")][1:]
    assert len(rows) == len(set(rows)) > 30
    codes = {f"Active Directory refuses the log-in with `data {code}`" for code in SUB_CODES}
    assert [row for row in rows if f'"{row}"' not in text and row not in codes] == []
