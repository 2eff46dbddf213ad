"""Whole profiles: rules and structure in, records, reasons, findings and diagnostics out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from pbx_rules import (
    Compiled,
    Program,
    SourceField,
    SourceFields,
    TargetField,
    TargetTable,
    compile_profile,
    document,
)

LABEL = TargetTable(
    "book.label", (TargetField("label", blank="drop"), TargetField("value", blank="drop")), unique="label"
)
BOOK = TargetTable(
    "book",
    (TargetField("name", "display name", 10, "reject"), TargetField("phone"), TargetField("born", native=True)),
    (LABEL,),
)
SOURCE = SourceFields(
    (
        *(SourceField(name) for name in ("Name", "First", "Last", "Phone", "Kind", "Dept")),
        SourceField("Born", "date"),
        SourceField("Tags", "list"),
        SourceField("Phones", "list", {"Type": "text", "Number": "text"}),
        SourceField("Address", "record", {"Country": "text"}),
        SourceField("Home", "record", {"Country": "text"}, "HomeText"),
        SourceField("HomeText"),
    )
)


def compiled(text: str) -> Compiled:
    loaded = document.load(text, "p.yaml")
    root = loaded.root
    assert isinstance(root, document.Mapping), loaded.diagnostics
    rules, region = root.get("rules"), root.get("region")
    assert rules is None or isinstance(rules, document.Scalar)
    assert region is None or isinstance(region, document.Scalar)
    structure = root.get("structure")
    assert structure is not None
    return compile_profile(
        file="p.yaml",
        rules=rules,
        structure=structure,
        target=(BOOK,),
        source=SOURCE,
        tables=root.get("tables"),
        region=region,
    )


def program(text: str) -> Program:
    found = compiled(text)
    assert found.program is not None, found.diagnostics
    return found.program


def places(text: str) -> list[tuple[str, int, int]]:
    return [(found.code, found.span.line, found.span.column) for found in compiled(text).diagnostics]


def maps(text: str, **row: Any) -> list[Mapping[str, Any]]:
    return [record.values for record in program(text).run(row).records]


PLAIN = """
structure:
  book:
    - name: "{{Name}}"
      phone: "tel {{{Phone}}}!"
"""


def test_a_structure_without_rules() -> None:
    assert maps(PLAIN, Name='Ann "Bo" \\', Phone="12") == [{"name": 'Ann "Bo" \\', "phone": "tel 12!"}]


def test_the_pasted_structure_of_the_original() -> None:
    text = """
structure:
  {
    "book": [{
      "name": "{{{Name}}}",
      "post": { "book.label": [ { "label": "Department \\ud83d\\ude00", "value": "{{{Dept}}}" } ] }
    }]
  }
"""
    record = program(text).run({"Name": "Ann", "Dept": "Sales"}).records[0]
    assert record.values == {"name": "Ann"}
    assert [label.values for label in record.post] == [{"label": "Department 😀", "value": "Sales"}]
    assert program(text).run({"Name": "Ann"}).records[0].post == ()


def test_the_same_row_gives_the_same_records_and_keys() -> None:
    text = """
structure:
  book:
    - {name: "{{Name}}"}
    - name: "{{p.Number}}"
      for: p in [Phones]
      key: p.Type
"""
    row: dict[str, Any] = {"Name": "Ann", "Phones": [{"Type": "work", "Number": "1"}, {"Type": "home", "Number": "2"}]}
    result = program(text).run(row)
    assert [(record.key, record.values["name"]) for record in result.records] == [
        ("0", "Ann"),
        ("1:work", "1"),
        ("1:home", "2"),
    ]
    assert program(text).run(row) == result


def test_equal_and_blank_keys_reject_the_row() -> None:
    text = """
structure:
  book:
    - name: x
      for: p in [Phones]
      key: p.Type
"""
    same = program(text).run({"Phones": [{"Type": "work"}, {"Type": "work", "Number": "1"}]})
    assert [finding.code for finding in same.findings] == ["R0803"]
    assert same.records == ()
    blank = program(text).run({"Phones": [{"Number": "1"}]})
    assert [finding.code for finding in blank.findings] == ["R0804"]


def test_a_required_value_that_is_blank_rejects_the_row() -> None:
    result = program(PLAIN).run({"Phone": "12"})
    assert (result.records, result.failed) == ((), True)
    assert [(finding.code, finding.where) for finding in result.findings] == [("R0802", "name")]


def test_a_long_value_is_cut_between_characters_with_a_warning() -> None:
    result = program(PLAIN).run({"Name": "x\u0301" * 11})
    assert result.records[0].values["name"] == "x\u0301" * 10
    assert [(finding.code, finding.severity, finding.where) for finding in result.findings] == [
        ("R0801", "warning", "name")
    ]


def test_skip_and_keep_give_a_reason() -> None:
    text = 'rules: |\n  skip when [Kind] is "x" because "no x"\n  keep when [Dept] is not blank\n' + PLAIN.lstrip()
    assert program(text).run({"Kind": "X"}).skipped == "no x"
    assert program(text).run({"Name": "Ann"}).skipped == "keep when [Dept] is not blank"
    assert program(text).run({"Name": "Ann", "Dept": "1"}).skipped is None


def test_when_drops_a_record_or_a_label() -> None:
    text = """
