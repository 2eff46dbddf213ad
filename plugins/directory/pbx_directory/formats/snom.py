"""Snom: what a phone loads (tbook 2.0), what older phones and DECT bases load, and the search in the browser."""

from __future__ import annotations

from collections.abc import Iterator

from pbx_directory.formats.format import Entrance, Rows
from pbx_directory.listing import Layout, Listed, Number, Page, SearchForm
from pbx_directory.markup import DECLARATION, begin, branch, empty, end, given, leaf

TYPES = {"phone": "business", "mobile": "mobile", "home_phone": "home", "fax": "business"}
ALIAS = "Member_Alias"
NOWHERE = "snom://mb_nop"
"""Where a line of a menu leads that only dials."""


def _contact(row: Listed, _: int) -> str:
    numbers = (empty("number", no=each.dialed, type=TYPES[each.kind], outgoing_id="0") for each in row.numbers)
    first, last = given("first_name", row.first_name()), given("last_name", row.last_name())
    return branch("contact", first, last, branch("numbers", *numbers), fav="false", vip="false", blocked="false")


SNOM = Rows(
    name="snom",
    title="Snom from firmware 10.1.178 on (tbook 2.0)",
    head=lambda _: DECLARATION + begin("tbook", version="2.0"),
    row=_contact,
    tail=lambda _: end("tbook"),
    most_entries=2000,
    file_name="tbook.xml",
)


def _items(row: Listed, place: int) -> str:
    """The first number is the entry's; the others are entries that point at it."""
    return "".join(_item(row, number, f"{place}{count:03}") for count, number in enumerate(row.numbers))


def _item(row: Listed, number: Number, index: str) -> str:
    return branch(
        "item",
        *_names(row, number),
        leaf("number", number.dialed),
        leaf("number_type", TYPES[number.kind]),
        context="active",
        type="colleagues",
        index=index,
    )


def _names(row: Listed, number: Number) -> Iterator[str]:
    if number is not row.numbers[0]:
        yield leaf("first_name", ALIAS)
        yield leaf("last_name", row.numbers[0].dialed)
        return
    yield given("first_name", row.first_name())
    yield given("last_name", row.last_name())
    yield given("organization", row.text("organisation"))
    yield given("email", row.text("email"))


SNOM_OLD = Rows(
    name="snom-old",
    title="Snom, older phones and M300/M700/M900 (tbook)",
    head=lambda _: DECLARATION + begin("tbook", e="2", complete="true"),
    row=_items,
    tail=lambda _: end("tbook"),
    most_entries=2000,
    file_name="tbook.xml",
)


def _menu_item(row: Listed, _: int) -> str:
    return branch("MenuItem", leaf("Url", f"{NOWHERE}#numberdial={row.numbers[0].dialed}"), name=row.shown())


def _menu_tail(page: Page) -> str:
    nothing = "" if page.rows else branch("MenuItem", leaf("Url", NOWHERE), name=page.words.nothing)
    first = _soft_key("F2", page.words.first, page.first) if page.first else ""
    following = _soft_key("F4", page.words.next, page.next) if page.next else ""
    return nothing + first + following + end("SnomIPPhoneMenu")


def _soft_key(key: str, label: str, url: str) -> str:
    return branch("SoftKeyItem", leaf("Name", key), leaf("Label", label), leaf("URL", url))


def _form(form: SearchForm) -> str:
    asked = branch(
        "InputItem",
        leaf("DisplayName", form.words.ask),
        leaf("InputToken", "__X__"),
        leaf("DefaultValue", ""),
        leaf("InputFlags", "a"),
    )
    url = f"{form.url}{'&' if '?' in form.url else '?'}term=__X__"
    return DECLARATION + branch("SnomIPPhoneInput", leaf("Title", form.words.search), leaf("Url", url), asked)


SNOM_BROWSER = Rows(
    name="snom-browser",
    title="Snom, search in the minibrowser; Alcatel Myriad",
    head=lambda page: DECLARATION + begin("SnomIPPhoneMenu") + leaf("Title", page.title),
    row=_menu_item,
    tail=_menu_tail,
    form=_form,
    layout=Layout(numbers=1, labelled=True),
    page_size=16,
    entrance=Entrance.FORM,
)
