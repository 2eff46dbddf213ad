"""Whatever text comes as a profile, and whatever a row holds: bounded time, a clear finding, never an exception."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pbx_rules import (
    BUILTIN,
    Compiled,
    Function,
    Program,
    SourceField,
    SourceFields,
    TargetField,
    TargetTable,
    compile_profile,
    document,
    render,
)
from pbx_rules.formatter import format_rules
from pbx_rules.runtime.text import composed
from pbx_rules.trial import try_expression
from pbx_rules.types import TEXT
from rule_strategies import damaged

SOURCE = SourceFields((SourceField("T"), SourceField("U"), SourceField("L", "list"), SourceField("N", "number")))
TARGET = (TargetTable("book", (TargetField("name", max_length=80), TargetField("note")), ()),)
SOUND = """\
region: DE
tables: {t: {a: "1"}}
rules: |
  # a comment
  keep when [T] is not blank or [U] in ("a", "b") because "none"
  Name = left([T] else join(", ", [U], "x"), 80)
  Phone = phone([U]) else replace([T], /(a)b/i, "$1")
  Each = each x in [L] where x is not "q" give {a: x, b: 1}
structure:
  book:
    - name: "{{Name}} {{{Phone}}}"
      note: "{{e.a}}"
      for: e in Each
      key: e.a
      when: '[T] is not "skip"'
"""


def compiled(text: str) -> Compiled | None:
    """None for what is no mapping with a structure; every diagnostic is drawn."""
    loaded = document.load(text, "p.yaml")
    for found in loaded.diagnostics:
        render(found, text).encode("utf-8")
    root = loaded.root
    structure = root.get("structure") if isinstance(root, document.Mapping) else None
    if structure is None or not isinstance(root, document.Mapping):
        return None
    rules, region = root.get("rules"), root.get("region")
    compiled = compile_profile(
        file="p.yaml",
        rules=rules if isinstance(rules, document.Scalar) else None,
        structure=structure,
        target=TARGET,
        source=SOURCE,
        tables=root.get("tables"),
        region=region if isinstance(region, document.Scalar) else None,
    )
    for item in compiled.diagnostics:
        render(item, text).encode("utf-8")
    assert (compiled.program is None) == any(item.severity == "error" for item in compiled.diagnostics)
    return compiled


def with_rules(rules: str) -> str:
    lines = "".join(f"  {line}\n" for line in rules.split("\n"))
    return f"rules: |\n{lines}structure: {{book: [{{name: x}}]}}\n"


def codes(text: str) -> set[str]:
    found = compiled(text)
    assert found is not None
    return {item.code for item in found.diagnostics}


def program(rules: str) -> Program:
    found = compiled(with_rules(rules).replace("name: x", 'name: "{{A}}"'))
    assert found is not None
    assert found.program is not None, found.diagnostics
    return found.program


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Generous bounds, as the machine may be busy: what they guard against takes minutes."""
    started = time.process_time()
    yield
    assert time.process_time() - started < seconds


@settings(max_examples=300, suppress_health_check=list(HealthCheck))
@given(damaged(SOUND))
def test_a_damaged_profile_gives_diagnostics(text: str) -> None:
    compiled(text)


@settings(max_examples=200)
@given(st.text(max_size=60))
def test_any_text_is_taken_as_rules(text: str) -> None:
    compiled(with_rules(text))
    formatted = format_rules(text)
    assert format_rules(formatted) == formatted


