"""The fields that all sources of contacts share, and what they make of days and addresses alike."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbx_connector.api import (
    ADDRESS_KINDS,
    ADDRESS_PARTS,
    CONTACT_FIELDS,
    CONTACT_KNOWN_BY,
    address_line,
    calendar_day,
)

REFERENCE = "reference/original-connector.md"


def test_the_original_s_fields_are_there_to_the_letter(from_shared: Callable[[str], Path]) -> None:
    section = from_shared(REFERENCE).read_text().partition("### Source fields of a row")[2].partition("###")[0]
    names = re.findall(r"[A-Za-z]+(?:_[A-Za-z0-9]+)?", section.replace("and `local_id`", "local_id"))
    assert len(names) == 42
    assert set(names) <= set(CONTACT_FIELDS)


def test_every_field_is_documented_under_its_own_name() -> None:
    assert [name for name, field in CONTACT_FIELDS.items() if field.name != name or not field.doc.endswith(".")] == []


def test_contacts_are_known_by_texts() -> None:
    assert {CONTACT_FIELDS[name].type for names in CONTACT_KNOWN_BY for name in names} == {"text"}


def test_an_address_is_a_record_of_the_parts_that_has_its_line_beside_it() -> None:
    for kind in ADDRESS_KINDS:
        record = CONTACT_FIELDS[f"PhysicalAddresses_{kind}"]
        assert tuple(record.of or ()) == ADDRESS_PARTS
        assert CONTACT_FIELDS[record.as_text].type == "text"


@pytest.mark.parametrize(
    ("address", "line"),
    [
        (
            {"Street": "Am Markt 1\r\n2. OG", "PostalCode": "80331", "City": "München", "CountryOrRegion": "DE"},
            "Am Markt 1 2. OG, 80331 München, DE",
        ),
        ({"City": "Austin", "State": "TX"}, "Austin, TX"),
        ({}, ""),
    ],
)
def test_an_address_is_one_line(address: dict[str, str], line: str) -> None:
    assert address_line(address) == line


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("1979-12-31T11:59:00Z", date(1979, 12, 31)),
        ("1979-12-31T00:00:00Z", date(1979, 12, 31)),
        ("1979-12-30T23:00:00Z", date(1979, 12, 31)),
        ("1604-02-29T11:59:00Z", date(1604, 2, 29)),
        ("1979-12-31T00:00:00", date(1979, 12, 31)),
        ("1979-12-31T00:00:00+02:00", date(1979, 12, 31)),
        ("1979-12-30T22:00:00.000Z", date(1979, 12, 31)),
        ("1979-12-31", date(1979, 12, 31)),
        ("9999-12-31T23:00:00Z", date(9999, 12, 31)),
        ("31.12.1979", None),
        ("", None),
    ],
)
def test_a_birthday_is_the_day_that_was_entered(text: str, day: date | None) -> None:
    assert calendar_day(text) == day


ZONES = sorted(available_timezones() - {"localtime"})
DAYS = st.dates(min_value=date(1900, 1, 1), max_value=date(2100, 1, 1))


@given(DAYS, st.sampled_from(ZONES))
def test_local_midnight_keeps_its_day_where_the_zone_is_known(day: date, name: str) -> None:
    zone = ZoneInfo(name)
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
    if midnight.astimezone(zone).date() == day:  # else the clocks skipped that midnight
        assert calendar_day(midnight.isoformat(), zone) == day


@given(DAYS, st.integers(min_value=-40, max_value=55))
def test_local_midnight_keeps_its_day_from_hawaii_to_tonga(day: date, quarters: int) -> None:
    zone = timezone(timedelta(minutes=15 * quarters))
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
    assert calendar_day(midnight.strftime("%Y-%m-%dT%H:%M:%SZ")) == day


@given(DAYS, st.sampled_from(ZONES))
def test_outlook_s_noon_keeps_its_day_in_every_zone(day: date, name: str) -> None:
    assert calendar_day(f"{day.isoformat()}T11:59:00Z", ZoneInfo(name)) == day
