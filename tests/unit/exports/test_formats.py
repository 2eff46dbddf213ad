"""Exports carry every character to the other side."""

from __future__ import annotations

import csv
import io
import json

import pytest
import vobject

from pbx_connector.plan import Content
from pbx_connector.plugins import Plugins
from pbx_connector.stores import Entry

EXPORTERS = Plugins().exporters

NASTY = 'Ann "Bo" \\ Müller; x, \U0001f600'
ENTRIES = [
    Entry(
        1,
        Content(
            None,
            {"display_name": NASTY, "phone": "+4999112345", "organisation": "A;B, C", "notes": "two\nlines " * 20},
            {"Department": "Sales, East", "VIP": "yes"},
        ),
    ),
    Entry(2, Content("7", {"display_name": "Bob", "first_name": "Bob", "last_name": "Ö", "fax": "112"})),
]


def export(kind: str) -> str:
    out = io.StringIO()
    EXPORTERS[kind].render(ENTRIES, ["Department", "VIP"], out)
    return out.getvalue()


def test_csv_has_the_columns_of_the_phone_systems_template_and_the_labels() -> None:
    text = export("csv")
    columns = "displayname,phone,givenname,surname,organisation,email,mobile,homephone,fax,Department,VIP"
    assert text.splitlines()[0] == columns
    rows = list(csv.DictReader(io.StringIO(text)))
    assert (rows[0]["displayname"], rows[0]["Department"], rows[0]["fax"]) == (NASTY, "Sales, East", "")
    assert (rows[1]["surname"], rows[1]["fax"], rows[1]["VIP"]) == ("Ö", "112", "")


def test_a_label_named_like_a_column_does_not_take_its_place() -> None:
    out = io.StringIO()
    fields = {"display_name": "Ann", "email": "ann@example.com"}
    labels = {"email": "E1", "Phone": "P1", "Label email": "L1", "VIP": "V1"}
    EXPORTERS["csv"].render([Entry(1, Content(None, fields, labels))], list(labels), out)
    [row] = csv.DictReader(io.StringIO(out.getvalue()))
    assert row["email"] == "ann@example.com"
    assert [row["Label Label email"], row["Label Phone"], row["Label email"], row["VIP"]] == ["E1", "P1", "L1", "V1"]


def test_json_lines_have_all_of_an_entry() -> None:
    lines = [json.loads(line) for line in export("jsonl").splitlines()]
    assert [line["id"] for line in lines] == [1, 2]
    assert lines[0]["fields"] == dict(ENTRIES[0].content.fields)
    assert (lines[1]["account"], lines[1]["profile"]) == ("7", None)


def test_vcards_are_read_back_as_they_were() -> None:
    text = export("vcard")
    assert text.count("VERSION:4.0") == 2
    assert max(len(line.encode()) for line in text.split("\r\n")) <= 75
    ann, bob = vobject.readComponents(text)
    assert (ann.fn.value, ann.org.value, ann.note.value) == (NASTY, ["A;B, C"], ENTRIES[0].content.fields["notes"])
    assert [(tel.value, tel.type_param) for tel in ann.tel_list] == [("+4999112345", "work")]
    assert [label.value for label in ann.x_pbx_label_list] == ["Department=Sales, East", "VIP=yes"]
    assert (bob.n.value.family, bob.n.value.given, bob.tel.type_param) == ("Ö", "Bob", "fax")


@pytest.mark.parametrize("kind", EXPORTERS)
def test_an_empty_phone_book_is_no_error(kind: str) -> None:
    out = io.StringIO()
    EXPORTERS[kind].render([], [], out)
    assert out.getvalue().count("\n") == (kind == "csv")
