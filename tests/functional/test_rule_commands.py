"""Rules without a source: `map`, `explain`, `test`, `fmt` and the like need no server, no secret and no phone book."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from product import Connector
from ruamel.yaml import YAML

PROFILE = """\
title: Contacts
source: exchange
settings:
  email: pbx@example.com
  password: {env: NOT_SET_ANYWHERE}
region: DE
tables:
  departments: {"10": Sales}
rules: |
  keep when [GivenName] is not blank or [CompanyName] is not blank
  skip when [Sensitivity] is "Private" because "private contact"

  DisplayName = left([DisplayName] else join(", ", [Surname], [GivenName]), 80)
  Phone       = phone([PhoneNumbers_BusinessPhone])
  Department  = lookup(departments, [Department]) else [Department]
structure:
  phonebook:
    - 028pho_bez:   "{{DisplayName}}"
      028pho_phone: "{{Phone}}"
      028pho_notes: "{{Birthday}}"
      011acc_id:    "{{local_id}}"
      post:
        phonebook.phonebooklabel:
          - {050lab_bez: Department, 028050pholab_value: "{{Department}}"}
"""
TESTS = """\
tests:
  - row: {DisplayName: "Ann \\"Bo\\" Lee", GivenName: Ann, Department: "10", PhoneNumbers_BusinessPhone: "0991 12345"}
    expect: {028pho_bez: 'Ann "Bo" Lee', 028pho_phone: "+4999112345", labels: {Department: Sales}}
  - row: {GivenName: Ann, Surname: Lee, Birthday: 1980-12-31, local_id: 7}
    expect: {028pho_bez: "Lee, Ann", 028pho_phone: , 028pho_notes: 1980-12-31, 011acc_id: 7, labels: {Department: }}
  - row: {GivenName: Ann, Sensitivity: private}
    expect: {skipped: private contact}
