"""Every failure has words, a code and a hint of its own; nothing foreign gets out, and none is taken for emptiness."""

from __future__ import annotations

import errno
import http.client
import inspect
import os
import socket
import ssl
from pathlib import Path

import pytest
import urllib3.exceptions
from pbx_microsoft365 import error_catalog
from pbx_microsoft365.error_mapping import FOREIGN, Meaning, confirms_absence, explain, meaning, problem, translated
from pbx_microsoft365.wire.answers import GraphError
from pbx_microsoft365.wire.sign_in import NoToken

from pbx_connector.api import ErrorText, MachineError, SourceError, SourceUnavailable

KNOWN = [value for value in vars(error_catalog).values() if isinstance(value, ErrorText)]
OF_LIBRARIES = [
    one
    for module in (urllib3.exceptions, http.client)
    for one in vars(module).values()
    if inspect.isclass(one) and issubclass(one, Exception) and not issubclass(one, Warning)
    if one.__module__ == module.__name__
]


@pytest.mark.parametrize("kind", [*OF_LIBRARIES, OSError, socket.gaierror, ssl.SSLError], ids=str)
def test_no_foreign_exception_is_left_unmapped(kind: type[Exception]) -> None:
    error = kind.__new__(kind)
    Exception.__init__(error, "quoted from the server's answer")
    with pytest.raises(SourceError) as failure, translated("graph.microsoft.com"):
        raise error
    assert failure.value.message.startswith("graph.microsoft.com: ")
    assert failure.value.code.startswith("G")
    assert failure.value.hint
    assert failure.value.__suppress_context__


def test_codes_are_unique_and_each_has_its_own_words() -> None:
    assert len({one.code for one in KNOWN}) == len({one.message for one in KNOWN}) == len(KNOWN) > 25


def test_the_page_of_problems_says_the_same_words() -> None:
    page = (Path(__file__).parents[3] / "docs" / "problems.md").read_text(encoding="utf-8")
    for one in KNOWN:
        assert f"| {one.code} | {one.message.replace('{name}', '…')} | {one.hint} |" in page


@pytest.mark.parametrize(
    ("status", "code", "means"),
    [
        (404, "ErrorItemNotFound", Meaning.NOT_THERE),
        (404, "ErrorSyncFolderNotFound", Meaning.FOLDER_LEFT),
        (404, "ResourceNotFound", Meaning.NO_MAILBOX),
        (404, "MailboxNotEnabledForRESTAPI", Meaning.NO_MAILBOX),
        (404, "ErrorInvalidUser", Meaning.NO_MAILBOX),
        (404, "Request_ResourceNotFound", Meaning.NO_OBJECT),
        (404, "", Meaning.OTHER),
        (400, "ErrorItemNotFound", Meaning.OTHER),
        (500, "ErrorItemNotFound", Meaning.LATER),
        (403, "ErrorAccessDenied", Meaning.NOT_PERMITTED),
        (403, "", Meaning.NOT_PERMITTED),
        (410, "", Meaning.STATE_EXPIRED),
        (400, "ResyncRequired", Meaning.STATE_EXPIRED),
        (503, "", Meaning.LATER),
        (401, "", Meaning.OTHER),
    ],
)
def test_only_one_answer_confirms_that_a_contact_is_not_there(status: int, code: str, means: Meaning) -> None:
    error = GraphError(status, code)
    assert meaning(error) is means
    assert confirms_absence(error) is ((status, code) == (404, "ErrorItemNotFound"))


def test_why_there_is_no_token_is_told_by_microsoft_s_number() -> None:
    codes = {number: explain(NoToken(number)).code for number in (7000222, 7000215, 700016, 90002, 65001, 0)}
    assert list(codes.values()) == ["G0210", "G0211", "G0213", "G0214", "G0215", "G0216"]
    assert "AADSTS53003" in explain(NoToken(53003)).message


def test_foreign_exceptions_are_a_closed_list() -> None:
    """Bugs of ours must stay bugs."""
    for bug in (KeyError, AttributeError, TypeError, AssertionError, RecursionError):
        assert not issubclass(bug, FOREIGN)


def test_what_this_machine_lacks_is_not_blamed_on_a_server() -> None:
    lacking = OSError(errno.EMFILE, os.strerror(errno.EMFILE))
    with pytest.raises(MachineError, match="no more files"), translated():
        raise lacking
    with pytest.raises(MachineError, match="no more files"):
        problem(lacking, "a book")
    with pytest.raises(MachineError, match="no more files"):
        explain(lacking, "a book")


def test_for_how_long_graph_wants_to_be_left_alone_is_told() -> None:
    error = explain(GraphError(429, "TooManyRequests", "", 420.0))
    assert isinstance(error, SourceUnavailable)
    assert error.retry_after == 420
