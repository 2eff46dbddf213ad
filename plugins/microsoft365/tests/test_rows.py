"""From JSON to flat rows: every field, its slot, calendar days, and answers that are not what Graph promises."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pbx_microsoft365.fields import CONTACT, FIELDS, LACKING, MADE, ORG_CONTACT, USER, Known
from pbx_microsoft365.rows import RowReader, digest
from ruamel.yaml import YAML

from pbx_connector.api import CONTACT_FIELDS

TABLES = {"contact": CONTACT, "user": USER, "orgContact": ORG_CONTACT}
NAMED_SET = "{00062004-0000-0000-c000-000000000046}"


def extended(**values: str) -> dict[str, Any]:
    entries = [{"id": identifier.replace("_", " "), "value": value} for identifier, value in values.items()]
    return {"singleValueExtendedProperties": entries}


def read(item: Mapping[str, Any], *names: str, table: Mapping[str, Known] = CONTACT) -> dict[str, Any]:
    return RowReader(table, names or table).read(item)


@pytest.mark.parametrize("kind", sorted(TABLES))
def test_every_property_asked_for_is_one_that_graph_has(kind: str, from_shared: Callable[[str], Path]) -> None:
    schema = YAML(typ="safe").load(from_shared("graph-schema/graph-contacts.openapi.yaml"))
    known = set(schema["components"]["schemas"][kind]["properties"])
    assert {name for one in TABLES[kind].values() for name in one.properties} <= known


def test_the_fields_are_those_of_all_sources_of_contacts_and_what_only_the_directory_has() -> None:
    assert FIELDS.names()[: len(CONTACT_FIELDS)] == tuple(CONTACT_FIELDS)
    assert set(FIELDS.names()) == {*CONTACT_FIELDS, *USER}
    assert [field.name for field in FIELDS.fields if not field.doc.endswith(".")] == []


def test_a_field_that_graph_does_not_have_says_so() -> None:
    docs = {field.name: field.doc for field in FIELDS.fields}
    assert {name for name, doc in docs.items() if "does not have it" in doc} == LACKING
    assert LACKING.isdisjoint({*CONTACT, *USER, *ORG_CONTACT, *MADE})
    assert {"PhoneNumbers_IPPhone", "Companies"} <= LACKING


def test_only_what_the_rules_use_is_asked_for() -> None:
    reader = RowReader(CONTACT, ["DisplayName", "PhoneNumbers_MobilePhone", "local_id"])
    assert reader.options == {"$select": "displayName,id,mobilePhone"}
    reader = RowReader(CONTACT, ["PhoneNumbers_BusinessFax", "PhoneNumbers_Pager"], always=("parentFolderId",))
    wanted = "singleValueExtendedProperties($filter=id eq 'String 0x3a21' or id eq 'String 0x3a24')"
    assert reader.options == {"$select": "id,parentFolderId", "$expand": wanted}
    assert RowReader(USER, ["Manager"]).options == {"$select": "id", "$expand": "manager($select=id,displayName)"}


def test_numbers_are_in_their_slots_whatever_the_lists_of_graph_say() -> None:
    item = {"businessPhones": ["2"], "homePhones": ["4"], **extended(String_0x3a1b="2", String_0x3A2F="4")}
    assert read(item, *(name for name in CONTACT if name.startswith("PhoneNumbers_"))) == {
        "PhoneNumbers_BusinessPhone2": "2",
        "PhoneNumbers_HomePhone2": "4",
    }


@pytest.mark.parametrize("identifier", ["String 0x0037", "string 0x37", "String 0X37"])
def test_an_extended_property_is_known_however_its_id_is_spelt(identifier: str) -> None:
    item = {"singleValueExtendedProperties": [{"id": identifier, "value": "Subject"}]}
    assert read(item, "Subject") == {"Subject": "Subject"}


def test_a_contact_becomes_flat_values() -> None:
    item = {
        "@odata.etag": 'W/"1"',
        "displayName": "Dr. Ann Berg",
        "title": "Dr.",
        "givenName": "Ann",
        "surname": "Berg",
        "nickName": "",
        "manager": None,
        "personalNotes": "Hello",
        "categories": ["VIP", ""],
        "children": [],
        "primaryEmailAddress": {"name": "Ann", "address": "a@b.example"},
        "secondaryEmailAddress": None,
        "tertiaryEmailAddress": {"address": "/O=Example/cn=ann"},
        "imAddresses": ["sip:ann@b.example"],
        "birthday": "1979-12-30T23:00:00Z",
        "businessAddress": {"street": "Am Markt 1", "city": "Wien", "postalCode": "1010"},
        "homeAddress": {},
        **extended(SystemTime_0x3a41="2001-05-05T11:59:00Z", Integer_0x36="2", String_0x1A="IPM.Contact"),
    }
    assert read(item) == {
        "DisplayName": "Dr. Ann Berg",
        "GivenName": "Ann",
        "Surname": "Berg",
        "CompleteName": "Dr. Ann Berg",
        "Notes": "Hello",
        "Categories": ["VIP"],
        "EmailAddresses_EmailAddress1": "a@b.example",
        "ImAddresses_ImAddress1": "sip:ann@b.example",
        "Birthday": date(1979, 12, 31),
        "WeddingAnniversary": date(2001, 5, 5),
        "PhysicalAddresses_Business": {"Street": "Am Markt 1", "City": "Wien", "PostalCode": "1010"},
        "PhysicalAddresses_Business_Text": "Am Markt 1, 1010 Wien",
        "Sensitivity": "Private",
        "ItemClass": "IPM.Contact",
        "HasPicture": False,
    }


def test_a_birthday_is_told_for_certain_where_the_zone_is_known() -> None:
    reader = RowReader(CONTACT, ["Birthday"], ZoneInfo("Pacific/Niue"))
    assert reader.read({"birthday": "1979-12-31T11:00:00Z"}) == {"Birthday": date(1979, 12, 31)}


def test_a_person_of_the_directory_becomes_flat_values() -> None:
    item = {
        "id": "1-2-3",
        "businessPhones": ["+49 89 1"],
        "faxNumber": None,
        "mail": "ann@b.example",
        "accountEnabled": False,
        "streetAddress": "Am Markt 1",
        "country": "Austria",
        "otherMails": [],
        "manager": {"id": "4", "displayName": "Bo"},
        "onPremisesExtensionAttributes": {"extensionAttribute1": "A", "extensionAttribute15": None},
    }
    assert read(item, table=USER) == {
        "DirectoryId": "1-2-3",
        "PhoneNumbers_BusinessPhone": "+49 89 1",
        "EmailAddresses_EmailAddress1": "ann@b.example",
        "AccountEnabled": False,
        "PhysicalAddresses_Business": {"Street": "Am Markt 1", "CountryOrRegion": "Austria"},
        "PhysicalAddresses_Business_Text": "Am Markt 1, Austria",
        "Manager": "Bo",
        "ExtensionAttribute1": "A",
    }


def test_an_organisational_contact_becomes_flat_values() -> None:
    phones = [{"type": "mobile", "number": "2"}, {"type": "business", "number": "1"}, {"type": "pager", "number": "3"}]
    item = {"displayName": "Bo", "phones": phones, "addresses": [{"officeLocation": "2.11", "city": "Graz"}]}
    assert read(item, table=ORG_CONTACT) == {
        "DisplayName": "Bo",
        "PhoneNumbers_BusinessPhone": "1",
        "PhoneNumbers_MobilePhone": "2",
        "OfficeLocation": "2.11",
        "PhysicalAddresses_Business": {"City": "Graz"},
        "PhysicalAddresses_Business_Text": "Graz",
    }


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
TYPES = {"text": str, "date": date, "list": list, "yes/no": bool, "record": dict}


@pytest.mark.parametrize("kind", sorted(TABLES))
@given(st.data())
def test_what_is_not_of_the_promised_type_is_blank(kind: str, data: st.DataObject) -> None:
    table = TABLES[kind]
    properties = sorted({name for one in table.values() for name in one.properties})
    item = data.draw(st.fixed_dictionaries({}, optional=dict.fromkeys(properties, JSON)))
    identifiers = st.sampled_from(sorted({one.extended for one in table.values()}))
    entry = st.fixed_dictionaries({"id": identifiers, "value": JSON})
    item["singleValueExtendedProperties"] = data.draw(st.lists(entry | JSON, max_size=4) | JSON)
    fields = {field.name: field.type for field in FIELDS.fields}
    for name, value in read(item, table=table).items():
        assert isinstance(value, TYPES[fields[name]]), name


def test_a_digest_tells_values_apart_and_nothing_else() -> None:
    values = {"A": "1", "B": date(2001, 1, 1), "C": ["x"]}
    assert digest(values) == digest(dict(reversed(values.items())))
    assert digest(values) != digest(values | {"C": ["y"]})
    assert json.dumps(digest(values)).isascii()
