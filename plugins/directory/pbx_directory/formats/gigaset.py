"""Gigaset N610, N670 and N870: the central phone book that the base fetches once a day."""

from __future__ import annotations

from pbx_directory.formats.format import Rows
from pbx_directory.listing import Layout, Listed
from pbx_directory.markup import DECLARATION, begin, empty, end

LAYOUT = Layout(
    slots={
        "office1": ("phone", "fax"),
        "office2": ("phone", "fax"),
        "mobile1": ("mobile",),
        "mobile2": ("mobile",),
        "home1": ("home_phone",),
        "home2": ("home_phone",),
    }
)
DOCTYPE = "<!DOCTYPE LocalDirectory>\n"


def _row(row: Listed, _: int) -> str:
    names = {"surname": row.last_name(), "name": row.first_name()}
    return empty("entry", **{name: text for name, text in (names | LAYOUT.placed(row)).items() if text})


GIGASET_FILE = Rows(
    name="gigaset-file",
    title="Gigaset N610, N670, N870, central phone book",
    head=lambda _: DECLARATION + DOCTYPE + begin("list"),
    row=_row,
    tail=lambda _: end("list"),
    layout=LAYOUT,
    most_entries=2000,
    most_bytes=2_000_000,
    file_name="phonebook.xml",
)
