"""Phone books for the tests of formats, and what a family's phone reads in what it is answered: by lxml and the schemas
in `schemas`, which were written from the facts about the family and know nothing of how its format is written here."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path

from lxml import etree
from pbx_directory.book_reading import budgeted, framed
from pbx_directory.dialing import E164, DialForm
from pbx_directory.formats import FORMATS, Rows
from pbx_directory.listing import Page, listed

from pbx_connector.api import Account, Content, Entry, PhoneBook
from pbx_connector.stores import Store, open_store

FOLDER = Path(__file__).parent
SCHEMA_OF = {"cisco-spa": "cisco"}
LONG = "L" * 300


def entry(id: int, account: str | None = None, labels: Mapping[str, str] | None = None, **fields: str) -> Entry:
    return Entry(id, Content(account, {"display_name": "Nobody"} | fields, labels or {}))


GOLDEN_BOOK = (
    entry(1, display_name='Ärzte & "Söhne" <GmbH>', phone="+498910000001", fax="+498910000009"),
    entry(
        2,
        display_name="Huber 🎉 Anna",
        first_name="Anna",
        last_name="Huber 🎉",
        phone="+498910000001",
        mobile="+491710000002",
        email="anna@example.com",
    ),
    entry(3, display_name="O'Neil שלום", first_name="שלום", last_name="O'Neil", home_phone="+35315550003"),
    entry(4, display_name=LONG, phone="112"),
    entry(5, display_name="Without number", email="nobody@example.com"),
)


@dataclass
class AskingDevice:
    """As the server has it, with what answers need of it."""

    account: str | None = None
    dial_form: str = "e164"
    region: str | None = None
    outside_line: str = ""
    id: str = "d1"

    @property
    def owners(self) -> tuple[str | None, ...]:
        return (None,) if self.account is None else (None, self.account)


def rows_format(name: str) -> Rows:
    format = FORMATS[name]
    assert isinstance(format, Rows)
    return format


def written(name: str, entries: Iterable[Entry], form: DialForm = E164) -> bytes:
    """All entries as one answer, whatever the limits of the family say of pages."""
    format = rows_format(name)
    shown = (row for each in entries if (kept := listed(each, form)).numbers for row in format.layout.rows(kept))
    kept_rows = [*budgeted(format, shown)]
    return "".join(framed(format, Page("Phone book", rows=len(kept_rows)), kept_rows)).encode()


def store_of(entries: Iterable[Entry], accounts: Iterable[str] = (), url: str = "memory:") -> Store:
    store = open_store(url)
    for account in accounts:
        store.add_account(Account(account))
    known: set[str] = set()
    for each in entries:
        for label in each.content.labels:
            if label not in known:
                store.add_label(label)
                known.add(label)
        store.add_entry(each.content)
    return store


def phone_book_of(entries: Iterable[Entry], accounts: Iterable[str] = ()) -> PhoneBook:
    held = store_of(entries, accounts)
    return PhoneBook(lambda: held)


# --- what a phone reads ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Read:
    """A row as its phone reads it: a name, or both parts of one."""

    numbers: tuple[str, ...]
    name: str = ""
    first: str = ""
    last: str = ""


def parsed(name: str, answer: bytes) -> etree._Element:
    """Valid by the family's schema, and without anything that a parser would have to load or guess."""
    assert answer.startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n')
    root = etree.fromstring(answer, etree.XMLParser(resolve_entities=False, no_network=True))
    schema = etree.XMLSchema(etree.parse(str(FOLDER / "schemas" / f"{SCHEMA_OF.get(name, name)}.xsd")))
    schema.assertValid(root)
    return root


def read(name: str, answer: bytes) -> list[Read]:
    return [*READERS[name](parsed(name, answer))]


def _texts(row: etree._Element, *names: str) -> tuple[str, ...]:
    return tuple(found.text for name in names for found in row.findall(name) if found.text)


def _text(row: etree._Element, name: str) -> str:
    return row.findtext(name) or ""


def _entries(*numbers: str) -> Callable[[etree._Element], Iterator[Read]]:
    def read(root: etree._Element) -> Iterator[Read]:
        for row in root.iter("DirectoryEntry"):
            yield Read(_texts(row, *numbers), name=_text(row, "Name"))

    return read


def _snom(root: etree._Element) -> Iterator[Read]:
    for row in root.iter("contact"):
        numbers = tuple(str(each.get("no")) for each in row.iter("number"))
        yield Read(numbers, first=_text(row, "first_name"), last=_text(row, "last_name"))


