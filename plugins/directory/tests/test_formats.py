"""Each format is what its family reads: golden files by hand, and for any text what a reader finds in it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html
from pbx_directory.formats import FORMATS, Rows
from pbx_directory.listing import KINDS

from pbx_connector.api import Content, Entry

from .phone_books import (
    FOLDER,
    GOLDEN_BOOK,
    LONG,
    READERS,
    Read,
    canonical,
    entry,
    exported,
    read,
    rows_format,
    written,
)

GOLDEN = sorted((FOLDER / "golden").glob("*.xml"))
ROW_FORMATS = [name for name in READERS if isinstance(FORMATS[name], Rows)]
BY_PARTS = {"snom", "snom-old", "grandstream", "grandstream-old", "poly", "gigaset-file", "avaya"}
"""Those that have a first and a last name in place of one name."""
PAGED = {"cisco", "cisco-spa", "fanvil-browser", "mitel", "snom-browser"}
MOST_CHARACTERS = {"yealink": 32, "panasonic": 24}
MOST_BYTES = {"poly": 40}


def golden(text: str) -> bytes:
    return re.sub(r"@L:(\d+)@", lambda found: "L" * int(found[1]), text).encode()


@pytest.mark.parametrize("path", GOLDEN, ids=[path.stem for path in GOLDEN])
def test_a_book_is_written_as_the_family_has_it(path: object) -> None:
    file = FOLDER / "golden" / f"{getattr(path, 'stem')}.xml"  # noqa: B009
    assert canonical(written(file.stem, GOLDEN_BOOK)) == canonical(golden(file.read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", GOLDEN, ids=[path.stem for path in GOLDEN])
def test_what_was_written_by_hand_is_valid(path: object) -> None:
    file = FOLDER / "golden" / f"{getattr(path, 'stem')}.xml"  # noqa: B009
    assert read(file.stem, golden(file.read_text(encoding="utf-8")))


def test_every_format_of_rows_has_a_golden_file_or_a_test_of_its_own() -> None:
    of_their_own = {"cisco", "poly-browser", "json"}
    rows = {name for name, format in FORMATS.items() if isinstance(format, Rows)}
    assert rows == {path.stem for path in GOLDEN} | of_their_own


# --- for any text ---------------------------------------------------------------------------------------------------

HOSTILE = st.characters() | st.sampled_from("&<>\"'] \t\n\r\0\x07\x85\u2028\ufffe\ud83d\ude00\u0301é🎉ש")
TEXT = st.text(HOSTILE, max_size=60)
NAME = TEXT.map(lambda text: f"{text}x") | TEXT.map(lambda text: f"x{text}")
NUMBER = st.integers(10**9, 10**12).map(lambda number: f"+49{number}")


@st.composite
def entries(draw: st.DrawFn) -> list[Entry]:
    found = []
    for id in range(1, draw(st.integers(0, 6)) + 1):
        fields = {"display_name": draw(NAME)}
        for name in ("first_name", "last_name", "organisation", "email"):
            if draw(st.booleans()):
                fields[name] = draw(TEXT)
        for kind in KINDS:
            if numbers := draw(st.lists(NUMBER, max_size=3)):
                fields[kind] = ", ".join(numbers)
        found.append(Entry(id, Content(None, fields)))
    return found


def squeezed(text: str) -> str:
    """What is left of a text on one line, by another way than the one that is tested."""
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    kept = (" " if unicodedata.category(sign) in ("Cc", "Zl", "Zp") else sign for sign in whole)
    return " ".join("".join(kept).replace("\ufffe", "\ufffd").replace("\uffff", "\ufffd").split())


def numbers_of(each: Entry) -> list[str]:
    return [number for kind in KINDS for number in each.content.fields.get(kind, "").split(", ") if number]


def without_label(name: str) -> str:
    return squeezed(re.sub(r"(^| )\((Work|Mobile|Home|Fax)\)$", "", name))


def is_shown(name: str, shown: str, expected: str) -> bool:
    """Whole where it fits, and else the beginning of it."""
    if name == "panasonic":
        expected = squeezed(expected.translate(str.maketrans("&'<>", "+’()")))
    text = squeezed(expected)
    most_characters, most_bytes = MOST_CHARACTERS.get(name, 10**6), MOST_BYTES.get(name, 10**6)
    labelled = shown != (bare := without_label(shown))
    fits = len(text) <= most_characters and len(text.encode()) <= most_bytes
    return text.startswith(bare) and (bare == text or labelled or not fits)


def check_names(name: str, row: Read, of: Entry) -> None:
    fields = of.content.fields
    if name not in BY_PARTS:
        assert is_shown(name, row.name, fields["display_name"])
        return
    first, last = squeezed(fields.get("first_name", "")), squeezed(fields.get("last_name", ""))
    assert is_shown(name, row.first, first)
    assert is_shown(name, row.last, last or ("" if first else fields["display_name"]))


@pytest.mark.parametrize("name", ROW_FORMATS)
@settings(max_examples=60)
@given(book=entries())
def test_what_is_read_back_is_what_is_in_the_phone_book(name: str, book: list[Entry]) -> None:
    most = 10 if name in PAGED else None
    book = [each for each in book if numbers_of(each)]
    if most:
        book = [each for each in book if len(numbers_of(each)) <= most][:1]
    if name in PAGED and not book:
        return
    rows = read(name, written(name, book))
    held = {number: each for each in reversed(book) for number in numbers_of(each)}
    told = [number for row in rows for number in row.numbers]
    expected = list(dict.fromkeys(number for each in book for number in dict.fromkeys(numbers_of(each))))
    assert set(told) == set(expected)
    if rows_format(name).distinct:
        assert sorted(told) == sorted(expected)
    if len(held) == sum(len(set(numbers_of(each))) for each in book):
        for row in rows:
            check_names(name, row, held[row.numbers[0]])


@given(book=entries())
@settings(max_examples=40)
def test_the_pages_of_the_microbrowser_are_read_back(book: list[Entry]) -> None:
    book = [each for each in book if numbers_of(each)][:2]
    page = html.fromstring(written("poly-browser", book).decode())
    links = [(link.text_content(), str(link.get("href"))) for link in page.iter("a")]
    assert [url.removeprefix("tel://") for _, url in links] == [
        number for each in book for number in dict.fromkeys(numbers_of(each))
    ]
    names = {squeezed(each.content.fields["display_name"]) for each in book}
    assert {without_label(text) for text, _ in links} == names


# --- the rules for all ----------------------------------------------------------------------------------------------

TWELVE = tuple(f"+4989100000{count:02}" for count in range(12))


@pytest.mark.parametrize("name", ROW_FORMATS)
def test_twelve_numbers_are_as_many_rows_as_the_family_needs(name: str) -> None:
    rows = read(name, written(name, [entry(1, display_name="Zwölf", phone=", ".join(TWELVE))]))
    each = {"yealink": 3, "fritzbox": 9, "fanvil": 1, "gigaset-file": 2, "htek": 1, "poly": 1}
    each |= dict.fromkeys(PAGED, 1)
    most = each.get(name, 12)
    assert [len(row.numbers) for row in rows] == [most] * (12 // most) + ([12 % most] if 12 % most else [])
    assert tuple(number for row in rows for number in row.numbers) == TWELVE


@pytest.mark.parametrize("name", ROW_FORMATS)
def test_no_entry_without_a_number_and_no_number_that_is_empty(name: str) -> None:
    book = [entry(1, display_name="None"), entry(2, display_name="Blank", phone="on request", fax=" ")]
    assert written(name, book) == written(name, [])
    assert read(name, written(name, [])) == []


@pytest.mark.parametrize("name", sorted(name for name in ROW_FORMATS if rows_format(name).most_entries))
def test_a_phone_gets_no_more_than_it_takes(name: str) -> None:
    most = rows_format(name).most_entries or 0
    book = [entry(id, display_name=f"Name {id:05}", phone=f"+4989{id:07}") for id in range(1, most + 2)]
    for count in (most - 1, most):
        assert len(read(name, written(name, book[:count]))) == count
    assert len(read(name, written(name, book))) == most


def test_the_central_phone_book_of_gigaset_ends_before_two_megabytes() -> None:
    book = [entry(id, display_name="é" * 600, phone=f"+4989{id:07}") for id in range(1, 2001)]
    answer = written("gigaset-file", book)
    assert b"<!DOCTYPE LocalDirectory>" in answer
    assert 1_990_000 < len(answer) <= 2_000_000
    assert len(read("gigaset-file", answer)) > 1500


def test_a_number_of_several_contacts_stands_once_in_the_directory_of_poly() -> None:
    book = [entry(1, display_name="Anna", phone="+498912345678"), entry(2, display_name="Ben", phone="+498912345678")]
    assert read("poly", written("poly", book)) == [Read(("+498912345678",), last="Anna")]


@pytest.mark.parametrize("name", ["yealink", "poly", "panasonic"])
@pytest.mark.parametrize("piece", ["🧑‍🧑‍🧒‍🧒", "ö́", "🇩🇪", "ש"], ids=["family", "accents", "flag", "hebrew"])
def test_a_name_is_cut_between_what_people_read_as_characters(name: str, piece: str) -> None:
    (row,) = read(name, written(name, [entry(1, display_name="A" + piece * 50, phone="112")]))
    shown = (row.name or row.last).removeprefix("A")
    assert shown == piece * (len(shown) // len(piece))
    room = {"yealink": 32, "panasonic": 24}.get(name, 40) - 1
    size = len(piece.encode()) if name == "poly" else len(piece)
    assert len(shown) // len(piece) == room // size


def test_a_label_is_not_cut_off() -> None:
    (_, second) = read("poly", written("poly", [entry(1, display_name=LONG, phone="112", mobile="+491711234567")]))
    assert second.last == "L" * 31 + " (Mobile)"


def test_accents_without_end_leave_a_name() -> None:
    (row,) = read("yealink", written("yealink", [entry(1, display_name="a" + "\u0301" * 200, phone="112")]))
    assert row.name == "a" + "\u0301" * 31


def test_a_number_that_an_entry_has_twice_stands_there_once() -> None:
    book = [entry(1, display_name="Anna", phone="+498912345678", mobile="+49 89 12345678")]
    assert [row.numbers for row in read("yealink", written("yealink", book))] == [("+498912345678",)]


def whole_formats() -> Iterable[str]:
    return sorted(name for name in ROW_FORMATS if not rows_format(name).page_size)


@pytest.mark.parametrize("name", whole_formats())
def test_an_export_is_the_same_file(name: str) -> None:
    assert exported(name, GOLDEN_BOOK).encode() == written(name, GOLDEN_BOOK)


def test_an_export_says_how_many_rows_it_leaves_out(caplog: pytest.LogCaptureFixture) -> None:
    book = [entry(id, display_name=f"Geheim {id}", phone=f"+4989{id:07}") for id in range(1, 24)]
    exported("panasonic", book)
    assert "3 rows left out" in caplog.text
    assert "Geheim" not in caplog.text
