"""What lists may look like, and what becomes of them: encodings, layouts, columns, keys, private rows, changes."""

from __future__ import annotations

import io
import os
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from pbx_csv.settings import CsvSettings
from pydantic import ValidationError

from pbx_connector.api import (
    Book,
    BookGone,
    BookUnknown,
    End,
    Problem,
    Row,
    Skipped,
    Source,
    SourceContext,
    SourceError,
)

from .conftest import ACCOUNTS, CSV, Read, WebServer

PLAIN = "Name;Phone\r\nJörg;1\r\nAnn;2\r\n"


def values(items: list[Any]) -> list[dict[str, Any]]:
    return [dict(item.values) for item in items if isinstance(item, Row)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
@pytest.mark.parametrize("given", [True, False], ids=["given", "detected"])
def test_an_encoding_is_what_the_bytes_or_the_profile_say(read: Read, encoding: str, given: bool) -> None:
    settings = {"encoding": encoding} if given else {}
    assert values(read(PLAIN.encode(encoding), ("Name",), **settings)) == [{"Name": "Jörg"}, {"Name": "Ann"}]


@pytest.mark.parametrize("given", ["utf-8", "utf_8_sig"])
def test_a_mark_at_the_beginning_is_no_part_of_the_first_column(read: Read, given: str) -> None:
    assert values(read(PLAIN.encode("utf-8-sig"), ("Name",), encoding=given))[0] == {"Name": "Jörg"}


def test_what_is_no_unicode_far_behind_the_beginning_is_found_all_the_same(read: Read) -> None:
    content = "Name;Phone\r\n" + "Ann;1\r\n" * 400_000 + "Jörg;2\r\n"
    assert values(read(content.encode("cp1252"), ("Name",)))[-1] == {"Name": "Jörg"}


def test_a_guess_is_told_in_the_report(path: Path) -> None:
    path.write_bytes(PLAIN.encode("cp1252"))
    with CSV.open(CsvSettings.model_validate({"file": str(path)}), SourceContext()) as source:
        _, warning = source.books()
    assert isinstance(warning, Problem)
    assert (warning.code, warning.severity) == ("C0202", "warning")
    assert "windows-1252" in warning.message


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"], ids=["crlf", "lf", "cr"])
@pytest.mark.parametrize("quote", ['"', "'"], ids=["double", "single"])
def test_a_layout_is_detected(read: Read, delimiter: str, end: str, quote: str) -> None:
    lines = (("Name", "Phone", "Notes"), (f"Lee{delimiter} Ann", "1", f"two{end}lines"), ("Bob", "2", ""))
    text = "".join(delimiter.join(f"{quote}{value}{quote}" for value in line) + end for line in lines)
    assert values(read(text, ("Name", "Notes"))) == [
        {"Name": f"Lee{delimiter} Ann", "Notes": f"two{end}lines"},
        {"Name": "Bob", "Notes": ""},
    ]


@pytest.mark.parametrize(
    ("text", "settings", "expected"),
    [
        ("Name\r\nAnn, Lee\r\nBob\r\n", {"delimiter": "semicolon"}, ["Ann, Lee", "Bob"]),
        ("sep=|\r\nName|Phone\r\nAnn; Lee|1\r\nBob|2\r\n", {}, ["Ann; Lee", "Bob"]),
        ("Export of today\r\n\r\nName;Phone\r\nAnn;1\r\n", {"skip_lines": 2}, ["Ann"]),
        ('Name;Phone\r\n5" Ann;1\r\n"Bob";2\r\n', {"quote": "none"}, ['5" Ann', '"Bob"']),
        ('Name;Phone\r\n5" Ann;1\r\n"Bob ""Bo""";2\r\n', {}, ['5" Ann', 'Bob "Bo"']),
        ("Name;Phone\r\nAnn;1;\r\nBob;2;;\r\n", {"long_lines": "blank"}, ["Ann", "Bob"]),
        ("Name;Phone\r\nAnn\r\nBob;2\r\n", {"short_lines": "blank"}, ["Ann", "Bob"]),
        ("Name;Phone\r\nAnn;1\r\nBob;2", {"last_line": "open"}, ["Ann", "Bob"]),
        (" Name ;Phone\r\nAnn;1\r\n", {}, ["Ann"]),
        ("NAME;Phone\r\nAnn;1\r\n", {}, ["Ann"]),
    ],
)
def test_lists_as_programs_write_them(read: Read, text: str, settings: dict[str, Any], expected: list[str]) -> None:
    assert [row["Name"] for row in values(read(text, ("Name",), **settings))] == expected


def test_columns_without_a_name_of_their_own(read: Read) -> None:
    content = "Phone;Phone;;Name\r\n1;2;3;Ann\r\n"
    (row,) = values(read(content, ("Phone 1", "Phone 2", "Column 3", "Name")))
    assert row == {"Phone 1": "1", "Phone 2": "2", "Column 3": "3", "Name": "Ann"}
    (first, _) = values(read(content, ("Column 1", "Column 4"), header="false"))
    assert first == {"Column 1": "Phone", "Column 4": "Name"}


def test_the_columns_of_the_phone_system_need_not_be_there(read: Read) -> None:
    assert values(read("displayname\r\nAnn\r\n", ("displayname", "phone", "local_id"))) == [{"displayname": "Ann"}]


def test_a_key_of_several_columns_takes_none_for_another(read: Read) -> None:
    *rows, _ = read("A;B\r\na | b;c\r\na;b | c\r\na;b\r\n", key=["A", "B"])
    assert len({row.key for row in rows}) == 3  # type: ignore[union-attr]
    assert not [row for row in rows if not isinstance(row, Row)]


def test_a_very_long_key_can_be_stored_and_stays_a_key_of_its_own(read: Read) -> None:
    *rows, _ = read(f"A;B\r\n{'x' * 5000}1;1\r\n{'x' * 5000}2;2\r\n", key="A")
    assert len({row.key for row in rows}) == 2  # type: ignore[union-attr]
    assert all(len(row.key) < 200 for row in rows)  # type: ignore[union-attr]


def test_a_private_row_has_the_account_that_its_column_names_in_any_way(read: Read) -> None:
    content = "Name;Owner\r\nA;7\r\nB;ANN\r\nC;bob@example.com\r\nD;\r\n"
    rows = values(read(content, ("Name", "local_id"), account="Owner"))
    assert [row["local_id"] for row in rows] == ["7", "7", "8", ""]


def test_an_account_that_two_share_is_nobodys(path: Path) -> None:
    path.write_text("Name;Owner\nA;shared@example.com\n")
    accounts = [type(ACCOUNTS[0])(name, name, "shared@example.com") for name in ("x", "y")]
    settings = CsvSettings.model_validate({"file": str(path), "account": "Owner", "settle": 0})
    with CSV.open(settings, SourceContext(accounts, frozenset({"Name", "local_id"}))) as source:
        item, _ = source.changes(Book("list", path.name, "list"), None, ())
    assert not isinstance(item, Row)


@pytest.mark.parametrize("name", ["people.csv", "people.zip"])
def test_a_zip_file_is_told_by_what_is_in_it(read: Read, name: str) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("readme.md", "#")
        archive.writestr("day/people.csv", PLAIN)
        archive.writestr("day/others.csv", "Name\n")
    assert len(values(read(file.getvalue(), ("Name",), member="*/people.csv"))) == 2


# --- what changed -----------------------------------------------------------------------------------------------------


def checkpoint(source: Source, since: str | None = None) -> tuple[int, End]:
    """How many items there were, and how it ended."""
    *items, end = source.changes(Book("list", "people", "list"), since, ())
    assert isinstance(end, End)
    return len(items), end


def test_a_file_that_has_not_changed_is_not_read_again(path: Path) -> None:
    path.write_text(PLAIN)
    with CSV.open(CsvSettings.model_validate({"file": str(path), "settle": 0}), SourceContext()) as source:
        _, first = checkpoint(source)
        assert checkpoint(source, first.checkpoint) == (0, End(first.checkpoint, full=False))
        os.utime(path, ns=(1, 1))  # the times changed, the bytes did not
        count, second = checkpoint(source, first.checkpoint)
        assert (count, second.full) == (0, False)
        assert second.checkpoint != first.checkpoint
        stat = path.stat()
        path.write_text(PLAIN.replace("Ann", "Bob"))  # as large as before
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))  # and with the old time
        assert checkpoint(source, second.checkpoint)[0] == 2


