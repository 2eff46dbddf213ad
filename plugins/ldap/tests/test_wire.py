"""The wire alone: filters, names, and whatever octets may come."""

from __future__ import annotations

import contextlib
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pbx_ldap import dn
from pbx_ldap.server_kind import guid_octets, guid_text
from pbx_ldap.wire import messages
from pbx_ldap.wire.connection import Chunk
from pbx_ldap.wire.entries import EntryReader, Wanted
from pbx_ldap.wire.filters import FilterError, escape, parse_filter

from pbx_connector.api import ber

from .middleman import entry

# --- filters -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "encoded"),
    [
        ("(cn=*)", b"\x87\x02cn"),
        ("(cn=a)", b"\xa3\x07\x04\x02cn\x04\x01a"),
        ("(cn>=a)", b"\xa5\x07\x04\x02cn\x04\x01a"),
        ("(cn<=a)", b"\xa6\x07\x04\x02cn\x04\x01a"),
        ("(cn~=a)", b"\xa8\x07\x04\x02cn\x04\x01a"),
        (r"(cn=\2a\28)", b"\xa3\x08\x04\x02cn\x04\x02*("),
        ("(cn=a*b*c)", b"\xa4\x0f\x04\x02cn0\x09\x80\x01a\x81\x01b\x82\x01c"),
        ("(!(cn=*))", b"\xa2\x04\x87\x02cn"),
        (" ( & (cn=*) (sn=*) ) ", b"\xa0\x08\x87\x02cn\x87\x02sn"),
        ("(|(cn=*))", b"\xa1\x04\x87\x02cn"),
        ("(a:1.2:=3)", b"\xa9\x0b\x81\x031.2\x82\x01a\x83\x013"),
        ("(ou:dn:=x)", b"\xa9\x0a\x82\x02ou\x83\x01x\x84\x01\xff"),
        ("(cn=ä)", b"\xa3\x08\x04\x02cn\x04\x02\xc3\xa4"),
        ("(cn=)", b"\xa3\x06\x04\x02cn\x04\x00"),
    ],
)
def test_a_filter_is_encoded_as_rfc_4511_says(text: str, encoded: bytes) -> None:
    assert parse_filter(text).encoded == encoded


@pytest.mark.parametrize(
    ("text", "character"),
    [
        ("cn=a", 1),
        ("(cn=a", 6),
        ("(cn=a))", 7),
        ("(&)", 3),
        ("(cn=a(b)", 6),
        (r"(cn=\zz)", 5),
        ("(cn>=a*)", 8),
        ("(=a)", 2),
        ("(cn)", 2),
        ("", 1),
        ("(!" * 60 + "(a=b)" + ")" * 60, 101),
    ],
)
def test_a_mistake_in_a_filter_is_said_with_its_place(text: str, character: int) -> None:
    with pytest.raises(FilterError, match=f"at character {character} of the filter"):
        parse_filter(text)


def test_a_filter_knows_its_attributes() -> None:
    asked = parse_filter("(&(objectClass=person)(|(memberOf:1.2.3:=x)(CN;lang-de=*))(!(sn=a*)))")
    assert asked.attributes == {"objectclass", "memberof", "cn", "sn"}


@given(st.text())
def test_what_is_escaped_is_a_value_and_nothing_else(value: str) -> None:
    clean = value.encode("utf-8", "ignore").decode()
    assert parse_filter(f"(cn={escape(clean)})").encoded == ber.element(0xA3, ber.octets("cn"), ber.octets(clean))


@given(st.text(alphabet="()&|!=*\\<>~:;ab 1.", max_size=30))
def test_any_text_is_a_filter_or_a_mistake(text: str) -> None:
    with contextlib.suppress(FilterError):
        parse_filter(text)


# --- names ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("CN=Anna,DC=example", "cn=anna , dc=Example"),
        (r"cn=a\,b,dc=x", r"CN=a\2cb,dc=x"),
        ('cn="a,b",dc=x', r"cn=a\,b,dc=x"),
        (r"cn=B\c3\a4cker,dc=x", "cn=bäcker,dc=x"),
        ("cn=a  b,dc=x", "cn=A b,dc=x"),
    ],
)
def test_names_of_the_same_entry_are_equal(one: str, other: str) -> None:
    assert dn.normal(one) == dn.normal(other)


