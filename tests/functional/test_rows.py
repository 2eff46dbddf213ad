"""`rows` writes what the source has; `fields phonebook` says what becomes of it."""

from __future__ import annotations

import json
import re
from pathlib import Path

from pbx_exchange.sandbox import Fault, Sandbox
from product import Connector

from pbx_connector.targets import STRUCTURE_FIELDS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "phone-book-fields.md"


def test_the_rows_of_the_source_are_tried_as_a_run_reads_them(connector: Connector, profile: Path) -> None:
    done = connector("rows", profile, "--out", "rows.jsonl")
    assert re.match(r"rows.jsonl has \d+ rows;", done.out)
    assert (connector.home / "rows.jsonl").stat().st_mode & 0o077 == 0
    mapped = connector("map", profile, "--rows", "rows.jsonl", "--json").out.splitlines()
    records = [record for line in mapped for record in json.loads(line)["records"]]
    assert len(records) == connector.counts(profile)["added"]
    assert {record["fields"].get("011acc_id") for record in records} > {"acc-anna", "acc-ben"}
    assert "row 57\n" in connector("explain", profile, "--rows", "rows.jsonl").out


def test_rows_come_to_the_terminal_as_lines_and_no_more_than_wanted(connector: Connector, profile: Path) -> None:
    lines = connector("rows", profile, "--limit", "3").out.splitlines()
    assert len([json.loads(line) for line in lines]) == 3
    few, many = (connector("rows", profile, "--limit", "30", *more).out for more in ((), ("--all-fields",)))
    assert len(many) > len(few)


def test_an_address_book_that_cannot_be_read_is_named_and_the_others_are_written(
    connector: Connector, profile: Path, sandbox: Sandbox
) -> None:
    whole = len(connector("rows", profile).out.splitlines())
    sandbox.faults.add(Fault(name="truncated", operation="FindItem", mailbox="pbx@example.com", times=None))
    done = connector("rows", profile, code=1)
    assert "/Company Contacts" in done.err
    assert 0 < len(done.out.splitlines()) < whole


def test_the_fields_of_the_phone_book_are_listed_with_their_limits(connector: Connector) -> None:
    listed = [line.split() for line in connector("fields", "phonebook").out.splitlines()]
    assert ["028pho_bez", "Display", "name", "text", "80", "required"] in listed
    told = connector("fields", "phonebook", "--json").json
    assert [one["code"] for one in told] == [target.code for target in STRUCTURE_FIELDS]
    assert next(one for one in told if one["code"] == "050lab_bez")["max_length"] == 80


def test_the_page_of_the_fields_has_all_of_them() -> None:
    rows = [
        f"| `{of.code}` | {of.title} | {of.kind} | {of.max_length} | {'required' if of.required else ''} |"
        for of in STRUCTURE_FIELDS
    ]
    assert [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `")] == rows
