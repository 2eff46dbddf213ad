"""Cisco: pages of 32 entries with soft keys to the next, behind the menu that a phone wants for its directories."""

from __future__ import annotations

from dataclasses import replace

from ..characters import Limit
from ..listing import Layout, Listed, Menu, Page, SearchForm
from ..markup import DECLARATION, begin, branch, end, leaf
from .format import Entrance, Format

MENU_NAME = Limit(64)
MENU_ITEMS = 100


def _head(page: Page) -> str:
    """Some phones show the prompt alone where there is a title too, so that says whose list it is as long as it has
    entries."""
    return DECLARATION + begin("CiscoIPPhoneDirectory") + leaf("Title", page.title)


def _row(row: Listed, _: int) -> str:
    return branch("DirectoryEntry", leaf("Name", row.shown()), leaf("Telephone", row.numbers[0].dialed))


def _tail(page: Page) -> str:
    keys = [page.rows and (page.words.dial, "SoftKey:Dial"), (page.words.exit, "SoftKey:Exit")]
    keys.append(page.next and (page.words.next, page.next))
    keys.append(page.first and (page.words.first, page.first))
    keys.append(page.search and (page.words.search, page.search))
    shown = (_soft_key(name, url, place) for place, (name, url) in enumerate(filter(None, keys), 1))
    return "".join(shown) + end("CiscoIPPhoneDirectory")


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


CISCO = Format(
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
