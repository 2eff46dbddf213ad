"""Fields whose types a source does not know, such as the columns of a CSV file: rules read them as they need them."""

from __future__ import annotations

import pytest
from pbx_rules import SourceFields
from pbx_rules.trial import try_expression

OPEN = SourceFields(closed=False)
ROW = {"Number": "12", "Born": "1990-02-08", "Word": "twelve", "Numbers": ["1", "20"]}


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("[Number] > 3", True),
        ("[Number] <= 3", False),
        ("3 < [Number]", True),
        ("[Word] > 3", False),
        ("[Word] <= 3", False),
        ("[Nothing] < 3", False),
        ("[Numbers] > 3", True),
        ("[Numbers] > 20", False),
        ('[Born] < date("01.01.2000", "DD.MM.YYYY")', True),
        ('date("01.01.2000", "DD.MM.YYYY") < [Born]', False),
        ('[Number] < date("01.01.2000", "DD.MM.YYYY")', False),
        ("[Number] < [Number]", False),
        ("[Number] is 12", True),
    ],
)
def test_a_text_is_read_as_what_it_is_compared_with(condition: str, holds: bool) -> None:
    found = try_expression(f'if({condition}, "yes", "no")', ROW, source=OPEN)
    assert [item.message for item in found.diagnostics if item.severity == "error"] == []
    assert found.value == ("yes" if holds else "no")
