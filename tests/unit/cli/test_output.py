"""What is printed cannot rewrite the terminal, and JSON is JSON whatever the encoding."""

from __future__ import annotations

import json

import pytest
from pbx_rules import Diagnostic, Span

from pbx_connector.cli import output


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("Jürgen „Jo“ Müller", "Jürgen „Jo“ Müller"),
        ("\x1b[2Jgone", "\\x1b[2Jgone"),
        ("a\nb\tc", "a\\nb\\tc"),
        ("abc\u202edcba", "abc\\u202edcba"),
        ("zero\u200dwidth joiner of emoji 👩\u200d🔧", "zero\u200dwidth joiner of emoji 👩\u200d🔧"),
        ("half \ud83d", "half \\ud83d"),
    ],
)
def test_text_from_outside_is_shown_without_its_controls(text: str, seen: str) -> None:
    assert output.shown(text) == seen


@pytest.mark.parametrize("values", [[], [1], [{"name": 'a "b" \\ ü 😀'}, {"name": "\x1b"}]])
def test_a_list_is_written_as_one_json_value(values: list[object], capsys: pytest.CaptureFixture[str]) -> None:
    output.as_json_list(iter(values))
    assert json.loads(capsys.readouterr().out) == values


def test_columns_that_are_empty_in_all_rows_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    output.table("", ("name", "fax", "mobile"), [("Ann", "", "1"), ("Bo", "", "")])
    printed = capsys.readouterr().out
    assert "mobile" in printed
    assert "fax" not in printed


def test_of_very_many_findings_the_errors_come_first(capsys: pytest.CaptureFixture[str]) -> None:
    found = [
        Diagnostic("R0318" if line < 5 else "R0201", "warning" if line < 5 else "error", f"finding {line}", span, "p")
        for line in range(1, 8)
        for span in [Span(line, 1, line, 2)]
    ]
    output.diagnostics(found, "x\n" * 8, at_most=4)
    told = capsys.readouterr().err
    assert [line for line in range(1, 8) if f"finding {line}" in told] == [1, 5, 6, 7]
    assert "3 more" in told
