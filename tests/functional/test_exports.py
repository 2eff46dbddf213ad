"""`phonebook export`: private entries leave the phone book only when somebody says so, and a file is its owner's."""

from __future__ import annotations

import json
import os

import pytest
from product import Connector


@pytest.fixture
def book(connector: Connector) -> Connector:
    """A company entry and a private one."""
    connector("accounts", "add", "acc-anna")
    connector("phonebook", "add", "--display-name", "Reception", "--email", "reception@example.com")
    connector("phonebook", "add", "--display-name", "Doctor", "--account", "acc-anna")
    return connector


def exported(book: Connector, *arguments: str) -> str:
    return book("phonebook", "export", *arguments).out


@pytest.mark.parametrize("format", ["csv", "vcard"])
def test_a_file_that_cannot_say_whose_an_entry_is_has_company_entries(book: Connector, format: str) -> None:
    done = book("phonebook", "export", "--format", format)
    assert "Reception" in done.out
    assert "Doctor" not in done.out
    assert "private entries are left out" in done.err
    assert book("phonebook", "export", "--format", format, "--company").err == ""


@pytest.mark.parametrize("format", ["csv", "vcard"])
def test_private_entries_are_exported_when_they_are_asked_for(book: Connector, format: str) -> None:
    own = exported(book, "--format", format, "--account", "acc-anna")
    assert ("Doctor" in own, "Reception" in own) == (True, False)
    everything = book("phonebook", "export", "--format", format, "--all")
    assert ("Doctor" in everything.out, "Reception" in everything.out) == (True, True)
    assert "does not say whose" in everything.err
    assert "--all" in book("phonebook", "export", "--all", "--company", code=2).err


def test_json_lines_say_whose_an_entry_is_and_have_all(book: Connector) -> None:
    lines = [json.loads(line) for line in exported(book, "--format", "jsonl").splitlines()]
    assert {line["fields"]["display_name"]: line["account"] for line in lines} == {
        "Reception": None,
        "Doctor": "acc-anna",
    }


@pytest.mark.skipif(os.name != "posix", reason="rights are POSIX ones")
def test_an_exported_file_is_its_owners_alone_unless_it_was_opened_to_others(book: Connector) -> None:
    file = book.home / "book.csv"
    before = os.umask(0o022)
    try:
        exported(book, "--out", "book.csv")
        assert file.stat().st_mode & 0o777 == 0o600
        file.chmod(0o640)
        exported(book, "--out", "book.csv")
        assert file.stat().st_mode & 0o777 == 0o640
    finally:
        os.umask(before)
    assert "Reception" in file.read_text(encoding="utf-8")
    assert [path.name for path in book.home.glob(".*")] == []


@pytest.mark.skipif(os.name != "posix", reason="pipes are POSIX ones")
def test_what_is_no_file_is_not_replaced_by_one(book: Connector) -> None:
    os.mkfifo(book.home / "pipe")
    assert "no file" in book("phonebook", "export", "--out", "pipe", code=2).err
    assert (book.home / "pipe").is_fifo()


def test_a_spreadsheet_runs_nothing_of_an_export_unless_it_is_raw(book: Connector) -> None:
    book("phonebook", "add", "--display-name", "=1+1", "--phone", "+49 89 99998 100")
    assert "'=1+1,+49 89 99998 100," in exported(book, "--company")
    assert "\n=1+1,+49 89 99998 100," in exported(book, "--company", "--raw")
    assert "no variant 'raw'" in book("phonebook", "export", "--raw", "--format", "jsonl", code=2).err
    assert "--raw is for CSV" in book("phonebook", "export", "--raw", "--vcard", "3.0", code=2).err


def test_vcards_have_ids_that_stay_and_the_version_that_is_asked_for(book: Connector) -> None:
    def uids(text: str) -> list[str]:
        return [line for line in text.splitlines() if line.startswith("UID:")]

    four, three = exported(book, "--format", "vcard", "--company"), exported(book, "--vcard", "3.0", "--company")
    assert ("VERSION:4.0" in four, "VERSION:3.0" in three) == (True, True)
    assert uids(four) == uids(three) != []
    moved = book.home / "moved.sqlite"
    (book.home / "book.sqlite").rename(moved)
    assert uids(exported(book, "--vcard", "4.0", "--company", "--store", f"sqlite:///{moved}")) == uids(four)
    assert "known ones are 4.0, 3.0" in book("phonebook", "export", "--vcard", "2.1", code=2).err
