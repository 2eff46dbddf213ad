"""The encoding that LDAP's messages are written in, for the source that asks and the directory that answers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbx_connector.network import ber


@given(st.integers(0, 2**63 - 1))
def test_a_number_is_read_as_it_was_written(value: int) -> None:
    written = ber.integer(value)
    begin, end = ber.expect(written, 0, len(written), ber.INTEGER)
    assert ber.number(written, begin, end) == value


@pytest.mark.parametrize("length", [0, 1, 127, 128, 255, 256, 70_000])
def test_content_of_any_length_is_found_again(length: int) -> None:
    written = ber.octets(b"x" * length)
    assert ber.header(written, 0, len(written)) == (ber.OCTETS, len(written) - length, len(written))


@pytest.mark.parametrize("data", [b"", b"\x04", b"\x04\x01", b"\x04\x80", b"\x04\x85\0\0\0\0\1x", b"\x04\x82\x01"])
def test_what_is_cut_short_or_of_no_length_is_malformed(data: bytes) -> None:
    with pytest.raises(ber.Malformed):
        ber.header(data, 0, len(data))


@given(st.binary(max_size=40))
def test_no_element_leads_out_of_what_surrounds_it(data: bytes) -> None:
    try:
        found = list(ber.elements(data, 0, len(data)))
    except ber.Malformed:
        return
    assert all(0 < begin <= end <= len(data) for _, begin, end in found)
