"""What a device is answered: whole books, searches, pages, menus, forms, errors and tags, as its phone would ask."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from io import StringIO
from urllib.parse import parse_qsl, urlsplit

import pytest
import vobject
from lxml import html
from pbx_directory.answers import answer, tag, unavailable
from pbx_directory.asking import Answer
from pbx_directory.exporters import exporters
from pbx_directory.formats import FORMATS, Rows, known_formats

from pbx_connector.api import Content, Entry, Exporter, PhoneBook, StoreError
from pbx_connector.exports.json_lines import pbx_exporters as jsonl_exporters
from pbx_connector.exports.phone_system_csv import pbx_exporters as csv_exporters
from pbx_connector.exports.vcard import pbx_exporters as vcard_exporters
from pbx_connector.stores import Store

from .phone_books import GOLDEN_BOOK, AskingDevice, Read, entry, exported, parsed, phone_book_of, read, store_of

URL = "http://127.0.0.1:8080/d/secret"
GERMAN = AskingDevice(account="anna", dial_form="national", region="DE", outside_line="0")
EXPORTERS: dict[str, Exporter] = {
    each.name: each for each in (*csv_exporters(), *vcard_exporters(), *jsonl_exporters(), *exporters())
}
KNOWN = known_formats(EXPORTERS)
HUBER = entry(0, display_name="Huber Anna", first_name="Anna", last_name="Huber", mobile="+491711234567")
MEIER = entry(0, display_name="Meier KG", organisation="Meier KG", phone="+498999998190", labels={"VIP": "yes"})
PRIVATE = entry(0, "anna", display_name="Zahnarzt", phone="+498923456789")
OTHERS = entry(0, "ben", display_name="Geheim", phone="+498911112222")


def ask(book: PhoneBook, name: str, device: AskingDevice = GERMAN, **parameters: str) -> Answer:
    return answer(KNOWN[name], parameters, book, device, URL)


def body(told: Answer) -> bytes:
    return b"".join(told.body)


def follow(book: PhoneBook, name: str, url: str) -> bytes:
    """As a phone does with a link that it was given."""
    parts = urlsplit(url)
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == URL
    return body(answer(KNOWN[name], dict(parse_qsl(parts.query, keep_blank_values=True)), book, GERMAN, URL))


@pytest.fixture
def store() -> Iterator[Store]:
    with store_of([HUBER, MEIER, PRIVATE, OTHERS], ["anna", "ben"]) as store:
        yield store


@pytest.fixture
def book(store: Store) -> PhoneBook:
    return PhoneBook(lambda: store)


def names(rows: list[Read]) -> list[str]:
    return [row.name or " ".join(filter(None, (row.first, row.last))) for row in rows]


# --- whole books ----------------------------------------------------------------------------------------------------


def test_a_phone_gets_the_company_and_its_own_account_by_name(book: PhoneBook) -> None:
    told = ask(book, "yealink")
    assert (told.status, told.content_type) == (200, "text/xml; charset=utf-8")
    assert read("yealink", body(told)) == [
        Read(("001711234567",), name="Huber Anna"),
        Read(("008999998190",), name="Meier KG"),
        Read(("008923456789",), name="Zahnarzt"),
    ]
    assert names(read("yealink", body(ask(book, "yealink", AskingDevice())))) == ["Huber Anna", "Meier KG"]


@pytest.mark.parametrize("name", [name for name, format in FORMATS.items() if isinstance(format, Rows)])
def test_an_answer_is_what_phonebook_export_writes(name: str) -> None:
    format = FORMATS[name]
    assert isinstance(format, Rows)
    if format.page_size:
        assert name not in EXPORTERS
        return
    entries = [each for each in GOLDEN_BOOK if len(each.content.fields["display_name"]) <= 80]
    with store_of(entries) as store:
        by_name = sorted(store.entries(), key=_folded)
        told = body(ask(PhoneBook(lambda: store), name, AskingDevice()))
        assert told.decode() == exported(name, by_name)


def _folded(of: Entry) -> str:
    return of.content.fields["display_name"].lower().replace("ä", "a")


@pytest.mark.parametrize(
    ("term", "found"),
    [
        ("hub", ["Huber Anna"]),
        ("HÜBER", ["Huber Anna"]),
        ("anna hub", ["Huber Anna"]),
        ("eier", ["Meier KG"]),
        ("089999", ["Meier KG"]),
        ("0089999", ["Meier KG"]),
        ("+4989999", ["Meier KG"]),
        ("98190", ["Meier KG"]),
        ("hub*", ["Huber Anna"]),
        ("*", ["Huber Anna", "Meier KG", "Zahnarzt"]),
        ("", ["Huber Anna", "Meier KG", "Zahnarzt"]),
        ("geheim", []),
        ("1111", []),
        ("x" * 5000, []),
        ("\ud800\0", ["Huber Anna", "Meier KG", "Zahnarzt"]),
        ("�", []),
        ("%", []),
        ("_", []),
    ],
)
def test_a_search_by_name_or_number(book: PhoneBook, term: str, found: list[str]) -> None:
    if term == "\ud800\0":
        found = []
    assert names(read("yealink", body(ask(book, "yealink", term=term)))) == found


def test_entries_of_a_label_alone(book: PhoneBook) -> None:
    assert names(read("grandstream", body(ask(book, "grandstream", label="vip")))) == ["Meier KG"]
    assert names(read("grandstream", body(ask(book, "grandstream", label="VIP=yes")))) == ["Meier KG"]
    assert names(read("grandstream", body(ask(book, "grandstream", label="VIP=no")))) == []
    assert names(read("grandstream", body(ask(book, "grandstream", label="x" * 5000)))) == []


def test_parameters_that_phones_add_change_nothing(book: PhoneBook) -> None:
    assert body(ask(book, "yealink", mac="001565abcdef", lang="xx")) == body(ask(book, "yealink"))


def test_the_title_is_the_configurations(book: PhoneBook) -> None:
    told = answer(KNOWN["yealink"], {}, book, GERMAN, URL, title="Meier & Söhne")
    assert parsed("yealink", body(told)).findtext("Title") == "Meier & Söhne"


# --- menus, pages and forms -----------------------------------------------------------------------------------------


def big(count: int) -> list[Entry]:
    return [entry(0, display_name=f"Name {id:05}", phone=f"+4989{id:07}") for id in range(count)]


@pytest.mark.parametrize("count", [0, 1, 999, 1000])
def test_a_book_that_a_yealink_takes_is_no_menu(count: int) -> None:
    rows = read("yealink", body(ask(phone_book_of(big(count)), "yealink", AskingDevice())))
    assert len(rows) == count


@pytest.mark.parametrize("count", [1001, 2750])
def test_a_book_that_exceeds_a_yealink_has_one_more_level(count: int) -> None:
    book = phone_book_of(big(count))
    menu = parsed("yealink", body(ask(book, "yealink")))
    assert menu.tag == "YealinkIPPhoneMenu"
    urls = [url.text or "" for url in menu.iterfind("MenuItem/URL")]
    rows = [row for url in urls for row in read("yealink", follow(book, "yealink", url))]
    assert names(rows) == [f"Name {id:05}" for id in range(count)]
    assert menu.findtext("MenuItem/Name") == "Name 00000 – Name 00899"


def test_a_search_in_such_a_book_is_no_menu() -> None:
    book = phone_book_of(big(1001))
    assert len(read("yealink", body(ask(book, "yealink", term="name 0099")))) == 11
    menu = parsed("yealink", body(ask(book, "yealink", term="name 0")))
    urls = [url.text or "" for url in menu.iterfind("MenuItem/URL")]
    assert sum(len(read("yealink", follow(book, "yealink", url))) for url in urls) == 1001


def links(name: str, told: bytes) -> list[str]:
    if name == "poly-browser":
        return [str(link.get("href")) for link in html.fromstring(told.decode()).iter("a")]
    return [element.text or "" for element in parsed(name, told).iter("URL", "URI")]


def page_numbers(name: str, told: bytes) -> list[str]:
    if name == "poly-browser":
        return [url.removeprefix("tel://") for url in links(name, told) if url.startswith("tel:")]
    return [row.numbers[0] for row in read(name, told)]


@pytest.mark.parametrize("name", ["cisco", "cisco-spa", "snom-browser", "fanvil-browser", "mitel", "poly-browser"])
def test_a_phone_pages_through_the_whole_book(name: str) -> None:
    book = phone_book_of(
        [*big(70), entry(0, display_name="Several", phone=" / ".join(f"+4930{n:07}" for n in range(5)))]
    )
    told = body(ask(book, name, view="list"))
    found, pages = page_numbers(name, told), 1
    while following := [url for url in links(name, told) if "after=" in url]:
        told = follow(book, name, following[0])
        found += page_numbers(name, told)
        pages += 1
    assert found == [f"0089{id:07}" for id in range(70)] + [f"0030{n:07}" for n in range(5)]
    assert pages == (3 if name.startswith("cisco") else 5)
    first = follow(book, name, next(url for url in links(name, told) if "view=list" in url and "after" not in url))
    assert first == body(ask(book, name, view="list"))


@pytest.mark.parametrize("count", [0, 1, 31, 32, 33, 64, 65])
def test_a_page_of_cisco_has_32_entries(count: int) -> None:
    book = phone_book_of(big(count))
    told = body(ask(book, "cisco", view="list"))
    assert len(read("cisco", told)) == min(count, 32)
    assert any("after=" in url for url in links("cisco", told)) == (count > 32)


def test_a_book_that_changes_while_a_phone_pages_loses_nobody() -> None:
    with store_of(big(40)) as store:
        book = PhoneBook(lambda: store)
        told = body(ask(book, "cisco", view="list"))
        ids = {each.content.fields["display_name"]: each.id for each in store.entries()}
        for gone in ("Name 00000", "Name 00031"):
            store.remove_entry(ids[gone])
        store.add_entry(Content(None, {"display_name": "Aaron", "phone": "112"}))
        (following,) = (url for url in links("cisco", told) if "after=" in url)
        assert names(read("cisco", follow(book, "cisco", following))) == [f"Name {id:05}" for id in range(32, 40)]


@pytest.mark.parametrize("after", ["", "x", "1", "99999999999999999999-a", "5-" + "x" * 9000, "-", "٣-a"])
def test_a_position_that_is_none_is_the_beginning(book: PhoneBook, after: str) -> None:
    assert names(read("cisco", body(ask(book, "cisco", view="list", after=after))))[0] == "Huber Anna"


@pytest.mark.parametrize(
    ("name", "root"),
    [
        ("snom-browser", "SnomIPPhoneInput"),
        ("fanvil-browser", "FanvilIPPhoneInputScreen"),
        ("mitel", "AastraIPPhoneInputScreen"),
        ("cisco", "CiscoIPPhoneMenu"),
    ],
)
def test_what_a_browser_sees_first(book: PhoneBook, name: str, root: str) -> None:
    assert parsed(name, body(ask(book, name))).tag == root


def test_the_form_of_a_snom_puts_what_was_typed_into_the_address(book: PhoneBook) -> None:
    url = parsed("snom-browser", body(ask(book, "snom-browser", lang="de"))).findtext("Url") or ""
    told = follow(book, "snom-browser", url.replace("__X__", "hub"))
    assert names(read("snom-browser", told)) == ["Huber Anna"]
    assert parsed("snom-browser", told).findtext("Title") == "Telefonbuch"


def test_the_menu_of_a_cisco_leads_to_the_list_and_to_a_form(book: PhoneBook) -> None:
    everybody, search = links("cisco", body(ask(book, "cisco")))
    assert len(read("cisco", follow(book, "cisco", everybody))) == 3
    form = parsed("cisco", follow(book, "cisco", search))
    assert form.tag == "CiscoIPPhoneInput"
    assert form.findtext("URL") == URL


def test_the_form_of_a_microbrowser_asks_for_the_term(book: PhoneBook) -> None:
    page = html.fromstring(body(ask(book, "poly-browser")).decode())
    (form,) = page.forms
    assert (form.action, form.method, [*form.fields]) == (URL, "GET", ["term"])
    assert [*html.fromstring(body(ask(book, "poly-browser", term="hub")).decode()).itertext("a")] == ["Huber Anna"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("cisco", "No entries"),
        ("snom-browser", "No entries"),
        ("fanvil-browser", "No entries"),
        ("mitel", "No entries"),
        ("poly-browser", "No entries"),
        ("yealink", ""),
        ("grandstream", ""),
    ],
)
def test_nothing_found_is_said_as_the_family_says_it(book: PhoneBook, name: str, said: str) -> None:
    told = ask(book, name, term="nobody")
    text = body(told).decode()
    assert told.status == 200
    assert said in text
    if name != "poly-browser":
        assert read(name, text.encode()) == []


# --- other formats --------------------------------------------------------------------------------------------------


def test_json_has_what_every_json_has(book: PhoneBook) -> None:
    told = ask(book, "json")
    (huber, meier, _) = json.loads(body(told))["entries"]
    assert told.content_type == "application/json"
    assert huber["fields"] == {**HUBER.content.fields, "mobile": "001711234567"}
    assert (meier["labels"], meier["account"]) == ({"VIP": "yes"}, None)
    assert json.loads(body(ask(book, "json", term="nobody"))) == {"entries": []}


def test_the_columns_of_pascom(book: PhoneBook) -> None:
    told = ask(book, "csv", AskingDevice(account="anna"))
    rows = [*csv.DictReader(StringIO(body(told).decode()))]
    assert told.content_type == "text/csv; charset=utf-8"
    assert [(row["displayname"], row["phone"], row["mobile"]) for row in rows] == [
        ("Huber Anna", "", "+491711234567"),
        ("Meier KG", "+498999998190", ""),
        ("Zahnarzt", "+498923456789", ""),
    ]
    assert rows[1]["VIP"] == "yes"


@pytest.mark.parametrize(("name", "version"), [("vcard", "4.0"), ("vcard-3.0", "3.0"), ("vcard-4.0", "4.0")])
def test_cards(book: PhoneBook, name: str, version: str) -> None:
    cards = [*vobject.readComponents(body(ask(book, name)).decode())]
    assert [card.fn.value for card in cards] == ["Huber Anna", "Meier KG", "Zahnarzt"]
    assert {card.version.value for card in cards} == {version}
    assert cards[0].tel.value == "001711234567"


def test_a_label_that_only_others_have_does_not_show() -> None:
    secret = entry(0, "ben", display_name="Geheim", phone="112", labels={"Affair": "yes"})
    book = phone_book_of([MEIER, secret], ["anna", "ben"])
    assert b"Affair" not in body(ask(book, "csv"))
    assert b"Affair" in body(ask(book, "csv", AskingDevice(account="ben")))


# --- tags and failures ----------------------------------------------------------------------------------------------


def test_a_tag_stays_while_nothing_that_shows_differs(store: Store, book: PhoneBook) -> None:
    def now(device: AskingDevice = GERMAN, name: str = "yealink", **parameters: str) -> str:
        return tag(KNOWN[name], parameters, book, device, URL)

    assert now() == now() == ask(book, "yealink").headers["ETag"]
    others = [AskingDevice(), AskingDevice("anna"), AskingDevice("anna", "national", "AT", "0")]
    titled = tag(KNOWN["yealink"], {}, book, GERMAN, URL, title="Firma")
    tags = {now(), now(term="a"), now(lang="de"), now(name="snom"), titled, *map(now, others)}
    assert len(tags) == 8
    store.add_entry(MEIER.content)
    assert now() not in tags


def gone() -> Store:
    raise StoreError("the phone book cannot be reached")


@pytest.mark.parametrize("name", KNOWN)
def test_a_phone_book_that_cannot_be_read_is_never_an_empty_one(name: str) -> None:
    parameters = {"command": "get_list"} if name == "gigaset" else {"term": "a"}
    with pytest.raises(StoreError):
        answer(KNOWN[name], parameters, PhoneBook(gone), GERMAN, URL)
    told = unavailable(KNOWN[name])
    assert (told.status, body(told) != b"") == (503, True)


def test_the_bytes_come_in_pieces(book: PhoneBook) -> None:
    told = ask(phone_book_of(big(1000)), "grandstream")
    pieces = [*told.body]
    assert len(pieces) > 5
    assert len(read("grandstream", b"".join(pieces))) == 1000
