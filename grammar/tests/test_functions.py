"""Every function's own examples, and the rules that hold for all functions."""

from __future__ import annotations

import phonenumbers
import pytest
from pbx_rules import BUILTIN, Example, Function, Registry, document
from pbx_rules.trial import try_expression
from phonenumbers import PhoneNumberFormat, PhoneNumberType

TABLES = document.load('departments: {"10": Sales, "20": Support}', "t").root
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
