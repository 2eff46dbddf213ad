"""Pages of the families: what they print is what a telephone gets, and one that is set up like that has its book."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from lxml import etree
from pbx_directory.access import Gate
from pbx_directory.addresses import device_path
from pbx_directory.formats import FORMATS, known_formats
from pbx_directory.settings import DirectorySettings
from pbx_directory.systems import OneSystem
from pbx_directory.web import Pages

from pbx_connector.api import Content, Device, DeviceReader, Entry, PhoneBook, Store, application
from pbx_connector.listening import Listener

from .family_clients import CLIENTS, Ask
from .phone_books import canonical, store_of

DOCS = Path(__file__).resolve().parents[3] / "docs/phones"
SERVER, TOKEN = "http://pbx.example.com:8088", "k7m2xq-SECRET"
PAGES = {path.stem: path.read_text(encoding="utf-8") for path in sorted(DOCS.glob("*.md"))}
BLOCK = r"<!-- {}: (.*?) -->\n```\w+\n(.*?)```\n"


def blocks(kind: str) -> list[tuple[str, str, str]]:
    """Page, words and content of each."""
    found = [(page, each) for page, text in PAGES.items() for each in re.findall(BLOCK.format(kind), text, re.DOTALL)]
    return [(page, words, content) for page, (words, content) in found]


ANSWERS, PHONES = blocks("answer"), blocks("phone")


@dataclass
class Served:
    """A real server, at an address that telephones know by another name."""

    address: str
    store: Store

    def device(self, format: str) -> str:
        """Its token."""
        options = {"format": format, "dial_form": "national", "outside_line": "0"}
        made = application.devices.add_device(self.store, f"{format} {len(self.store.devices())}", "7", options)
        return f"{made.device.id}-{made.secret}"

    def asking(self, format: str) -> Ask:
        token = self.device(format)

        def ask(method: str, url: str) -> bytes:
            assert url.startswith(SERVER)
            real = url.replace(SERVER, f"http://{self.address}").replace(TOKEN, token)
            told = requests.request(method, real, timeout=60)
            assert told.status_code == (503 if "unreachable" in told.text else 200)
            return told.content.replace(token.encode(), TOKEN.encode())

        return ask


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    anna = {"display_name": "Huber Anna", "first_name": "Anna", "last_name": "Huber"}
    numbers = {"phone": "+498912345670", "mobile": "+491711234567"}
    meier = {"display_name": "Meier & Söhne", "organisation": "Meier & Söhne", "phone": "+498999998190"}
    entries = [Entry(0, Content(None, fields)) for fields in (anna | numbers, meier)]
    settings = DirectorySettings(region="DE")
    with store_of(entries, ["7"]) as store:
        gate = Gate(DeviceReader(lambda: store), settings.trusted)
        systems = OneSystem(PhoneBook(lambda: store), gate, settings)
        pages = Pages(systems, settings, known_formats({}), lambda: SERVER)
        listener = Listener(
            pages.application(), "127.0.0.1:0", None, name="directory http", setting="plugins: directory: http"
        )
        listener.start()
        try:
            yield Served(listener.address, store)
        finally:
            listener.stop()
            pages.close()


@pytest.mark.parametrize(("page", "words", "shown"), ANSWERS, ids=[f"{page}: {words}" for page, words, _ in ANSWERS])
def test_an_answer_is_the_one_that_the_page_shows(served: Served, page: str, words: str, shown: str) -> None:
    format, _, query = words.partition(" ")
    told = served.asking(format)("GET", f"{SERVER}/{TOKEN}/?{query}")
    assert canonical(told) == canonical(shown.encode())


@pytest.mark.parametrize(("page", "kind", "configuration"), PHONES, ids=[kind for _, kind, _ in PHONES])
def test_a_telephone_that_is_set_up_like_that_has_its_book(
    served: Served, page: str, kind: str, configuration: str
) -> None:
    format, client = CLIENTS[kind]
    ask = served.asking(format)
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
    of_phone_systems = {page for page, text in PAGES.items() if "<!-- pbx: " in text}
    assert {page for page, _, _ in ANSWERS} == set(PAGES) - {"README", "ldap"} - of_phone_systems


@pytest.mark.parametrize("page", [page for page in PAGES if page not in ("README", "fritzbox", "ldap")])
def test_the_limits_that_a_page_names_are_those_of_the_format(page: str) -> None:
    for name in ({page, f"{page}-old", f"{page}-browser", f"{page}-file"} - {"gigaset"}) & set(FORMATS):
        for limit in (getattr(FORMATS[name], "most_entries", None), getattr(FORMATS[name], "page_size", None)):
            assert limit is None or str(limit) in PAGES[page] or {20: "twenty"}.get(limit, "-") in PAGES[page]


def test_a_configuration_of_xml_is_one() -> None:
    for _, _, configuration in PHONES:
        if configuration.startswith("<"):
            etree.fromstring(configuration)


@pytest.mark.parametrize(("page", "kind", "configuration"), PHONES, ids=[kind for _, kind, _ in PHONES])
def test_the_address_is_the_one_that_devices_add_prints(page: str, kind: str, configuration: str) -> None:
    format = FORMATS[CLIENTS[kind][0]]
    printed = device_path(Device("k7m2xq", "", None), "SECRET", format)
    wanted = {"grandstream": f"/{TOKEN}\n", "yealink-search": f"{printed}?term=#SEARCH"}.get(kind, printed)
    assert wanted in configuration