structure:
  book:
    - name: "{{Name}}"
      when: '[Kind] is "a"'
      post:
        book.label:
          - {label: L, value: "1", when: "[Dept] is not blank"}
          - {label: M, value: "2"}
"""
    assert maps(text, Name="Ann", Kind="b") == []
    record = program(text).run({"Name": "Ann", "Kind": "A"}).records[0]
    assert [label.values["label"] for label in record.post] == ["M"]


def test_a_lone_placeholder_keeps_its_type_where_the_target_wants_it() -> None:
    text = 'structure: {book: [{name: "{{Born}}", born: "{{Born}}"}]}'
    assert maps(text, Born="1990-12-24") == [{"name": "1990-12-24", "born": date(1990, 12, 24)}]


def test_a_record_whose_text_the_source_has_is_read_as_that_text() -> None:
    text = """
        rules: |
          At = "at " & [Home]
        structure: {book: [{name: "{{{Home}}}", phone: "{{At}}, {{Home.Country}}"}]}
    """
    assert program(text).fields == {"Home", "HomeText"}
    row = {"Home": {"Country": "AT"}, "HomeText": "Ring 1"}
    assert maps(text, **row) == [{"name": "Ring 1", "phone": "at Ring 1, AT"}]


def test_the_hint_about_a_record_in_a_placeholder_works_inside_its_braces() -> None:
    (found,) = compiled('structure: {book: [{name: "Dr. {{Address}}"}]}').diagnostics
    assert (found.code, found.span.column, found.hint) == ("R0311", 34, "name a part: Address.Country")


def test_a_native_value_that_is_too_long_is_cut_as_text() -> None:
    target = (TargetTable("book", (TargetField("n", max_length=3, native=True),)),)
    structure = document.load("book: [{n: '{{N}}'}]", "s").root
    assert structure is not None
    source = SourceFields((SourceField("N", "number"),))
    found = compile_profile(file="f", rules=None, structure=structure, target=target, source=source).program
    assert found is not None
    assert found.run({"N": 123}).records[0].values == {"n": Decimal(123)}
    assert found.run({"N": 12345}).records[0].values == {"n": "123"}
    assert [finding.code for finding in found.run({"N": 12345}).findings] == ["R0801"]


def test_a_variable_goes_before_a_field_of_the_same_name() -> None:
    text = "rules: |\n  Name = upper([Name])\n" + PLAIN.lstrip()
    assert maps(text, Name="ann", Phone="1") == [{"name": "ANN", "phone": "tel 1!"}]


def test_every_mistake_is_reported_at_once_with_its_place() -> None:
    text = """\
rules: |
  A = upper([Nme]) & lowr([Name]) & Blah
  keep when [Name]
structure:
  book:
    - nam: "{{A}}"
      phone: "{{Phne}}"
  bok: []
