"""Numbers as devices dial them, and the way back."""

from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pbx_directory.dialing import E164, DialForm, Form, all_dialed, asked, beginnings, dialed, international

from .phone_books import entry, phone_book_of

GERMAN = DialForm(Form.NATIONAL, "DE", "0")
ABROAD = DialForm(Form.INTERNATIONAL, "DE", "0")
AMERICAN = DialForm(Form.NATIONAL, "US", "9")


@pytest.mark.parametrize(
    ("number", "e164", "german", "abroad", "american"),
    [
        ("+498999998190", "+498999998190", "008999998190", "000498999998190", "9011498999998190"),
        ("+49 (0)89 99998-190", "+498999998190", "008999998190", "000498999998190", "9011498999998190"),
        ("0041 44 668 18 00", "+41446681800", "00041446681800", "00041446681800", "0041446681800"),
        ("+12015550123", "+12015550123", "00012015550123", "00012015550123", "912015550123"),
        ("+390212345678", "+390212345678", "000390212345678", "000390212345678", "9011390212345678"),
        ("112", "112", "112", "112", "112"),
        ("*97", "*97", "*97", "*97", "*97"),
        ("#31#", "#31#", "#31#", "#31#", "#31#"),
        ("23125", "23125", "23125", "23125", "23125"),
    ],
)
def test_each_form_of_a_number(number: str, e164: str, german: str, abroad: str, american: str) -> None:
    assert [dialed(number, form) for form in (E164, GERMAN, ABROAD, AMERICAN)] == [e164, german, abroad, american]


def test_a_national_number_is_one_of_the_devices_region() -> None:
    assert dialed("089 99998-190", GERMAN) == "008999998190"
    assert dialed("089 99998-190", DialForm(Form.E164, "AT")) == "+438999998190"
    assert dialed("201 555 0123", AMERICAN) == "912015550123"
    assert dialed("089 99998-190") == "08999998190"


def test_a_field_of_several_numbers() -> None:
    assert all_dialed("089 1234567 / 0171 1234567", GERMAN) == ("00891234567", "001711234567")
    assert all_dialed("+49 89 1234567, +49891234567") == ("+49891234567",)
    assert all_dialed("on request") == all_dialed("+") == all_dialed("") == ()


@pytest.mark.parametrize("region", sorted(phonenumbers.SUPPORTED_REGIONS))
def test_every_country_dials_its_own_numbers_as_the_library_says(region: str) -> None:
    kinds = set(phonenumbers.PhoneNumberType.values()) - {phonenumbers.PhoneNumberType.PAGER}
    for kind in kinds:
        if sample := phonenumbers.example_number_for_type(region, kind):
            full = phonenumbers.format_number(sample, phonenumbers.PhoneNumberFormat.E164)
            expected = phonenumbers.format_out_of_country_calling_number(sample, region)
            told = dialed(full, DialForm(Form.NATIONAL, region))
            assert told == "".join(sign for sign in expected if sign.isdecimal())


@pytest.mark.parametrize("region", ["de", "XX", ""])
def test_a_region_that_is_none_dials_abroad(region: str) -> None:
    form = DialForm(Form.NATIONAL, region)
    assert dialed("+498999998190", form) == ("08999998190" if region == "de" else "00498999998190")


@pytest.mark.parametrize(
    ("sent", "likely"),
    [
        ("008999998190", "+498999998190"),
        ("08999998190", "+498999998190"),
        ("00498999998190", "+498999998190"),
        ("000498999998190", "+498999998190"),
        ("+498999998190", "+498999998190"),
        ("sip:+498999998190@pbx.example.com;user=phone", "+498999998190"),
        ("sip:08999998190@pbx.example.com", "+498999998190"),
        ("112", "112"),
        ("23125", "23125"),
    ],
)
def test_what_a_phone_sends_is_looked_up_as_the_phone_book_has_it(sent: str, likely: str) -> None:
    assert asked(sent, GERMAN)[0] == likely


@pytest.mark.parametrize("form", [E164, GERMAN, ABROAD, DialForm(Form.INTERNATIONAL), DialForm(Form.NATIONAL, "DE")])
def test_what_a_phone_was_given_finds_its_entry(form: DialForm) -> None:
    numbers = ["+498999998190", "+4917112345678", "+41446681800", "+12015550123", "112", "23125"]
    book = phone_book_of(entry(0, display_name=number, phone=number) for number in numbers)
    for number in numbers:
        found = (book.lookup(one) for one in asked(dialed(number, form), form))
        matches = next(filter(None, found))
        assert matches[0].entry.content.fields["display_name"] == number


def test_nothing_to_look_up() -> None:
    assert asked("", GERMAN) == asked("anonymous", GERMAN) == asked("sip:@", GERMAN) == ()


@pytest.mark.parametrize(
    ("typed", "begins"),
    [
        ("0089123", ["+89123", "+4989123"]),
        ("089123", ["+4989123"]),
        ("000411", ["+0411", "+411"]),
        ("+4989", ["+4989"]),
        ("123", []),
        ("0", []),
    ],
)
def test_the_beginning_of_a_number_as_it_is_dialed(typed: str, begins: list[str]) -> None:
    assert sorted(beginnings(typed, GERMAN)) == sorted(begins)


@given(st.text(), st.sampled_from([E164, GERMAN, ABROAD, AMERICAN, DialForm(Form.NATIONAL, "BR")]))
def test_whatever_stands_there_it_is_signs_that_can_be_dialed(text: str, form: DialForm) -> None:
    for number in (*all_dialed(text, form), *asked(text, form), *beginnings(text, form)):
        assert number
        assert set(number[1:]) <= set("0123456789*#")
        assert number[0] in "+0123456789*#"


@given(st.integers(10**6, 10**13).map(str))
def test_the_form_of_a_device_is_undone(digits: str) -> None:
    full = f"+49{digits}"
    if international(full) and not digits.startswith("0"):
        assert full in asked(dialed(full, GERMAN), GERMAN)