"""


@pytest.fixture
def write(connector: Connector) -> Any:
    def write(name: str, text: str) -> Path:
        path = connector.home / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_map_prints_one_json_object_a_line(connector: Connector, write: Any) -> None:
    rows = [
        {"DisplayName": 'Ann "Bo" \\ Lee', "GivenName": "Ann", "Department": "10", "Birthday": "1980-12-31"},
        {"GivenName": "Cy", "local_id": "7"},
        {"GivenName": "Di", "Sensitivity": "Private"},
        {"CompanyName": "Nameless"},
    ]
    write("rows.jsonl", "\n\n".join(json.dumps(row) for row in rows))
    done = connector("map", write("p.yaml", PROFILE), "--rows", "rows.jsonl", "--json")
    assert [json.loads(line) for line in done.out.splitlines()] == [
        {
            "row": rows[0],
            "records": [
                {
                    "table": "phonebook",
                    "fields": {"028pho_bez": 'Ann "Bo" \\ Lee', "028pho_notes": "1980-12-31"},
                    "labels": {"Department": "Sales"},
                }
            ],
            "skipped": None,
            "problems": [],
        },
        {
            "row": rows[1],
            "records": [{"table": "phonebook", "fields": {"028pho_bez": "Cy", "011acc_id": "7"}, "labels": {}}],
            "skipped": None,
            "problems": [],
        },
        {"row": rows[2], "records": [], "skipped": "private contact", "problems": []},
        {
            "row": rows[3],
            "records": [],
            "skipped": None,
            "problems": [
                {
                    "code": "R0802",
                    "severity": "error",
                    "message": "028pho_bez (Display name) is required and blank",
                    "where": "rows.jsonl, row 7, 028pho_bez",
                    "hint": "give it a fallback in a rule",
                }
            ],
        },
    ]


def test_a_value_that_is_no_number_is_listed_with_its_field(connector: Connector, write: Any) -> None:
    write("rows.jsonl", '{"GivenName": "Ann", "PhoneNumbers_BusinessPhone": "call me"}\n')
    profile = write("p.yaml", PROFILE)
    [problem] = json.loads(connector("map", profile, "--rows", "rows.jsonl", "--json").out)["problems"]
    assert (problem["code"], problem["severity"], problem["value"]) == ("R0809", "warning", "call me")
    assert problem["where"] == "rows.jsonl, row 1, [PhoneNumbers_BusinessPhone]"
    for command in ("map", "explain"):
        done = connector(command, profile, "--rows", "rows.jsonl")
        assert "row 1, [PhoneNumbers_BusinessPhone]: no telephone number: call me" in done.err
        assert "Ann" in done.out
    assert "1 problem (1 value was no number)" in connector("map", profile, "--rows", "rows.jsonl").out


def test_map_shows_people_a_table(connector: Connector, write: Any) -> None:
    write("rows.jsonl", '{"GivenName": "Ann", "local_id": 7}\n{"GivenName": "Di", "Sensitivity": "Private"}\n')
    done = connector("map", write("p.yaml", PROFILE), "--rows", "rows.jsonl")
    assert "Display name" in done.out
    assert "Ann" in done.out
    assert "row 2 is skipped: private contact" in done.out
    assert "1 record, 1 row skipped, 0 problems" in done.out


@pytest.mark.parametrize(
    ("line", "code", "message"),
    [
        (b'{"GivenName": "Ann"', "M0201", "this line is no JSON: Expecting ',' delimiter (column 20)"),
        (b"[1]", "M0201", "this line is no JSON object"),
        (b'{"GivenName": "J\xfcrgen"}', "M0201", "this line is no UTF-8 text (byte 17)"),
        (b"[" * 100_000, "M0201", "this line holds a number that is not one, or is nested too deep"),
        (b'{"PostalAddressIndex": NaN}', "M0201", "this line holds a number that is not one, or is nested too deep"),
        (b'{"GivenNmae": "Ann"}', "M0202", "unknown field 'GivenNmae'"),
        (b'{"Birthday": "31.12.1980"}', "M0203", "Birthday is no date"),
    ],
)
def test_a_bad_line_is_reported_with_its_number_and_the_others_are_mapped(
    connector: Connector, write: Any, line: bytes, code: str, message: str
) -> None:
    (connector.home / "rows.jsonl").write_bytes(b'{"GivenName": "Ann"}\n' + line + b'\n{"GivenName": "Cy"}\n')
    done = connector("map", write("p.yaml", PROFILE), "--rows", "rows.jsonl", "--json", code=2)
    results = [json.loads(line) for line in done.out.splitlines()]
    assert [len(result["records"]) for result in results] == [1, 0, 1]
    [problem] = results[1]["problems"]
    assert (problem["code"], problem["message"], problem["where"]) == (code, message, "rows.jsonl:2")
    assert "1 row of rows.jsonl cannot be used" in done.err
    shown = connector("map", "p.yaml", "--rows", "rows.jsonl", code=2)
    assert f"error[{code}]: rows.jsonl:2: {message}" in shown.err


ANN, CY = '{"GivenName": "Ann"}', '{"GivenName": "Cy"}'


@pytest.mark.parametrize("text", [f"[{ANN},{CY}]", f" \n[\n  {ANN},\n  {CY}\n]\n", f"\ufeff[{ANN}\r\n,{CY}]\r\n"])
def test_a_rows_file_may_be_an_array(connector: Connector, write: Any, text: str) -> None:
    write("rows.json", text)
    for command in ("map", "explain"):
        done = connector(command, write("p.yaml", PROFILE), "--rows", "rows.json", "--json")
        assert [json.loads(line)["row"] for line in done.out.splitlines()] == [json.loads(ANN), json.loads(CY)]


def test_an_empty_array_has_no_rows(connector: Connector, write: Any) -> None:
    write("rows.json", "[ ]")
    assert "0 records" in connector("map", write("p.yaml", PROFILE), "--rows", "rows.json").out


@pytest.mark.parametrize(
    ("element", "message"),
    [
        ("[1]", "this row is no JSON object"),
        ("null", "this row is no JSON object"),
        ('{"PostalAddressIndex": NaN}', "this row holds a number that is not one"),
        ('{"PostalAddressIndex": ' + "9" * 5000 + "}", "this row holds a number that is not one"),
        ('{"GivenNmae": "Di"}', "unknown field 'GivenNmae'"),
        ('{"Birthday": "31.12.1980"}', "Birthday is no date"),
    ],
)
def test_a_wrong_element_of_an_array_is_reported_with_its_place_and_the_others_are_mapped(
    connector: Connector, write: Any, element: str, message: str
) -> None:
    write("rows.json", f"[{ANN},\n  {element},\n{CY}]")
    done = connector("map", write("p.yaml", PROFILE), "--rows", "rows.json", "--json", code=2)
    results = [json.loads(line) for line in done.out.splitlines()]
    assert [len(result["records"]) for result in results] == [1, 0, 1]
    [problem] = results[1]["problems"]
    assert (problem["message"], problem["where"]) == (message, "rows.json:2:3")


@pytest.mark.parametrize(
    ("rest", "message"),
    [
        ("", "1:22: this is no JSON: a comma or a ] is missing"),
        (f"\n {CY}]", "2:2: this is no JSON: a comma or a ] is missing"),
        (',\n  {"GivenName" "Cy"}]', "2:16: this is no JSON: Expecting ':' delimiter"),
        (",]", "1:23: this is no JSON: Expecting value"),
        (f"]\n{CY}", "2:1: this is no JSON: something stands behind the array"),
        ("," + "[" * 100_000, "1:23: this row is nested too deep"),
    ],
)
def test_where_an_array_is_broken_is_told_and_the_rows_before_are_mapped(
    connector: Connector, write: Any, rest: str, message: str
) -> None:
    write("rows.json", f"[{ANN}{rest}")
    done = connector("map", write("p.yaml", PROFILE), "--rows", "rows.json", code=2)
    assert f"error[M0201]: rows.json:{message}" in done.err
    assert "1 record" in done.out


def test_an_array_that_is_no_utf_8_is_a_usage_error(connector: Connector, write: Any) -> None:
    (connector.home / "rows.json").write_bytes(b'[{"GivenName": "J\xfcrgen"}]')
    done = connector("map", write("p.yaml", PROFILE), "--rows", "rows.json", code=2)
    assert "the rows file rows.json cannot be read: it is no UTF-8 text (byte 18)" in done.err


def test_a_rows_file_that_is_not_there_is_a_usage_error(connector: Connector, write: Any) -> None:
    done = connector("map", write("p.yaml", PROFILE), "--rows", "none.jsonl", code=2)
    assert "the rows file none.jsonl cannot be read: there is no such file" in done.err


def test_the_tests_of_a_profile_pass(connector: Connector, write: Any) -> None:
    profile = write("p.yaml", PROFILE + TESTS)
    assert "3 passed, 0 failed" in connector("test", profile).out
    assert [outcome["passed"] for outcome in connector("test", profile, "--json").json] == [True] * 3


@pytest.mark.parametrize(
    ("before", "after", "what", "expected", "got"),
    [
        ("+4999112345", "+49991", "028pho_phone", "+49991", "+4999112345"),
        ("028pho_phone: ,", "028pho_phone: 5,", "028pho_phone", "5", None),
        ("labels: {Department: Sales}", "labels: {Department: X}", "label Department", "X", "Sales"),
        ("labels: {Department: Sales}", "labels: {Vip: X}", "label Vip", "X", None),
        ("labels: {Department: }", "labels: {Department: X}", "label Department", "X", None),
        ("{skipped: private contact}", "{skipped: secret}", "skipped", "secret", "private contact"),
        ("{skipped: private contact}", "{028pho_bez: Ann}", "skipped", None, "private contact"),
        ("Sensitivity: private", "Sensitivity: normal", "skipped", "private contact", None),
        ("{GivenName: Ann, Surname: Lee,", "{CompanyName: Lee,", "problem", None, "R0802 028pho_bez (Display name) is"),
        ("expect: {skipped: private contact}", "expect: []", "skipped", None, "private contact"),
        ("local_id: 7}\n    expect: {", "local_id: 7}\n    expect: [{028pho_bez: A}, {", "records", "2", "1"),
    ],
)
def test_a_failing_test_shows_what_differs(
    connector: Connector, write: Any, before: str, after: str, what: str, expected: str | None, got: str | None
) -> None:
    text = PROFILE + TESTS
    assert before in text
    text = text.replace(before, after)
    if "expect: [{" in after:
        text = text.replace("labels: {Department: }}", "labels: {Department: }}]")
    profile = write("p.yaml", text)
    outcomes = connector("test", profile, "--json", code=2).json
    [failed] = [outcome for outcome in outcomes if not outcome["passed"]]
    difference = failed["differences"][0]
    assert (difference["what"], difference["expected"]) == (what, expected)
    assert (difference["got"] or "").startswith(got or "")
    assert "- row" in text.splitlines()[failed["line"] - 1]
    shown = connector("test", profile, code=2).out
    assert f"test {failed['test']} failed (" in shown
    assert "2 passed, 1 failed" in shown


def test_a_failing_test_shows_what_each_variable_came_to(connector: Connector, write: Any) -> None:
    profile = write("p.yaml", PROFILE + TESTS.replace("+4999112345", "+49991"))
    shown = connector("test", profile, code=2).out
    assert 'DisplayName = "Ann ""Bo"" Lee"' in shown
    assert 'Department = "Sales"' in shown
    variables = connector("test", profile, "--json", code=2).json[0]["variables"]
    assert variables == {"DisplayName": 'Ann "Bo" Lee', "Phone": "+4999112345", "Department": "Sales"}


def test_explain_traces_each_rule_with_what_it_read_and_gave(connector: Connector, write: Any) -> None:
    rows = [
        {"GivenName": "Ann", "Surname": "L\u202ee", "Department": "10"},
        {"GivenName": "Di", "Sensitivity": "Private"},
    ]
    write("rows.jsonl", "\n".join(map(json.dumps, rows)))
    lines = connector("explain", write("p.yaml", PROFILE), "--rows", "rows.jsonl").out.splitlines()
    assert [line.strip() for line in lines[: lines.index("")]] == [
        "row 1",
        "10  keep when [GivenName] is not blank or [CompanyName] is not blank",
        '[GivenName] is "Ann"',
        "[CompanyName] is blank",
        "holds",
        '11  skip when [Sensitivity] is "Private" because "private contact"',
        "[Sensitivity] is blank",
        "does not hold",
        '13  DisplayName = left([DisplayName] else join(", ", [Surname], [GivenName]), 80)',
        "[DisplayName] is blank",
        '[Surname] is "L\\u202ee"',
        '[GivenName] is "Ann"',
        'DisplayName = "L\\u202ee, Ann"',
        "14  Phone = phone([PhoneNumbers_BusinessPhone])",
        "[PhoneNumbers_BusinessPhone] is blank",
        "Phone = blank",
        "15  Department = lookup(departments, [Department]) else [Department]",
        '[Department] is "10"',
        'Department = "Sales"',
        "record",
        '028pho_bez: "L\\u202ee, Ann"',
        'label Department: "Sales"',
    ]
    assert lines[-2:] == ["  skipped: private contact", ""]


def test_explain_as_json_has_the_steps_with_what_map_says(connector: Connector, write: Any) -> None:
    rows = [
        {"GivenName": "Ann", "Surname": "Lee", "Department": "10"},
        {"GivenName": "Di", "Sensitivity": "Private"},
        {"GivenNmae": "Cy"},
    ]
    write("rows.jsonl", "\n".join(map(json.dumps, rows)))
    profile = write("p.yaml", PROFILE)
    explained = [
        json.loads(line)
        for line in connector("explain", profile, "--rows", "rows.jsonl", "--json", code=2).out.splitlines()
    ]
    mapped = connector("map", profile, "--rows", "rows.jsonl", "--json", code=2).out.splitlines()
    steps = [row.pop("steps") for row in explained]
    assert explained == [json.loads(line) for line in mapped]
    assert [len(some) for some in steps] == [5, 2, 0]
    assert steps[0][0] == {
        "line": 10,
        "rule": "keep when [GivenName] is not blank or [CompanyName] is not blank",
        "kind": "keep",
        "name": None,
        "reads": {"[GivenName]": "Ann", "[CompanyName]": None},
        "value": True,
    }
    assert (steps[0][4]["kind"], steps[0][4]["name"], steps[0][4]["value"]) == ("define", "Department", "Sales")
    assert (steps[1][1]["kind"], steps[1][1]["value"]) == ("skip", True)


def test_values_of_every_type_are_json(connector: Connector, write: Any) -> None:
    rules = """\
  Number = number("2.5", decimal: ".")
  Whole = number("12")
  Day = date("24.12.1990", "DD.MM.YYYY")
  List = list("a", Number)
  Record = {day: Day, list: List}
  None = blank
