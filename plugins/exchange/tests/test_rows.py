"""From elements to flat rows: every field, calendar days, and what FindItem cannot answer in full."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from lxml import etree
from pbx_exchange.fields import FIELDS, KNOWN
from pbx_exchange.rows import RowReader, without_unresolved
from pbx_exchange.wire.xml_parser import NAMESPACES, TYPES

REFERENCE = "reference/original-connector.md"


def contact(inner: str) -> etree._Element:
    return etree.fromstring(f'<t:Contact xmlns:t="{NAMESPACES["t"]}">{inner}</t:Contact>')


def read(inner: str, *names: str) -> dict[str, object]:
    return RowReader(names or KNOWN).read(contact(inner))


def test_the_original_s_fields_come_first_and_to_the_letter(from_shared: Callable[[str], Path]) -> None:
    section = from_shared(REFERENCE).read_text().partition("### Source fields of a row")[2].partition("###")[0]
    names = re.findall(r"[A-Za-z]+(?:_[A-Za-z0-9]+)?", section.replace("and `local_id`", "local_id"))
    assert len(names) == 42
    assert set(names) <= set(FIELDS.names())
    assert FIELDS.closed


def test_every_property_asked_for_is_one_that_exchange_has(from_shared: Callable[[str], Path]) -> None:
    known = set(re.findall(r'value="((?:contacts|item):[^"]+)"', from_shared("ews-schema/types.xsd").read_text()))
    assert {uri for field in KNOWN.values() for uri, _ in field.uris} <= known


def test_every_field_is_documented() -> None:
    assert [field.name for field in FIELDS.fields if not field.doc.endswith(".")] == []


def test_plain_texts_and_dictionaries_become_flat_values() -> None:
    values = read(
        "<t:DisplayName>Ann</t:DisplayName><t:Nickname>Annie</t:Nickname><t:Surname/>"
        '<t:PhoneNumbers><t:Entry Key="BusinessPhone">1</t:Entry><t:Entry Key="IPPhone">2</t:Entry>'
        '<t:Entry Key="HomePhone"/><t:Entry Key="NotYetInvented">3</t:Entry></t:PhoneNumbers>'
        '<t:EmailAddresses><t:Entry Key="EmailAddress2">a@b.example</t:Entry></t:EmailAddresses>'
    )
    assert values == {
        "DisplayName": "Ann",
        "NickName": "Annie",
        "PhoneNumbers_BusinessPhone": "1",
        "PhoneNumbers_IPPhone": "2",
        "EmailAddresses_EmailAddress2": "a@b.example",
    }


def test_only_the_fields_asked_for_are_read() -> None:
    phones = '<t:PhoneNumbers><t:Entry Key="Isdn">1</t:Entry><t:Entry Key="Pager">2</t:Entry></t:PhoneNumbers>'
    assert read(f"<t:DisplayName>Ann</t:DisplayName>{phones}", "PhoneNumbers_Pager") == {"PhoneNumbers_Pager": "2"}


def test_lists_flags_and_names() -> None:
    values = read(
        "<t:Body BodyType='Text'>Hello</t:Body><t:Categories><t:String>VIP</t:String><t:String/></t:Categories>"
        "<t:CompleteName><t:Title>Dr.</t:Title><t:FirstName>Ann</t:FirstName><t:Suffix>Jr.</t:Suffix></t:CompleteName>"
        "<t:Children><t:String>Bo</t:String><t:String>Cy</t:String></t:Children><t:HasPicture>true</t:HasPicture>"
    )
    assert values == {
        "Notes": "Hello",
        "Categories": ["VIP"],
        "CompleteName": "Dr. Ann Jr.",
        "Children": ["Bo", "Cy"],
        "HasPicture": True,
    }


def test_addresses_come_by_parts_and_as_a_line() -> None:
    values = read(
        '<t:PhysicalAddresses><t:Entry Key="Business"><t:Street>Weg 1\nHinterhaus</t:Street><t:City>Köln</t:City>'
        "<t:State/><t:Country>Deutschland</t:Country><t:PostalCode>50667</t:PostalCode></t:Entry>"
        '<t:Entry Key="Home"/></t:PhysicalAddresses>'
    )
    assert values == {
        "PhysicalAddresses_Business": {
            "Street": "Weg 1\nHinterhaus",
            "City": "Köln",
            "CountryOrRegion": "Deutschland",
            "PostalCode": "50667",
        },
        "PhysicalAddresses_Business_Text": "Weg 1 Hinterhaus, 50667 Köln, Deutschland",
    }


@pytest.mark.parametrize(
    ("values", "whole"),
    [
        ({"a": "x" * 254}, True),
        ({"a": "x" * 255}, False),
        ({"a": "ä" * 253}, True),
        ({"a": "ä" * 254}, False),
        ({"a": "😀" * 127}, False),
        ({"a": "/o=Org/ou=Site/cn=Recipients/cn=ann"}, False),
        ({"a": {"Street": "x" * 300}}, False),
        ({"a": {"Street": "x"}, "b": ["y" * 300], "c": True, "d": date(2020, 1, 1)}, True),
    ],
)
def test_what_finditem_cut_or_left_unresolved_is_noticed(values: dict[str, object], whole: bool) -> None:
    assert RowReader(["DisplayName"]).is_whole(values) is whole


def test_notes_are_always_read_item_by_item() -> None:
    reader = RowReader(["DisplayName", "Notes"])
    assert not reader.is_whole({"DisplayName": "Ann"})
    assert reader.list_shape().findall(f".//{TYPES}FieldURI[@FieldURI='item:Body']") == []
    assert reader.whole_shape().findtext(f"{TYPES}BodyType") == "Text"


def test_an_address_that_stays_a_directory_name_is_no_address() -> None:
    assert without_unresolved({"a": "/O=Org/cn=ann", "b": "ann@example.com"}) == {"b": "ann@example.com"}


# --- calendar days -------------------------------------------------------------------------------------------------
