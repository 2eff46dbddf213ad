"""The protocol Gigaset Phonebook Search, as a base or handset asks: ranges, searches, callers, and every error."""

from __future__ import annotations

import pytest
from lxml import etree
from pbx_directory.answers import answer, unavailable
from pbx_directory.formats import FORMATS, Protocol

from pbx_connector.api import Entry, PhoneBook

from .phone_books import AskingDevice, entry, parsed, phone_book_of

GIGASET = FORMATS["gigaset"]
DEVICE = AskingDevice(account="anna", dial_form="national", region="DE", outside_line="0")
BOOK = [
    entry(0, display_name="Abel", first_name="Eva", last_name="Abel", phone="+49891000001", email="eva@example.com"),
    entry(
        0, display_name="Huber Anna", first_name="Anna", last_name="Huber", mobile="+491711234567", fax="+49891000009"
    ),
    entry(0, display_name="Meier & Söhne", organisation="Meier & Söhne", phone="+498999998190"),
    entry(0, display_name="Ohne Nummer", email="none@example.com"),
    entry(0, "anna", display_name="Zahnarzt", phone="+498923456789"),
    entry(0, "ben", display_name="Geheim", phone="+498911112222"),
]


@pytest.fixture(scope="module")
def book() -> PhoneBook:
    return phone_book_of(BOOK, ["anna", "ben"])


def ask(book: PhoneBook, query: str | list[tuple[str, str]]) -> etree._Element:
    """`first=1&count=2`, behind the command and a type."""
    pairs = [tuple(part.split("=")) for part in query.split("&") if part] if isinstance(query, str) else query
    asked = [("command", "get_list"), ("type", "pr"), *((name, value) for name, value in pairs)]
    told = answer(GIGASET, asked, book, DEVICE, "http://127.0.0.1/d/secret")
    assert (told.status, told.content_type) == (200, "text/xml; charset=utf-8")
    return parsed("gigaset", b"".join(told.body))


def names(told: etree._Element) -> list[str]:
    assert told.tag == "list", etree.tostring(told)
    return [f"{row.findtext('ln')}, {row.findtext('fn') or ''}: {row.findtext('hm')}" for row in told]


ALL = [
    "Abel, Eva: 00891000001",
    "Huber, Anna: 001711234567",
    "Huber (Fax), Anna: 00891000009",
    "Meier & Söhne, : 008999998190",
    "Zahnarzt, : 008923456789",
]


@pytest.mark.parametrize(
    ("query", "first", "last"),
    [
        ("id=*", 1, 5),
        ("first=1&count=2", 1, 2),
        ("first=2&count=2", 2, 3),
        ("first=5&count=10", 5, 5),
        ("first=0&count=1", 1, 1),
        ("last=-1&count=2", 4, 5),
        ("last=3&count=2", 2, 3),
        ("last=1&count=9", 1, 1),
        ("last=99&count=1", 5, 5),
        ("count=0", 1, 1),
        ("limit=3", 1, 3),
        ("set_first=m&count=2", 4, 5),
        ("set_first=h*&count=1", 2, 2),
        ("set_first=zz&count=1", 5, 5),
        ("set_first=a&first=2&count=1", 2, 2),
        ("mac=7C2F80E0D605&handsetid=1&lang=1&reqsrc=user&ln=*&fn=*", 1, 5),
    ],
)
def test_a_range_of_the_list(book: PhoneBook, query: str, first: int, last: int) -> None:
    told = ask(book, query)
    assert names(told) == ALL[first - 1 : last]
    assert (told.get("total"), told.get("first"), told.get("last")) == ("5", str(first), str(last))


def test_what_is_asked_with_comes_back(book: PhoneBook) -> None:
    told = ask(book, "reqid=42&type=pr")
    assert told.tag == "error"  # the type is there already
    told = ask(book, "reqid=42")
    assert (told.get("response"), told.get("type"), told.get("reqid")) == ("get_list", "pr", "42")
    assert told.findtext("entry/em") == "eva@example.com"


def test_a_range_behind_the_end_is_empty(book: PhoneBook) -> None:
    told = ask(book, "first=6&count=2")
    assert (names(told), told.get("total")) == ([], "5")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("ln=hub*", ALL[1:3]),
        ("ln=hub", []),
        ("ln=huber", ALL[1:3]),
        ("fn=an*", ALL[1:3]),
        ("ln=meier*", ALL[3:4]),
        ("ln=h*&fn=e*", []),
        ("ln=a*&fn=e*", ALL[:1]),
        ("ct=M*", []),
        ("st=Weg", []),
        ("hm=008999*", ALL[3:4]),
        ("hm=1234*", ALL[1:3]),
        ("ln=geheim", []),
        ("hm=11112222*", []),
        ("ln=" + "x" * 3000, []),
    ],
)
def test_a_search(book: PhoneBook, query: str, found: list[str]) -> None:
    told = ask(book, query)
    assert names(told) == found
    if not found:
        assert told.get("total") == "0"
        assert told.get("notfound") == query.split("=")[0]