@pytest.mark.parametrize(
    ("rules", "code"),
    [
        ("A = " + "(" * 10_000 + "1" + ")" * 10_000, "R0108"),
        ("A = " + "upper(" * 10_000, "R0108"),
        ("A = " + "{a: " * 10_000, "R0108"),
        ("A = " + "not " * 10_000 + "true", "R0108"),
        ("A = [T]" + ".a" * 10_000, "R0108"),
        ("A = " + "each x in [L] give " * 10_000 + "x", "R0108"),
        ("A = 1" + " & 1" * 100_000, "R0108"),
        ("A = [T" * 10_000, "R0104"),
        ('A = "' + "x" * 500_000, "R0102"),
        ("A = /" + "(a" * 100_000, "R0103"),
        ("A = [T] matches /" + "(a" * 1_000 + "/", "R0308"),
        ("A = [T] matches /((a{100}){100}){100}/", "R0308"),
        (r"A = [T] matches /\w{1,80}\s\w{1,80}/", "R0308"),
        ("A = [T] matches /" + r"\w" * 490 + "/", "R0308"),
        ("A = " + "9" * 100_000, "R0303"),
        ("A = $" * 20_000, "R0118"),
        ("=" * 100_000, "R0110"),
        (")" * 100_000, "R0108"),
        ("A" * 500_000 + " = 1", "R0207"),
        ("\n".join(f"V{number} = 1" for number in range(90_000)), "R0109"),
        ("\n".join("V = [Q]" for _ in range(4_000)), "R0201"),
        ("\n".join(f"V{number} = [T] in ({', '.join(['1'] * 1_400)})" for number in range(300)), "R0109"),
        ("\n".join(f"V{number} = {' & '.join(['[T]'] * 1_400)} &" for number in range(200)), "R0109"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_huge_rules_end_soon_with_a_clear_error(rules: str, code: str) -> None:
    with within(60):
        assert code in codes(with_rules(rules))


def test_the_words_of_conditions_count_with_those_of_the_rules() -> None:
    values = ", ".join(["1"] * 1_400)
    assert "R0109" in codes("structure:\n  book:\n" + f"    - {{name: x, when: '[T] in ({values})'}}\n" * 100)


@pytest.mark.parametrize("text", ['"\ud800" matches /a/', '"a\0b"', "[\udfff]", "/\ud800/"])
def test_half_characters_and_nul_in_an_expression_are_refused(text: str) -> None:
    assert [item.code for item in try_expression(text).diagnostics] == ["R0106"]


def test_a_megabyte_of_rules() -> None:
    with within(30):
        assert "R0109" in codes(with_rules("\n".join(f"Variable{number} = [T] & [U]" for number in range(33_000))))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a: &a [x]\n" + "".join(f"b{n}: &b{n} [{'*a, ' * 9}*a]\n" for n in range(9)), "R0004"),
        ("a: !!python/object/apply:os.system [x]\n", "R0003"),
        ("a: " + "[" * 100_000, "R0007"),
        ("a: " + "{a: " * 100_000, "R0007"),
        ("- " * 100_000 + "x", "R0007"),
        ("a: " + "[[[[[[[]" * 250, "R0007"),
        ("a: " + "[[[[[[[[re: " * 160, "R0007"),
        ("x" * 2_000_001, "R0009"),
        ("!" * 2_000_000, "R0001"),
        ("a: 'b\n" + "".join(f"x{n}: 'y'\n" for n in range(15_000)), "R0001"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_hostile_yaml_ends_soon_with_a_clear_error(text: str, code: str) -> None:
    with within(60):
        assert code in {item.code for item in document.load(text, "f").diagnostics}


def test_a_long_file_is_not_read_again_for_every_spoiled_expression() -> None:
    spoiled = '    - name: x\n      when: [T] is "a"\n'
    short = "structure:\n  book:\n" + spoiled * 20
    long = "structure:\n  book:\n" + "    - name: y\n" * 10_000 + spoiled * 20
    assert [found.code for found in document.load(short, "f").diagnostics] == ["R0409"] * 20
    with within(150):
        codes = [found.code for found in document.load(long, "f").diagnostics]
    assert codes == ["R0409", "R0001"]


def test_brackets_in_texts_are_no_depth() -> None:
    many = "[" * 60
    assert document.load(f'a: "{many}"\nb: |\n  {many}\n  {many}\n', "f").diagnostics == ()


def test_a_pattern_made_to_backtrack_does_not() -> None:
    found = program(r"A = if([T] matches /^(a+)+$/ or [T] matches /(a|aa)*b/ or [T] matches /(.*)*x/, 1, 2)")
    with within(5):
        assert found.run({"T": "a" * 100_000 + "!"}).records[0].values == {"name": "2"}


def test_many_large_patterns_are_refused_together() -> None:
    rules = "".join(f"V{number} = [T] matches /{number}\\w{{1,40}}/\n" for number in range(200))
    with within(60):
        found = compiled(with_rules(rules))
    assert found is not None
    said = [item.message for item in found.diagnostics if item.code == "R0308"]
    assert len(said) > 50
    assert set(said) == {"the patterns of this profile are too large together"}


def test_many_wrong_patterns_are_each_told_what_is_wrong() -> None:
    found = compiled(with_rules("".join(f"V{number} = [T] matches /({number}/\n" for number in range(100))))
    assert found is not None
    assert sum("missing )" in item.message for item in found.diagnostics if item.code == "R0308") == 100


def test_a_large_pattern_that_is_used_often_counts_once() -> None:
    rules = "".join(f"V{number} = if([T] matches /\\w{{1,40}}/, 1, 2)\n" for number in range(200))
    assert "R0308" not in codes(with_rules(rules))


@pytest.mark.parametrize(
    "rule",
    [
        r"A = replace([T], /(a.{990}b|.{999}c)/, [U])",
        r"A = [T] matches /\w{1,20}\s\w{1,20}/",
        r"A = extract([T], /(?:x.{0,9}){90}z/)",
        "A = [T] matches /" + "[ab]?" * 190 + "c/",
        r"A = count(split([T], /(.{1,200})-(.{1,200})/))",
        r"A = each x in [L] where x matches /\w{1,20}\s\w{1,20}/ give x",
        r"A = [L] matches /\w{1,20}\s\w{1,20}/",
    ],
)
def test_heavy_patterns_on_long_texts_are_stopped(rule: str) -> None:
    found = program("\n".join(rule.replace("A =", f"A{number} =") for number in range(50)) + "\nA = A49")
    with within(30):
        result = found.run({"T": "ab" * 400_000, "L": ["abcdefghij" * 20] * 3_000})
    assert [finding.code for finding in result.findings] == ["R0806"]


def test_a_field_of_ten_megabytes_is_refused() -> None:
    with within(2):
        result = program("A = upper([T])").run({"T": "x" * 10_000_000})
    assert [finding.code for finding in result.findings] == ["R0807"]


def test_a_field_that_is_not_used_may_hold_anything() -> None:
    assert program("A = upper([T])").run({"T": "x", "U": "x" * 10_000_000}).records[0].values == {"name": "X"}


def test_lists_of_a_hundred_thousand_elements() -> None:
    row = {"L": [f"e{number % 1000}" for number in range(100_000)]}
    found = program('A = count(unique(sort(each x in [L] where x is not "e5" give upper(x))))')
    with within(60):
        assert found.run(row).records[0].values == {"name": "999"}
    assert program("A = count([L])").run({"L": ["x"] * 200_001}).findings[0].code == "R0807"


def test_loops_in_loops_over_huge_lists_are_stopped() -> None:
    found = program("A = count(each x in [L] give each y in [L] give x & y)")
    with within(60):
        assert found.run({"L": ["x"] * 100_000}).findings[0].code == "R0806"


@pytest.mark.parametrize(
    "rule",
    [
        "V{next} = V{last} & V{last}",
        "V{next} = join(V{last}, V{last}, V{last}, V{last})",
        'V{next} = replace(V{last}, "x", V{last})',
        'V{next} = pad(V{last}, 999999, V{last}) & pad(V{last}, 999999, side: "right")',
        "V{next} = each a in [L] give V{last} & a",
    ],
)
def test_texts_that_double_are_stopped(rule: str) -> None:
    lines = ["V0 = [T]", *(rule.format(next=number + 1, last=number) for number in range(60)), "A = V60"]
    with within(60):
        result = program("\n".join(lines)).run({"T": "x" * 1000, "L": ["a", "b"] * 500})
    assert [finding.code for finding in result.findings] == ["R0806"]


def test_a_row_that_makes_too_many_records_is_refused() -> None:
    found = compiled("structure:\n  book:\n    - name: '{{x}}'\n      for: x in [L]\n      key: x\n")
    assert found is not None
    assert found.program is not None
    result = found.program.run({"L": [str(number) for number in range(5_000)]})
    assert [finding.code for finding in result.findings] == ["R0805"]


def test_a_function_of_a_plugin_that_raises_rejects_the_row_alone() -> None:
    def broken() -> str:
        raise RuntimeError("no")

    registry = BUILTIN.extended([Function("broken", "mine", "Breaks.", (), TEXT, broken)])
    root = document.load('rules: "A = broken()"\nstructure: {book: [{name: "{{A}}"}]}', "f").root
    assert isinstance(root, document.Mapping)
    rules, structure = root.get("rules"), root.get("structure")
    assert isinstance(rules, document.Scalar)
    assert structure is not None
    found = compile_profile(
        file="f", rules=rules, structure=structure, target=TARGET, source=SOURCE, functions=registry
    ).program
    assert found is not None
    assert [finding.code for finding in found.run({}).findings] == ["R0808"]


@pytest.mark.parametrize(
    "value",
    [
        "__class__",
        "{0.__class__}",
        "{{T}}",
        "{{{U}}}",
        "${T}",
        "%(T)s",
        "'; DROP TABLE x; --",
        "${jndi:ldap://x}",
        "<script>",
        "=1+1",
        'a"b\\c',
        "\N{RIGHT-TO-LEFT OVERRIDE}x",
        "e\u0301\u0301\u0301",
    ],
)
def test_what_a_row_holds_is_never_more_than_text(value: str) -> None:
    kept = composed(value)
    assert program("A = [T]").run({"T": value}).records[0].values == {"name": kept}
    assert program('A = [T] & "!"').run({"T": value}).records[0].values == {"name": f"{kept}!"}


@pytest.mark.parametrize("value", ["a\0b", "\ud800", "a\udfffb", "\ud83d\ude00"])
def test_half_characters_and_nul_never_come_out(value: str) -> None:
    rules = "A = [T] & join([T], [L]) & if([T] matches /./, upper([T]), phone([T]))"
    rows: list[dict[str, Any]] = [{"T": value}, {"T": "x", "L": [value, {value: value}]}]
    for row in rows:
        name: Any = program(rules).run(row).records[0].values["name"]
        name.encode("utf-8")
        assert "\0" not in name
