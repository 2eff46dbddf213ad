"""The document loader: values as typed, exact places, and refusal of what YAML has too much of."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pbx_rules.document import Mapping, Scalar, load

PROFILE = """\
plain: NO  # a comment
number: 0041
literal: |
  # first
  A = [X]
    & "y"

  B = 2
folded: >
  one
  two

  three
double: "a\\ud83d\\ude00b \\/ \\u00fc\\
   c
   d"
single: 'it''s
  two'
flow: {"k":"v","l":[1,2],
 "m": "x"}
lines: first
  second
"""


def root(text: str) -> Mapping:
    document = load(text, "f.yaml")
    assert not document.diagnostics
    assert isinstance(document.root, Mapping)
    return document.root


def scalar(text: str, name: str) -> Scalar:
    node = root(text).get(name)
    assert isinstance(node, Scalar)
    return node


def codes(text: str) -> list[str]:
    return [found.code for found in load(text, "f.yaml").diagnostics]


def test_values_stay_as_they_were_typed() -> None:
    assert root(PROFILE).plain() == {
        "plain": "NO",
        "number": "0041",
        "literal": '# first\nA = [X]\n  & "y"\n\nB = 2\n',
        "folded": "one two\nthree\n",
        "double": "a\U0001f600b / üc d",
        "single": "it's two",
        "flow": {"k": "v", "l": ["1", "2"], "m": "x"},
        "lines": "first second",
    }


@pytest.mark.parametrize("name", ["plain", "number", "literal", "folded", "double", "single", "lines"])
def test_every_character_of_a_value_is_found_again_in_the_file(name: str) -> None:
    node = scalar(PROFILE, name)
    lines = PROFILE.split("\n")
    for at, character in enumerate(node.text):
        span = node.span_at(at, at + 1)
        there = (lines[span.line - 1] + "\n")[span.column - 1]
        assert there == character or there in "\\\n ", (at, character, there)


@pytest.mark.parametrize(
    ("text", "word", "place"),
    [
        ("rules: |\n  A = [X]\n", "[X]", (2, 7)),
        ("rules: |2-\n    A = [X]\n", "[X]", (2, 9)),
        ("rules: |\r\n  A = 1\r\n  B = [X]\r\n", "[X]", (3, 7)),
        ("rules: |\n\n\n  A = [X]\n", "[X]", (4, 7)),
        ("a: {rules: 'it''s [X]'}\n", "[X]", (1, 19)),
        ('a: {rules: "\\u00fc [X]"}\n', "[X]", (1, 20)),
        ('a: {rules: "\\ud83d\\ude00 [X]"}\n', "[X]", (1, 26)),
        ("rules: a\n  b [X]\n", "[X]", (2, 5)),
        ("rules: >\n  a\n  b\n\n  [X]\n", "[X]", (5, 3)),
    ],
)
def test_a_word_inside_a_value_has_its_place_in_the_file(text: str, word: str, place: tuple[int, int]) -> None:
    top = root(text)
    inner = top.get("a")
    node = (inner if isinstance(inner, Mapping) else top).get("rules")
    assert isinstance(node, Scalar)
    span = node.span_at(node.text.index(word), node.text.index(word) + len(word))
    assert (span.line, span.column, span.end_line, span.end_column) == (*place, place[0], place[1] + len(word))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a: !!python/object:os.system x\n", "R0003"),
        ("a: !t x\n", "R0003"),
        ("%YAML 1.1\n---\na: 1\n", "R0003"),
        ("a: &x 1\n", "R0004"),
        ("a: {b: &x 1, c: *x}\n", "R0004"),
        ("<<: {a: 1}\n", "R0005"),
        ("a: 1\na: 2\n", "R0006"),
        ("a: " + "[" * 40 + "]" * 40, "R0007"),
        ("a: " + "[" * 10_000, "R0007"),
        ("".join(f"{' ' * depth}a:\n" for depth in range(100)), "R0007"),
        ("--- 1\n--- 2\n", "R0008"),
        ("a: x\n" + "# \n" * 1_000_000, "R0009"),
        ("a: [" + "1," * 50_001 + "]", "R0009"),
        ("a: x\n" + "# \n" * 100_000, "R0009"),
        ("a: >\n" + "\n" * 100_000 + "  x\n", "R0009"),
        ("? [a]\n: b\n", "R0010"),
        ("a: \ud800\n", "R0002"),
        ('a: "\\ud800"\n', "R0002"),
        ("a: x\0y\n", "R0002"),
        ("when: \ufdd0\n", "R0002"),
        ("a: \u202eevil\n", "R0002"),
        ("a: [1\n", "R0001"),
        ("a: '\n", "R0001"),
        ("a: b: c\n", "R0001"),
        ('a: "x" is y\n', "R0001"),
        ("a:\n\tb: 1\n", "R0001"),
        ("a: @x\n", "R0001"),
    ],
)
def test_what_yaml_has_too_much_of_is_refused(text: str, code: str) -> None:
    assert code in codes(text)


def test_all_findings_come_at_once_and_the_rest_of_the_tree_is_there() -> None:
    document = load("a: !x 1\nb: &y 2\nb: 3\nc: [*y, ok]\n", "f.yaml")
    assert [(found.code, found.span.line) for found in document.diagnostics] == [
        ("R0003", 1),
        ("R0004", 2),
        ("R0006", 3),
        ("R0004", 4),
    ]
    assert isinstance(document.root, Mapping)
    assert document.root.plain()["c"] == ["", "ok"]


@pytest.mark.parametrize("text", ["", "# nothing\n", "\n\n"])
def test_an_empty_file_has_no_root(text: str) -> None:
    document = load(text, "f.yaml")
    assert (document.root, document.diagnostics) == (None, ())


def test_an_unclosed_bracket_is_reported_where_it_opens() -> None:
    found = load("a: 1\nb: [1,\nc: 2\n", "f.yaml").diagnostics[0]
    assert (found.code, found.span.line, found.span.column) == ("R0001", 2, 4)


@given(st.text(alphabet=st.sampled_from("ab:-[]{}\"'|>&*!#%@?,\\\n\r\t \ud800\0\u00fc\U0001f600x0u")))
def test_any_text_gives_a_document(text: str) -> None:
    document = load(text, "f.yaml")
    assert document.root is not None or document.diagnostics or not text.strip("\n\r\t \ufeff") or "#" in text


@given(st.dictionaries(st.from_regex(r"[a-z]{1,3}", fullmatch=True), st.text("ab \"'\\\n:#é", max_size=12), max_size=4))
def test_what_json_writes_is_read_as_it_stands(values: dict[str, str]) -> None:
    assert root(json.dumps({"top": values}, indent=1)).plain() == {"top": values}


@pytest.mark.parametrize(
    ("text", "lines", "left"),
    [
        ("a: b: c\nd: [1\ne: 2\n", [1, 2], {"e"}),
        ("a: 'x\nb: 1\nc: 'y'\n", [1], {"b", "c"}),
        ('a:\n  b: @x\n  c: "y" z\nd: 1\n', [2, 3], {"a", "d"}),
        ("a:\n  b\n  c: 1\nd:\n\te: 1\nf: 1\n", [3, 5], {"f"}),
        ("a: [\nb: 1\nc: }\nd: 2\n", [1, 3], {"b", "d"}),
    ],
)
def test_what_is_no_yaml_is_told_of_every_place_and_the_rest_is_read(
    text: str, lines: list[int], left: set[str]
) -> None:
    document = load(text, "f.yaml")
    assert [(found.code, found.span.line) for found in document.diagnostics] == [("R0001", line) for line in lines]
    assert document.root is None
    assert document.rest
    assert left <= {key.text for key, _ in document.rest.items}
