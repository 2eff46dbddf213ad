"""The phone book as a file: damage is found, backups are made beside runs, and one takes its place again."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from product import Connector

BOOK = "book.sqlite"
PAGE = 4096
"""Bytes that SQLite reads and writes at once."""


@pytest.fixture
def book(connector: Connector, profile: Path) -> Path:
    connector("run", profile)
    return connector.home / BOOK


def damaged(connector: Connector) -> list[str]:
    found = json.loads(connector("store", "check", "--json", code=4).out)
    assert found["whole"] is False
    return list(found["faults"])


def test_a_whole_phone_book_is_whole(connector: Connector, book: Path) -> None:
    assert connector("store", "check").out.endswith("is whole\n")


def test_a_changed_entry_and_rows_that_belong_to_nothing_are_found(connector: Connector, book: Path) -> None:
    with sqlite3.connect(book) as connection:
        connection.execute("UPDATE entry SET phone = '+4930666' WHERE id = 3")
    assert damaged(connector) == ["the text differs from what was imported in 1 entry: 3"]
    with sqlite3.connect(book) as connection:
        connection.execute("DELETE FROM book WHERE no = 1")
    assert any("provenance has " in fault for fault in damaged(connector))


def test_flipped_bytes_are_found_in_the_file_and_in_imported_entries(connector: Connector, book: Path) -> None:
    """By SQLite where they are its own, by the digests in what an entry says, or because nothing can be read."""
    with sqlite3.connect(book) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    whole = book.read_bytes()
    phone = place_of_a_phone(book, whole)
    page = phone // PAGE * PAGE
    for place in (20, page + 3, page + 9, phone + 3):
        flip(book, whole, place)
        damaged(connector)
    book.write_bytes(whole)
    connector("store", "check")


def place_of_a_phone(book: Path, whole: bytes) -> int:
    """In the table of entries: the same number is in indexes and in the history, too."""
    before = phones(book)
    for place in (found.start() for found in re.finditer(re.escape(before[0].encode()), whole)):
        flip(book, whole, place + 3)
        if phones(book) != before:
            return place
    raise AssertionError("no entry has a number")


def phones(book: Path) -> list[str]:
    with closing(sqlite3.connect(book)) as connection:
        return [row[0] for row in connection.execute("SELECT phone FROM entry WHERE phone IS NOT NULL ORDER BY id")]


def flip(book: Path, whole: bytes, place: int) -> None:
    spoilt = bytearray(whole)
    spoilt[place] ^= 0x05
    book.write_bytes(spoilt)


def test_an_empty_file_is_no_phone_book(connector: Connector, profile: Path) -> None:
    for file in connector.home.glob(f"{BOOK}*"):
        file.unlink()
    (connector.home / BOOK).touch()
    for command in (["phonebook", "list"], ["run", profile], ["store", "check"]):
        assert "is an empty file, no phone book" in connector(*command, code=4).err
    assert (connector.home / BOOK).read_bytes() == b""


def test_a_backup_is_made_while_others_write_and_is_restored(connector: Connector, book: Path, profile: Path) -> None:
    before = connector.entries()
    with sqlite3.connect(book) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("DELETE FROM entry_label")
        connector("store", "backup", "kept.sqlite")
        other.rollback()
    assert "exists already" in connector("store", "backup", "kept.sqlite", code=2).err
    assert (connector.home / "kept.sqlite").stat().st_mode & 0o777 == 0o600
    elsewhere = profile.rename(profile.with_suffix(".off"))
    connector("profiles", "remove", "exchange-contacts", "--yes")
    elsewhere.rename(profile)
    assert connector.entries() == []
    said = connector("store", "restore", "kept.sqlite").out
    assert connector.entries() == before
    assert "before-restore-1" in said
    connector("store", "check")
    assert connector.counts(profile)["unchanged"] == len(before)


@pytest.mark.parametrize("kind", ["empty", "no database", "cut short"])
def test_a_damaged_phone_book_is_replaced_and_kept(connector: Connector, book: Path, kind: str) -> None:
    before = connector.entries()
    connector("store", "backup", "kept.sqlite")
    spoilt = {"empty": b"", "no database": b"x" * 8192, "cut short": book.read_bytes()[:4096] + b"\0" * 99}
    book.write_bytes(spoilt[kind])
    connector("store", "restore", "kept.sqlite")
    assert connector.entries() == before
    connector("store", "check")


def test_a_damaged_backup_takes_no_place(connector: Connector, book: Path) -> None:
    before = connector.entries()
    connector("store", "backup", "kept.sqlite")
    kept = connector.home / "kept.sqlite"
    for spoilt in (kept.read_bytes()[:9000], b"", b"no database at all" * 900):
        kept.write_bytes(spoilt)
        connector("store", "restore", "kept.sqlite", code=4)
        assert connector.entries() == before
