"""Yealink and its kin (Flyingvoice, Tiptel, Dinstar), and Htek: remote phone books."""

from __future__ import annotations

from pbx_directory.characters import Limit, Unit
from pbx_directory.formats.format import Rows
from pbx_directory.listing import Layout, Listed, Menu, Page
from pbx_directory.markup import DECLARATION, begin, branch, end, given, leaf

NAME = Limit(32)
NUMBER = Limit(126, Unit.BYTES)
KIND = {"phone": "Work", "mobile": "Mobile", "home_phone": "Home", "fax": "Fax"}


def _head(page: Page) -> str:
    return DECLARATION + begin("YealinkIPPhoneDirectory") + leaf("Title", page.title)


def _row(row: Listed, _: int) -> str:
    numbers = (leaf("Telephone", NUMBER.cut(each.dialed), label=KIND[each.kind]) for each in row.numbers)
    return branch("DirectoryEntry", leaf("Name", row.shown(NAME)), *numbers)


def _tail(_: Page) -> str:
    return end("YealinkIPPhoneDirectory")


def _menu(menu: Menu) -> str:
    links = (branch("MenuItem", leaf("Name", link.title), leaf("URL", link.url)) for link in menu.links)
    return DECLARATION + branch("YealinkIPPhoneMenu", given("Title", menu.title), *links)


YEALINK = Rows(
    name="yealink",
    title="Yealink, Flyingvoice, Tiptel, Dinstar",
    head=_head,
    row=_row,
    tail=_tail,
    menu=_menu,
    layout=Layout(numbers=3),
    most_entries=1000,
    file_name="phonebook.xml",
)


def _htek_row(row: Listed, _: int) -> str:
    return branch("DirectoryEntry", leaf("Name", row.shown()), leaf("Telephone", row.numbers[0].dialed))


HTEK = Rows(
    name="htek",
    title="Htek",
    head=lambda _: DECLARATION + begin("PhoneDirectory"),
    row=_htek_row,
    tail=lambda _: end("PhoneDirectory"),
    layout=Layout(numbers=1, labelled=True),
    file_name="phonebook.xml",
    url_query="?term=",
)
