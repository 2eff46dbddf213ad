"""The words of one kind of failure, about one case."""

from __future__ import annotations

from pbx_connector.error_text import ErrorText
from pbx_connector.errors import SourceUnavailable

TEXT = ErrorText(SourceUnavailable, "X1", "line {0} has no column {1}", "look")


def test_it_is_said_about_one_case() -> None:
    assert TEXT.of(3, "Phone").error("people.csv").message == "people.csv: line 3 has no column Phone"
    assert TEXT.of(3, "Phone").problem("people.csv").code == "X1"


def test_a_name_with_braces_is_a_name() -> None:
    assert TEXT.of(3, "{Phone} {0}").error("").message == "line 3 has no column {Phone} {0}"


def test_what_the_server_calls_it_is_filled_in_afterwards() -> None:
    text = ErrorText(SourceUnavailable, "X2", "{0} is {name}", "look")
    assert text.of("it").error("", "busy").message == "it is busy"
