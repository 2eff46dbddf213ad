"""`explain`: what each rule read and gave, row by row."""

from __future__ import annotations

import json
from typing import Any

from contacts_profile import PROFILE
from product import Connector


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
