"""Log lines: JSON in a service, readable on a terminal, and quiet libraries; systemd is told over its socket."""

from __future__ import annotations

import io
import json
import logging
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from pbx_connector.logs import QUIET, Form, about, set_up, warnings_for_people
from pbx_connector.service.supervisor import notify


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    quiet = {name: logging.getLogger(name).level for name in QUIET}
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in quiet.items():
        logging.getLogger(name).setLevel(before)
    structlog.reset_defaults()


def log_something(form: Form) -> str:
    out = io.StringIO()
    set_up(form, out)
    log = structlog.stdlib.get_logger("pbx")
    with structlog.contextvars.bound_contextvars(profile="crm"):
        log.info("run ended", run="7")
        log.debug("a contact: Ann")
        logging.getLogger("some.library").warning("odd %s", "thing")
        logging.getLogger("urllib3.connectionpool").info("GET Ann")
    return out.getvalue()


@pytest.mark.parametrize("form", ["json", "auto"])
def test_away_from_a_terminal_each_line_is_json_with_its_profile(form: Form) -> None:
    lines = [json.loads(line) for line in log_something(form).splitlines()]
    assert [line["event"] for line in lines] == ["run ended", "odd thing"]
    assert all(line["profile"] == "crm" and line["timestamp"].endswith("Z") for line in lines)
    assert lines[0]["run"] == "7"


def test_text_is_for_people() -> None:
    text = log_something("text")
    assert "run ended" in text
    assert "profile=crm" in text
    assert "Ann" not in text


HOSTILE = "a\x1b[2J\x9b31m\u202eb\r\nc"


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_value_of_a_line_reaches_a_terminal_as_it_is(form: Form) -> None:
    out = io.StringIO()
    set_up(form, out)
    structlog.stdlib.get_logger("pbx").warning(HOSTILE, book=HOSTILE, path=Path(HOSTILE), books=[HOSTILE])
    logging.getLogger("some.library").warning("odd %s", HOSTILE, extra={"said": HOSTILE})
    lines = out.getvalue().splitlines()
    assert len(lines) == 2
    assert all(line.isprintable() for line in lines)
    assert lines[0].count("u202e") == 4


def stumble(form: Form) -> str:
    """What is logged of a bug that a contact caused."""
    out = io.StringIO()
    set_up(form, out)
    contact = {"name": "Ann"}
    try:
        try:
            raise ExceptionGroup("Ann", [KeyError(contact["name"])])
        except ExceptionGroup as group:
            raise ZeroDivisionError("Ann") from group
    except ZeroDivisionError:
        structlog.stdlib.get_logger("pbx").exception("a bug")
    return out.getvalue()


def test_a_traceback_is_one_line_of_json() -> None:
    [line] = stumble("json").splitlines()
    last, cause = json.loads(line)["exception"]
    assert (last["exc_type"], last["frames"][0]["name"]) == ("ZeroDivisionError", "stumble")
    assert (cause["exc_type"], cause["exceptions"]) == ("ExceptionGroup", ["KeyError"])


def test_a_traceback_for_people_has_the_last_exception_last() -> None:
    first, *_, last = stumble("text").splitlines()
    assert first.endswith("a bug")
    assert last == "ZeroDivisionError"


@pytest.mark.parametrize("form", ["json", "text"])
def test_a_traceback_shows_neither_values_nor_texts(form: Form) -> None:
    assert "Ann" not in stumble(form)


def test_a_command_shows_warnings_while_it_runs_and_leaves_no_trace(capsys: pytest.CaptureFixture[str]) -> None:
    before = logging.getLogger().handlers[:], structlog.get_config()
    with warnings_for_people(), about(profile="crm", run="7"):
        logging.getLogger("some.library").warning("odd")
        logging.getLogger("some.library").info("GET Ann")
    assert (logging.getLogger().handlers, structlog.get_config()) == before
    [line] = capsys.readouterr().err.splitlines()
    assert "odd" in line
    assert "profile=crm" in line
    assert "run=7" in line


@pytest.mark.parametrize("abstract", [False, True])
def test_systemd_hears_over_its_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, abstract: bool) -> None:
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind("\0" + path if abstract else path)
        systemd.settimeout(10)
        monkeypatch.setenv("NOTIFY_SOCKET", "@" + path if abstract else path)
        notify("READY=1", "STATUS=fine")
        assert systemd.recv(100) == b"READY=1\nSTATUS=fine"


@pytest.mark.parametrize("address", ["", "/nowhere/notify", "relative", "vsock:2:1234"])
def test_without_systemd_nothing_happens(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    notify("READY=1")


def test_a_library_that_is_quieted_while_a_command_runs_stays_quiet() -> None:
    library = logging.getLogger(QUIET[0])
    before = library.level
    try:
        with warnings_for_people():
            library.setLevel(logging.CRITICAL)
        assert library.level == logging.CRITICAL
    finally:
        library.setLevel(before)


def test_levels_that_a_command_sets_are_taken_back() -> None:
    loggers = [logging.getLogger(), *map(logging.getLogger, QUIET)]
    before = [logger.level for logger in loggers]
    with warnings_for_people():
        pass
    assert [logger.level for logger in loggers] == before