@pytest.mark.parametrize(
    "number", ["008999998190", "08999998190", "+498999998190", "00498999998190", "000498999998190"]
)
def test_whose_number_calls(book: PhoneBook, number: str) -> None:
    told = ask(book, [("hm", number), ("reqsrc", "auto")])
    assert names(told) == [f"Meier & Söhne, : {number}"]
    assert (told.get("total"), told.get("first"), told.get("last")) == ("1", "1", "1")


@pytest.mark.parametrize("number", ["0891111222233", "08911112222", "anonymous", "0"])
def test_nobody_calls(book: PhoneBook, number: str) -> None:
    told = ask(book, [("hm", number), ("reqsrc", "auto")])
    assert (told.get("total"), told.get("notfound"), len(told)) == ("0", "hm", 0)


def test_one_entry_by_its_id(book: PhoneBook) -> None:
    rows = {row.findtext("ln"): row.get("id") for row in ask(book, "id=*")}
    assert names(ask(book, f"id={rows['Zahnarzt']}")) == ALL[4:]
    assert names(ask(book, f"id={rows['Huber (Fax)']}")) == ALL[1:3]
    geheim = next(each.id for each in book.entries() if each.content.account == "ben")
    for nobody in (geheim, 0, 10**30, "x", "²"):
        assert ask(book, f"id={nobody}").get("total") == "0"


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("first=1&last=2", "2"),
        ("first=one", "2"),
        ("count=1e3", "2"),
        ("count=٣", "2"),
        ("first=99999999999999999999", "2"),
        ("first=-2", "4"),
        ("last=-2", "4"),
        ("count=-1", "4"),
        ("hm=1*", "5"),
        ("ln=a*&ln=b*", "3"),
    ],
)
def test_what_cannot_be_answered_is_an_error_of_the_protocol(book: PhoneBook, query: str, error: str) -> None:
    told = ask(book, query)
    assert (told.tag, told.findtext("errorid")) == ("error", error)


@pytest.mark.parametrize(
    ("pairs", "error"),
    [
        ([], "2"),
        ([("command", "put")], "4"),
        ([("command", "get_list"), ("type", '<"&>')], "4"),
        ([("command", "get_list"), ("command", "get_list")], "3"),
    ],
)
def test_a_request_that_is_none(book: PhoneBook, pairs: list[tuple[str, str]], error: str) -> None:
    told = parsed("gigaset", b"".join(answer(GIGASET, pairs, book, DEVICE, "http://127.0.0.1/d/x").body))
    assert told.findtext("errorid") == error


def test_a_book_that_cannot_be_read_is_an_error_of_the_protocol() -> None:
    told = unavailable(GIGASET)
    assert told.status == 503
    assert parsed("gigaset", b"".join(told.body)).findtext("errorid") == "6"


@pytest.mark.parametrize(("wanted", "found"), [("hub", ALL[1:3]), ("08999998190", ["Meier & Söhne, : 08999998190"])])
def test_a_trial_asks_as_the_handset_does(book: PhoneBook, wanted: str, found: list[str]) -> None:
    assert isinstance(GIGASET, Protocol)
    told = answer(GIGASET, GIGASET.question(wanted), book, DEVICE, "http://directory")
    assert names(parsed("gigaset", b"".join(told.body))) == found


def test_a_book_without_entries() -> None:
    told = ask(phone_book_of([]), "id=*")
    assert (told.get("total"), told.get("notfound"), len(told)) == ("0", "ln", 0)


def test_every_row_of_a_long_book_is_in_one_range() -> None:
    entries: list[Entry] = [entry(0, display_name=f"Name {n:04}", phone=f"+4989{n:07}", fax="112") for n in range(60)]
    book = phone_book_of(entries)
    seen: list[str] = []
    for first in range(1, 121, 7):
        seen += names(ask(book, f"first={first}&count=7"))
    assert seen == names(ask(book, "count=250"))
    assert len(set(seen)) == 120


def test_a_number_of_two_kinds_is_two_rows_so_that_pages_count_alike() -> None:
    book = phone_book_of([entry(0, display_name=f"Name {n}", phone="112", mobile="112") for n in range(3)])
    seen = [name for first in range(1, 7, 2) for name in names(ask(book, f"first={first}&count=2"))]
    assert seen == [f"Name {n}{label}, : 112" for n in range(3) for label in ("", " (Mobile)")]
    assert ask(book, "id=*").get("total") == "6"