"""
    structure = "structure: {phonebook: {028pho_bez: x, 028pho_notes: '{{Whole}} {{Record.day}} {{None}}'}}\n"
    profile = write("p.yaml", PROFILE.partition("rules:")[0] + "rules: |\n" + rules + structure)
    write("rows.jsonl", "{}")
    found = json.loads(connector("explain", profile, "--rows", "rows.jsonl", "--json").out)
    assert {step["name"]: step["value"] for step in found["steps"]} == {
        "Number": 2.5,
        "Whole": 12,
        "Day": "1990-12-24",
        "List": ["a", 2.5],
        "Record": {"day": "1990-12-24", "list": ["a", 2.5]},
        "None": None,
    }


def test_explain_reports_bad_lines_and_goes_on(connector: Connector, write: Any) -> None:
    write("rows.jsonl", '{"GivenNmae": "Ann"}\n{"GivenName": "Cy"}\n')
    done = connector("explain", write("p.yaml", PROFILE), "--rows", "rows.jsonl", code=2)
    assert "error[M0202]: rows.jsonl:1: unknown field 'GivenNmae'" in done.err
    assert "row 2" in done.out


def test_fmt_formats_the_rules_in_place(connector: Connector, write: Any) -> None:
    profile = write("p.yaml", PROFILE.replace("Phone       = phone(", "Phone=PHONE("))
    profile.chmod(0o640)
    assert "would change" in connector("fmt", profile, "--check", code=2).out
    assert "PHONE(" in profile.read_text()
    assert "formatted" in connector("fmt", profile).out
    assert profile.read_text() == PROFILE
    assert profile.stat().st_mode & 0o777 == 0o640
    assert "nothing to change" in connector("fmt", profile, "--check").out
    assert list(connector.home.glob(".p.yaml.*")) == []


def test_fmt_says_what_it_cannot_format(connector: Connector, write: Any) -> None:
    done = connector("fmt", write("p.yaml", "rules: >\n  A = [B]\n"), code=2)
    assert "only a block of rules can be formatted" in done.err
    assert "there is no such file" in connector("fmt", "none.yaml", code=2).err


def test_a_profile_without_tests_says_how_to_write_one(connector: Connector, write: Any) -> None:
    done = connector("test", write("p.yaml", PROFILE))
    assert "0 passed, 0 failed" in done.out
    assert "is a test" in done.err


def test_check_says_in_json_exactly_what_where_and_what_to_do(connector: Connector, write: Any) -> None:
    profile = write("p.yaml", PROFILE.replace("[Sensitivity]", "[Sensitivty]").replace("{{Phone}}", "{{Phon}}"))
    found = connector("check", profile, "--json", code=2).json
    for finding in found:
        assert list(finding) == [
            *("code", "severity", "message", "file", "line", "column", "end_line", "end_column", "hint")
        ]
    assert {
        "code": "R0201",
        "severity": "error",
        "message": "unknown field [Sensitivty]",
        "file": str(profile),
        "line": 11,
        "column": 13,
        "end_line": 11,
        "end_column": 25,
        "hint": "did you mean [Sensitivity]?",
    } in found
    assert {finding["code"] for finding in found} >= {"R0201", "R0405"}


def test_functions_are_listed_and_described(connector: Connector) -> None:
    listed = connector("functions", "--json").json
    assert {"phone", "if", "switch", "left"} <= {function["name"] for function in listed}
    described = connector("functions", "PHONE").out
    assert "phone(text, region: the profile's region, internal: blank)" in described
    assert 'phone("112", region: "DE") gives blank' in described
    [one] = connector("functions", "left", "--json").json
    assert one["signature"] == "left(text, n)"
    assert [parameter["accepts"] for parameter in one["parameters"]] == ["text", "number"]
    assert one["examples"][0] == {"expression": 'left("Müller", 2)', "result": '"Mü"'}
    assert "did you mean left?" in connector("functions", "lfet", code=2).err


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> jsonschema.Draft202012Validator:
    made = Connector(tmp_path_factory.mktemp("home"))("schema").json
    jsonschema.Draft202012Validator.check_schema(made)
    return jsonschema.Draft202012Validator(made)


def as_an_editor_reads_it(text: str) -> Any:
    """As JSON knows it; editors read a date as text."""
    return json.loads(json.dumps(YAML(typ="safe", pure=True).load(text), default=str))


def test_the_schema_accepts_what_check_accepts(schema: jsonschema.Draft202012Validator) -> None:
    assert list(schema.iter_errors(as_an_editor_reads_it(PROFILE + TESTS))) == []
    switched = PROFILE.replace("settings:\n", "settings:\n  public: false\n  shared: {discover: yes}\n")
    assert list(schema.iter_errors(as_an_editor_reads_it(switched))) == []


@pytest.mark.parametrize(
    ("before", "after", "place"),
    [
        ("title: Contacts\n", "", ""),
        ("source: exchange", "source: exchnge", "source"),
        ("email:", "emial:", "settings"),
        ("028pho_phone:", "028pho_fone:", "structure/phonebook"),
        ("post:", "past:", "structure/phonebook"),
        ("region: DE", "regoin: DE", ""),
        ("region: DE", "mode: miror", "mode"),
        ("row: {GivenName: Ann, Sensitivity: private}", "roww: {}", "tests/2"),
        ("011acc_id: 7", "011acc_idd: 7", "tests/1/expect"),
    ],
)
def test_the_schema_refuses_what_check_refuses(
    schema: jsonschema.Draft202012Validator, connector: Connector, write: Any, before: str, after: str, place: str
) -> None:
    text = (PROFILE + TESTS).replace(before, after, 1)
    connector("check", write("p.yaml", text), code=2)
    found = list(schema.iter_errors(as_an_editor_reads_it(text)))
    assert {"/".join(map(str, error.absolute_path)) for error in found} == {place}


def test_every_field_of_the_source_can_be_pasted_into_the_structure(connector: Connector, tmp_path: Path) -> None:
    """As the original's structures do, an address among them, which is a record here."""
    names = [field["name"] for field in connector("fields", "exchange", "--json").json]
    records = ", ".join(json.dumps({"028pho_bez": "x", "028pho_notes": f"{{{{{{{name}}}}}}}"}) for name in names)
    profile = tmp_path / "pasted.yaml"
    profile.write_text(PROFILE.partition("rules:")[0] + f'structure: {{"phonebook": [{records}]}}\n')
    assert "PhysicalAddresses_Business" in names
    connector("check", profile, code=0)