def _snom_old(root: etree._Element) -> Iterator[Read]:
    """An item that is called Member_Alias belongs to the one before it, whose number is its last name."""
    found: list[Read] = []
    for row in root.iter("item"):
        first, last, number = _text(row, "first_name"), _text(row, "last_name"), _text(row, "number")
        if first == "Member_Alias":
            assert last == found[-1].numbers[0]
            found[-1] = replace(found[-1], numbers=(*found[-1].numbers, number))
        else:
            found.append(Read((number,), first=first, last=last))
    return iter(found)


def _grandstream(root: etree._Element) -> Iterator[Read]:
    for row in root.iter("Contact"):
        yield Read(_texts(row, "Phone/phonenumber"), first=_text(row, "FirstName"), last=_text(row, "LastName"))


def _menu(prompt: str, uri: str, before: str = "") -> Callable[[etree._Element], Iterator[Read]]:
    """Lines of a browser that dial; others lead elsewhere."""

    def read(root: etree._Element) -> Iterator[Read]:
        for row in root.iter("MenuItem"):
            target = _text(row, uri)
            if re.fullmatch(re.escape(before) + r"\+?[0-9*#]+", target):
                name = str(row.get("name")) if prompt == "@name" else _text(row, prompt)
                yield Read((target.removeprefix(before),), name=name)

    return read


def _poly(root: etree._Element) -> Iterator[Read]:
    for row in root.iter("item"):
        first, last = _text(row, "fn"), _text(row, "ln")
        assert max(len(first.encode()), len(last.encode())) <= 40
        yield Read(_texts(row, "ct"), first=first, last=last)


def _gigaset(root: etree._Element) -> Iterator[Read]:
    for row in root.iter("entry"):
        yield Read(_texts(row, "hm"), first=_text(row, "fn"), last=_text(row, "ln"))


def _gigaset_file(root: etree._Element) -> Iterator[Read]:
    for row in root.iter("entry"):
        numbers = tuple(str(number) for slot, number in row.items() if slot not in ("surname", "name"))
        yield Read(numbers, first=row.get("name") or "", last=row.get("surname") or "")


def _panasonic(root: etree._Element) -> Iterator[Read]:
    space = "{http://panasonic/sip_phone}"
    for row in root.iter(f"{space}Personnel"):
        yield Read(_texts(row, f"{space}PhoneNums/{space}PhoneNum"), name=_text(row, f"{space}Name"))


def _avaya(root: etree._Element) -> Iterator[Read]:
    for row in root.iter("DirectoryEntry"):
        numbers = _texts(row, "PhoneNumbers/Phone/Number")
        yield Read(numbers, first=_text(row, "FirstName"), last=_text(row, "LastName"))


def _fritzbox(root: etree._Element) -> Iterator[Read]:
    for row in root.iter("contact"):
        yield Read(_texts(row, "telephony/number"), name=_text(row, "person/realName"))


READERS: dict[str, Callable[[etree._Element], Iterator[Read]]] = {
    "yealink": _entries("Telephone"),
    "htek": _entries("Telephone"),
    "cisco": _entries("Telephone"),
    "cisco-spa": _entries("Telephone"),
    "fanvil": _entries("Telephone", "Mobile", "Other"),
    "fanvil-browser": _menu("Prompt", "URI"),
    "mitel": _menu("Prompt", "URI", "Dial:"),
    "snom": _snom,
    "snom-old": _snom_old,
    "snom-browser": _menu("@name", "Url", "snom://mb_nop#numberdial="),
    "grandstream": _grandstream,
    "grandstream-old": _grandstream,
    "poly": _poly,
    "gigaset": _gigaset,
    "gigaset-file": _gigaset_file,
    "panasonic": _panasonic,
    "avaya": _avaya,
    "fritzbox": _fritzbox,
}
"""By format."""


def canonical(answer: bytes) -> str:
    """Without what is between elements."""
    root = etree.fromstring(answer, etree.XMLParser(remove_blank_text=True))
    for element in root.iter():
        if len(element):
            element.text = None
        element.tail = None
    return etree.tostring(root, method="c14n2").decode()


def exported(name: str, entries: Iterable[Entry]) -> str:
    """As `phonebook export` writes it."""
    from pbx_directory.exporters import exporters

    stream = StringIO()
    next(each for each in exporters() if each.name == name).render(entries, [], stream)
    return stream.getvalue()
