"""Every failure has words, a code and a hint of its own; nothing secret and nothing foreign gets out."""

from __future__ import annotations

import errno
import http.client
import inspect
import logging
import os
import re
import socket
import ssl
import time
import traceback
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import exchangelib.errors
import exchangelib.util
import lxml.etree
import pytest
import requests.exceptions
import urllib3.exceptions
from free_port import free_port
from pbx_exchange import error_catalog
from pbx_exchange.error_mapping import FOREIGN, explain, problem, translated
from pbx_exchange.wire.xml_parser import AnswerRefused

from pbx_connector.api import AuthenticationFailed, ErrorText, MachineError, SourceError, SourceUnavailable

from .conftest import Middleman, Office, Passing


def exceptions_of(module: ModuleType) -> list[type[Exception]]:
    found = [member for member in vars(module).values() if inspect.isclass(member) and issubclass(member, Exception)]
    own = [one for one in found if one.__module__.partition(".")[0] == module.__name__.partition(".")[0]]
    return [one for one in own if not issubclass(one, Warning) and not one.__name__.startswith("_")]


ALL_FOREIGN: set[type[Exception]] = {
    one
    for module in (exchangelib.errors, requests.exceptions, urllib3.exceptions, lxml.etree, http.client)
    for one in exceptions_of(module)
} | {AnswerRefused, OSError, ConnectionResetError, socket.timeout, ssl.SSLError, exchangelib.util.ParseError}


PLACED = (lxml.etree.ParseError, lxml.etree.XMLSyntaxError, exchangelib.util.ParseError)


def made(kind: type[Exception], text: str) -> Exception:
    """Some of them take further arguments; lxml's syntax errors know no other way than theirs."""
    if issubclass(kind, SyntaxError):
        of_lxml: Callable[..., Exception] = kind
        return of_lxml(text, 0, 0, 0) if kind in PLACED else of_lxml(text)
    error = kind.__new__(kind)
    Exception.__init__(error, text)
    return error


@pytest.mark.parametrize("kind", sorted(ALL_FOREIGN, key=str))
def test_no_foreign_exception_is_left_unmapped(kind: type[Exception]) -> None:
    error = made(kind, "quoted from the server's answer")
    with pytest.raises(SourceError) as failure, translated("mail.example.com"):
        raise error
    assert failure.value.message.startswith("mail.example.com: ")
    assert failure.value.code.startswith("X")
    assert failure.value.hint
    assert "quoted" not in failure.value.message
    assert failure.value.__suppress_context__


def test_codes_are_unique_and_each_has_its_own_words() -> None:
    known = [value for value in vars(error_catalog).values() if isinstance(value, ErrorText)]
    assert len({one.code for one in known}) == len({one.message for one in known}) == len(known) > 25


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (requests.exceptions.ConnectTimeout("x"), "X0104"),
        (requests.exceptions.ProxyError("x"), "X0106"),
        (exchangelib.errors.ErrorInvalidLicense("x"), "X0303"),
        (exchangelib.errors.ErrorMailboxMoveInProgress("x"), "X0304"),
        (exchangelib.errors.ErrorAccessDenied("x"), "X0305"),
        (exchangelib.errors.ErrorPasswordExpired("x"), "X0204"),
        (exchangelib.errors.RedirectError("https://elsewhere.example.com/x"), "X0108"),
        (exchangelib.errors.ErrorCalendarOutOfRange("x"), "X0504"),
    ],
)
def test_what_an_administrator_can_act_on_has_a_code_of_its_own(error: Exception, code: str) -> None:
    assert explain(error).code == code


# --- getting in ----------------------------------------------------------------------------------------------------


def fail(office: Office, **changes: object) -> SourceError:
    """How the source fails to open; it must not take long, however patient the settings are."""
    start = time.monotonic()
    with pytest.raises(SourceError) as failure, office.open(**{"patience": 300, **changes}):
        pass
    assert time.monotonic() - start < 100
    return failure.value


