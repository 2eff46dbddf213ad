"""Exports carry every character to the other side."""

from __future__ import annotations

import csv
import io
import json

import pytest
import vobject

from pbx_connector.api import ExportOptions
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


@pytest.mark.parametrize("kind", ["csv", "jsonl", "vcard"])
def test_an_empty_phone_book_is_no_error(kind: str) -> None:
    out = io.StringIO()
    EXPORTERS[kind].render([], [], out)
    assert out.getvalue().count("\n") == (kind == "csv")


def csv_row(fields: dict[str, str], labels: dict[str, str], variant: str = "") -> dict[str, str]:
    out = io.StringIO()
    options = ExportOptions(variant=variant)
    EXPORTERS["csv"].write([Entry(1, Content(None, fields, labels))], list(labels), out, options)
    [row] = csv.DictReader(io.StringIO(out.getvalue(), newline=""))
    return row


RUN = ["=1+1", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", " =1", "+cmd|' /C calc'!A0", "=HYPERLINK(A1)", "＝1+1"]


@pytest.mark.parametrize("value", RUN)
def test_what_a_spreadsheet_would_run_is_text_unless_it_is_wanted_raw(value: str) -> None:
    fields = {"display_name": value, "phone": value, "email": value}
    guarded = csv_row(fields, {"VIP": value})
    assert {guarded[name] for name in ("displayname", "phone", "email", "VIP")} == {f"'{value}".replace("\r", "\n")}
    raw = csv_row(fields, {"VIP": value}, "raw")
    assert {raw[name] for name in ("displayname", "phone", "email", "VIP")} == {value.replace("\r", "\n")}


def test_the_name_of_a_label_is_no_formula_either() -> None:
    assert "'=1+1" in csv_row({"display_name": "Ann"}, {"=1+1": "x"})


@pytest.mark.parametrize("number", ["+49 89 99998-100", "+49 (89) 1", "-203", "**611", "0049 1", "+1", "+49 89/1.2"])
def test_a_phone_number_stays_as_it_is(number: str) -> None:
    assert csv_row({"display_name": "Ann", "phone": number}, {})["phone"] == number


def test_an_international_number_is_none_that_a_spreadsheet_runs_wherever_it_stands() -> None:
    assert csv_row({"display_name": "+49 89 99998-100"}, {})["displayname"] == "+49 89 99998-100"


@pytest.mark.parametrize("variant", ["", "raw"])
def test_a_carriage_return_in_a_value_splits_no_record(variant: str) -> None:
    out = io.StringIO()
    fields = {"display_name": "Ann\rBerg", "organisation": "a\r\nb"}
    EXPORTERS["csv"].write([Entry(1, Content(None, fields))], [], out, ExportOptions(variant=variant))
    assert "\r" not in out.getvalue()
    [row] = csv.DictReader(io.StringIO(out.getvalue(), newline=""))
    assert (row["displayname"], row["organisation"]) == ("Ann\nBerg", "a\nb")


def vcards(variant: str, store: str = "") -> str:
    out = io.StringIO()
    EXPORTERS["vcard"].write(ENTRIES, [], out, ExportOptions(variant=variant, store=store))
    return out.getvalue()


@pytest.mark.parametrize("version", ["3.0", "4.0"])
def test_vcards_are_written_in_either_version(version: str) -> None:
    cards = list(vobject.readComponents(vcards(version)))
    assert [card.version.value for card in cards] == [version, version]
    assert cards[0].fn.value == NASTY


def test_an_entry_has_one_uid_in_a_phone_book_whatever_the_version() -> None:
    def uids(text: str) -> list[str]:
        return [card.uid.value for card in vobject.readComponents(text)]

    first = uids(vcards("", "book one"))
    assert first == uids(vcards("3.0", "book one"))
    assert len({*first, *uids(vcards("", "book two"))}) == 4
    assert all(one.startswith("urn:uuid:") for one in first)
