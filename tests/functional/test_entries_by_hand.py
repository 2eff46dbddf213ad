"""`phonebook add` and `edit`: what a person mistypes is said, and an edit that changes nothing leaves no trace."""

from __future__ import annotations

import pytest
from product import Connector

ANN = ("phonebook", "add", "--display-name", "Ann")


@pytest.mark.parametrize("number", ["not a number", "+", "089 12a", "089 12 ext.", "()", "12\t34"])
@pytest.mark.parametrize("field", ["--phone", "--fax", "--mobile", "--home-phone"])
def test_what_is_no_number_is_refused(connector: Connector, field: str, number: str) -> None:
    assert "is not a telephone number" in connector(*ANN, field, number, code=2).err
    assert connector.entries() == []


@pytest.mark.parametrize(
    "number", ["+49 (89) 99998-190", "190", "*8", "#21#", "089/123.45", "+4989123 DW 45", "12 x 34"]
)
def test_whatever_a_phone_can_dial_is_a_number(connector: Connector, number: str) -> None:
    connector(*ANN, "--phone", number)
    assert connector.entries()[0]["fields"]["phone"] == number


@pytest.mark.parametrize("address", ["no mail", "ann@", "@example.com", "a@b@c", "ann @example.com"])
def test_what_is_no_e_mail_address_is_refused(connector: Connector, address: str) -> None:
    assert "is not an e-mail address" in connector(*ANN, "--email", address, code=2).err
    assert connector.entries() == []


@pytest.mark.parametrize("options", [[], ["--display-name", "Ann "], ["--label", "VIP="]])
def test_an_edit_that_changes_nothing_is_no_change_in_the_history(connector: Connector, options: list[str]) -> None:
    connector(*ANN)
    assert "says that already" in connector("phonebook", "edit", "1", *options, code=2).err
    assert len(connector("history", "--json").json) == 1


def test_what_an_entry_had_before_does_not_hinder_a_change(connector: Connector) -> None:
    connector(*ANN, "--phone", "190")
    connector("phonebook", "edit", "1", "--phone", "", "--email", "ann@example.com")
    assert connector.entries()[0]["fields"] == {"display_name": "Ann", "email": "ann@example.com"}


def test_all_that_is_wrong_is_said_at_once(connector: Connector) -> None:
    said = connector(
        "phonebook", "add", "--phone", "none", "--email", "none", "--label", f"VIP={'A' * 256}", code=2
    ).err
    for fault in (
        "Display name is required",
        "not a telephone number",
        "not an e-mail address",
        "label VIP: it has 256",
    ):
        assert fault in said
    assert connector.entries() == []


def test_a_text_too_long_to_be_looked_for_is_said(connector: Connector) -> None:
    connector(*ANN)
    assert "more than 255 characters" in connector("phonebook", "search", "a" * 60_000, code=2).err
    connector("phonebook", "search", "a" * 255)


@pytest.mark.parametrize("option", [("--organisation", "A\nB"), ("--label", "VIP=a\tb"), ("--label", "V\x1bIP=a")])
def test_one_line_takes_no_line_break(connector: Connector, option: tuple[str, str]) -> None:
    assert "has a line break, a tab or a control character: write a blank" in connector(*ANN, *option, code=2).err
    assert connector.entries() == []


def test_notes_keep_the_lines_of_any_system(connector: Connector) -> None:
    connector(*ANN, "--notes", "one\r\ntwo\rthree")
    assert connector.entries()[0]["fields"]["notes"] == "one\ntwo\nthree"