def test_a_wrong_password_is_told_at_once(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXCHANGE_PASSWORD", "wrong")
    failure = fail(office)
    assert (type(failure), failure.code) == (AuthenticationFailed, "X0201")
    assert sum(record.status == 401 for record in office.sandbox.requests) == 1


def test_an_unknown_host_is_told_apart(office: Office) -> None:
    failure = fail(office, url="https://no-such-host.invalid/ews/exchange.asmx")
    assert (type(failure), failure.code) == (SourceUnavailable, "X0101")


def test_a_refused_connection_is_told_apart(office: Office) -> None:
    assert fail(office, url=f"http://127.0.0.1:{free_port()}/ews/exchange.asmx").code == "X0102"


@pytest.fixture
def silent() -> Iterator[int]:
    """A port that accepts connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_server_that_never_answers_ends_in_time(office: Office, silent: int, scheme: str) -> None:
    assert fail(office, url=f"{scheme}://127.0.0.1:{silent}/", timeout=1).code == "X0104"


@pytest.mark.parametrize(
    ("status", "headers", "body", "code"),
    [
        (403, {}, b"", "X0202"),
        (403, {"Connection": "close"}, b"", "X0202"),
        (403, {}, b"EWS access is blocked for this organization", "X0203"),
        (404, {}, b"<html>Not found</html>", "X0502"),
        (200, {}, b"<html><body>Log in<br></html>", "X0501"),
        (200, {}, b"", "X0501"),
        (200, {}, b"<!DOCTYPE x [<!ENTITY a 'aaaa'>]><x>&a;</x>", "X0501"),
        (302, {"Location": "https://elsewhere.example.com/owa"}, b"", "X0108"),
        (429, {}, b"", "X0401"),
        (500, {}, b"", "X0402"),
        (503, {}, b"", "X0401"),
        (503, {"Retry-After": "86400"}, b"", "X0401"),
    ],
)
def test_what_a_server_says_before_it_knows_us_is_told_at_once(
    office: Office, middleman: Middleman, status: int, headers: dict[str, str], body: bytes, code: str
) -> None:
    def spoil(passing: Passing) -> None:
        passing.status, passing.headers, passing.body = status, headers, body

    middleman.spoil = spoil
    assert fail(office, url=middleman.url).code == code


@pytest.mark.parametrize("auth", ["basic", "auto"])
@pytest.mark.parametrize("status", [429, 503])
def test_a_server_that_asks_for_time_before_it_knows_us_is_given_it(
    office: Office, middleman: Middleman, status: int, auth: str
) -> None:
    left = iter([1])

    def busy_once(passing: Passing) -> None:
        if next(left, 0):
            passing.status, passing.headers, passing.body = status, {"Retry-After": "1"}, b""

    middleman.spoil = busy_once
    start = time.monotonic()
    with office.open(url=middleman.url, auth=auth, patience=300) as source:
        assert 1 <= time.monotonic() - start < 100
        assert len(list(source.books())) > 5


def test_the_wait_before_a_server_knows_us_has_an_end(office: Office, middleman: Middleman) -> None:
    def busy(passing: Passing) -> None:
        passing.status, passing.headers, passing.body = 503, {"Retry-After": "1"}, b""

    middleman.spoil = busy
    start = time.monotonic()
    assert fail(office, url=middleman.url, patience=3).code == "X0401"
    assert time.monotonic() - start > 1


def test_a_service_user_without_a_mailbox_can_still_get_in(office: Office, middleman: Middleman) -> None:
    def no_mailbox(passing: Passing) -> None:
        if b"msgfolderroot" in passing.request:
            passing.body = passing.body.replace(b'ResponseClass="Success"', b'ResponseClass="Error"').replace(
                b"NoError", b"ErrorNonExistentMailbox"
            )

    middleman.spoil = no_mailbox
    with office.open(url=middleman.url) as source:
        assert len(list(source.books())) > 5


# --- secrets -------------------------------------------------------------------------------------------------------


def test_no_secret_shows_in_logs_exceptions_or_reprs(
    office: Office, middleman: Middleman, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="exchangelib")
    said: list[str] = []
    with office.open(url=middleman.url) as source:
        said += [repr(source), repr(vars(source)), repr(office.settings())]
        said += map(repr, source.books())
        middleman.spoil = lambda passing: setattr(passing, "status", 401)
        said += map(repr, source.books())
    try:
        with office.open(url=middleman.url):
            raise AssertionError("a 401 is no way in")
    except AuthenticationFailed as error:
        said += [repr(error), "".join(traceback.format_exception(error))]
    said += [record.getMessage() for record in caplog.records]
    text = "\n".join(said)
    login = b64encode(f"{office.sandbox.email}:{office.sandbox.password}".encode()).decode()
    assert "POST'ing to" in text, "debug logging is not on"
    for secret in (office.sandbox.password, login):
        assert not re.search(re.escape(secret), text)


def test_foreign_exceptions_are_a_closed_list() -> None:
    """Bugs of ours must stay bugs."""
    for bug in (KeyError, AttributeError, TypeError, AssertionError, RecursionError):
        assert not issubclass(bug, FOREIGN)


def test_the_page_of_problems_says_the_same_words() -> None:
    page = (Path(__file__).parents[3] / "docs" / "problems.md").read_text(encoding="utf-8")
    for one in (value for value in vars(error_catalog).values() if isinstance(value, ErrorText)):
        assert f"| {one.code} | {one.message.replace('{name}', '…')} | {one.hint} |" in page


def test_what_this_machine_lacks_is_not_blamed_on_a_server() -> None:
    """requests and urllib3 wrap it thrice; a parser without memory says that the answer is cut short."""
    lacking = OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    def wrapped() -> Exception:
        try:
            try:
                raise lacking
            except OSError as error:
                raise urllib3.exceptions.NewConnectionError(None, "x") from error  # type: ignore[arg-type]
        except urllib3.exceptions.NewConnectionError as error:
            return requests.exceptions.ConnectionError(urllib3.exceptions.MaxRetryError(None, "/", error))  # type: ignore[arg-type]

    for error in (lacking, wrapped()):
        with pytest.raises(MachineError, match="no more files"), translated():
            raise error
        with pytest.raises(MachineError, match="no more files"):
            problem(error, "a book")
        with pytest.raises(MachineError, match="no more files"):
            explain(error, "a book")


def test_for_how_long_the_server_wants_to_be_left_alone_is_told(office: Office, middleman: Middleman) -> None:
    def busy(passing: Passing) -> None:
        passing.status, passing.headers, passing.body = 429, {"Retry-After": "420"}, b""

    middleman.spoil = busy
    error = fail(office, url=middleman.url, patience=2)
    assert isinstance(error, SourceUnavailable)
    assert error.retry_after == 420