def test_a_checkpoint_holds_for_the_accounts_that_the_rows_were_read_with(path: Path) -> None:
    path.write_text("Name;Owner\nA;cy\n")
    settings = CsvSettings.model_validate({"file": str(path), "account": "Owner", "settle": 0})
    with CSV.open(settings, SourceContext(ACCOUNTS)) as source:
        _, end = checkpoint(source)
    more = (*ACCOUNTS, type(ACCOUNTS[0])("9", "cy"))
    with CSV.open(settings, SourceContext(more)) as source:
        assert checkpoint(source, end.checkpoint)[0] == 1


def test_a_server_is_asked_for_what_is_new_and_sends_nothing_else(web: WebServer) -> None:
    web.content = PLAIN.encode()
    with CSV.open(CsvSettings.model_validate({"url": web.url}), SourceContext()) as source:
        _, end = checkpoint(source)
        assert checkpoint(source, end.checkpoint) == (0, end.__class__(end.checkpoint, full=False))
        assert (web.answered, web.asked[-1]["If-None-Match"]) == ([200, 304], web.etag)
        web.etags = False
        assert checkpoint(source, end.checkpoint)[0] == 0  # sent as a whole, and the same
        web.content += b"Cy;3\r\n"
        assert checkpoint(source, end.checkpoint)[0] == 3


