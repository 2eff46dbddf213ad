from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbx_connector.duration import in_words, parse_duration, roughly


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30s", 30), ("15m", 900), ("26h", 93600), ("14d", 1209600), ("1h30m", 5400), ("1H 30M", 5400)],
)
def test_durations_are_read(text: str, seconds: int) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "15", "m", "1.5h", "-5m", "5 minutes", "1w", "٣m", "1234567s"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="write a duration as"):
        parse_duration(text)


@given(st.integers(0, 10**8))
def test_words_are_read_back(seconds: int) -> None:
    assert parse_duration(in_words(timedelta(seconds=seconds))) == timedelta(seconds=seconds)


def test_roughly_is_two_units() -> None:
    assert roughly(timedelta(days=1, hours=2, minutes=3)) == "1d2h"
    assert roughly(timedelta(0)) == "0s"
