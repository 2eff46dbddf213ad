"""Every kind of damage to a SQLite file is loud: a byte is flipped in each part, then check, list and run are tried.

What nothing relies on is left out: free space inside pages, unused pages, and what SQLite ignores of its header.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from pbx_connector.errors import StoreDamaged
from pbx_connector.model import Book, Mapped, Record, Row
from pbx_connector.plan import Content
from pbx_connector.profile import Profile
from pbx_connector.run import run_profile, simulate_profile
from pbx_connector.stores import Entry, Store, open_store
from pbx_connector.testing import MemorySource

PAGE = 4096
LONG = 60
"""This row has so long a note that the file keeps it on pages of its own."""


@pytest.fixture
def source() -> MemorySource:
    source = MemorySource()
    book = source.add("public")
    for number in range(300):
        values = {
            "display_name": f"Person {number:04}",
            "phone": f"+49302312{number:04}",
            "label": f"Dept {number % 7}",
        }
        book.put(f"row{number:04}", **values, **({"notes": "a long note, " * 300} if number == LONG else {}))
    return source


@pytest.fixture
def profile(profile: Profile) -> Profile:
    def labelled(row: Row, book: Book) -> Mapped:
        values = {name: str(value) for name, value in row.values.items()}
        return Mapped((Record("", None, values, {"Department": values.pop("label")}),))

    return replace(profile, map=labelled)


@dataclass(frozen=True)
class Whole:
    """A phone book as it was before the damage."""

    file: Path
    content: bytes
    roots: dict[str, int]
    """Where the first page of each table and index begins."""

    def open(self) -> Store:
        return open_store(f"sqlite:///{self.file}")

    def spoil(self, place: int, bits: int = 0x05) -> None:
        spoilt = bytearray(self.content)
        spoilt[place] ^= bits
        self.file.write_bytes(spoilt)

    def find(self, text: str, after: int = 0) -> int:
        return self.content.index(text.encode(), after)


@pytest.fixture
def whole(tmp_path: Path, profile: Profile) -> Whole:
    file = tmp_path / "book.sqlite"
    with open_store(f"sqlite:///{file}") as store:
        run_profile(profile, store)
        store.add_entry(Content(None, {"display_name": "By hand"}))
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("DELETE FROM journal WHERE run = 1")  # texts stand in one place, and pages are free again
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        pages = dict(connection.execute("SELECT name, rootpage FROM sqlite_master WHERE rootpage > 0"))
    return Whole(file, file.read_bytes(), {name: (page - 1) * PAGE for name, page in pages.items()})


Damage = Callable[[Whole], None]
IN_THE_FILE: dict[str, Damage] = {
    "no header": lambda whole: whole.spoil(3),
    "a length in the header": lambda whole: whole.spoil(20),
    "the words of a table": lambda whole: whole.spoil(whole.find("CREATE TABLE run") + 8),
    "words of a table that are no text": lambda whole: whole.spoil(whole.find("CREATE TABLE run") + 13, 0x80),
    "the kind of a page": lambda whole: whole.spoil(whole.roots["entry"]),
    "where a page of entries points to": lambda whole: whole.spoil(whole.roots["entry"] + 12),
    "where a page of labels points to": lambda whole: whole.spoil(whole.roots["entry_label"] + 12),
    "a page of an index": lambda whole: whole.spoil(whole.roots["sqlite_autoindex_provenance_1"] + 12),
    "a key in an index": lambda whole: whole.spoil(
        whole.find("row0100", whole.roots["sqlite_autoindex_provenance_1"]) + 6
    ),
    "an index of counters": lambda whole: whole.spoil(whole.find("label", whole.roots["sqlite_autoindex_counter_1"])),
    "the list of free pages": lambda whole: whole.spoil(first_free(whole) + 7, 0x40),
    "the next page of a long text": lambda whole: whole.spoil(overflow(whole) + 2),
    "a row without its owner": lambda whole: whole_sql(whole, "DELETE FROM label WHERE id = 1"),
}
"""SQLite itself tells: nobody lists it or writes to it."""

IN_ENTRIES: dict[str, Damage] = {
    "a letter of a name": lambda whole: whole.spoil(whole.find("Person 0100") + 1),
    "a letter of a long text": lambda whole: whole.spoil(overflow(whole) + 1000),
    "a letter of a label": lambda whole: whole.spoil(whole.find("Dept 3") + 1),
    "a name that is no text": lambda whole: whole.spoil(whole.find("Person 0100") + 1, 0x80),
    "the name of a label that is no text": lambda whole: whole.spoil(whole.find("Department") + 1, 0x80),
    "an address book that is no text": lambda whole: whole.spoil(whole.find("public", whole.roots["book"]), 0x80),
}
"""A letter is as good as another to SQLite: digests and text tell. A run has no need to read entries that stay."""

ELSEWHERE: dict[str, Damage] = {
    "a name of a column": lambda whole: whole.spoil(whole.find("fingerprint TEXT")),
    "history that is no text": lambda whole: whole.spoil(whole.find('"counts"') + 2, 0x80),
    "history that makes no sense": lambda whole: whole.spoil(whole.find('"counts"')),
    "a counter": lambda whole: whole_sql(whole, "UPDATE counter SET value = 7 WHERE name = 'entry'"),
    "a text where a number belongs": lambda whole: whole_sql(whole, "UPDATE run SET removed = 'x' WHERE no = 1"),
}


def first_free(whole: Whole) -> int:
    page = int.from_bytes(whole.content[32:36])
    assert page
    return (page - 1) * PAGE


def overflow(whole: Whole) -> int:
    """The page that only the long text is on."""
    return max(
        range(0, len(whole.content), PAGE), key=lambda page: whole.content.count(b"a long note", page, page + PAGE)
    )


def whole_sql(whole: Whole, statement: str) -> None:
    with closing(sqlite3.connect(whole.file)) as connection:
        connection.execute(statement)
        connection.commit()


def check(whole: Whole) -> None:
    with whole.open() as store:
        if faults := store.faults():
            raise StoreDamaged(faults[0])


def listed(whole: Whole) -> None:
    with whole.open() as store:
        list(store.entries())


def ran(whole: Whole, profile: Profile) -> None:
    with whole.open() as store:
        run_profile(profile, store)


def simulated(whole: Whole, profile: Profile) -> None:
    with whole.open() as store, simulate_profile(profile, store):
        pass


def test_what_was_not_damaged_is_whole(whole: Whole, profile: Profile) -> None:
    check(whole)
    listed(whole)
    ran(whole, profile)
    simulated(whole, profile)


@pytest.mark.parametrize("kind", IN_THE_FILE)
def test_nobody_lists_or_writes_to_a_damaged_file(whole: Whole, profile: Profile, kind: str) -> None:
    IN_THE_FILE[kind](whole)
    for looks in (check, listed):
        with pytest.raises(StoreDamaged):
            looks(whole)
    before = whole.file.read_bytes()
    for runs in (ran, simulated):
        with pytest.raises(StoreDamaged) as caught:
            runs(whole, profile)
        assert "pbx-connector store restore" in caught.value.hint
    assert whole.file.read_bytes() == before


@pytest.mark.parametrize("kind", IN_ENTRIES)
def test_an_entry_that_says_something_else_is_found_by_a_check_and_by_who_lists_it(whole: Whole, kind: str) -> None:
    IN_ENTRIES[kind](whole)
    for looks in (check, listed):
        with pytest.raises(StoreDamaged) as caught:
            looks(whole)
        assert "Person" not in str(caught.value)


@pytest.mark.parametrize("kind", ELSEWHERE)
def test_a_check_finds_what_does_not_belong_where_it_stands(whole: Whole, kind: str) -> None:
    ELSEWHERE[kind](whole)
    with pytest.raises(StoreDamaged):
        check(whole)


def test_all_entries_are_listed_before_the_damage_of_one_is_told(whole: Whole) -> None:
    IN_ENTRIES["a letter of a name"](whole)
    seen: list[Entry] = []
    with whole.open() as store, pytest.raises(StoreDamaged, match="differs from what was imported in 1 entry: 101"):
        seen.extend(store.entries())
    assert len(seen) == 301
