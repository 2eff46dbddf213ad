"""Grandstream, whose format Avaya's E129 has too: the file phonebook.xml."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from pbx_directory.formats.format import Rows
from pbx_directory.listing import Listed, Number
from pbx_directory.markup import DECLARATION, begin, branch, end, given, leaf

TYPES = {"phone": "Work", "mobile": "Cell", "home_phone": "Home", "fax": "Fax"}


def _row(row: Listed, place: int, first_account: str) -> str:
    return branch(
        "Contact",
        leaf("id", str(place)),
        given("FirstName", row.first_name()),
        given("LastName", row.last_name()),
        given("Company", row.text("organisation")),
        *(_phone(number, first_account) for number in row.numbers),
        given("Mail", row.text("email")),
    )


def _phone(number: Number, account: str) -> str:
    return branch("Phone", leaf("phonenumber", number.dialed), leaf("accountindex", account), type=TYPES[number.kind])


GRANDSTREAM = Rows(
    name="grandstream",
    title="Grandstream; Avaya E129",
    head=lambda _: DECLARATION + begin("AddressBook") + leaf("version", "1"),
    row=partial(_row, first_account="0"),
    tail=lambda _: end("AddressBook"),
    most_entries=1000,
    file_name="phonebook.xml",
)
GRANDSTREAM_OLD = replace(
    GRANDSTREAM,
    name="grandstream-old",
    title="Grandstream GXP21xx, GXP14xx and GXP116x, which count accounts from 1 on",
    row=partial(_row, first_account="1"),
)
