"""Cards as programs write them, and what becomes of their lines: every version, every spelling."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pbx_carddav.fields import FIELDS
from pbx_carddav.phones import FIELDS as PHONE_FIELDS
from pbx_carddav.phones import LABELS
from pbx_carddav.rows import RowReader, day_of
from pbx_carddav.vcard import MOST_LINES, NotACard, read_card

READER = RowReader(FIELDS.names())


def values_of(*lines: str, version: str = "3.0") -> dict[str, Any]:
    text = "\r\n".join(("BEGIN:VCARD", f"VERSION:{version}", *lines, "END:VCARD", ""))
    return READER.read(read_card(text))


def phones(*lines: str, version: str = "3.0") -> dict[str, str]:
    found = values_of(*lines, version=version).items()
    return {name.removeprefix("PhoneNumbers_"): value for name, value in found if name.startswith("PhoneNumbers_")}


APPLE = (
    "PRODID:-//Apple Inc.//iPhone OS 17.0//EN",
    "N:Berg;Anna;Maria;Dr.;MSc",
    "FN:Dr. Anna Berg",
    "ORG:Berg & Co\\, Ulm;Sales;",
    "item1.TEL:+49 89 1234",
    "item1.X-ABLabel:Durchwahl",
    "item2.TEL:+49 89 9999",
    "item2.X-ABLabel:_$!<HomeFax>!$_",
    "TEL;type=IPHONE;type=CELL;type=VOICE;type=pref:+49 170 1",
    "TEL;type=MAIN:+49 89 0",
    "item3.ADR;type=WORK;type=pref:;;Weg 1\\nHaus 2;Ulm;BW;89073;Germany",
    "item3.X-ABADR:de",
    "item4.X-ABRELATEDNAMES:Bob",
    "item4.X-ABLabel:_$!<Spouse>!$_",
    "item5.X-ABDATE;type=pref:2001-06-30",
    "item5.X-ABLabel:_$!<Anniversary>!$_",
    "BDAY;X-APPLE-OMIT-YEAR=1604:1604-05-01",
    "PHOTO;ENCODING=b;TYPE=JPEG:/9j/4AAQ",
    " SkZJRgABAQ",
    "UID:ABC",
)


def test_a_card_of_an_iphone() -> None:
    assert values_of(*APPLE) | {"Phones": 0} == {
        "DisplayName": "Dr. Anna Berg",
        "Surname": "Berg",
        "GivenName": "Anna",
        "MiddleName": "Maria",
        "Generation": "MSc",
        "CompleteName": "Dr. Anna Maria Berg MSc",
        "CompanyName": "Berg & Co, Ulm",
        "Department": "Sales",
        "PhoneNumbers_BusinessPhone": "+49 89 1234",
        "PhoneNumbers_HomeFax": "+49 89 9999",
        "PhoneNumbers_MobilePhone": "+49 170 1",
        "PhoneNumbers_CompanyMainPhone": "+49 89 0",
        "PhysicalAddresses_Business": {
            "Street": "Weg 1 Haus 2",
            "City": "Ulm",
            "State": "BW",
            "CountryOrRegion": "Germany",
            "PostalCode": "89073",
        },
        "PhysicalAddresses_Business_Text": "Weg 1 Haus 2, 89073 Ulm, BW, Germany",
        "PostalAddressIndex": "Business",
        "SpouseName": "Bob",
        "WeddingAnniversary": date(2001, 6, 30),
        "Birthday": date(1604, 5, 1),
        "HasPicture": True,
        "Uid": "ABC",
        "Phones": 0,
    }


def test_labels_belong_to_their_number_however_a_server_spells_them() -> None:
    """Radicale writes names in capital letters."""
    assert phones("ITEM1.X-ABLABEL:_$!<WorkFAX>!$_", "item1.TEL:1") == {"BusinessFax": "1"}
    (phone,) = values_of("a.TEL:1", "a.X-ABLabel:Ferienhaus")["Phones"]
    assert phone == {"Number": "1", "Kind": "other", "Label": "Ferienhaus"}


@pytest.mark.parametrize("label", LABELS)
def test_each_label_of_the_table_leads_to_a_field(label: str) -> None:
    (field,) = PHONE_FIELDS[LABELS[label]][:1]
    assert field in phones("item1.TEL:1", f"item1.X-ABLabel:_$!<{label.upper()}>!$_")


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("TEL;TYPE=WORK,VOICE:1", "BusinessPhone"),
        ("TEL;TYPE=work;TYPE=voice:1", "BusinessPhone"),
        ('TEL;TYPE="work,voice":1', "BusinessPhone"),
        ("TEL;WORK;VOICE:1", "BusinessPhone"),
        ("TEL;TYPE=HOME:1", "HomePhone"),
        ("tel;type=cell:1", "MobilePhone"),
        ("TEL;TYPE=FAX,WORK:1", "BusinessFax"),
        ("TEL;TYPE=FAX,HOME:1", "HomeFax"),
        ("TEL;TYPE=FAX:1", "OtherFax"),
        ("TEL;TYPE=PAGER,WORK:1", "Pager"),
        ("TEL;TYPE=CAR:1", "CarPhone"),
        ("TEL;TYPE=ISDN:1", "Isdn"),
        ("TEL;TYPE=textphone:1", "TtyTddPhone"),
        ("TEL;TYPE=X-EVOLUTION-ASSISTANT:1", "AssistantPhone"),
        ("TEL:1", "OtherTelephone"),
        ("TEL;TYPE=VOICE:1", "OtherTelephone"),
        ("TEL;TYPE=pref:1", "OtherTelephone"),
        ("TEL;VALUE=uri;PREF=1;TYPE=work:tel:1", "BusinessPhone"),
    ],
)
def test_a_number_goes_to_its_field(line: str, field: str) -> None:
    assert phones(line) == {field: "1"}


def test_a_number_that_nobody_can_call_is_in_the_list_alone() -> None:
    values = values_of("TEL;TYPE=VIDEO:1", "TEL;TYPE=MODEM:2")
    assert [phone["Number"] for phone in values.pop("Phones")] == ["1", "2"]
    assert phones("TEL;TYPE=VIDEO:1") == {}


def test_more_numbers_than_fields_lose_the_last_ones_alone() -> None:
    lines = [f"TEL;TYPE=WORK:{number}" for number in range(1, 5)]
    assert phones(*lines) == {"BusinessPhone": "1", "BusinessPhone2": "2", "OtherTelephone": "3"}
    assert len(values_of(*lines)["Phones"]) == 4


def test_the_preferred_number_comes_first() -> None:
    assert phones("TEL;TYPE=WORK:1", "TEL;TYPE=WORK,PREF:2")["BusinessPhone"] == "2"
    assert phones("TEL;TYPE=work;PREF=50:1", "TEL;TYPE=work;PREF=2:2", version="4.0")["BusinessPhone"] == "2"


def test_a_mobile_of_the_business_stands_in_for_a_missing_own_one() -> None:
    assert phones("TEL;TYPE=CELL,WORK:1") == {"BusinessMobile": "1", "MobilePhone": "1"}
    assert phones("TEL;TYPE=CELL,WORK:1", "TEL;TYPE=CELL:2") == {"BusinessMobile": "1", "MobilePhone": "2"}


@pytest.mark.parametrize(
    ("uri", "number"),
    [
        ("tel:+49-89-12.34;ext=12", "+49891234;ext=12"),
        ("TEL:+49(89)1234", "+49891234"),
        ("tel:1234;phone-context=+49-89", "+49891234"),
        ("tel:1234;phone-context=example.com", "1234"),
        ("+49 89 1234", "+49 89 1234"),
    ],
)
def test_a_number_may_be_an_address(uri: str, number: str) -> None:
    assert phones(f"TEL;VALUE=uri:{uri}", version="4.0") == {"OtherTelephone": number}


def test_a_card_of_version_21() -> None:
    values = values_of(
        "N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCller;J=C3=B6rg;;;",
        "FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:J=C3=B6rg M=",
        "=C3=BCller",
        "ORG;QUOTED-PRINTABLE;CHARSET=ISO-8859-1:B=E4cker",
        "TEL;CELL;PREF:1",
        "NOTE;ENCODING=QUOTED-PRINTABLE:a=0D=0Ab",
        "AGENT:",
        "BEGIN:VCARD",
        "VERSION:2.1",
        "TEL;WORK:999",
        "END:VCARD",
        "PHOTO;JPEG;BASE64:",
        "  /9j/4AAQSkZJRg==",
        "",
        "TITLE:C:\\Temp\\;x",
        version="2.1",
    )
    expected = {
        "DisplayName": "Jörg Müller",
        "Surname": "Müller",
        "CompanyName": "Bäcker",
        "PhoneNumbers_MobilePhone": "1",
        "Notes": "a\r\nb",
        "JobTitle": "C:\\Temp;x",
    }
    assert {name: values[name] for name in expected} == expected
    assert "PhoneNumbers_BusinessPhone" not in values


def test_a_card_of_version_4() -> None:
    values = values_of(
        'FN;ALTID="1;2":Anna\\, Berg',
        'ADR;LABEL="Weg 1^nUlm: ""Hof""";TYPE=home:;;Weg 1;Ulm;;89073;',
        "IMPP;PREF=1:sip:anna@example.test",
        "EMAIL:b@example.test",
        "EMAIL;PREF=1:mailto:a@example.test",
        "BDAY:--0501",
        "ANNIVERSARY:20010630",
        "RELATED;TYPE=child;VALUE=text:Tim",
        "RELATED;TYPE=spouse:urn:uuid:1",
        "CATEGORIES:a\\,b,c",
        "NOTE:one;two\\nthree",
        version="4.0",
    )
    assert values["DisplayName"] == "Anna, Berg"
    assert values["PhysicalAddresses_Home"] == {"Street": "Weg 1", "City": "Ulm", "PostalCode": "89073"}
    assert values["ImAddresses_ImAddress1"] == "sip:anna@example.test"
    assert [values[f"EmailAddresses_EmailAddress{number}"] for number in "12"] == ["a@example.test", "b@example.test"]
    assert (values["Birthday"], values["WeddingAnniversary"]) == (date(1604, 5, 1), date(2001, 6, 30))
    assert (values["Children"], "SpouseName" in values) == (["Tim"], False)
    assert (values["Categories"], values["Notes"]) == (["a,b", "c"], "one;two\nthree")


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("1980-05-01", date(1980, 5, 1)),
        ("19800501", date(1980, 5, 1)),
        ("1980-05-01T00:00:00", date(1980, 5, 1)),
        ("1980-04-30T22:00:00Z", date(1980, 5, 1)),
        ("--05-01", date(1604, 5, 1)),
        ("1980-02-30", None),
        ("1980-05", None),
        ("around 1980", None),
        ("", None),
    ],
)
def test_a_birthday_is_a_calendar_day(text: str, day: date | None) -> None:
    assert day_of(text) == day


