"""The budget of a row, counted in work and not in time: what is read is charged before it is read, everywhere alike."""

from __future__ import annotations

import subprocess
import sys
import unicodedata
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st
from pbx_rules import BUILTIN, Function
from pbx_rules.backends import interpreter
from pbx_rules.diagnostics import MOST_FINDINGS
from pbx_rules.runtime.limits import LONGEST_TEXT, MOST_WORK, SHORT, RowRefused, Work
from pbx_rules.runtime.text import characters, end_of, normalized
from pbx_rules.suggest import nearest
from test_hostile import codes, compiled, program, with_rules

PIECES = 'A = first(each t in split([T], ";") where [T] contains t & "!" give t)'
TEXT = "äb ç" * (LONGEST_TEXT // 4)
ELEMENTS = [f"ä{number}" for number in range(100_000)]
INDIFFERENT = {"first", "last", "item", "count"}
"""Functions that look at a list's ends alone."""
LOOPED = [
    "each x in [L] give list([L], x)",
    "each x in [L] give sort([L])",
    "each x in [L] give unique([L])",
    "each x in [L] give join([L])",
    "each x in [L] where [L] contains x give x",
    "each x in [L] where [L] is x give x",
    "each x in [L] where [T] is x give x",
    "each x in [L] give length([T])",
    "each x in [L] give digits([T])",
    'each x in [L] give before([T], "@")',
    "each x in [L] give right([T], 5)",
    "each x in [L] give ascii([T])",
    'each x in [L] give switch([T], "a": 1)',
    "each x in [L] give phone(x)",
    "each x in [L] give each y in [L] give phone(x & y)",
]


def refusals(rule: str, row: dict[str, Any]) -> list[str]:
    """By both back ends, which must say the same."""
    made = program(rule)
    said = [f"{found.code} {found.message}" for found in made.run(row).findings]
    try:
        found = interpreter.build(made.rules)(row).findings
        oracle = [f"{one.code} {one.message}" for one in found]
    except RowRefused as refused:
        oracle = [f"{refused.code} {refused.message}"]
    assert said == oracle
    return [line.partition(" ")[0] for line in said]


def spent(run: Function, *values: object) -> int:
    """What a call with these values costs beyond one with short values."""
    work = Work()
    work.left = 10**15
    work.pay(run.cost, *values)
    return 10**15 - work.left


@pytest.mark.parametrize(("pieces", "said"), [(1_000, []), (2_000, ["R0806"]), (8_000, ["R0806"])])
def test_a_long_text_is_paid_for_each_time_it_is_read(pieces: int, said: list[str]) -> None:
    assert refusals(PIECES, {"T": ";".join(f"piece{number:05}" for number in range(pieces))}) == said


@pytest.mark.parametrize("each", LOOPED)
def test_long_values_in_loops_are_refused_alike_by_both_back_ends(each: str) -> None:
    assert refusals(f"A = count({each})", {"T": TEXT, "L": ELEMENTS}) == ["R0806"]


def test_statements_without_a_loop_pay_as_well() -> None:
    lines = "".join(f"V{number} = length([T])\n" for number in range(2_000))
    assert refusals(lines + "A = V0", {"T": TEXT}) == ["R0806"]
    assert refusals(lines + "A = V0", {"T": "ä" * SHORT}) == []


def test_a_text_of_marks_is_as_dear_to_compare_as_it_is_charged() -> None:
    marks = ("a" + "\N{COMBINING ACUTE ACCENT}\N{COMBINING DOT BELOW}" * 10) * 47_000
    lines = "".join(f"V{number} = [T] is [U]\n" for number in range(8))
    assert refusals(lines + "A = [N]", {"T": marks, "U": "x"}) == ["R0806"]
    assert refusals(lines + "A = [N]", {"T": "a" * len(marks), "U": "x"}) == []


def test_texts_of_slashes_are_as_dear_to_read_as_numbers_as_they_are_charged() -> None:
    texts = tuple(f"{number} {'/ //' * 60}" for number in range(100))
    assert "R0806" in refusals("A = count(each x in [L] give phone(x))", {"L": texts})
    short = tuple(text[:SHORT] for text in texts)
    assert "R0806" not in refusals("A = count(each x in [L] give phone(x))", {"L": short})


def test_rules_that_are_too_much_for_any_row_are_refused_before_they_run() -> None:
    line = " & ".join(["phone([T])"] * 300)
    rules = "\n".join(f"V{number} = {line}" for number in range(10)) + "\nA = V0"
    assert refusals(rules, {"T": "x"}) == ["R0806"]


@pytest.mark.parametrize("function", [one for one in BUILTIN if not one.form], ids=lambda function: function.name)
def test_every_function_pays_for_whatever_grows(function: Function) -> None:
    """In proportion to the text, up to where it stops reading; and a whole text more than once within a row."""
    texts = [spent(function, "ä" * size) for size in (SHORT, SHORT + 1, function.cost.longest)]
    lists = [spent(function, ("ä",) * size) for size in (1_000, 100_000)]
    if function.name in INDIFFERENT:
        assert texts == [0, 0, 0]
        assert lists == [0, 0]
        return
    assert lists[1] == 100 * lists[0] > 0
    assert function.cost.call > 0
    if function.name != "list":
        a_character = function.cost.character * function.cost.accented
        assert texts == [size * a_character for size in (0, SHORT + 1, function.cost.longest)]
        assert 0 < texts[2] <= MOST_WORK, "one text of the greatest length may always be read"


def test_what_is_charged_is_charged_before_the_work_is_done() -> None:
    called: list[object] = []
    spy = Function("spy", "mine", "Spies.", (), BUILTIN.get("upper").result, called.append)  # type: ignore[union-attr]
    work = Work()
    work.left = 10
    with pytest.raises(RowRefused):
        work.pay(spy.cost, "x" * 100) and spy.run("x")
    assert called == []


DEAREST = """
import resource, sys
resource.setrlimit(resource.RLIMIT_CPU, ({seconds}, {seconds}))
sys.path.insert(0, {folder!r})
from test_hostile import program
text, elements = "äb ç" * 250_000, ["ä%d" % number for number in range(100_000)]
program({rule!r}).run({{"T": text, "U": text[1:], "L": elements}})
"""


@pytest.mark.parametrize(
    "rule",
    [
        *(f"A = count({each})" for each in LOOPED[:2]),
        "A = count(sort([L])) & count(unique([L]))",
        "A = count(each x in [L] give left(x, 5))",
        "A = right([T], 3) & mid([T], 2, 3)",
        "A = if([T] is [U], ascii([T]), ascii([U]))",
        "A = count(split([T], /a?/))",
        "A = count(split([T], /(a?){200}(b)/))",
        'A = length(replace([T], /(?:a?){300}(b)/, "y"))',
    ],
)
def test_the_dearest_rows_end_within_a_limit_of_the_system(rule: str) -> None:
    """The process is killed otherwise; the limit leaves room for its start and for slow machines."""
    script = DEAREST.format(seconds=30, folder=str(Path(__file__).parent), rule=rule)
    subprocess.run([sys.executable, "-c", script], check=True)


def test_flags_in_a_row_and_marks_on_one_letter_take_no_time_of_their_own() -> None:
    """Quadratic before: a million flags took hours."""
    assert refusals("A = right([T], 2)", {"T": "\N{REGIONAL INDICATOR SYMBOL LETTER D}" * LONGEST_TEXT}) == []
    marks = "a" + "\N{COMBINING ACUTE ACCENT}" * 400_000 + "\N{COMBINING DOT BELOW}" * 400_000
    assert refusals("A = if([T] is [U], ascii([T]), 1)", {"T": marks, "U": marks}) == []


@given(st.text("\U0001f1e9\U0001f1eaa\u0301\u200d\u0903\u0600\r\n👩", max_size=12))
def test_characters_are_still_those_of_unicode(text: str) -> None:
    expected = regex.findall(r"\X", text)
    assert characters(text) == expected
    assert text[: end_of(text, 3)] == "".join(expected[:3])


@given(st.text("aäe\u0301\u0323\u0302", max_size=SHORT * 2))
def test_texts_as_people_write_them_are_normalized_as_unicode_has_it(text: str) -> None:
    if not regex.search(r"\p{M}{31}", text):
        assert normalized("NFC", text) == unicodedata.normalize("NFC", text)


@pytest.mark.parametrize(("n", "wanted"), [(3, "ler"), (9, "Müller"), (0, None)])
def test_right_takes_characters_from_the_end(n: int, wanted: str | None) -> None:
    right = BUILTIN.get("right")
    assert right is not None
    assert right.run("Müller", Decimal(n)) == wanted


def test_keys_of_records_are_not_kept_without_bound() -> None:
    found = compiled("structure:\n  book:\n    - name: x\n      for: x in [L]\n      key: '[T] & x'\n")
    assert found is not None
    assert found.program is not None
    result = found.program.run({"T": "x" * 100_000, "L": [str(number) for number in range(50)]})
    assert [one.code for one in result.findings] == ["R0806"]


@pytest.mark.parametrize(
    "rules",
    [
        "\n".join(["!" * 199] * 5_000),
        "A = " + "§" * 1_000_000,
        "\n".join(f"V{number} = uper(Wariabel{number}) & [Tx{number}]" for number in range(4_900)),
    ],
    ids=["slips", "signs", "typos"],
)
def test_a_file_full_of_mistakes_tells_some_hundreds(rules: str) -> None:
    found = compiled(with_rules(rules))
    assert found is not None
    assert found.program is None
    assert 0 < len(found.diagnostics) <= MOST_FINDINGS


def test_a_literal_as_long_as_a_file_may_be_is_read_in_bounded_memory() -> None:
    script = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_DATA, (500 << 20,) * 2);"
        f"sys.path.insert(0, {str(Path(__file__).parent)!r}); from test_hostile import codes, with_rules;"
        "assert codes(with_rules('A = \"' + 'x' * 1_900_000 + '\"')) == {'R0207'}"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


@pytest.mark.parametrize(
    ("rule", "said"),
    [('A = ""', set()), ('A = "a""b"', set()), ('A = "a""', {"R0102"}), (r"A = [T] matches /\/a\\/", set())],
)
def test_texts_and_patterns_end_where_they_ended(rule: str, said: set[str]) -> None:
    assert codes(with_rules(rule)) - {"R0207"} == said


def test_of_thousands_of_names_the_one_that_was_meant_is_found() -> None:
    names = [f"Variable{number}" for number in range(4_000)] + ["BusinessPhone"]
    assert nearest("BusinesPhone", names) == "BusinessPhone"
    assert nearest("Busniess", [*(f"Field{number}" for number in range(200)), "Contact_Business"]) == "Contact_Business"
