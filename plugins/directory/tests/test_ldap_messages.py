"""Octets to requests: what is right is read, what is not ends in one kind of error, and nothing takes long."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pbx_directory.ldap.codes import Scope
from pbx_directory.ldap.filters import And, Comparing, Comparison, Extensible, Filter, Held, Negation, Or, Pieces
from pbx_directory.ldap.limits import Limits
from pbx_directory.ldap.messages import (
    Abandon,
    Bind,
    Compare,
    Control,
    Excessive,
    Extended,
    Operation,
    Request,
    Search,
    Unbind,
    Write,
    read_request,
    take_message,
)

from pbx_connector.api import ber

from . import ldap_support as ldap

LIMITS = Limits()

names = st.sampled_from(["cn", "sn", "x-unknown", "telephoneNumber;lang-de", "2.5.4.3", ""])
values = st.binary(max_size=6)
pieces = values.filter(bool)
terms: st.SearchStrategy[Filter] = st.one_of(
    st.builds(Held, names),
    st.builds(Comparison, st.sampled_from(Comparing), names, values),
    st.builds(Pieces, names, pieces, st.lists(pieces, max_size=2).map(tuple), pieces),
    st.just(Extensible()),
)
filters: st.SearchStrategy[Filter] = st.recursive(
    terms,
    lambda inner: st.one_of(
        st.builds(And, st.lists(inner, max_size=3).map(tuple)),
        st.builds(Or, st.lists(inner, max_size=3).map(tuple)),
        st.builds(Negation, inner),
    ),
    max_leaves=10,
)


def read(data: bytes, limits: Limits = LIMITS) -> Request:
    return read_request(data, limits)


@given(filters, st.sampled_from(Scope), st.integers(0, 2**31 - 1), st.lists(st.text(max_size=5)), st.booleans())
def test_a_search_is_read_as_it_was_written(
    asked: Filter, scope: Scope, size: int, attributes: list[str], types_only: bool
) -> None:
    written = ldap.search(asked, scope=scope, size=size, attributes=attributes, types_only=types_only, number=7)
    wanted = Search(ldap.BASE, scope, size, 0, types_only, asked, tuple(attributes))
    assert read(written) == Request(7, wanted)


@pytest.mark.parametrize(
    ("data", "operation"),
    [
        (ldap.bind("cn=a", "secret"), Bind(3, "cn=a", b"secret")),
        (ldap.bind("", "", version=2), Bind(2, "", b"")),
        (ldap.message(ber.element(0x60, ber.integer(3), ber.octets(""), ber.element(0xA3))), Bind(3, "", None)),
        (ldap.message(ber.element(0x42)), Unbind()),
        (ldap.message(ber.integer(5, 0x50)), Abandon(5)),
        (ldap.extended("1.2.3"), Extended("1.2.3")),
        (ldap.compare("dc=x", "cn", "a"), Compare("dc=x", "cn", b"a")),
        (ldap.message(ber.octets("dc=x", 0x4A)), Write(0x6B)),
        (ldap.message(ber.element(0x66, ber.octets("dc=x"))), Write(0x67)),
        (ldap.message(ber.element(0x68)), Write(0x69)),
        (ldap.message(ber.element(0x6C)), Write(0x6D)),
    ],
)
def test_each_kind_of_request_is_read(data: bytes, operation: Operation) -> None:
    assert read(data).operation == operation


def test_a_password_is_not_in_the_words_for_a_bind() -> None:
    assert "geheim" not in repr(read(ldap.bind("cn=a", "geheim")))


def test_controls_are_read_with_what_makes_them_critical() -> None:
    data = ldap.message(ber.element(0x42), ldap.control("1.2", b"v", critical=True), ldap.control("1.3"))
    assert read(data).controls == (Control("1.2", True, b"v"), Control("1.3"))


WRONG: list[Any] = [
    b"\x30\x00",
    b"\x30\x03\x02\x01\x01",
    ldap.message(b"\x7f\x00"),
    ldap.message(b"\x64\x00"),
    ldap.message(ber.element(0x60, ber.integer(3))),
    ldap.message(ber.element(0x42), number=2**31),
    ldap.search(scope=3),
    ldap.search(b"\xa2\x00"),
    ldap.search(ber.element(0xA2, ldap.encoded(ldap.EVERYTHING), ldap.encoded(ldap.EVERYTHING))),
    ldap.search(b"\xaf\x00"),
    ldap.search(ber.element(0xA4, ber.octets("cn"), ber.element(ber.SEQUENCE))),
    ldap.search(ber.element(0xA4, ber.octets("cn"), ber.element(ber.SEQUENCE, b"\x82\x01a", b"\x80\x01a"))),
    ldap.search(ber.element(0xA4, ber.octets("cn"), ber.element(ber.SEQUENCE, b"\x83\x01a"))),
    ldap.message(ber.element(0x42), *[ldap.control("1.2")] * 17),
]


@pytest.mark.parametrize("data", WRONG, ids=range(len(WRONG)))
def test_what_is_no_request_is_malformed(data: bytes) -> None:
    with pytest.raises(ber.Malformed):
        read(data)


@pytest.mark.parametrize(
    "data",
    [
        ldap.search(Or((ldap.EVERYTHING,) * 256)),
        ldap.search(Pieces("cn", b"", (b"a",) * 256, b"")),
        ldap.search(attributes=["cn"] * 257),
    ],
    ids=["terms", "parts", "attributes"],
)
def test_a_search_that_is_too_wide_is_refused_and_not_malformed(data: bytes) -> None:
    assert isinstance(read(data).operation, Excessive)


@pytest.mark.parametrize("depth", [32, 33, 10_000])
def test_filters_may_be_nested_as_deep_as_the_limit_says(depth: int) -> None:
    nested = ldap.encoded(ldap.EVERYTHING)
    for _ in range(depth):
        nested = ber.element(0xA2, nested)
    assert isinstance(read(ldap.search(nested)).operation, Search if depth <= 32 else Excessive)


@settings(max_examples=300)
@given(st.binary(max_size=80))
def test_octets_of_any_kind_are_a_request_or_malformed(data: bytes) -> None:
    for whole in (data, ber.element(ber.SEQUENCE, ber.integer(1), data)):
        with contextlib.suppress(ber.Malformed):
            read(whole)


# --- messages out of a stream ---------------------------------------------------------------------------------------


def test_messages_are_taken_out_one_by_one_however_they_come() -> None:
    stream, buffer, found = ldap.bind("a", "b") + ldap.search() * 2 + b"\x30", bytearray(), []
    for octet in stream:
        buffer.append(octet)
        while (one := take_message(buffer, 1_000)) is not None:
            found.append(one)
    assert found == [ldap.bind("a", "b"), ldap.search(), ldap.search()]
    assert buffer == b"\x30"


@pytest.mark.parametrize(
    "begun", [b"G", b"\x16\x03\x01", b"\x30\x80", b"\x30\x85", b"\x30\x82\xff\xff", b"\x30\x84\xff\xff\xff\xff"]
)
def test_what_becomes_no_message_is_refused_by_its_first_octets(begun: bytes) -> None:
    with pytest.raises(ber.Malformed):
        take_message(bytearray(begun), 1_000)
