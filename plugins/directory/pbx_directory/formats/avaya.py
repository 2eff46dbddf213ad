"""Avaya J100: the phone book by HTTP. The E129 has Grandstream's format."""

from __future__ import annotations

from pbx_directory.formats.format import Rows
from pbx_directory.listing import Listed, Number
from pbx_directory.markup import DECLARATION, begin, branch, end, leaf

TYPES = {"phone": "Work", "mobile": "Mobile", "home_phone": "Home", "fax": "Work"}


def _row(row: Listed, _: int) -> str:
    names = leaf("LastName", row.last_name()) + leaf("FirstName", row.first_name())
    return branch("DirectoryEntry", names, branch("PhoneNumbers", *map(_phone, row.numbers)))


def _phone(number: Number) -> str:
    return branch("Phone", leaf("Number", number.dialed), leaf("Type", TYPES[number.kind]))


AVAYA = Rows(
    name="avaya",
    title="Avaya J100",
    head=lambda _: DECLARATION + begin("IPPhoneDirectory"),
    row=_row,
    tail=lambda _: end("IPPhoneDirectory"),
    file_name="directory.xml",
)
