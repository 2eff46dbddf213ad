"""The table of faults in docs/csv.md: each row is what really happens here, and nothing else is in it.

`fails`: the list fails as a whole, no `End` comes, and the phone book stays as it is. `leaves out`: the line is told by
its number, the others are read, and no contact counts as absent because of it.
"""

# ruff: noqa: E501 - a table

from __future__ import annotations

import io
import os
import re
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pbx_csv import error_catalog
from pbx_csv.settings import CsvSettings

from pbx_connector.api import Book, End, ErrorText, Row, Skipped, SourceContext, SourceError, StreamItem, Unreadable

from .conftest import ACCOUNTS, CSV, Read, WebServer

DOCS = Path(__file__).parents[3] / "docs"
PAGE = (DOCS / "csv.md").read_text(encoding="utf-8")
GOOD = "Number;Name;Phone\r\n1;Ann;11\r\n2;Bob;22\r\n3;Cy;33\r\n"


def packed(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def damaged(archive: bytes) -> bytes:
    """With a bit of the packed text turned over."""
    at = archive.index(b"people.csv") + len("people.csv") + 5
    return archive[:at] + bytes([archive[at] ^ 0xFF]) + archive[at + 1 :]


@dataclass(frozen=True)
class Fault:
    what: str
    """As the page says it."""
    code: str
    content: bytes | str | None
    settings: dict[str, Any] = field(default_factory=dict)
    fields: tuple[str, ...] = ("Name", "Phone")
    line: int = 0
    """The one that is named; 0: none."""


FAILS = (
    Fault("the file is missing", "C0101", None),
    Fault("it is a folder, a pipe or a device", "C0102", None, {"file": "/dev/null"}),
    Fault("the folder has no file that matches, as if its disk were not mounted", "C0103", None, {"folder": "empty"}),
    Fault("the file is empty", "C0104", ""),
    Fault("there is a header and nothing below it", "C0105", "Number;Name;Phone\r\n"),
    Fault("the file ends within its last line", "C0106", GOOD[:-4], line=4),
    Fault("it is larger than `largest`", "C0109", GOOD, {"largest": 1e-8}),
    Fault("the zip file is cut short", "C0110", packed({"people.csv": GOOD.encode()})[:-30]),
    Fault("a bit of the zip file is wrong", "C0110", damaged(packed({"people.csv": GOOD.encode()}))),
    Fault("the zip file has two lists", "C0111", packed({"a.csv": b"a\n1\n", "b.csv": b"a\n1\n"})),
    Fault("it is an Excel workbook", "C0112", packed({"[Content_Types].xml": b"<Types/>"})),
    Fault("there are NUL characters in it", "C0113", "Number;Name;Phone\r\n1;A\0n;11\r\n", line=2),
    Fault("it is a web page", "C0114", "<!DOCTYPE html>\n<html><body>Log in</body></html>\n"),
    Fault("it is JSON, XML, LDIF or vCards", "C0114", '[{"Name": "Ann", "Phone": "11"}]\n'),
    Fault("the text is not of the encoding that is given", "C0201", "Name;Phone\r\nAnn;1\r\nJörg;2\r\n".encode("cp1252"), {"encoding": "utf-8"}, line=3),
    Fault("a line of more than a megabyte", "C0204", GOOD + "4;" + "x" * 3_000_000 + ";44\r\n", line=5),
    Fault("a quote is never closed", "C0205", GOOD + '4;"Dee;44\r\n' + "5;Eve;55\r\n" * 200, line=5),
    Fault("a quote that is never closed, in a very long list", "C0205", GOOD + '4;"Dee;44\r\n' + "5;Eve;55\r\n" * 20_000, line=5),
    Fault("a quote that is closed by that of a later line", "C0206", GOOD + '4;"Dee;44\r\n5;"Eve";55\r\n', line=5),
    Fault("a line break of another kind than `line_end` within a value", "C0207", GOOD + "4;D\ree;44\r\n", {"line_end": "crlf"}, line=5),
    Fault("a column that the rules name is missing", "C0301", GOOD, fields=("Name", "Fax")),
    Fault("`displayname` of the template is missing", "C0301", GOOD, fields=CSV.fields.names()),
    Fault("lines stand above the header", "C0301", "List of 2026\r\n\r\n" + GOOD, fields=("Name", "Phone")),
    Fault("there is no header, and `header` does not say so", "C0304", "Ann;+49 89 1234\r\nBob;+49 89 5678\r\n", fields=("displayname",)),
    Fault("a column that the settings name is missing", "C0301", GOOD, {"key": "Id"}),
    Fault("rules or settings name a column that is there twice", "C0302", "Name;Phone;Phone\r\nAnn;1;2\r\n"),
    Fault("`account` without a structure that makes rows private", "C0303", GOOD, {"account": "Name"}),
)  # fmt: skip

LEAVES_OUT = (
    Fault("more values than columns", "C0311", GOOD + "4;Dee;44;45\r\n", line=5),
    Fault("more values than columns, of which the last is blank", "C0311", GOOD + "4;Dee; Junior;\r\n", line=5),
    Fault("fewer values than columns", "C0312", GOOD + "4;Dee\r\n", line=5),
    Fault("no value in the key", "C0313", GOOD + ";Dee;44\r\n", line=5),
    Fault("a key that is there twice, with other values", "C0314", GOOD + "2;Dee;44\r\n", line=5),
    Fault("a number that a spreadsheet has shortened", "C0316", GOOD + "4;Dee;4,98912E+11\r\n", line=5),
    Fault("an account that is not there", "C0315", "Number;Name;Phone\r\n1;Ann;nobody\r\n2;Bob;\r\n3;Cy;ann@example.com\r\n", {"account": "Phone"}, ("Name", "local_id"), line=2),
)  # fmt: skip

ON_A_SERVER: dict[str, tuple[str, Callable[[WebServer], object], dict[str, Any]]] = {
    "nothing answers at the address": ("C0401", lambda web: web.__exit__(), {}),
    "an address that does not exist any more (404, 410), or any other refusal": ("C0405", lambda web: setattr(web, "status", 410), {}),
    "the server refuses name and password (401, 403)": ("C0406", lambda web: setattr(web, "wanted", "Basic x"), {}),
    "the connection breaks off in the middle": ("C0404", lambda web: setattr(web, "cut", True), {}),
    "the server falls silent": ("C0403", lambda web: setattr(web, "silent", True), {"timeout": 0.2}),
    "a password would go to another server": ("C0407", lambda web: setattr(web, "location", "http://127.0.0.2:9/"), {"token": {"env": "CSV_TOKEN"}}),
    "a web page, such as that of a log-in": ("C0408", lambda web: setattr(web, "content_type", "text/html; charset=utf-8"), {}),
    "the file on the server is half written": ("C0106", lambda web: setattr(web, "content", GOOD[:-5].encode()), {}),
}  # fmt: skip


def row_of(what: str, code: str, does: str) -> str:
    [text] = [one for one in vars(error_catalog).values() if isinstance(one, ErrorText) and one.code == code]
    said = re.sub(r"\{[\w]*\}", "…", text.message)
    return f"| {what} | {does}: {code}, {said} |"


def failure(read: Read, content: bytes | str | None, fields: tuple[str, ...], **settings: Any) -> SourceError:
    with pytest.raises(SourceError) as caught:
        read(content, fields, **settings)
    return caught.value


@pytest.mark.parametrize("fault", FAILS, ids=lambda fault: fault.what)
def test_the_list_fails(read: Read, fault: Fault, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    settings = {"key": "Number"} if "Number" in str(fault.content) else {}
    settings |= fault.settings
    if "folder" in settings:
        settings["folder"] = str(tmp_path / "empty")
    error = failure(read, fault.content, fault.fields, **settings)
    assert error.code == fault.code
    assert not fault.line or re.search(rf"\bline {fault.line}\b", error.message)
    assert error.hint
    assert row_of(fault.what, fault.code, "fails") in PAGE


@pytest.mark.parametrize("fault", LEAVES_OUT, ids=lambda fault: fault.what)
def test_a_line_is_left_out_by_its_number_and_the_others_are_read(read: Read, fault: Fault) -> None:
    *items, end = read(fault.content, fault.fields, key="Number", **fault.settings)
    assert isinstance(end, End)
    assert end.full
    (left,) = (item for item in items if isinstance(item, Unreadable))
    assert left.problem.code == fault.code
    assert f"line {fault.line}" in left.problem.message
    assert len([item for item in items if isinstance(item, Row)]) == str(fault.content).count("\r\n") - 2
    assert row_of(fault.what, fault.code, "leaves out") in PAGE


@pytest.mark.parametrize("what", ON_A_SERVER)
def test_a_server_fails(read: Read, web: WebServer, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CSV_TOKEN", "t0ken")
    code, spoil, settings = ON_A_SERVER[what]
    web.content = GOOD.encode()
    assert read(None, url=web.url)
    spoil(web)
    error = failure(read, None, (), url=web.url, **settings)
    assert error.code == code
    assert "t0ken" not in error.message
    assert row_of(what, code, "fails") in PAGE


def test_a_certificate_of_nobody_we_know(read: Read, secure_web: WebServer, authority: Path) -> None:
    secure_web.content = GOOD.encode()
    assert failure(read, None, (), url=secure_web.url).code == "C0402"
    assert len(read(None, url=secure_web.url, ca_file=str(authority))) == 4
    assert row_of("a certificate that is not trusted", "C0402", "fails") in PAGE


def test_a_certificate_file_that_is_none(read: Read, path: Path) -> None:
    path.write_text(GOOD)
    assert failure(read, None, (), url="https://127.0.0.1:9/x.csv", ca_file=str(path)).code == "C0409"
    assert row_of("`ca_file` has no certificate", "C0409", "fails") in PAGE


def test_a_file_that_is_written_while_it_is_read(path: Path) -> None:
    """The list is longer than what is read at once, so the second half changes while the first is looked at."""
    path.write_text("Number;Name\n" + "".join(f"{number};Somebody\n" for number in range(100_000)))
    settings = CsvSettings.model_validate({"file": str(path), "settle": 0})
    with CSV.open(settings, SourceContext()) as source:
        stream = source.changes(Book("list", path.name, "list"), None, ())
        items: list[StreamItem] = [next(stream)]
        with path.open("r+b") as file:
            file.seek(-12, os.SEEK_END)
            file.write(b"Nobody! ")
        with pytest.raises(SourceError) as caught:
            items += stream
    assert caught.value.code == "C0108"
    assert not any(isinstance(item, End) for item in items)
    assert row_of("the file changes while it is read", "C0108", "fails") in PAGE


def test_a_file_that_somebody_is_writing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pbx_csv import origins

    def goes_on_writing(seconds: float) -> None:
        with path.open("a") as file:
            file.write("4;Dee;44\n")

    monkeypatch.setattr(origins, "time", SimpleNamespace(time=time.time, sleep=goes_on_writing))
    path.write_text(GOOD)
    settings = CsvSettings.model_validate({"file": str(path), "settle": 60})
    with CSV.open(settings, SourceContext()) as source:
        stream = source.changes(Book("list", path.name, "list"), None, ())
        with pytest.raises(SourceError) as caught:
            list(stream)
    assert caught.value.code == "C0107"
    assert row_of("the file is being written", "C0107", "fails") in PAGE


def test_an_encoding_that_nobody_can_guess(read: Read) -> None:
    content = b"Name;Phone\r\n" + bytes(range(0x80, 0xA0)) * 20 + b";1\r\n"
    assert failure(read, content, ("Name",)).code == "C0203"
    assert row_of("no encoding makes sense of it", "C0203", "fails") in PAGE


def test_a_server_that_drips(read: Read, web: WebServer, monkeypatch: pytest.MonkeyPatch) -> None:
    from pbx_csv import download

    monkeypatch.setattr(download, "_GRACE", 0)
    web.content, web.drips = GOOD.encode(), True
    assert failure(read, None, (), url=web.url, timeout=2).code == "C0410"
    assert row_of("the server drips", "C0410", "fails") in PAGE


def test_nothing_is_absent_while_a_line_cannot_be_read(path: Path) -> None:
    path.write_text(GOOD + "4;Dee;44;45\n")
    settings = CsvSettings.model_validate({"file": str(path), "key": "Number", "settle": 0})
    with CSV.open(settings, SourceContext(ACCOUNTS)) as source:
        book = Book("list", path.name, "list")
        list(source.changes(book, None, ()))
        assert list(source.confirm_gone(book, ["1", "9"])) == []
        path.write_text(GOOD)
        assert list(source.confirm_gone(book, ["1", "9"])) == ["9"]


def test_the_table_has_no_other_row() -> None:
    (table,) = re.findall(r"^\| What happens \|.*?\n\n", PAGE, re.MULTILINE | re.DOTALL)
    tested = 6 + len(FAILS) + len(LEAVES_OUT) + len(ON_A_SERVER)
    assert table.count("\n| ") == tested


def test_the_page_of_problems_says_the_same_words() -> None:
    page = (DOCS / "problems.md").read_text(encoding="utf-8")
    for one in (value for value in vars(error_catalog).values() if isinstance(value, ErrorText)):
        said = re.sub(r"\{[\w]*\}", "…", one.message)
        assert f"| {one.code} | {said} | {one.hint} |" in page


def test_lines_that_say_nothing_are_counted_and_cost_nothing(read: Read) -> None:
    *items, _ = read(GOOD + "2;Bob;22\r\n;;\r\n\r\n")
    assert [item.reason for item in items if isinstance(item, Skipped)] == [
        "a line that is there twice",
        "an empty line",
    ]
