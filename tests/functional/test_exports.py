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
