"""What is printed cannot rewrite the terminal, and JSON is JSON whatever the encoding."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
from pbx_rules import Diagnostic, Span
from rich.text import Text

from pbx_connector.cli import entries, output
from pbx_connector.model import Problem


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


@pytest.mark.parametrize("values", [[], [1], [{"name": 'a "b" \\ ü 😀'}, {"changes": None}]])
def test_an_object_whose_list_is_written_as_it_comes_is_one_json_value(
    values: list[object], capsys: pytest.CaptureFixture[str]
) -> None:
    output.as_json_with_list({"run": "1", "note": "null\n}"}, "changes", iter(values))
    assert json.loads(capsys.readouterr().out) == {"run": "1", "note": "null\n}", "changes": values}


@pytest.mark.parametrize(
    "write", [output.as_json_list, lambda values: output.as_json_with_list({}, "changes", values)], ids=["list", "with"]
)
def test_a_list_is_not_held_until_it_is_whole(
    write: Callable[[Iterator[str]], None], capsys: pytest.CaptureFixture[str]
) -> None:
    def values() -> Iterator[str]:
        for number in range(3):
            yield f"value {number}"
            assert f"value {number}" in capsys.readouterr().out

    write(values())


def test_more_than_a_page_of_entries_is_shown_page_by_page(capsys: pytest.CaptureFixture[str]) -> None:
    printed = ""

    def lines() -> Iterator[entries.Line]:
        nonlocal printed
        for number in range(entries.PAGE + 1):
            yield entries.Line(Text(str(number)), Text(), {"display_name": Text(f"Ann {number}")}, Text())
        printed += capsys.readouterr().out
        assert f"Ann {entries.PAGE - 1}" in printed

    assert entries.show("title", "id", lines()) == entries.PAGE + 1
    printed += capsys.readouterr().out
    assert printed.count("title") == 1
    assert printed.count("Ann ") == entries.PAGE + 1


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


LONG = "AAMkADExLongIdOfAServer" + "x" * 60 + "EndOfTheKey="


@pytest.mark.parametrize(
    ("where", "seen"),
    [
        (f"/Company Contacts: {LONG}", "/Company Contacts: Lee Ltd: has no name"),
        (f"/Company Contacts, row {LONG}, phone", "/Company Contacts, Lee Ltd, phone: has no name"),
        ("Contacts: k7", "Contacts: k7 (Lee Ltd): has no name"),
    ],
)
def test_a_problem_names_the_contact_not_the_end_of_an_id(
    where: str, seen: str, capsys: pytest.CaptureFixture[str]
) -> None:
    output.problems([Problem("S204", "has no name", where, contact="Lee Ltd")])
    assert capsys.readouterr().err == f"error[S204]: {seen}\n"
    output.problems([Problem("S204", "has no name", where)])
    assert "EndOfTheKey=" in capsys.readouterr().err or LONG not in where


HOSTILE = "a\x1b[2J\x9b31m\u202eb\r\nc"


@pytest.mark.parametrize(
    "write",
    [
        output.say,
        output.note,
        output.warn,
        output.complain,
        output.hint,
        lambda text: output.say(text, style="bold"),
        lambda text: output.page(text, [text, Text(text, style="red")]),
        lambda text: output.table(text, ["name"], [[text], [Text(text)]]),
    ],
)
def test_every_way_to_print_a_line_shows_its_controls(
    write: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    write(HOSTILE)
    printed = "".join(capsys.readouterr())
    assert printed.replace("\n", "").isprintable()
    assert "\\x1b[2J\\x9b31m\\u202eb\\r\\nc" in printed
