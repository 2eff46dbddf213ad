"""What a hint says to write is right when it is followed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import product
from typing import Any

import pytest
from pbx_rules import Diagnostic, SourceField, SourceFields, document
from pbx_rules.trial import Trial, try_expression
from test_conformance import MISTAKES, flat, tried

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
        ('if [T] is "a" then 1 else 2', "R0101", 'write if([T] is "a", 1, 2)'),
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


FIELDS = SourceFields(
    (
        SourceField("A"),
        SourceField("B"),
        SourceField("N", "number"),
        SourceField("D", "date"),
        SourceField("Y", "yes/no"),
        SourceField("L", "list"),
    )
)
ROWS = [
    {"A": a, "B": b, "N": 7 if b else None, "D": "1990-12-24" if yes else None, "Y": yes, "L": elements}
    for a, b, yes, elements in product(
        (None, "", "a", "b", "xax", "7"), (None, "b"), (None, True, False), (None, ["a"], ["a", "xb"])
    )
]

MEANT = [
    # what was typed, the part that the hint replaces, the code, and what was meant
    ('[A] is ""', "", "R0305", "[A] is blank"),
    ('[A] is not ""', "", "R0305", "[A] is not blank"),
    ('[A] is not "  "', "", "R0305", "[A] is not blank"),
    ('[A] <> ""', "", "R0112", "not ([A] is blank)"),
    ('[A] != ""', "", "R0305", "not ([A] is blank)"),
    ('[A] > ""', "", "R0305", "[A] is not blank"),
    ('[A] == "a"', "", "R0110", '[A] is "a"'),
    ('[A] = "a"', "", "R0111", '[A] is "a"'),
    ('[A] <> "a"', "", "R0112", 'not ([A] is "a")'),
    ("[A] + [B]", "", "R0113", 'join("", [A], [B])'),
    ("[A] . ' ' . [B]", "", "R0113", '[A] & " " & [B]'),
    ("[Y] || [A] is blank", "", "R0114", "[Y] or [A] is blank"),
    ("[Y] && [A] is blank", "", "R0114", "if([Y], [A] is blank, false)"),
    ("![Y] and [A] is blank", "![Y]", "R0114", "not [Y] and [A] is blank"),
    ("[A] ?? [B]", "", "R0115", "[A] else [B]"),
    ('[Y] ? "a" : "b"', "", "R0115", 'if([Y], "a", "b")'),
    ("[A] is 'a'", "'a'", "R0116", '[A] is "a"'),
    ("[A] is „a“", "„a“", "R0117", '[A] is "a"'),
    ('$row["A"]', "", "R0118", "[A]"),
    ("[A] [B]", "", "R0101", "[A] & [B]"),
    ("upper [A]", "", "R0101", "upper([A])"),
    ("[A].upper()", "", "R0101", "upper([A])"),
    ('"a" in [L]', "", "R0101", '[L] is "a"'),
    ('"a" not in [L]', "", "R0101", '[L] is not "a"'),
    ('if [A] is "a" then 1 else 2', "", "R0101", 'if([A] is "a", 1, 2)'),
    ("A", "", "R0210", "[A]"),
    ("if([A], 1, 2)", "[A]", "R0304", "if([A] is blank, 2, 1)"),
    ('[A] is "a" or "b"', "", "R0304", '[A] is "a" or [A] is "b"'),
    ('[A] is not "a" or "b"', "", "R0304", '[A] is not "a" and [A] is not "b"'),
    ('[A] is not "a" and "b"', "", "R0304", '[A] is not "a" and [A] is not "b"'),
    ('[A] contains "a" or "b"', "", "R0304", '[A] contains "a" or [A] contains "b"'),
    ('[A] does not contain "a" or "b"', "", "R0304", '[A] does not contain "a" and [A] does not contain "b"'),
    ("[A] is [L]", "", "R0303", "[L] is [A]"),
    ("[A] is not [L]", "", "R0303", "not ([L] is [A])"),
    ("[A] contains [L]", "", "R0303", "[A] contains first([L]) or [A] contains last([L])"),
    ("[A] does not contain [L]", "", "R0303", "not ([A] contains first([L]) or [A] contains last([L]))"),
    ("[A] in ([B])", "", "R0314", "[A] is [B]"),
    ("[A] not in ([B])", "", "R0314", "not ([A] is [B])"),
    ('[A] in ("a", [B], blank)', "", "R0314", '[A] is "a" or [A] is [B] or [A] is blank'),
    ('[A] not in ("a", [B], blank)', "", "R0314", 'not ([A] is "a" or [A] is [B] or [A] is blank)'),
    ("[A] is /a/", "", "R0312", "[A] matches /a/"),
    ("[A] is not /a/", "", "R0312", "not ([A] matches /a/)"),
    ("[A] starts with /a|b/", "", "R0312", '[A] starts with "a" or [A] starts with "b"'),
    ("[A] does not end with /a|x/", "", "R0312", 'not ([A] ends with "a" or [A] ends with "x")'),
    ('[A] does not match "a"', "", "R0307", '[A] does not contain "a"'),
    ('[N] is "7,0"', '"7,0"', "R0305", "[N] is 7"),
    ('[D] is "24.12.1990"', '"24.12.1990"', "R0305", '[D] is "1990-12-24"'),
    ('[Y] is "nein"', '"nein"', "R0305", "[Y] is false"),
    ('[D] < "25.12.1990"', '"25.12.1990"', "R0306", '[D] is "1990-12-24"'),
    ('[N] > "6"', '"6"', "R0306", "[N] is 7"),
    ("[A] > 6", "[A]", "R0306", '[A] is "7"'),
    ('left([A], "1")', '"1"', "R0303", "left([A], 1)"),
    ("left([A], length([B]) & 1)", "length([B]) & 1", "R0303", "if([B] is blank, left([A], 1), left([A], 11))"),
    ("[A] else null", "null", "R0120", "[A]"),
    ("ISTLEER([A])", "", "R0120", "[A] is blank"),
    ("ISTLEER([A]) is [Y]", "ISTLEER([A])", "R0120", "([A] is blank) is [Y]"),
    ("NICHT(ODER([Y]; ISTLEER([A])))", "", "R0120", "not [Y] and [A] is not blank"),
    ("AND([Y]; OR([A] = 'a'; [B] = 'b'))", "", "R0120", '[Y] and ([A] is "a" or [B] is "b")'),
    ('WENN([A] <> ""; [A] + "!"; NULL)', "", "R0120", 'if([A] is blank, blank, [A] & "!")'),
    ("isset([A])", "", "R0120", "[A] is not blank"),
    ('array_key_exists("A", [L])', "", "R0120", "[A] is not blank"),
    ('strpos([A], "a")', "", "R0120", '[A] contains "a"'),
    ('FIND("a"; [A])', "", "R0120", '[A] contains "a"'),
    ('in_array("a", [L])', "", "R0120", '[L] is "a"'),
    ('preg_match("/^a/i", [A])', "", "R0120", '[A] starts with "a"'),
    ("substr([A], 1)", "", "R0120", "mid([A], 2, 9)"),
    ("substr([A], -1)", "", "R0120", "right([A], 1)"),
    ('ERSETZEN([A]; 2; 1; "!")', "", "R0120", 'left([A], 1) & "!" & mid([A], 3, 9)'),
    ("ANZAHL2([A]; [B])", "", "R0120", "count(list([A], [B]))"),
    ('IFS([A] = "a", 1, [A] = "b", 2)', "", "R0120", 'switch([A], "a": 1, "b": 2)'),
    ('ERSTERWERT([A]; "a"; 1; 2)', "", "R0120", 'if([A] is "a", 1, 2)'),
    ('COALESCE([A], [B], "c")', "", "R0120", '[A] else [B] else "c"'),
    ('upper([A], "x")', "", "R0301", "upper([A])"),
    ("left([A], 2, 1)", "", "R0301", "left([A], 2)"),
    ("left([A], 1, text: [B])", "", "R0317", "left([A], 1)"),
    ('pad([A], 3, side: "left", side: "right")', "", "R0317", 'pad([A], 3, side: "left")'),
    ('switch([A], else: 1, "a": 2, "b": 3)', "", "R0313", 'if([A] is "a", 2, if([A] is "b", 3, 1))'),
    # of a call that lacks something, what is there; the gap is filled by whoever wrote it
    ("left([A])", "", "R0301", "left([A], 2)"),
    ("upper()", "", "R0301", "upper(2)"),
]


@pytest.mark.parametrize(("typed", "part", "code", "meant"), MEANT, ids=[case[0] for case in MEANT])
def test_who_follows_a_hint_gets_what_was_meant(typed: str, part: str, code: str, meant: str) -> None:
    found = [item.hint for item in try_expression(typed, source=FIELDS).diagnostics if item.code == code]
    proposed = found[0].removeprefix("write ").removeprefix("a field stands in brackets: ")
    assert proposed != found[0]
    followed = typed.replace(part or typed, proposed.partition(": it is called as ")[0].replace("…", "2"), 1)
    assert [item for item in try_expression(followed, source=FIELDS).diagnostics if item.severity == "error"] == []
    assert table_of(followed) == table_of(meant)


def table_of(text: str) -> list[object]:
    return [try_expression(text, row, source=FIELDS).value for row in ROWS]


def test_every_kind_of_mistake_that_a_hint_puts_right_has_its_sample_above() -> None:
    """Of the conformance suite: whatever says `write` and is no form with gaps."""
    told = {
        item.code
        for case in flat(MISTAKES)
        for item in tried(case["when"]).diagnostics
        if item.hint.startswith("write ") and "…" not in item.hint
    }
    assert told <= {code for _, _, code, _ in MEANT}


MEANT_NAMES = [
    # what was typed, the code, and what was meant
    ("[a]", "R0201", "[A]"),
    ("[Frst name]", "R0201", "[First name]"),
    ("uper([A])", "R0203", "upper([A])"),
    ('repalce([A], "a", "b")', "R0203", 'replace([A], "a", "b")'),
    ("lookup(department, [A])", "R0204", "lookup(departments, [A])"),
    ('lookup("departments", [A])', "R0204", "lookup(departments, [A])"),
    ("each entry in [L] give upper(entri)", "R0202", "each entry in [L] give upper(entry)"),
    ("Frst_name", "R0202", "[First_name]"),
    ("[Address].Contry", "R0209", "[Address].Country"),
    ('pad([A], 3, wth: "x")', "R0302", 'pad([A], 3, with: "x")'),
    ("each left in [L] give left", "R0208", "each x in [L] give x"),
    ("each x in [L] give first(each x in [L] give x)", "R0205", "each x in [L] give first(each y in [L] give y)"),
    ("each x in [L] give [x]", "R0210", "each x in [L] give x"),
]
NAMED = SourceFields(
    (
        *FIELDS.fields,
        SourceField("First name"),
        SourceField("First_name"),
        SourceField("Address", "record", {"Country": "text"}),
    )
)


@pytest.mark.parametrize(("typed", "code", "meant"), MEANT_NAMES, ids=[case[0] for case in MEANT_NAMES])
def test_who_takes_the_name_that_a_hint_proposes_gets_what_was_meant(typed: str, code: str, meant: str) -> None:
    found = [item for item in tried_with_names(typed).diagnostics if item.code == code]
    followed = renamed(typed, found[-1])
    assert [item.message for item in tried_with_names(followed).diagnostics if item.severity == "error"] == []
    for row in ROWS:
        more = {**row, "First name": "Ann", "First_name": "Bo", "Address": {"Country": "DE"}}
        assert tried_with_names(followed, more).value == tried_with_names(meant, more).value


def tried_with_names(text: str, row: Mapping[str, Any] | None = None) -> Trial:
    return try_expression(text, row, source=NAMED, tables=TABLES)


def renamed(text: str, found: Diagnostic) -> str:
    """With the proposed name where the finding stands; another name for a value, wherever it stands from there on."""
    start, end = found.span.column - 1, found.span.end_column - 1
    proposed = re.search(r"did you mean (.+)\?$|without brackets: (\w+)$|such as (\w+)$", found.hint)
    assert proposed, found.hint
    if proposed[3]:
        old = text[start:end]
        return text[:start] + re.sub(rf"\b{old}\b", proposed[3], text[start:])
    name = (proposed[1] or proposed[2]).removesuffix("(…)")
    if name.endswith(":"):
        end = text.index(":", start) + 1
    return text[:start] + name + text[end:]


def test_every_code_that_proposes_a_name_has_its_sample_above() -> None:
    told = {
        item.code
        for case in flat(MISTAKES)
        for item in tried(case["when"]).diagnostics
        if re.search("did you mean|such as [^{]|without brackets", item.hint)
    }
    assert told <= {code for _, code, _ in MEANT_NAMES}


@pytest.mark.parametrize("text", ["[N] * 2", "[N] + 1", "[A] - [B]", "WENN([N] * 2 > 1; 1; 2)", "[N] / 2 is 1"])
def test_arithmetic_is_not_answered_with_joined_texts(text: str) -> None:
    assert [item.hint for item in try_expression(text, source=FIELDS).diagnostics if "write" in item.hint] == []


def test_a_look_up_in_a_table_that_is_missing_says_so() -> None:
    found = try_expression("SVERWEIS([A]; teams; 2; FALSCH)", source=FIELDS).diagnostics
    assert [(item.code, item.hint) for item in found] == [
        ("R0120", "write lookup(teams, [A])"),
        ("R0204", "the profile has no `tables:`; add them beside `rules:`, such as tables: {teams: {key: value}}"),
    ]
