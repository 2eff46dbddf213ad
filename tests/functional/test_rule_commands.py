"""Rules without a source: `map`, `explain`, `test`, `fmt` and the like need no server, no secret and no phone book."""

from __future__ import annotations

from typing import Any

import pytest
from contacts_profile import PROFILE, TESTS
from product import Connector


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
