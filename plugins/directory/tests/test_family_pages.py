"""Pages of the families: what they print is what a telephone gets, and one that is set up like that has its book."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from lxml import etree
from pbx_directory.answers import answer
from pbx_directory.formats import FORMATS

from pbx_connector.api import Content, Entry, PhoneBook

from .family_clients import CLIENTS, Ask
from .phone_books import AskingDevice, canonical, phone_book_of

DOCS = Path(__file__).resolve().parents[3] / "docs/phones"
URL = "http://pbx.example.com:8088/d/SECRET"
DEVICE = AskingDevice(account="7", dial_form="national", region="DE", outside_line="0")
PAGES = {path.stem: path.read_text(encoding="utf-8") for path in sorted(DOCS.glob("*.md"))}
BLOCK = r"<!-- {}: (.*?) -->\n```\w+\n(.*?)```\n"


def blocks(kind: str) -> list[tuple[str, str, str]]:
    """Page, words and content of each."""
    found = [(page, each) for page, text in PAGES.items() for each in re.findall(BLOCK.format(kind), text, re.DOTALL)]
    return [(page, words, content) for page, (words, content) in found]


ANSWERS, PHONES = blocks("answer"), blocks("phone")


@pytest.fixture(scope="module")
def book() -> PhoneBook:
    anna = {"display_name": "Huber Anna", "first_name": "Anna", "last_name": "Huber"}
    numbers = {"phone": "+498912345670", "mobile": "+491711234567"}
    meier = {"display_name": "Meier & Söhne", "organisation": "Meier & Söhne", "phone": "+498999998190"}
    return phone_book_of(Entry(0, Content(None, fields)) for fields in (anna | numbers, meier))


def asking(book: PhoneBook, format: str) -> Ask:
    """In the place of the server: the device's address, or a file below it."""

    def ask(method: str, url: str) -> bytes:
        parts = urlsplit(url)
        assert f"{parts.scheme}://{parts.netloc}{parts.path}".startswith(URL)
        assert method == ("POST" if format == "snom" else "GET")
        query = parse_qsl(parts.query, keep_blank_values=True)
        return b"".join(answer(FORMATS[format], query, book, DEVICE, URL).body)

    return ask


@pytest.mark.parametrize(("page", "words", "shown"), ANSWERS, ids=[f"{page}: {words}" for page, words, _ in ANSWERS])
def test_an_answer_is_the_one_that_the_page_shows(book: PhoneBook, page: str, words: str, shown: str) -> None:
    format, _, query = words.partition(" ")
    told = b"".join(answer(FORMATS[format], parse_qsl(query), book, DEVICE, URL).body)
    assert canonical(told) == canonical(shown.encode())


@pytest.mark.parametrize(("page", "kind", "configuration"), PHONES, ids=[kind for _, kind, _ in PHONES])
def test_a_telephone_that_is_set_up_like_that_has_its_book(
    book: PhoneBook, page: str, kind: str, configuration: str
) -> None:
    format, client = CLIENTS[kind]
    ask = asking(book, format)
    everything = client(configuration, ask, "")
    assert {number for row in everything for number in row.numbers} == {
        "008912345670",
        "001711234567",
        "008999998190",
    }
    huber = client(configuration, ask, "hub")
    assert {number for row in huber for number in row.numbers} == {"008912345670", "001711234567"}
    assert client(configuration, ask, "nobody") == []


def test_every_client_has_a_page_and_every_format_is_told_of() -> None:
    assert {kind for _, kind, _ in PHONES} == set(CLIENTS)
    assert {name for name in FORMATS if f"`{name}`" not in PAGES["README"]} == set()
    assert {page for page, _, _ in ANSWERS} == set(PAGES) - {"README"}


@pytest.mark.parametrize("page", [page for page in PAGES if page not in ("README", "fritzbox")])
def test_the_limits_that_a_page_names_are_those_of_the_format(page: str) -> None:
    for name in ({page, f"{page}-old", f"{page}-browser", f"{page}-file"} - {"gigaset"}) & set(FORMATS):
        for limit in (getattr(FORMATS[name], "most_entries", None), getattr(FORMATS[name], "page_size", None)):
            assert limit is None or str(limit) in PAGES[page] or {20: "twenty"}.get(limit, "-") in PAGES[page]


def test_a_configuration_of_xml_is_one() -> None:
    for _, _, configuration in PHONES:
        if configuration.startswith("<"):
            etree.fromstring(configuration)
