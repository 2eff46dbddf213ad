"""Cisco: pages of 32 entries with soft keys to the next, behind the menu that a phone wants for its directories."""

from __future__ import annotations

from dataclasses import replace

from pbx_directory.characters import Limit
from pbx_directory.formats.format import Entrance, Rows
from pbx_directory.listing import Layout, Listed, Menu, Page, SearchForm
from pbx_directory.markup import DECLARATION, begin, branch, end, leaf

MENU_NAME = Limit(64)


def _head(page: Page) -> str:
    """Some phones show the prompt alone where there is a title too."""
    return DECLARATION + begin("CiscoIPPhoneDirectory") + leaf("Title", page.title)


def _row(row: Listed, _: int) -> str:
    return branch("DirectoryEntry", leaf("Name", row.shown()), leaf("Telephone", row.numbers[0].dialed))


def _tail(page: Page) -> str:
    keys: list[tuple[str, str | None]] = [
        (page.words.dial, "SoftKey:Dial" if page.rows else None),
        (page.words.exit, "SoftKey:Exit"),
        (page.words.next, page.next),
        (page.words.first, page.first),
        (page.words.search, page.search),
    ]
    shown = (_soft_key(name, url, place) for place, (name, url) in enumerate(((n, u) for n, u in keys if u), 1))
    nothing = "" if page.rows else leaf("Prompt", page.words.nothing)
    return nothing + "".join(shown) + end("CiscoIPPhoneDirectory")


def _soft_key(name: str, url: str, place: int) -> str:
    return branch("SoftKeyItem", leaf("Name", name), leaf("URL", url), leaf("Position", str(place)))


def _menu(menu: Menu) -> str:
    links = (branch("MenuItem", leaf("Name", MENU_NAME.cut(each.title)), leaf("URL", each.url)) for each in menu.links)
    return DECLARATION + branch("CiscoIPPhoneMenu", leaf("Title", menu.title), *links)


def _form(form: SearchForm) -> str:
    item = branch(
        "InputItem",
        leaf("DisplayName", form.words.ask),
        leaf("QueryStringParam", "term"),
        leaf("DefaultValue", ""),
        leaf("InputFlags", "A"),
    )
    texts = leaf("Title", form.words.search) + leaf("Prompt", form.words.ask) + leaf("URL", form.url)
    return DECLARATION + branch("CiscoIPPhoneInput", texts, item)


CISCO = Rows(
    name="cisco",
    title="Cisco 79xx, 78xx, 88xx",
    head=_head,
    row=_row,
    tail=_tail,
    menu=_menu,
    form=_form,
    layout=Layout(numbers=1, labelled=True),
    page_size=32,
    entrance=Entrance.MENU,
)
CISCO_SPA = replace(CISCO, name="cisco-spa", title="Cisco SPA, which ask for the list at once", entrance=Entrance.LIST)
