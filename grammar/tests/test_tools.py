"""What commands and editors use beside the compiler: traces, formatting, mentions of names."""

from __future__ import annotations

from typing import Any

import pytest
from pbx_rules import (
    Program,
    SourceFields,
    TargetField,
    TargetTable,
    compile_profile,
    document,
    format_rules,
    mentions,
    trace,
)

RULES = """\
rules: |
  keep when [T] is not blank
  Name =  upper([T])  # loud
  skip when Name is "X" because "no x"
  Both = Name &
     [U]
structure: {book: [{name: "{{Both}}"}]}
"""


def parts(text: str) -> tuple[document.Scalar, Program]:
    root = document.load(text, "f").root
    assert isinstance(root, document.Mapping)
    rules, structure = root.get("rules"), root.get("structure")
    assert isinstance(rules, document.Scalar)
    assert structure is not None
    target = (TargetTable("book", (TargetField("name"),)),)
    found = compile_profile(
        file="f", rules=rules, structure=structure, target=target, source=SourceFields(closed=False)
    )
    assert found.program is not None, found.diagnostics
    return rules, found.program


def test_a_trace_tells_what_each_statement_read_and_gave() -> None:
    found = trace(parts(RULES)[1], {"T": "ann", "U": " "})
    assert [(step.kind, step.name, step.line, dict(step.reads), step.value) for step in found.steps] == [
        ("keep", "", 2, {"[T]": "ann"}, True),
        ("define", "Name", 3, {"[T]": "ann"}, "ANN"),
        ("skip", "", 4, {"Name": "ANN"}, False),
        ("define", "Both", 5, {"Name": "ANN", "[U]": None}, "ANN"),
    ]
    assert found.steps[3].text == "Both = Name & [U]"
    assert found.result.records[0].values == {"name": "ANN"}


def test_a_trace_ends_where_the_row_is_left_out() -> None:
    found = trace(parts(RULES)[1], {"T": "x"})
    assert [step.kind for step in found.steps] == ["keep", "define", "skip"]
    assert found.result.skipped == "no x"


def test_a_trace_of_a_row_that_is_refused_ends_before_the_statement_that_did_it() -> None:
    found = trace(parts(RULES)[1], {"T": "x", "U": "y" * 2_000_000} | {"T": "a"})
    assert [step.name for step in found.steps] == ["", "Name", ""]
    assert [finding.code for finding in found.result.findings] == ["R0807"]


def test_mentions_of_names_have_their_kind_and_place() -> None:
    rules, _ = parts(RULES)
    found = [(item.kind, item.name, item.span.line, item.span.column) for item in mentions(rules, rules=True)]
    assert found == [
        ("field", "T", 2, 13),
        ("definition", "Name", 3, 3),
        ("function", "upper", 3, 11),
        ("field", "T", 3, 17),
        ("name", "Name", 4, 13),
        ("definition", "Both", 5, 3),
        ("name", "Name", 5, 10),
        ("field", "U", 6, 6),
    ]


@pytest.mark.parametrize("text", ["A = upper([T", "A = each p in [Ps] give p.", 'B = lookup(t, "', "= = ="])
def test_mentions_are_found_in_half_typed_text(text: str) -> None:
    scalar: Any = document.load(f"rules: |\n  {text}\n", "f").root
    names = [item.name for item in mentions(scalar.get("rules"), rules=True)]
    assert set(names) <= {"A", "B", "upper", "p", "Ps", "lookup", "t"}
    assert names or text == "= = ="


def test_mentions_in_an_expression() -> None:
    scalar: Any = document.load("for: p in Phones", "f").root
    assert [(item.kind, item.name) for item in mentions(scalar.get("for"), rules=False)] == [
        ("loop", "p"),
        ("name", "Phones"),
    ]


FORMATTED = [
    ("A=1", "A = 1\n"),
    ("", ""),
    ("# only\n\n\n\n# two\n", "# only\n\n# two\n"),
    ("A = LEFT( [T] ; 3 )", "A = left([T], 3)\n"),
    ("Aa = 1\nB = 2\n\nCcc = 3", "Aa = 1\nB  = 2\n\nCcc = 3\n"),
    ("A = 1 # one\nBb = 2", "A  = 1  # one\nBb = 2\n"),
    ("A = 1\n  # below\nBb = 2", "A = 1\n  # below\nBb = 2\n"),
    ("A = upper( # inner\n  [T])", "A = upper( # inner\n  [T])\n"),
    ("A = (\nB  =  2", "A = (\nB = 2\n"),
    ("A = [T] == 1\nB  =  2", "A = [T] == 1\nB = 2\n"),
    ('KEEP WHEN [T] IS NOT BLANK BECAUSE "x"', 'keep when [T] is not blank because "x"\n'),
    ('A = (([T] & "x"))', 'A = [T] & "x"\n'),
    ('A = ([T] else "x") & "y"', 'A = ([T] else "x") & "y"\n'),
    ("A = İtch([T])\nB = UPPER([T])", "A = İtch([T])\nB = upper([T])\n"),
]


@pytest.mark.parametrize(("text", "wanted"), FORMATTED)
def test_formatting(text: str, wanted: str) -> None:
    assert format_rules(text) == wanted


def test_long_statements_are_divided() -> None:
    field = "[PhoneNumbers_BusinessPhone]"
    assert format_rules(f"Phone = phone({field}) else phone({field}) else phone({field})") == (
        f"Phone = phone({field})\n  else phone({field})\n  else phone({field})\n"
    )
    assert format_rules(f'Name = join(", ", {field}, {field}, {field}, {field})') == (
        f'Name = join(\n    ", ",\n    {field},\n    {field},\n    {field},\n    {field})\n'
    )
    assert format_rules(f'skip when {field} is "a" and {field} is "b" and {field} is "c" because "{"x" * 60}"') == (
        f'skip when {field} is "a"\n  and {field} is "b"\n  and {field} is "c"\n  because "{"x" * 60}"\n'
    )