def test_a_company_without_a_name_is_shown_by_its_own() -> None:
    assert values_of("N:;;;;", "FN:", "ORG:Berg & Co")["DisplayName"] == "Berg & Co"
    assert values_of("N:Berg;Anna;;;")["DisplayName"] == "Anna Berg"


def test_a_name_is_what_was_written() -> None:
    """As in the other sources, so that the same people are the same entries."""
    values = values_of("FN:  Åsa\\,  Søren ", "N:Berg\\, née Lee;Anna,Maria;;;")
    assert (values["DisplayName"], values["Surname"]) == ("  Åsa,  Søren ", "Berg, née Lee")
    assert values["GivenName"] == "Anna Maria"


def test_folds_are_undone_wherever_they_are() -> None:
    assert values_of("NOTE:a", "  b", "\tc", "FN:x")["Notes"] == "a bc"


def test_a_line_that_makes_no_sense_costs_nothing_else() -> None:
    assert phones("no colon at all", ";;;:x", 'TEL;X="open:1', "ÄÖ:1", ":", "TEL:2") == {"OtherTelephone": "2"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<html>",
        "BEGIN:VCARD",
        "BEGIN:VCARD\nFN:x\n",
        "FN:x\nEND:VCARD",
        "BEGIN:VCALENDAR\nEND:VCALENDAR",
        "BEGIN:VCARD\nFN:x\nEND:VCARD\nBEGIN:VCARD\nFN:y\nEND:VCARD",
        "BEGIN:VCARD\nBEGIN:VCARD\nEND:VCARD",
        "BEGIN:VCARD\n" + "X:1\n" * MOST_LINES + "END:VCARD",
    ],
)
def test_what_is_no_card_is_refused(text: str) -> None:
    with pytest.raises(NotACard):
        read_card(text)


@given(st.text(alphabet=st.sampled_from('BEGINVCARDTEL:;=,"\\\n\r \t^.ü\x00😀QP='), max_size=200))
def test_any_text_between_the_marks_is_read_or_refused(text: str) -> None:
    try:
        card = read_card(f"BEGIN:VCARD\r\n{text}\r\nEND:VCARD\r\n")
    except NotACard:
        return
    READER.read(card)


@given(st.lists(st.text(alphabet="ab\\,;:\n", max_size=8), min_size=1, max_size=5))
def test_what_is_escaped_comes_out_as_it_was(names: list[str]) -> None:
    def escaped(text: str) -> str:
        for sign, written in (("\\", "\\\\"), (",", "\\,"), (";", "\\;"), ("\n", "\\n")):
            text = text.replace(sign, written)
        return text

    values = values_of("CATEGORIES:" + ",".join(map(escaped, names)))
    assert values.get("Categories", []) == [name.strip() for name in names if name.strip()]
