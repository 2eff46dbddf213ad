"""Fanvil: the remote phone book, and lists in the XML browser. D-Link's phones are of the same maker."""

from __future__ import annotations

from pbx_directory.formats.format import Entrance, Rows
from pbx_directory.listing import Layout, Listed, Page, SearchForm
from pbx_directory.markup import DECLARATION, begin, branch, end, leaf

LAYOUT = Layout(slots={"Telephone": ("phone",), "Mobile": ("mobile",), "Other": ("home_phone", "fax")})


def _row(row: Listed, _: int) -> str:
    """The phone wants each of the elements, filled or not."""
    placed = LAYOUT.placed(row)
    numbers = (leaf(slot, placed.get(slot, "")) for slot in LAYOUT.slots)
    return branch("DirectoryEntry", leaf("Name", row.shown()), *numbers, leaf("Ring", "Default"), leaf("Group", ""))


FANVIL = Rows(
    name="fanvil",
    title="Fanvil, D-Link",
    head=lambda _: DECLARATION + begin("PhoneBook"),
    row=_row,
    tail=lambda _: end("PhoneBook"),
    layout=LAYOUT,
    file_name="phonebook.xml",
    url_query="?term=",
)


def _menu_item(row: Listed, _: int) -> str:
    return branch("MenuItem", leaf("Prompt", row.shown()), leaf("URI", row.numbers[0].dialed))


def _tail(page: Page) -> str:
    nothing = "" if page.rows else branch("MenuItem", leaf("Prompt", page.words.nothing), leaf("URI", ""))
    keys = [(page.words.dial, "SoftKey:Dial"), (page.words.first, page.first), (page.words.exit, "SoftKey:Exit")]
    keys.append((page.words.next, page.next))
    soft = (branch("SoftKey", leaf("Name", name), leaf("URI", uri)) for name, uri in keys if uri)
    return nothing + "".join(soft if page.first or page.next else ()) + end("FanvilIPPhoneDirectory")


def _form(form: SearchForm) -> str:
    field = branch("InputField", leaf("Prompt", form.words.ask), leaf("Parameter", "term"), leaf("Default", ""))
    texts = leaf("Title", form.words.search) + leaf("Prompt", form.words.ask) + leaf("URL", form.url)
    return DECLARATION + branch("FanvilIPPhoneInputScreen", texts, field)


FANVIL_BROWSER = Rows(
    name="fanvil-browser",
    title="Fanvil, search in the XML browser",
    head=lambda _: DECLARATION + begin("FanvilIPPhoneDirectory"),
    row=_menu_item,
    tail=_tail,
    form=_form,
    layout=Layout(numbers=1, labelled=True),
    page_size=16,
    entrance=Entrance.FORM,
)
