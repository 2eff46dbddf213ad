"""A list in CSV, through the installed product: what goes is removed, what only seems to go is not."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from product import Connector

from pbx_connector.exports import phone_system_csv

PEOPLE = {str(number): f"{number};Person {number};+49 89 {number};;1990-02-0{number}" for number in range(1, 8)}
PROFILE = """\
title: Staff
source: csv
settings: {file: staff.csv, key: Id, account: Owner, settle: 0}
rules: |
  skip when [Born] is "1990-02-07" because "too young"
  keep when [Name] is not blank because "no name"
  Size = if([Id] > 3, "large", "small")
  Age  = if([Born] < date("03.02.1990", "DD.MM.YYYY"), "old", "young")
  Day  = format([Born], "DD.MM.")
structure:
  phonebook:
    - 028pho_bez:   "{{Name}}"
      028pho_phone: "{{Phone}}"
      028pho_notes: "{{Size}} {{Age}} {{Day}}"
      011acc_id:    "{{local_id}}"
"""


@pytest.fixture
def profile(connector: Connector) -> Path:
    (connector.home / "accounts.csv").write_text("id,username,email\n7,ann,ann@example.com\n")
    connector("accounts", "import", "accounts.csv")
    (connector.home / "staff.yaml").write_text(PROFILE)
    return connector.home / "staff.yaml"


@pytest.fixture
def write(connector: Connector) -> Callable[..., None]:
    def write(people: dict[str, str], end: str = "\n") -> None:
        text = "\n".join(["Id;Name;Phone;Owner;Born", *people.values()]) + end
        (connector.home / "staff.csv").write_text(text)

    return write


def names(connector: Connector) -> list[str]:
    return sorted(entry["fields"]["display_name"] for entry in connector.entries())


def test_what_goes_from_the_list_goes_from_the_phone_book(
    connector: Connector, profile: Path, write: Callable[..., None]
) -> None:
    write(PEOPLE)
    assert connector.counts(profile)["added"] == 6
    assert connector.counts(profile) == {**connector.counts(profile), "unchanged": 6, "rows": 0}
    write({**PEOPLE, "2": PEOPLE["2"].replace("Person", "Doctor")} | {"8": "8;Person 8;1;;"})
    counts = connector.counts(profile)
    assert (counts["added"], counts["updated"], counts["removed"]) == (1, 1, 0)
    write({key: line for key, line in PEOPLE.items() if key != "3"})
    counts = connector.counts(profile)
    assert (counts["updated"], counts["removed"]) == (1, 2)
    assert names(connector) == [f"Person {number}" for number in (1, 2, 4, 5, 6)]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda file: file.write_text(file.read_text()[:-30]),
        lambda file: file.write_text(""),
        lambda file: file.write_text(file.read_text().splitlines()[0] + "\n"),
        lambda file: file.write_text(file.read_text().replace("Person 3", '"Person 3')),
        lambda file: file.write_text(file.read_text().replace("Phone", "Telefon")),
        lambda file: file.unlink(),
        lambda file: file.write_text("<!DOCTYPE html>\n<p>Log in</p>\n"),
    ],
    ids=["cut short", "empty", "without lines", "open quote", "other columns", "missing", "a web page"],
)
def test_what_only_seems_to_be_the_end_of_the_list_removes_nothing(
    connector: Connector, profile: Path, write: Callable[..., None], spoil: Callable[[Path], object]
) -> None:
    write(PEOPLE)
    connector.counts(profile)
    spoil(connector.home / "staff.csv")
    done = connector("run", profile, code=1)
    assert re.search(r"error\[C0\d{3}\]", done.err)
    assert len(names(connector)) == 6
    write(PEOPLE)
    assert connector.counts(profile)["unchanged"] == 6


def test_a_line_that_makes_no_sense_is_told_and_nobody_is_gone_because_of_it(
    connector: Connector, profile: Path, write: Callable[..., None]
) -> None:
    write(PEOPLE)
    connector.counts(profile)
    write({**{key: line for key, line in PEOPLE.items() if key != "4"}, "4": "4;Person;4;+49;;"})
    done = connector("run", profile, code=None)
    assert "line 8 has 6 values, the header 5 columns" in done.out + done.err
    assert len(names(connector)) == 6


def test_a_private_row_is_seen_by_its_account_alone(
    connector: Connector, profile: Path, write: Callable[..., None]
) -> None:
    write(PEOPLE | {"9": "9;Secret friend;1;ANN@example.com;", "10": "10;Nobody's;1;nobody;"})
    done = connector("run", profile, code=None)
    assert "line 10 belongs to an account that the phone system does not have" in done.out + done.err
    assert "Secret friend" not in [e["fields"]["display_name"] for e in connector.entries() if not e["account"]]
    (private,) = [entry for entry in connector.entries() if entry["account"]]
    assert (private["account"], private["fields"]["display_name"]) == ("7", "Secret friend")


def test_fields_have_the_types_that_rules_need(connector: Connector, profile: Path, write: Callable[..., None]) -> None:
    write(PEOPLE)
    connector.counts(profile)
    notes = [entry["fields"]["notes"] for entry in sorted(connector.entries(), key=lambda entry: entry["id"])]
    assert {"small old 01.02.", "small young 03.02.", "large young 05.02."} < set(notes)


def test_what_the_phone_book_exports_is_read_by_the_template(connector: Connector) -> None:
    """The columns are those of the phone system's own CSV import."""
    header = [target.csv for target in phone_system_csv.CSV_TARGETS]
    values = [f"x{at}" for at in range(len(header))]
    (connector.home / "import.csv").write_text(f"{','.join(header)}\n{','.join(values)}\n")
    connector("new", "csv-contacts", "--path", "import.csv", "--name", "Import", "--file", "import.yaml")
    assert connector.counts(connector.home / "import.yaml")["added"] == 1
    (entry,) = connector.entries()
    assert sorted(entry["fields"].values()) == sorted(values)
