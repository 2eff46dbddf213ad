"""What numbers are found by: what is read quickly is read as the number reader of the rules reads it."""

from __future__ import annotations

import unicodedata

from hypothesis import example, given
from hypothesis import strategies as st
from pbx_rules.functions.phone_reading import notations

from pbx_connector.stores.normalization import PLAIN, fold, numbers_in

GROUPS = st.lists(st.text("0123456789", min_size=1, max_size=12), min_size=1, max_size=6).map(" ".join)


@given(st.sampled_from(["+", "0", "00", "+49 ", "0049 ", "+1 ", "+39 0", "030 "]), GROUPS)
@example("+", "49 30 23125 201 202")
@example("0", "8 00 12 00")
def test_digits_and_single_blanks_are_one_number(lead: str, groups: str) -> None:
    text = lead + groups
    assert PLAIN.fullmatch(text)
    assert numbers_in(text) == (notations(text) or (text,))


@given(st.text())
def test_folded_text_has_no_marks(text: str) -> None:
    assert not any(map(unicodedata.combining, fold(text)))
