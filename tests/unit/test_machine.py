"""What the machine lacks is found behind whatever libraries made of it, and told in every layer."""

from __future__ import annotations

import errno
import os

import pytest

from pbx_connector.cli import main
from pbx_connector.cli.session import Session
from pbx_connector.errors import MachineError, StoreError
from pbx_connector.machine import machine_error, machine_first


def no_files() -> OSError:
    return OSError(errno.EMFILE, os.strerror(errno.EMFILE))


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (MemoryError(), "memory"),
        (OSError(errno.ENOMEM, "x"), "memory"),
        (OSError(errno.ENOSPC, "x"), "space"),
        (OSError(errno.EDQUOT, "x"), "quota"),
        (OSError(errno.ENFILE, "x"), "files"),
        (RuntimeError("can't start new thread"), "threads"),
        (FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp']"), "temporary folder"),
    ],
)
def test_each_lack_is_told_with_a_way_out(error: Exception, said: str) -> None:
    found = machine_error(error)
    assert found is not None
    assert said in found.message
    assert found.hint


@pytest.mark.parametrize(
    "error", [FileNotFoundError(errno.ENOENT, "x"), RuntimeError("x"), OSError("x"), StoreError("x")]
)
def test_another_error_is_none_of_the_machines(error: Exception) -> None:
    assert machine_error(error) is None
    with pytest.raises(type(error)), machine_first():
        raise error


def blamed_on_others() -> None:
    try:
        try:
            raise no_files()
        except OSError as error:
            raise ConnectionError("the server does not answer") from error
    except ConnectionError:
        raise StoreError("unreachable") from None


def test_it_is_found_behind_what_was_made_of_it() -> None:
    with pytest.raises(MachineError, match="files"), machine_first():
        blamed_on_others()
    assert machine_error(ValueError(ValueError(MemoryError()))) is not None


def test_errors_that_are_each_others_cause_are_looked_through_once() -> None:
    one, other = ValueError(), ValueError()
    one.__cause__, other.__cause__ = other, one
    assert machine_error(one) is None


def test_the_command_line_calls_no_lack_a_bug(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def lack(*_: object) -> None:
        raise no_files()

    monkeypatch.setattr(Session, "open_store", lack)
    assert main.run(["phonebook", "add", "--display-name", "Ann"]) == 4
    said = capsys.readouterr().err
    assert "this machine opens no more files" in said
    assert "bug" not in said
