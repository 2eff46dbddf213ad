"""Only regular files are read, up to a limit; any name is shown safely."""

from __future__ import annotations

import errno
import os
import socket
from pathlib import Path

import pytest

from pbx_connector import files
from pbx_connector.errors import MachineError


def test_a_text_comes_with_or_without_its_mark(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes("\ufeffüber\r\n".encode())
    assert files.read_text(file, at_most=100) == "über\r\n"
    assert files.read_text(file, at_most=100, keep_mark=True) == "\ufeffüber\r\n"


def test_a_file_is_read_up_to_its_limit(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"x" * 1000)
    assert len(files.read_bytes(file, at_most=1000)) == 1000
    with pytest.raises(files.UnreadableFile, match="larger than 0 kB"):
        files.read_bytes(file, at_most=999)


def test_what_is_no_regular_file_is_refused_without_waiting_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        for name, said in (
            ("pipe", "it is a named pipe"),
            ("folder", "it is a folder"),
            ("link", "it is a device"),
            ("socket", "No such device or address"),
            ("none", "there is no such file"),
            ("no\0name", "no file can have that name"),
            ("no\ud800name", "no file can have that name"),
            ("pipe/below", "Not a directory"),
        ):
            with pytest.raises(files.UnreadableFile, match=said):
                files.read_text(tmp_path / name, at_most=100)


def test_a_file_that_is_no_text_says_where(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc\xff")
    with pytest.raises(files.UnreadableFile, match=r"not UTF-8 text \(byte 3\)"):
        files.read_text(tmp_path / "a", at_most=100)


def test_too_many_open_files_are_the_machines_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(MachineError, match="no more files"):
        files.read_text(tmp_path / "a", at_most=100)


@pytest.mark.parametrize(
    ("name", "shown", "fault"),
    [
        ("büro 1.yaml", "büro 1.yaml", ""),
        ("a\u00a0b\u202fc", "a\u00a0b\u202fc", ""),
        (os.fsdecode(b"b\xfcro"), "b\\xfcro", "its name is not UTF-8 text"),
        ("a\nb\x1b[0m\x85", "a\\nb\\x1b[0m\\x85", "its name has control characters"),
        ("a\u2028b", "a\\u2028b", "its name has control characters"),
    ],
)
def test_a_name_is_shown_as_it_is_or_escaped(name: str, shown: str, fault: str) -> None:
    assert files.shown(name) == shown
    assert files.fault_of_name(name) == fault
    files.shown(name).encode()


def test_the_home_of_nobody_is_no_place() -> None:
    assert files.expanded(Path("~/a")) == Path.home() / "a"
    assert files.expanded(Path("~no-such-user/a")) == Path("~no-such-user/a")
