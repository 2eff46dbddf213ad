"""Rows that people write: what a rule would silently read as blank is a mistake with a hint."""

from __future__ import annotations

from typing import Any

import pytest

from pbx_connector.rows import book_of, mistakes
from pbx_connector.source import Field, FieldSet

FIELDS = FieldSet(
    (
        Field("Name"),
        Field("Birthday", "date"),
        Field("Size", "number"),
        Field("Vip", "yes/no"),
        Field("Tags", "list"),
        Field("Address", "record", of={"Street": "text", "City": "text"}),
    )
)


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"Name": "Ann", "Birthday": "1980-12-31", "Size": "12.5", "Vip": "true", "Tags": ["a", "b"]},
        {"Name": None, "Birthday": "", "Size": None, "Vip": "  ", "Tags": [], "Address": {"Street": ""}},
        {"Name": 12, "Size": 12, "Vip": False, "Tags": "only one", "Address": {"City": "Linz"}},
        {"Name": ["a", "b"]},
    ],
)
def test_values_that_a_source_could_have_are_fine(values: dict[str, Any]) -> None:
    assert list(mistakes(values, FIELDS)) == []


@pytest.mark.parametrize(
    ("values", "message", "hint"),
    [
        ({"Nmae": "Ann"}, "unknown field 'Nmae'", "did you mean Name?"),
        ({"Birthday": "31.12.1980"}, "Birthday is no date", "write it as YYYY-MM-DD"),
        ({"Birthday": "1980-02-30"}, "Birthday is no date", "write it as YYYY-MM-DD"),
        ({"Size": "tall"}, "Size is no number", "write plain digits, such as 12 or 12.5"),
        ({"Vip": "jein"}, "Vip is no yes/no", "write true or false"),
        ({"Address": "Street 1"}, "Address is no record", "write its parts, such as {Street: ...}"),
        ({"Address": {"Steet": "Street 1", "City": "Linz"}}, "Address has no part 'Steet'", "did you mean Street?"),
        ({"Name": "x" * 2_000_000}, "Name: a value has 2000000 characters, 1000000 are allowed", ""),
    ],
)
def test_a_value_that_would_be_lost_is_a_mistake(values: dict[str, Any], message: str, hint: str) -> None:
    [mistake] = mistakes(values, FIELDS)
    assert (mistake.message, mistake.hint) == (message, hint)


def test_an_open_set_of_fields_takes_any_name() -> None:
    assert list(mistakes({"Whatever": "x"}, FieldSet((), closed=False))) == []


@pytest.mark.parametrize(("account", "expected"), [("7", "7"), (7, "7"), ("", None), (None, None), (" 7 ", "7")])
def test_local_id_makes_a_row_one_of_that_account(account: Any, expected: str | None) -> None:
    assert book_of({"local_id": account}, "rows.jsonl").account == expected
