"""A private entry never leaves for another account's device: in no format, search, page, menu, label, count or tag."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hypothesis import given, settings
from hypothesis import strategies as st
from pbx_directory.answers import answer, tag
from pbx_directory.formats import known_formats

from pbx_connector.api import Content, Entry, PhoneBook
from pbx_connector.exports.json_lines import pbx_exporters as jsonl_exporters
from pbx_connector.exports.phone_system_csv import pbx_exporters as csv_exporters
from pbx_connector.exports.vcard import pbx_exporters as vcard_exporters

from .phone_books import AskingDevice, entry, store_of

KNOWN = known_formats({each.name: each for each in (*csv_exporters(), *vcard_exporters(), *jsonl_exporters())})
ACCOUNTS = ("anna", "ben", "carl")
NAMES = ("Huber", "Meier", "Zahnarzt", "Abel")
MARKER = "qx{}z"
"""In every text of an entry, so that whatever leaves of it is found."""
DIGITS = "7{:03}913"


@st.composite
def books(draw: st.DrawFn) -> list[Entry]:
    owners = draw(st.lists(st.sampled_from((None, *ACCOUNTS)), min_size=1, max_size=12))
    return [_entry(place, owner, draw(st.sampled_from(NAMES))) for place, owner in enumerate(owners)]


def _entry(place: int, owner: str | None, name: str) -> Entry:
    mark, digits = MARKER.format(place), DIGITS.format(place)
    texts = {"first_name": mark, "last_name": f"{name}{mark}", "organisation": mark, "email": f"{mark}@example.com"}
    numbers = {"phone": f"+4989{digits}", "mobile": f"+49171{digits}", "fax": digits}
    return entry(0, owner, {mark: mark}, display_name=f"{name} {mark}", **texts, **numbers, notes=mark)


def questions(place: int) -> Iterator[dict[str, str]]:
    mark, digits = MARKER.format(place), DIGITS.format(place)
    yield {}
    for view in ("list", "menu", "form"):
        yield {"view": view}
    for term in ("", "Huber", digits, mark, f"089{digits}"):
        yield {"term": term}
    yield {"label": mark}
    yield {"view": "list", "after": "1-huber"}
    yield {"until": "99-zzzz"}
    gigaset = {"command": "get_list", "type": "pr"}
    for question in ({}, {"ln": "*"}, {"hm": digits}, {"hm": f"{digits}*"}, {"id": str(place + 1)}, {"last": "-1"}):
        yield gigaset | question
    yield gigaset | {"set_first": "z"}


@settings(max_examples=25)
@given(book=books(), account=st.sampled_from((None, *ACCOUNTS)), dial_form=st.sampled_from(("e164", "national")))
def test_nothing_of_others_is_in_any_answer(book: list[Entry], account: str | None, dial_form: str) -> None:
    device = AskingDevice(account=account, dial_form=dial_form, region="DE")
    with store_of(book, ACCOUNTS) as store:
        phone_book = PhoneBook(lambda: store)
        others = [place for place, each in enumerate(book) if each.content.account not in device.owners]
        asked = others[0] if others else 0
        for format in KNOWN.values():
            for question in questions(asked):
                told = answer(format, question, phone_book, device, "http://127.0.0.1/d/secret")
                headers = [value for name, value in told.headers.items() if name != "ETag"]  # any digits, by chance
                text = b"".join(told.body).decode() + "".join(headers)
                echoed = {value for value in question.values() if value}
                for place in others:
                    for secret in (MARKER.format(place), DIGITS.format(place)):
                        assert secret not in text or (
                            any(secret in value for value in echoed) and _is_echo(text, secret)
                        )


def _is_echo(text: str, secret: str) -> bool:
    """What was asked for may stand in links; never in a name or number."""
    return all("http" in line for line in text.splitlines() if secret in line)


@settings(max_examples=15)
@given(book=books(), account=st.sampled_from(ACCOUNTS))
def test_an_answer_is_the_same_as_if_others_had_no_entries(book: list[Entry], account: str) -> None:
    """Not even a count, a place in the order or a page tells that there are others."""
    device = AskingDevice(account=account, dial_form="national", region="DE")
    own = [each for each in book if each.content.account in device.owners]
    with store_of(book, ACCOUNTS) as store, store_of(own, ACCOUNTS) as alone:
        for format in KNOWN.values():
            for question in questions(0):
                told, expected = (
                    b"".join(answer(format, question, held, device, "http://x/d").body)
                    for held in (PhoneBook(lambda: store), PhoneBook(lambda: alone))
                )
                assert _without_ids(told) == _without_ids(expected) or b"after=" in told or "id" in question


def _without_ids(text: bytes) -> bytes:
    """An entry has another one in another store."""
    return re.sub(rb'id="[^"]*"|"id": \d+|UID:\S+', b"", text)


def test_devices_of_two_accounts_have_two_tags() -> None:
    with store_of([Entry(0, Content(None, {"display_name": "A", "phone": "112"}))], ACCOUNTS) as store:
        book = PhoneBook(lambda: store)
        tags = {tag(KNOWN["yealink"], {}, book, AskingDevice(each), "http://x/d") for each in (None, *ACCOUNTS)}
        assert len(tags) == 4
