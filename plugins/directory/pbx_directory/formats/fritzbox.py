"""AVM FRITZ!Box: a file to upload, with at most nine numbers a contact."""

from __future__ import annotations

from pbx_directory.formats.format import Rows
from pbx_directory.listing import Layout, Listed, Page
from pbx_directory.markup import DECLARATION, begin, branch, end, leaf

TYPES = {"phone": "work", "mobile": "mobile", "home_phone": "home", "fax": "fax_work"}


def _row(row: Listed, place: int) -> str:
    return branch(
        "contact",
        leaf("category", "0"),
        branch("person", leaf("realName", row.shown())),
        branch("telephony", *_numbers(row)),
        _mail(row.text("email")),
        leaf("uniqueid", str(place)),
    )


def _numbers(row: Listed) -> list[str]:
    """The box calls the one with `prio` 1."""
    return [
        leaf("number", number.dialed, type=TYPES[number.kind], prio="0" if place else "1", id=str(place))
        for place, number in enumerate(row.numbers)
    ]


def _mail(address: str) -> str:
    return branch("services", leaf("email", address, classifier="work", id="0")) if address else ""


def _head(page: Page) -> str:
    return DECLARATION + begin("phonebooks") + begin("phonebook", name=page.title)


FRITZBOX = Rows(
    name="fritzbox",
    title="AVM FRITZ!Box, a file to upload",
    head=_head,
    row=_row,
    tail=lambda _: end("phonebook") + end("phonebooks"),
    layout=Layout(numbers=9),
    file_name="phonebook.xml",
)
