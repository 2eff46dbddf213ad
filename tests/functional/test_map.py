"""`map`: rows of a file become records, and each bad line is told with its place."""

from __future__ import annotations

import json
from typing import Any

import pytest
from contacts_profile import PROFILE
from product import Connector


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
