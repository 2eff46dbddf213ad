"""Programs of the original give, as rules, what PHP gave; or the report names the difference, and the row has it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from pbx_convert.findings import Kind, Unsaid
from pbx_convert.php import snippets
from pbx_convert.php.snippets import Said
from pbx_convert.terms import written

CASES = json.loads(Path(__file__).with_name("cases.json").read_text(encoding="utf-8"))
PROGRAMS = list(dict.fromkeys(case["php"] for case in CASES))


def said(php: str) -> Said:
    made = snippets.variable("X", php)
    assert isinstance(made, Said), made
    return made


@pytest.mark.parametrize("program", PROGRAMS, ids=range(len(PROGRAMS)))
def test_a_rule_gives_what_php_gave(
    program: str,
    rule: Callable[[str, Mapping[str, Any]], Any],
    agree: Callable[[Any, Any], bool],
    is_explained: Callable[[str, Mapping[str, Any]], bool],
) -> None:
    made = said(program)
    kinds = {str(note.kind) for note in made.notes} | {Kind.WHITE_SPACE}
    for case in (case for case in CASES if case["php"] == program):
        value = rule(written(made.term), case["row"])
        assert agree(case["wanted"], value) == ("differs" not in case), (case, written(made.term), value)
        for kind in case.get("differs", ()):
            assert kind in kinds
            assert is_explained(kind, case["row"])


def test_php_still_gives_what_the_cases_say(php: Callable[..., list[Any]]) -> None:
    assert php([(case["php"], case["row"]) for case in CASES]) == [case["wanted"] for case in CASES]


def test_there_are_as_many_programs_as_promised() -> None:
    assert len(PROGRAMS) >= 150
    assert sum("differs" in case for case in CASES) < len(CASES) / 20


UNSAID = {
    "return foo($row['A']);": "foo() has no counterpart",
    "return $row['A'] + 1;": "there is no arithmetic",
    "return date('Y');": "date() has no counterpart",
    "return $row[$x];": "the name of a field must be spelled out",
    "return preg_match('/a(?=b)/', $row['A']);": "look-ahead and look-behind do not exist here",
    "return preg_replace('/(a)\\1/', '', $row['A']);": "back references do not exist here",
    "return preg_match('/a/e', $row['A']);": "the flag e of a pattern has no counterpart",
    "return preg_match('/a++/', $row['A']);": "possessive repetition does not exist here",
    "while (true) { }": "`while (true) { }` has no counterpart",
    "return $row['A'": "this is no PHP, from `return $row['A'` on",
    "return $row['A']": "this is no PHP: a `;` is missing",
    "foreach ($row['L'] as $e); return 'x';": "a loop that does nothing has no counterpart",
    "$a = ['x']; return isset($a[]);": "an array without an index",
    "$row['A'];": "it returns nothing: `return` is missing",
    "": "it returns nothing: `return` is missing",
    "echo $row['A'];": "`echo $row['A'];` has no counterpart",
    "return $this->x;": "`$this->x` has no counterpart",
    "return new Foo();": "`new Foo()` has no counterpart",
    "return str_replace('a', \"\\n\", $row['A']);": "a line break or tab cannot be written in a rule",
    "return is_array($row['A']) ? 'l' : 't';": "whether a field has one value or a list makes no difference in a rule",
    "return `ls`;": "``ls`` has no counterpart",
    "$f = $row['A']; return $f($row['B']);": "$f() has no counterpart",
    "return eval($row['A']);": "eval() has no counterpart",
    "$v = $row['B'] ? 'x' : true; return $v === true;": (
        "whether this has a text or something else makes no difference in a rule"
    ),
    "return '" + "x" * 6_000 + "';": "it has 6,010 bytes, and a rule is made of 6,000 at most: divide it",
}


@pytest.mark.parametrize(("php", "reason"), UNSAID.items())
def test_what_has_no_counterpart_is_named(php: str, reason: str) -> None:
    made = snippets.variable("X", php)
    assert isinstance(made, Unsaid), written(made.term)
    assert made.reason == reason
    assert made.text == php


def test_the_line_of_what_cannot_be_said_is_told() -> None:
    made = snippets.variable("X", "$a = $row['A'];\n\nif ($a) {\n  return md5($a);\n}\nreturn $a;")
    assert isinstance(made, Unsaid)
    assert made.line == 4


def test_what_grows_with_each_line_ends_with_a_reason() -> None:
    made = snippets.variable("X", "$a = $row['A'];" + "$a = $a . $row['B'] . $a;" * 40 + "return $a;")
    assert isinstance(made, Unsaid)
    assert "too long" in made.reason


def test_the_names_of_loops_are_no_words_of_the_language_and_no_variables() -> None:
    made = snippets.variable("X", "foreach ($row['C'] as $in) { $r[] = $in . '!'; } return $r;", frozenset({"in2"}))
    assert isinstance(made, Said)
    assert written(made.term) == 'each in3 in [C] give in3 & "!"'


def test_every_kind_of_difference_is_on_the_page() -> None:
    page = (Path(__file__).resolve().parents[3] / "docs/convert.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `([\w-]+)` \|", page, re.MULTILINE)) == {str(kind) for kind in Kind}
