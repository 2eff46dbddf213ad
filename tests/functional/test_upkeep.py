"""The phone book as a file: damage is found, backups are made beside runs, and one takes its place again."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from product import Connector
from serving import Serve

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


def spoil(kind: str, book: Path) -> None:
    """In the file itself, where only the check of all finds it, or so that it cannot even be opened."""
    statement = {"entry": "UPDATE entry SET phone = '+4930666' WHERE id = 3", "rows": "DELETE FROM book WHERE no = 1"}
    if kind in statement:
        with closing(sqlite3.connect(book)) as connection, connection:
            connection.execute(statement[kind])
    else:
        book.write_bytes(b"x" * 8192)


@pytest.mark.parametrize(
    ("kind", "said", "reachable", "code"),
    [
        ("entry", "the text differs from what was imported in 1 entry: 3", True, 1),
        ("rows", "provenance has ", True, 1),
        ("all", "the file is damaged", False, 4),
    ],
)
def test_a_service_on_a_damaged_phone_book_says_so_everywhere(
    connector: Connector, book: Path, serve: Serve, config: Path, kind: str, said: str, reachable: bool, code: int
) -> None:
    spoil(kind, book)
    serving = serve()
    assert said in serving.wait_for("the phone book is damaged")["faults"][0]
    store = serving.health["store"]
    assert store["reachable"] is reachable
    assert said in store["faults"][0]
    assert "pbx_connector_store_damaged 1.0" in serving.get("/metrics")
    config.write_text(f"service: {{listen: '{serving.wait_for('serving')['health']}'}}\n")
    assert f"DAMAGED: {store['faults'][0]}"[:60] in connector("--config", config, "status", code=code).out
    assert serving.stop() == 0


def test_a_service_on_a_whole_phone_book_says_that_it_was_checked(book: Path, serve: Serve) -> None:
    serving = serve()
    serving.wait_for("the phone book is whole")
    assert serving.health["store"]["faults"] == []
    assert "pbx_connector_store_damaged 0.0" in serving.get("/metrics")


def test_a_list_shows_all_and_then_says_what_is_damaged(connector: Connector, book: Path) -> None:
    spoil("entry", book)
    listed = connector("phonebook", "list", code=4)
    assert "+4930666" in listed.out
    assert "the text differs from what was imported in 1 entry: 3" in listed.err
    connector("phonebook", "export", "--format", "csv", "--all", "--out", "all.csv", code=4)
    assert not (connector.home / "all.csv").exists()


def test_the_status_without_a_service_names_the_damage(connector: Connector, book: Path) -> None:
    assert json.loads(connector("status", "--json", code=4).out)["store"]["faults"] is None
    spoil("rows", book)
    (fault,) = json.loads(connector("status", "--json", code=4).out)["store"]["faults"]
    assert "is damaged: " in fault
    assert "DAMAGED: " in connector("status", code=4).out


def test_a_run_into_a_damaged_file_is_refused(connector: Connector, book: Path, profile: Path) -> None:
    spoil("rows", book)
    before = book.read_bytes()
    assert "restore a backup" in connector("run", profile, code=4).err
    assert book.read_bytes() == before


def test_a_damaged_backup_takes_no_place(connector: Connector, book: Path) -> None:
    before = connector.entries()
    connector("store", "backup", "kept.sqlite")
    kept = connector.home / "kept.sqlite"
    for spoilt in (kept.read_bytes()[:9000], b"", b"no database at all" * 900):
        kept.write_bytes(spoilt)
        connector("store", "restore", "kept.sqlite", code=4)
        assert connector.entries() == before