"""
    assert places(text) == [
        ("R0201", 2, 13),
        ("R0203", 2, 22),
        ("R0202", 2, 37),
        ("R0304", 3, 13),
        ("R0402", 6, 7),
        ("R0403", 6, 7),
        ("R0405", 7, 17),
        ("R0401", 8, 3),
    ]


def test_the_hint_shows_a_key_that_works_and_finds_a_target_field_by_its_title() -> None:
    hints = [
        found.hint
        for of in ("[Phones]", "[Tags]")
        for found in compiled(f"structure: {{book: [{{name: x, for: 'p in {of}'}}]}}").diagnostics
    ]
    assert [(hint or "").rpartition(" ")[2] for hint in hints] == ["p.Type", "p"]
    (unknown,) = compiled("structure: {book: [{name: x, Display Name: y}]}").diagnostics
    assert unknown.hint == "did you mean name?"


def test_every_mistake_of_very_many_is_reported() -> None:
    found = compiled(
        "rules: |\n"
        + "".join(f'  V{n} = "x" else "y"\n' for n in range(300))
        + "".join(f"  W{n} = [Nam{n}]\n" for n in range(300))
        + 'structure: {book: [{name: "{{V0}}"}]}\n'
    )
    assert found.program is None
    assert Counter(diagnostic.severity for diagnostic in found.diagnostics) == {"warning": 300, "error": 300}


@pytest.mark.parametrize(
    ("name", "code", "columns", "message"),
    [
        ("", "R0410", (27, 29), "the required field name may come out blank"),
        ("a {{ Nope }}", "R0405", (33, 37), "{{ Nope }} names nothing"),
        ("ab {{ Nope }}", "R0405", (34, 38), "{{ Nope }} names nothing"),
        ("{{[Nope}}", "R0405", (30, 35), "{{[Nope}} names nothing"),
        ("{{Nope]}}", "R0405", (30, 35), "{{Nope]}} names nothing"),
        ("{{Address.Country}}", "R0410", (27, 48), "the required field name may come out blank"),
        ("a {{ x", "R0407", (30, 32), "`{{` without `}}`"),
        ("a }} x", "R0407", (30, 32), "`}}` without `{{`"),
        ("a {{#if x}}", "R0406", (30, 39), "the block helper {{#if x}} is not known here"),
    ],
)
def test_what_is_said_about_a_placeholder(name: str, code: str, columns: tuple[int, int], message: str) -> None:
    (found,) = compiled(f'structure: {{book: [{{name: "{name}"}}]}}').diagnostics
    assert (found.code, found.message) == (code, message)
    assert (found.span.column, found.span.end_column) == columns


def test_what_is_asked_of_an_empty_text_is_asked_of_blank() -> None:
    hints = [
        compiled(f'rules: |\n  A = if([Name] {operator} "", 1, 2)\nstructure: {{book: [{{name: x}}]}}')
        .diagnostics[0]
        .hint
        for operator in ("is", "is not", "starts with", "contains")
    ]
    assert hints == ["write [Name] is blank", "write [Name] is not blank", "", ""]


def test_a_structure_that_is_no_mapping_is_shown_one() -> None:
    (found,) = compiled("structure: x").diagnostics
    assert (found.code, found.hint) == ("R0404", "write book: [{…}]")


def test_warnings_do_not_stop_a_profile() -> None:
    found = compiled("rules: |\n  A = 1\n" + PLAIN.lstrip())
    assert found.program is not None
    assert [(item.code, item.severity) for item in found.diagnostics] == [("R0207", "warning"), ("R0410", "warning")]


def test_the_digest_changes_with_the_meaning_only() -> None:
    base = "rules: |\n  A = upper([Name])\nstructure: {book: [{name: '{{A}}'}]}\n"
    same = '# c\nrules: |\n  # comment\n  A =\n     upper( [Name] )\nstructure:\n  book:\n    - name: "{{A}}" # d\n'
    assert program(base).digest == program(same).digest
    others = [
        base.replace("upper", "lower"),
        base.replace("'{{A}}'", "' {{A}}'"),
        base + "region: DE\n",
        base + "tables: {t: {a: b}}\n",
    ]
    assert len({program(text).digest for text in [base, *others]}) == len(others) + 1


def test_only_used_fields_are_asked_for() -> None:
    text = "rules: |\n  A = [First]\n" + PLAIN.lstrip().replace("{{Name}}", "{{A}}")
    assert program(text).fields == {"First", "Phone"}


def test_nothing_a_row_holds_raises() -> None:
    text = "rules: |\n  A = [Name] & [Phones] & [Born]\n".replace(" & [Phones]", "") + PLAIN.lstrip().replace(
        "Name", "A"
    )
    for odd in (b"x", object(), 1e400, float("nan"), [[[["x"]]]], {"a": {"b": None}}, "\ud800", "\0", 10**5000):
        result = program(text).run({"Name": odd, "Born": odd, "Phone": odd})  # type: ignore[dict-item]
        for record in result.records:
            assert all(str(value).encode() for value in record.values.values())


def test_a_mistake_in_a_definition_is_not_told_again_where_the_name_is_used() -> None:
    text = 'rules: |\n  Name = [Name\n  Tel = Name & "x"\nstructure: {book: [{name: "{{Name}} {{Tel}}"}]}'
    assert [item.code for item in compiled(text).diagnostics] == ["R0104"]


def test_a_variable_that_is_defined_below_is_told_with_its_line() -> None:
    text = 'rules: |\n  Up = Later & "x"\n  Later = [Name]\nstructure: {book: [{name: "{{Up}}"}]}'
    (found,) = compiled(text).diagnostics
    assert found.hint == "put this below line 3, where Later is defined"


@pytest.mark.parametrize(
    ("placeholder", "hint"),
    [
        ("nmae", "did you mean {{Name}}?"),
        ("Nmae.City", "did you mean {{Name.City}}?"),
        ("upper(Name)", "compute it in a rule: Computed = upper(Name), and write {{Computed}}"),
    ],
)
def test_a_placeholder_gets_a_suggestion_as_a_field_does(placeholder: str, hint: str) -> None:
    text = f'rules: |\n  Value = [Name]\nstructure: {{book: [{{name: "{{{{Value}}}}{{{{{placeholder}}}}}"}}]}}'
    (found,) = compiled(text).diagnostics
    assert found.code == "R0405"
    assert hint in found.hint
