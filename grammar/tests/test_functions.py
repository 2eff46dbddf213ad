"""Every function's own examples, and the rules that hold for all functions."""

from __future__ import annotations

import itertools

import phonenumbers
import pytest
from pbx_rules import BUILTIN, Example, Function, Registry, document
from pbx_rules.trial import try_expression
from phonenumbers import PhoneNumberFormat, PhoneNumberType

TABLES = document.load('departments: {"10": Sales, "20": Support}', "t").root
FORMS = (PhoneNumberFormat.NATIONAL, PhoneNumberFormat.INTERNATIONAL, PhoneNumberFormat.E164)
EXAMPLES = [(function.name, example) for function in BUILTIN for example in function.examples]


@pytest.mark.parametrize(("name", "example"), EXAMPLES, ids=lambda value: getattr(value, "expression", value))
def test_an_example_gives_what_it_says(name: str, example: Example) -> None:
    found, wanted = (try_expression(text, tables=TABLES) for text in (example.expression, example.result))
    assert not [item for item in found.diagnostics if item.severity == "error"]
    assert found.value == wanted.value


@pytest.mark.parametrize("function", list(BUILTIN), ids=lambda function: function.name)
def test_a_function_is_documented_with_an_example_of_its_own(function: Function) -> None:
    assert function.doc.endswith(".")
    assert any(f"{function.name}(" in example.expression for example in function.examples)


def test_two_functions_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="two functions named upper"):
        BUILTIN.extended([next(function for function in BUILTIN if function.name == "upper")])


def test_a_plugin_adds_a_function() -> None:
    from pbx_rules.types import TEXT

    backwards = Function("backwards", "mine", "Reversed.", (), TEXT, lambda: "x")
    assert try_expression("backwards()", functions=BUILTIN.extended([backwards])).value == "x"
    assert Registry([backwards]).get("BACKWARDS") is backwards


def test_the_zero_in_parentheses_is_dropped_where_a_country_drops_it() -> None:
    """`+49 (0)30` and `+39 (0)6`, for an example number of each kind in each country that dials 0."""
    wrong, tried = [], 0
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        dials = phonenumbers.PhoneMetadata.metadata_for_region(region)
        for kind in (PhoneNumberType.FIXED_LINE, PhoneNumberType.MOBILE, PhoneNumberType.TOLL_FREE):
            number = phonenumbers.example_number_for_type(region, kind)
            within = phonenumbers.national_significant_number(number) if number else ""
            if number and dials and (within.startswith("0") or (within and dials.national_prefix == "0")):
                written = f"+{number.country_code} (0){within.removeprefix('0')}"
                tried += 1
                if try_expression(f'phone("{written}")').value != phonenumbers.format_number(
                    number, PhoneNumberFormat.E164
                ):
                    wrong.append(written)
    assert tried > 200
    assert wrong == []


@pytest.mark.parametrize("region", sorted(phonenumbers.SUPPORTED_REGIONS))
def test_a_number_is_read_as_its_country_writes_it_and_within_remarks_and_lists(region: str) -> None:
    """What stands around a number takes nothing from it: the library tells which number each notation is."""
    for kind in PhoneNumberType.values():
        number = phonenumbers.example_number_for_type(region, kind)
        if number is not None and phonenumbers.is_valid_number(number):
            national, abroad, wanted = (phonenumbers.format_number(number, form) for form in FORMS)
            notations = [national, abroad, wanted, national.replace(" ", "/", 1), national.replace(" ", "-")]
            remarks = [f"Tel. {national} (2. Zentrale)", f"{abroad} oder {abroad}", f"\u202a{wanted}\u202c"]
            for text in (*notations, *remarks):
                assert try_expression(f'phone("{text}", region: "{region}")').value == wanted


def test_what_is_read_out_of_a_messy_text_is_a_valid_number() -> None:
    numbers = ("030 23125201", "0171 1234567", "DW 12", "/", "/ -202", "+")
    remarks = ("(2. Zentrale)", "8-12 Uhr", "ab 1.1.", "2 Personen")
    parts = (*numbers, *remarks)
    for text in itertools.chain.from_iterable(map(" ".join, itertools.permutations(parts, n)) for n in (2, 3)):
        found = try_expression(f'phones("{text}", region: "DE")').value or ()
        assert isinstance(found, tuple)
        for number in found:
            assert phonenumbers.is_valid_number(phonenumbers.parse(str(number)))
            assert number in ("+493023125201", "+493023125202", "+491711234567"), text
