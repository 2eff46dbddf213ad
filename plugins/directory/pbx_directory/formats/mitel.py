"""Mitel and Aastra: lists and the search in the phone's XML browser."""

from __future__ import annotations

from pbx_directory.formats.format import Entrance, Rows
from pbx_directory.listing import Layout, Listed, Page, SearchForm
from pbx_directory.markup import DECLARATION, begin, branch, end, leaf


def _item(prompt: str, uri: str) -> str:
    return branch("MenuItem", leaf("Prompt", prompt), leaf("URI", uri))


def _head(page: Page) -> str:
    first = _item(page.words.first, page.first) if page.first else ""
    return DECLARATION + begin("AastraIPPhoneTextMenu", style="none", destroyOnExit="yes") + first


def _row(row: Listed, _: int) -> str:
    return _item(row.shown(), f"Dial:{row.numbers[0].dialed}")


def _tail(page: Page) -> str:
    nothing = "" if page.rows else _item(page.words.nothing, "")
    return nothing + (_item(page.words.next, page.next) if page.next else "") + end("AastraIPPhoneTextMenu")


def _form(form: SearchForm) -> str:
    texts = leaf("Title", form.words.search) + leaf("Prompt", form.words.ask)
    return DECLARATION + branch(
        "AastraIPPhoneInputScreen", texts, leaf("URL", form.url), leaf("Parameter", "term"), type="string"
    )


MITEL = Rows(
    name="mitel",
    title="Mitel and Aastra, search in the XML browser",
    head=_head,
    row=_row,
    tail=_tail,
    form=_form,
    layout=Layout(numbers=1, labelled=True),
    page_size=16,
    entrance=Entrance.FORM,
)
