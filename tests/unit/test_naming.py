"""What a contact is called beside a problem with it."""

from __future__ import annotations

from typing import Any

import pytest

from pbx_connector.model import Problem
from pbx_connector.run import naming
from pbx_connector.source import Field, FieldSet
from pbx_connector.stores.workspace import Outcome, StagedRow

DECLARED = FieldSet(
    (Field("Id"), Field("First"), Field("Last"), Field("Firm"), Field("Phone")),
    known_by=(("First", "Last"), ("Firm",), ("Phone",)),
)


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"Id": "9", "First": "Ann", "Last": "Lee", "Firm": "Lee Ltd"}, "Ann Lee"),
        ({"Id": "9", "Last": "Lee"}, "Lee"),
        ({"Id": "9", "First": " ", "Firm": "Lee\r\nLtd"}, "Lee Ltd"),
        ({"Id": "9", "Phone": "+49 89 1"}, "+49 89 1"),
        ({"Id": "9", "First": None, "Firm": ["Lee"], "Phone": 5}, ""),
        ({"Firm": "Nul \0", "Phone": "1"}, "1"),
        ({"Firm": "x" * 500}, "x" * naming.LONGEST),
        ({}, ""),
    ],
)
def test_a_contact_is_known_by_what_its_source_says(values: dict[str, Any], name: str) -> None:
    assert naming.of_row(values, DECLARED) == name


def test_without_such_fields_it_is_known_by_its_first_text() -> None:
    values = {"local_id": "acc-anna", "extra": "an extra", "Phone": "+49 89 1"}
    assert naming.of_row(values, FieldSet((Field("Firm"), Field("Phone")), closed=False)) == "+49 89 1"
    assert naming.of_row(values, FieldSet((), closed=False)) == "an extra"


def test_what_many_rows_have_in_common_names_none_of_them() -> None:
    found = (Problem("S206", "there is no label Team", "Team"), Problem("S204", "no name", "Contacts: k1"))
    shared, own = naming.named(StagedRow("k1", Outcome.MAPPED, problems=found), "Ann").problems
    assert (shared.contact, own.contact) == ("", "Ann")


def test_a_contact_s_name_is_in_no_representation_of_its_problem() -> None:
    assert "Ann" not in repr(Problem("S204", "no name", "Contacts: k1", contact="Ann"))