@given(st.text(min_size=1).filter(str.strip))
def test_an_escaped_value_is_one_part_of_a_name(value: str) -> None:
    clean = value.encode("utf-8", "ignore").decode()
    name = f"ou={dn.escape_value(clean)},dc=example"
    assert len(dn.parts(name)) == 2
    assert dn.value(dn.parts(name)[0]).split() == clean.split()


def test_what_lies_below_what() -> None:
    assert dn.is_below("cn=a,ou=b,dc=x", "OU=b,dc=x")
    assert dn.is_below("cn=a", "")
    assert not dn.is_below("cn=a,ou=bb,dc=x", "ou=b,dc=x")
    assert not dn.is_below("dc=x", "ou=b,dc=x")
    assert dn.depth_below(r"cn=a\,c,ou=b,dc=x", "dc=x") == 2


@given(st.uuids())
def test_a_guid_is_written_as_microsoft_does(guid: uuid.UUID) -> None:
    assert guid_text(guid.bytes_le) == str(guid)
    assert guid_octets(str(guid)) == guid.bytes_le


# --- entries -------------------------------------------------------------------------------------------------------

WANTED = Wanted({"cn": "name", "sn": "sn"}, frozenset({"mail"}), dn=True)


def chunk_of(message: bytes) -> Chunk:
    begin, end = ber.expect(message, 0, len(message), ber.SEQUENCE)
    _, after = ber.expect(message, begin, end, ber.INTEGER)
    return Chunk(message, [ber.expect(message, after, end, messages.ENTRY)])


values = st.text(min_size=1, max_size=300)


@given(st.lists(values, min_size=1, max_size=4), values, st.booleans())
def test_values_of_any_number_and_length_are_read(mail: list[str], name: str, microsoft: bool) -> None:
    mail = [one.encode("utf-8", "ignore").decode() for one in mail]
    name = name.encode("utf-8", "ignore").decode()
    message = entry(1, "cn=x", cn=name, mail=mail, other="not asked for")
    if microsoft:
        message = with_long_lengths(message)
    (found,) = EntryReader(WANTED).read(chunk_of(message))
    (again,) = EntryReader(WANTED).read(chunk_of(message))
    assert (found.dn, found.values, dict(found.lists)) == ("cn=x", {"name": name}, {"mail": mail})
    assert again.values == found.values


def with_long_lengths(data: bytes) -> bytes:
    """As Active Directory writes: every length of what has parts in four octets."""
    made = b""
    for tag, begin, end in ber.elements(data, 0, len(data)):
        content = data[begin:end]
        if tag & 0x20:
            content = with_long_lengths(content)
            made += bytes((tag, 0x84)) + len(content).to_bytes(4, "big") + content
        else:
            made += ber.element(tag, content)
    return made


@given(st.data())
def test_a_spoiled_entry_is_read_or_refused_and_nothing_else(data: st.DataObject) -> None:
    message = bytearray(entry(1, "cn=x", cn="Anna", mail=["a", "b"], sn="Berg"))
    chunk = chunk_of(bytes(message))
    begin, end = chunk.entries[0]
    for _ in range(data.draw(st.integers(1, 3))):
        message[data.draw(st.integers(begin, end - 1))] = data.draw(st.integers(0, 255))
    reader = EntryReader(WANTED)
    for _ in range(2):  # the second time it knows the names
        with contextlib.suppress(ber.Malformed):
            list(reader.read(Chunk(bytes(message), [(begin, end)])))


@given(st.binary(max_size=60))
def test_any_octets_are_an_answer_or_damaged(data: bytes) -> None:
    for read in (messages.page_cookie, messages.dirsync_state):
        with contextlib.suppress(ber.Malformed):
            read(data)
    for part in (messages.read_result, messages.read_controls, messages.read_addresses):
        with contextlib.suppress(ber.Malformed):
            part(data, 0, len(data))


def test_variants_of_an_attribute_are_not_the_attribute() -> None:
    inner = [
        ber.element(ber.SEQUENCE, ber.octets(name), ber.element(ber.SET, ber.octets(value)))
        for name, value in (("cn;lang-de", "Deutsch"), ("CN", "Anna"))
    ]
    operation = ber.element(messages.ENTRY, ber.octets("cn=x"), ber.element(ber.SEQUENCE, *inner))
    (found,) = EntryReader(WANTED).read(chunk_of(messages.message(1, operation)))
    assert found.values == {"name": "Anna"}
