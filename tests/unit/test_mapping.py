"""What the mapping makes of the values of rules: lines, control characters, and labels that come twice."""

from __future__ import annotations

from typing import Any

import pytest
from pbx_rules.document import Mapping, load

from pbx_connector.mapping import compile_rules
from pbx_connector.model import Book, Mapped, Row
from pbx_connector.source import FieldSet

LABELS = """
structure:
  phonebook:
    - 028pho_bez: "{{Name}}"
      028pho_notes: "{{Notes}}"
      post:
        phonebook.phonebooklabel:
          - {050lab_bez: "{{Label}}", 028050pholab_value: "{{Value}}"}
          - {050lab_bez: Tag, 028050pholab_value: "{{t}}", for: "t in [Tags]"}
"""


def mapped(**values: Any) -> Mapped:
    root = load(LABELS, "p").root
    assert isinstance(root, Mapping)
    structure = root.get("structure")
    assert structure is not None
    rules, found = compile_rules(
        file="p", rules=None, structure=structure, tables=None, region=None, fields=FieldSet((), closed=False)
    )
    assert rules is not None, found
    assert "R0411" in [item.code for item in found]
    return rules.map(Row("1", "", values), Book("b", "Book", "public"))


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Müller\r\n(ACME)", "Müller (ACME)"),
        ("a \t b", "a b"),
        ("a\x1b[31mb\x9b2Jc\x85d\u2028e", "a [31mb 2Jc d e"),
        ("\n Ann \n", "Ann"),
    ],
)
def test_a_field_and_a_label_stand_on_one_line(typed: str, kept: str) -> None:
    (record,) = mapped(Name=typed, Label=typed, Value=typed).records
    assert record.fields["display_name"] == kept
    assert record.labels == {kept: kept}


def test_notes_keep_their_lines_without_control_characters() -> None:
    (record,) = mapped(Name="x", Notes="one\r\n\ttwo\x1b[2J\x07").records
    assert record.fields["notes"] == "one\n\ttwo[2J"


def test_a_label_that_comes_twice_has_both_values_and_a_warning() -> None:
    found = mapped(Name="x", Tags=["a", "b", "a"])
    assert found.records[0].labels == {"Tag": "a, b"}
    assert [(problem.code, problem.severity) for problem in found.problems] == [("M0102", "warning")]


def test_joined_values_fit_their_label() -> None:
    assert len(mapped(Name="x", Tags=["a" * 200, "b" * 200]).records[0].labels["Tag"]) == 255
