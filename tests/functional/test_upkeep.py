"""The phone book as a file: damage is found, backups are made beside runs, and one takes its place again."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from product import Connector

BOOK = "book.sqlite"


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
    assert damaged(connector) == ["1 entries are not what their runs wrote: 3"]
    with sqlite3.connect(book) as connection:
        connection.execute("DELETE FROM book WHERE no = 1")
    assert any("rows of provenance belong to nothing" in fault for fault in damaged(connector))


def test_flipped_bytes_are_found_wherever_they_are(connector: Connector, book: Path) -> None:
    """In each page that holds something: by SQLite, by the digests of entries, or because nothing can be read."""
    with sqlite3.connect(book) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        [[phone]] = connection.execute("SELECT phone FROM entry WHERE phone IS NOT NULL LIMIT 1")
    whole = book.read_bytes()
    tables = whole.index(phone.encode()) // 4096
    for place in (20, tables * 4096 + 3, tables * 4096 + 9, whole.index(phone.encode()) + 3):
        spoilt = bytearray(whole)
        spoilt[place] ^= 0x15
        book.write_bytes(spoilt)
        done = connector("store", "check", code=None)
        assert done.code == 4, place
        assert "Traceback" not in done.err
    book.write_bytes(whole)
    connector("store", "check")


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
