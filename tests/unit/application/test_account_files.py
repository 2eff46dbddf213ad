"""Accounts from files: what is wrong is told by line, and a file with one bad line is not taken at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from pbx_connector.application.account_files import read_accounts
from pbx_connector.errors import UsageError
from pbx_connector.model import Account

ANN = Account("21", "ann", "ann@example.com")
BO = Account("22", "bo", "")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("commas.csv", b"id,username,email\n21,ann,ann@example.com\n22,bo,\n"),
        ("semicolons.csv", b"id;username;email\r\n21;ann;ann@example.com\r\n\r\n22;bo;\r\n"),
        ("byte-order-mark.csv", b"\xef\xbb\xbfid,username,email\n21,ann,ann@example.com\n22,bo,\n"),
        ("german.csv", b"Durchwahl;Name;Benutzername;E-Mail\n21;Ann Lee;ann;ann@example.com\n22;;bo;\n"),
        ("directory.csv", b"sAMAccountName,extension,mail,\nann,21,ann@example.com,x\nbo,22,,\n"),
        ("both.csv", b"extension,id,User Name,e-mail address\n4,21,ann,ann@example.com\n5,22,bo,\n"),
        ("order.csv", b"Email,ID,Username\nann@example.com,21,ann\n,22,bo\n"),
        ("list.json", b'[{"id": 21, "username": "ann", "email": "ann@example.com"}, {"id": "22", "username": "bo"}]'),
        ("null.json", b'[{"id":21,"username":"ann","email":"ann@example.com"},{"id":22,"username":"bo","email":null}]'),
    ],
)
def test_accounts_are_read(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    assert read_accounts(tmp_path / name) == [ANN, BO]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", b"username,email\nann,a@example.com\n", ":1: the column 'id' is missing"),
        ("a.csv", b"", ":1: the column 'id' is missing"),
        ("a.csv", b"id,mail\n1,a\n", ":2: 'a' is not an e-mail address"),
        ("a.csv", b"extension,Nebenstelle\n1,2\n", ":1: both 'extension' and 'Nebenstelle' could be the id"),
        ("a.csv", b"Name,Telefon\n1,2\n", ":1: the column 'id' is missing"),
        ("a.csv", b"id,id\n1,2\n", ":1: a column stands there twice"),
        ("a.csv", b"id,username\n1\n", ":2: 1 columns where the header has 2"),
        ("a.csv", b"id,username\n1,a\n\n1,b\n,c\n", ":4: the id '1' stands in line 2 already"),
        ("a.csv", b"id,username\n1,a\n\n1,b\n,c\n", ":5: the id is missing"),
        ("a.csv", b"id,email\n1,nobody\n", ":2: 'nobody' is not an e-mail address"),
        ("a.csv", b"id,username\n1,a\0b\n", ":2: it has characters that no phone book can hold"),
        ("a.csv", b'id,email\n1,"nobody\n', "not proper CSV"),
        ("a.csv", b"id,username\n1,a\x1b[2Jb\n", ":2: its username has a control character"),
        ("a.csv", b'id,username\n"1\n2",a\n', ":3: its id has a control character"),
        ("a.csv", "id,email\n1,a\u202eb@example.com\n".encode(), ":2: its email has a control character"),
        ("a.json", b'[{"id": "1\\t2"}]', "account 1: its id has a control character"),
        ("a.csv", b"id\n\xff\n", "is not UTF-8 text (byte 3)"),
        ("a.json", b'{"id": "1"}', "a list of accounts is expected"),
        ("a.json", b'[{"id": ["1"]}]', "a.json: account 1: id is not a text"),
        ("a.json", b'[{"id": true}]', "account 1: id is not a text"),
        ("a.json", b'["1"]', "account 1: not an object"),
        ("a.json", b'[{"id": 1}, {"id": 2, "mail": "a"}]', "account 2: unknown key 'mail'"),
        ("a.json", b'[{"id": 1}, {"id": "1"}]', "account 2: the id '1' stands in account 1 already"),
        ("a.json", b'[{"id": null}]', "account 1: the id is missing"),
        ("a.json", b"[" * 100_000, "not proper JSON"),
        ("a.json", b'[{"id": "1"},\n', ":2:1: not proper JSON"),
    ],
)
def test_bad_files_are_refused_with_the_line(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError) as caught:
        read_accounts(tmp_path / name)
    assert said in caught.value.message


def test_all_faults_are_told_at_once_each_on_a_line_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id,username\n1,a,b\n,c\n1,d\n2,e\n2,f\n")
    with pytest.raises(UsageError) as caught:
        read_accounts(path)
    assert [line.removeprefix(str(path)) for line in caught.value.message.split("\n")] == [
        ":2: 3 columns where the header has 2",
        ":3: the id is missing",
        ":6: the id '2' stands in line 5 already",
    ]


def test_a_file_of_faults_is_told_in_few_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id,username\n" + ",a\n" * 50)
    with pytest.raises(UsageError) as caught:
        read_accounts(path)
    assert len(caught.value.message.split("\n")) == 21
    assert caught.value.message.endswith(": 30 more faults")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no such file"):
        read_accounts(tmp_path / "none.csv")


def test_columns_that_accounts_do_not_have_are_skipped_and_named(tmp_path: Path) -> None:
    path, notes = tmp_path / "a.csv", list[str]()
    path.write_text("id,Vorname,E-Mail,Raum\n21,Ann,ann@example.com,4\n")
    assert read_accounts(path, notes.append) == [Account("21", "", "ann@example.com")]
    assert notes == [f"{path}: skipped, as accounts have no such columns: 'Vorname', 'Raum'"]
    path.write_text("id,username\n21,ann\n")
    read_accounts(path, notes.append)
    assert len(notes) == 1
