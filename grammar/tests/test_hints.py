"""What a hint says to write is right when it is followed."""

from __future__ import annotations

import pytest
from pbx_rules import SourceField, SourceFields, document
from pbx_rules.trial import try_expression

SOURCE = SourceFields((SourceField("T"), SourceField("D", "date"), SourceField("L", "list")))
TABLES = document.load('departments: {"10": Sales}', "t").root


def hints(text: str, code: str) -> list[str]:
    return [item.hint for item in try_expression(text, source=SOURCE, tables=TABLES).diagnostics if item.code == code]


FOREIGN_CALLS = [
    "SVERWEIS([T]; departments; 2)",
    "VLOOKUP([T], departments, 2, FALSE)",
    'str_replace("a", "b", [T])',
    'preg_replace("/a+/i", "b", [T])',
    'preg_match("/a+/", [T])',
    'explode(",", [T])',
    'implode(", ", [L])',
    'in_array("VIP", [L])',
    "substr([T], 0, 3)",
    'TEXTJOIN(", ", TRUE, [T], "b")',
    'WENN([T] is "x"; "a"; "b")',
    'IFS([T] is "x", "a", [T] is "y", "b")',
    'ERSTERWERT([T]; "x"; "a"; "y"; "b"; "c")',
    'WENNFEHLER([T]; "")',
    'CONCATENATE([T], " ", "x")',
    'SUCHEN("a"; [T])',
    "ISBLANK([T])",
    'UND([T] is "a"; [T] is "b"; [T] is "c")',
    "GROSS([T])",
]


@pytest.mark.parametrize("text", FOREIGN_CALLS)
def test_what_a_hint_says_to_write_instead_of_a_foreign_call_is_right(text: str) -> None:
    (hint,) = hints(text, "R0120")
    again = try_expression(hint.removeprefix("write "), source=SOURCE, tables=TABLES)
    assert [item for item in again.diagnostics if item.severity == "error"] == []


@pytest.mark.parametrize(
    ("text", "code", "hint"),
    [
        ('[T] not contains "x"', "R0101", "does not contain"),
        ('[T] is not contains "x"', "R0101", "write does not contain instead of is not contains"),
        ('if [T] is "a" then 1 else 2', "R0101", "write if(condition, a, b)"),
    ],
)
def test_a_habit_of_other_languages_gets_its_own_hint(text: str, code: str, hint: str) -> None:
    found = hints(text, code)
    assert found
    assert hint in found[0]


@pytest.mark.parametrize(
    ("written", "meant"),
    [("dd.mm.yyyy", '"DD.MM.YYYY"'), ("TT.MM.JJJJ", '"DD.MM.YYYY"'), ("d/m/yy", '"D/M/YY"'), ("hh:mm", "YYYY, YY")],
)
def test_a_date_format_in_other_letters_is_told_in_these(written: str, meant: str) -> None:
    found = try_expression(f'format([D], "{written}")', source=SOURCE).diagnostics
    assert [item.message for item in found if item.code == "R0310" and meant in item.message]
