"""Panasonic KX-TGP and KX-HDV: a screen of twenty people."""

from __future__ import annotations

from pbx_directory.characters import Limit, fitting
from pbx_directory.formats.format import Rows
from pbx_directory.listing import Layout, Listed
from pbx_directory.markup import DECLARATION, begin, branch, end, leaf

NAME = Limit(24)
NOT_TAKEN = str.maketrans({"&": "+", "'": "\N{RIGHT SINGLE QUOTATION MARK}", "<": "(", ">": ")"})
"""What may not stand in a name, not even escaped, and what looks most like it."""
TYPES = {"phone": "company", "mobile": "mobile", "home_phone": "home", "fax": "company"}
SHORT = 6
"""Digits of a number of the phone system's own, at most."""
NAMESPACE = "http://panasonic/sip_phone"


def _row(row: Listed, place: int) -> str:
    numbers = (leaf("PhoneNum", each.dialed, type=_type(each.kind, each.dialed)) for each in row.numbers)
    name = fitting(row.shown().translate(NOT_TAKEN), NAME)
    return branch("Personnel", leaf("Name", name), branch("PhoneNums", *numbers), id=str(place))


def _type(kind: str, number: str) -> str:
    own = kind == "phone" and number.isdecimal() and len(number) <= SHORT and not number.startswith("0")
    return "ext" if own else TYPES[kind]


PANASONIC = Rows(
    name="panasonic",
    title="Panasonic KX-TGP and KX-HDV",
    head=lambda _: (
        DECLARATION
        + begin("ppxml", xmlns=NAMESPACE)
        + begin("Screen", version="2.0")
        + begin("PhoneBook", version="2.0")
    ),
    row=_row,
    tail=lambda _: end("PhoneBook") + end("Screen") + end("ppxml"),
    layout=Layout(),
    most_entries=20,
    url_query="?term=",
)