def test_a_name_and_password_or_a_token_go_to_the_server(
    read: Read, web: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CSV_SECRET", "pässword")
    web.content, secret = PLAIN.encode(), {"env": "CSV_SECRET"}
    web.wanted = "Basic YW5uOnDDpHNzd29yZA=="
    assert len(read(None, url=web.url, username="ann", password=secret)) == 3
    monkeypatch.setenv("CSV_SECRET", "t0ken")
    web.wanted = "Bearer t0ken"
    assert len(read(None, url=web.url, token=secret)) == 3


def test_an_address_that_leads_to_another_is_followed_without_a_password(read: Read, web: WebServer) -> None:
    web.content, web.location = PLAIN.encode(), "/moved.csv"
    assert len(read(None, url=web.url)) == 3


def deleted_files() -> set[str]:
    """Open ones, as temporary files are."""
    found = set()
    for name in os.listdir("/proc/self/fd"):
        with suppress(OSError):  # closed meanwhile
            found.add(os.readlink(f"/proc/self/fd/{name}"))
    return {link for link in found if "(deleted)" in link}


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="only Linux lists the open files")
def test_what_a_download_takes_on_the_disk_goes_with_it(web: WebServer) -> None:
    web.content = PLAIN.encode()
    before = deleted_files()
    with CSV.open(CsvSettings.model_validate({"url": web.url}), SourceContext()) as source:
        checkpoint(source)
        assert deleted_files() <= before


# --- folders ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "lists"
    (folder / "sub").mkdir(parents=True)
    for name in ("a.csv", "b.csv", "sub/c.csv", "d.txt"):
        (folder / name).write_text(PLAIN)
    return folder


def test_each_file_of_a_folder_that_matches_is_a_book(folder: Path) -> None:
    for pattern, titles in (("*.csv", ["a.csv", "b.csv"]), ("**/*.csv", ["a.csv", "b.csv", "sub/c.csv"])):
        settings = CsvSettings.model_validate({"folder": str(folder), "pattern": pattern})
        with CSV.open(settings, SourceContext()) as source:
            assert [book.title for book in source.books() if isinstance(book, Book)] == titles


@pytest.mark.parametrize("pattern", ["../*.csv", "sub/../../*.csv", "..\\\\*.csv", "/etc/passwd", "~/*.csv"])
def test_a_pattern_leads_out_of_no_folder(folder: Path, pattern: str) -> None:
    with pytest.raises(ValidationError, match="leads no higher"):
        CsvSettings.model_validate({"folder": str(folder), "pattern": pattern})


def test_a_file_is_gone_while_others_are_there_and_unwanted_if_the_pattern_changed(folder: Path) -> None:
    book = Book("list:a.csv", "a.csv", "list")
    (folder / "a.csv").unlink()
    with CSV.open(CsvSettings.model_validate({"folder": str(folder)}), SourceContext()) as source:
        found = source.look(book)
        assert isinstance(found, BookGone)
        assert not found.unwanted
        (folder / "b.csv").unlink()
        assert isinstance(source.look(book), BookUnknown)
        with pytest.raises(SourceError):
            list(source.books())
    settings = CsvSettings.model_validate({"folder": str(folder), "pattern": "*.txt"})
    (folder / "a.csv").write_text(PLAIN)
    with CSV.open(settings, SourceContext()) as source:
        found = source.look(book)
        assert isinstance(found, BookGone)
        assert found.unwanted


def test_an_empty_list_is_right_where_the_profile_says_so(read: Read) -> None:
    assert [type(item) for item in read("Name;Phone\r\n", empty="true")] == [End]
    assert [type(item) for item in read("Name;Phone\r\n;\r\n", empty="true")] == [Skipped, End]


# --- what is no table -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("\n <html lang=en>\n", "a web page"),
        ('<?xml version="1.0"?>\n<a/>\n', "XML"),
        ('{"people": []}\n', "JSON"),
        ("BEGIN:VCARD\nVERSION:3.0\n", "a list of vCards"),
        ("dn: cn=Ann,dc=example\ncn: Ann\n", "LDIF"),
        ("[Name];[Phone]\nA;1\n", ""),
        ("{Name};Phone\nA;1\n", ""),
        ('"Name";"Phone"\nA;1\n', ""),
        ("<Name>;<Phone>\nA;1\n", ""),
    ],
)
def test_what_is_no_table_is_called_by_its_name(read: Read, text: str, kind: str) -> None:
    if not kind:
        assert len(read(text)) == 2
        return
    with pytest.raises(SourceError, match=f"this is {kind}, not CSV"):
        read(text)


def test_numbers_that_only_look_shortened_are_read(read: Read) -> None:
    items = read("Name;Phone\nE+;12E+5x\nModel 3E+10 b;+49891\n1.5E3;7\n")
    assert [type(item) for item in items] == [Row, Row, Row, End]


def test_all_fields_can_be_asked_for_where_a_profile_has_columns_of_its_own(read: Read) -> None:
    row, _ = read("Name;Tel\nAnn;1\n", (*CSV.fields.names(), "Name"))
    assert isinstance(row, Row)
    assert row.values == {"Name": "Ann", "Tel": "1"}
