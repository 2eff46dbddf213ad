"""The words of one kind of failure, about one case."""

from __future__ import annotations

import errno
import os

import pytest

from pbx_connector.error_text import ErrorMapping, ErrorText, Explanation
from pbx_connector.errors import MachineError, SourceUnavailable

TEXT = ErrorText(SourceUnavailable, "X1", "line {0} has no column {1}", "look")


def test_it_is_said_about_one_case() -> None:
    assert TEXT.of(3, "Phone").error("people.csv").message == "people.csv: line 3 has no column Phone"
    assert TEXT.of(3, "Phone").problem("people.csv").code == "X1"


def test_a_name_with_braces_is_a_name() -> None:
    assert TEXT.of(3, "{Phone} {0}").error("").message == "line 3 has no column {Phone} {0}"


def test_what_the_server_calls_it_is_filled_in_afterwards() -> None:
    text = ErrorText(SourceUnavailable, "X2", "{0} is {name}", "look")
    assert text.of("it").error("", "busy").message == "it is busy"


FAILED = ErrorText(SourceUnavailable, "X3", "the server says {name}", "wait")
MAPPING = ErrorMapping((OSError,), lambda error: Explanation(FAILED, str(error), "“later”", 7))


def test_an_exception_of_a_library_becomes_the_source_s_own() -> None:
    with pytest.raises(SourceUnavailable) as failure, MAPPING.translated("Sales"):
        raise OSError("busy")
    error = failure.value
    assert (error.message, error.code, error.retry_after) == (
        "Sales: the server says busy (the server says “later”)",
        "X3",
        7,
    )
    assert error.__suppress_context__, "its own text may quote what the server answered"
    assert MAPPING.explain(error, "again") is error
    assert (MAPPING.problem(error, "Sales").code, MAPPING.problem(OSError("busy"), "Sales").code) == ("X3", "X3")


def test_what_the_machine_lacks_is_no_server_s_fault() -> None:
    lacking = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with pytest.raises(MachineError, match="no space"), MAPPING.translated():
        raise lacking
    with pytest.raises(MachineError, match="no space"):
        MAPPING.explain(lacking)
    with pytest.raises(MachineError, match="no space"):
        MAPPING.problem(lacking, "Sales")
