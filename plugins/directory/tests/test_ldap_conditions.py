"""A filter means in the store what RFC 4511 says it means: with three values, of which the store has two."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pbx_directory.dialing import DialForm, Form
from pbx_directory.ldap.attributes import ATTRIBUTES, find_attribute
from pbx_directory.ldap.conditions import ALWAYS, NEVER, condition_of
from pbx_directory.ldap.conditions import holds as holds_for_a_folder
from pbx_directory.ldap.filters import And, Comparing, Comparison, Extensible, Filter, Held, Negation, Or, Pieces
from pbx_directory.ldap.names import InvalidName, parse_name
from pbx_directory.ldap.numbers import NumberQuestions, is_number, prefixes
from pbx_directory.ldap.tree import entry_id

from pbx_connector.api import Condition, Content, Entry, Identified, Labelled, Not, Some
from pbx_connector.stores.selection import holds

EQUAL, AT_LEAST, AT_MOST = Comparing.EQUAL, Comparing.AT_LEAST, Comparing.AT_MOST
GERMANY = DialForm(Form.NATIONAL, "DE", "0")


def condition(asked: Filter, form: DialForm = GERMANY) -> Condition:
    return condition_of(asked, NumberQuestions(lambda number: (), form, 32))


def entry(number: int = 1, account: str | None = None, **fields: str) -> Entry:
    return Entry(number, Content(account, {"display_name": "Nobody", **fields}, {}))


# --- three values ---------------------------------------------------------------------------------------------------

UNDEFINED: list[Filter] = [
    Held("x-unknown"),
    Comparison(EQUAL, "x-unknown", b"a"),
    Comparison(AT_LEAST, "uid", b"1"),
    Comparison(EQUAL, "objectClass", b"x-unknown"),
    Comparison(EQUAL, "cn", b"\xff"),
    Comparison(EQUAL, "description", b"a"),
    Held("description"),
    Pieces("objectClass", b"p"),
    Pieces("uid", b"1"),
    Pieces("pbxLabel", b"", (b"x",)),
    Held("cn;binary"),
    Extensible(),
]


@pytest.mark.parametrize("asked", UNDEFINED, ids=str)
def test_what_is_undefined_holds_neither_so_nor_negated(asked: Filter) -> None:
    assert condition(asked) == NEVER
    assert condition(Negation(asked)) == NEVER
    assert condition(Negation(Negation(asked))) == NEVER


terms: st.SearchStrategy[Filter] = st.one_of(
    st.sampled_from(UNDEFINED[:3]),
    st.builds(Held, st.sampled_from(["cn", "mail", "givenName", "o", "ou", "pbxLabel", "objectClass"])),
    st.builds(
        Comparison, st.sampled_from(Comparing), st.sampled_from(["cn", "mail", "o"]), st.sampled_from([b"a", b"b"])
    ),
)
filters: st.SearchStrategy[Filter] = st.recursive(
    terms,
    lambda inner: st.one_of(
        st.builds(And, st.lists(inner, max_size=3).map(tuple)),
        st.builds(Or, st.lists(inner, max_size=3).map(tuple)),
        st.builds(Negation, inner),
    ),
    max_leaves=12,
)
entries = st.builds(
    lambda name, fields: entry(1, **{"display_name": name, **fields}),
    st.sampled_from(["a", "b", "c"]),
    st.fixed_dictionaries({}, optional={name: st.sampled_from(["a", "b"]) for name in ("email", "organisation")}),
)


def judged(asked: Filter, held: Entry) -> bool | None:
    """RFC 4511, 4.5.1.7, word for word."""
    match asked:
        case And(parts):
            found = [judged(each, held) for each in parts]
            return False if False in found else None if None in found else True
        case Or(parts):
            found = [judged(each, held) for each in parts]
            return True if True in found else None if None in found else False
        case Negation(inner):
            value = judged(inner, held)
            return None if value is None else not value
    if asked in UNDEFINED:
        return None
    return holds(condition(asked), held)


@settings(max_examples=300)
@given(filters, entries)
def test_a_condition_holds_just_where_the_filter_is_true(asked: Filter, held: Entry) -> None:
    assert holds(condition(asked), held) is (judged(asked, held) is True)


# --- terms ----------------------------------------------------------------------------------------------------------


def test_nothing_and_everything() -> None:
    assert condition(And(())) == ALWAYS
    assert condition(Or(())) == NEVER
    assert condition(Negation(And(()))) == NEVER


@pytest.mark.parametrize("attribute", ATTRIBUTES, ids=lambda attribute: attribute.name)
def test_every_attribute_is_known_by_all_its_names(attribute: object) -> None:
    for name in (attribute.name, attribute.oid, *attribute.other_names):  # type: ignore[attr-defined]
        assert find_attribute(name.upper()) is attribute


def test_ids_and_classes_are_compared_by_their_own_rules() -> None:
    assert condition(Comparison(EQUAL, "uid", b"12")) == Identified(frozenset({12}))
    assert condition(Comparison(EQUAL, "uid", b"012")) == NEVER
    assert condition(Comparison(EQUAL, "objectclass", b"inetORGperson")) == ALWAYS
    assert condition(Negation(Comparison(EQUAL, "objectclass", b"domain"))) == Not(NEVER)


def test_labels_are_found_by_name_and_value() -> None:
    asked = condition(Comparison(EQUAL, "pbxLabel", b"Ring: a: b"))
    assert asked == Some((Labelled("Ring", "a: b"), Labelled("Ring: a", "b")))
    assert condition(Pieces("pbxLabel", b"Ring:")) == Labelled("Ring")
    assert condition(Held("pbxLabel")) == Labelled()


def test_an_internal_number_is_a_telephone_without_its_country() -> None:
    asked = condition(Held("ipPhone"))
    assert [holds(asked, entry(phone=number)) for number in ("42", "+4930123456")] == [True, False]
    assert holds(asked, entry()) is False


def test_a_text_longer_than_any_is_nobodys() -> None:
    for value in (b"a" * 2_000, "\N{ARABIC LIGATURE SALLALLAHOU ALAYHE WASALLAM}".encode() * 500):
        assert condition(Comparison(EQUAL, "cn", value)) == NEVER
        assert condition(Pieces("cn", value)) == NEVER
        assert holds(condition(Comparison(AT_MOST, "cn", "\U0010ffff".encode() + value)), entry()) is True


def test_ids_beyond_what_a_database_counts_are_nobodys() -> None:
    assert [entry_id(text) for text in ("7", "9" * 18, "9" * 19, "", "-1", "٣", "1 ")] == [7, 10**18 - 1, *[None] * 5]


# --- numbers --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("030", True),
        ("03", True),
        ("0", True),
        ("0049 30", True),
        ("+49 (30)", True),
        ("+", True),
        ("0030", True),  # with the outside line
        ("00049", True),  # the outside line, then abroad
        ("00043", False),
        ("031", False),
        ("+43", False),
        ("30123", False),
        ("anna", False),
        ("an030", False),
        ("", True),
    ],
)
def test_what_people_type_finds_the_number_that_begins_so(typed: str, found: bool) -> None:
    typed_and_star = Pieces("telephoneNumber", typed.encode()) if typed else Held("telephoneNumber")
    assert holds(condition(typed_and_star), entry(phone="+4930123456")) is found


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (Pieces("telephoneNumber", final=b"123456"), True),
        (Pieces("telephoneNumber", final=b"030123456"), True),
        (Pieces("telephoneNumber", final=b"3456 7"), False),
        (Pieces("telephoneNumber", within=(b"0123",)), True),
        (Pieces("telephoneNumber", within=(b"030",)), True),
        (Pieces("telephoneNumber", b"030", (b"23",), b"56"), True),
        (Pieces("telephoneNumber", b"030", (b"56",), b"56"), False),
        (Pieces("telephoneNumber", within=(b" ",)), False),
        (Comparison(EQUAL, "telephoneNumber", b"anna"), False),
        (Comparison(EQUAL, "telephoneNumber", b"+4930123456"), True),
        (Comparison(EQUAL, "telephoneNumber", b"030 123456"), True),
        (Comparison(EQUAL, "mobile", b"030 123456"), False),
        (Comparison(AT_LEAST, "telephoneNumber", b"+49"), True),
        (Comparison(AT_MOST, "telephoneNumber", b"+49"), False),
    ],
    ids=str,
)
def test_parts_of_numbers_are_found_in_every_notation(asked: Filter, found: bool) -> None:
    held = entry(phone="+4930123456")
    assert holds(condition(asked), held) is found
    assert holds(condition(Negation(asked)), held) is not found


def test_elsewhere_people_dial_in_other_ways() -> None:
    assert "+1212" in prefixes("1212", DialForm(Form.NATIONAL, "US"))
    assert "+44" in prefixes("01144", DialForm(Form.NATIONAL, "US"))
    assert prefixes("030", DialForm()) == ("030",)
    assert not is_number("5" * 65)


# --- folders, names -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "value"),
    [
        (Held("ou"), True),
        (Held("cn"), False),
        (Comparison(EQUAL, "ou", b" COMPANY "), True),
        (Comparison(EQUAL, "ou", b"private"), False),
        (Pieces("ou", b"c", (b"mp",), b"y"), True),
        (Pieces("ou", b"c", (b"y",), b"y"), False),
        (Comparison(EQUAL, "objectClass", b"organizationalunit"), True),
        (Comparison(EQUAL, "objectClass", b"person"), False),
        (Comparison(AT_LEAST, "ou", b"a"), None),
        (Comparison(AT_LEAST, "cn", b"a"), False),
        (Negation(Held("cn")), True),
        (And((Held("ou"), Held("x-unknown"))), None),
        (Or((Held("ou"), Held("x-unknown"))), True),
        (Or((Held("cn"), Extensible())), None),
        (Comparison(EQUAL, "ou", b"\xff"), None),
        (Held("description"), None),
    ],
    ids=str,
)
def test_folders_are_judged_by_the_same_rules(asked: Filter, value: bool | None) -> None:
    assert holds_for_a_folder(asked, {"objectClass": ("top", "organizationalUnit"), "ou": ("company",)}) is value


@pytest.mark.parametrize(
    "written",
    [
        "uid=5,ou=company,dc=phonebook",
        " UID = 5 , 2.5.4.11= Company;DC=phone\\62ook ",
        "userid=\\35,ou=comp\\61ny,dc=PHONEBOOK",
    ],
)
def test_a_name_is_known_however_it_is_written(written: str) -> None:
    assert parse_name(written) == (("uid", "5"), ("ou", "company"), ("dc", "phonebook"))


@pytest.mark.parametrize(
    "written", ["x", "=x", "dc=a,", ",dc=a", "dc=a+ou=b", "dc=a\\", 'dc="a"', "dc=" + "a" * 2_000], ids=range(8)
)
def test_what_is_no_name_is_refused(written: str) -> None:
    with pytest.raises(InvalidName):
        parse_name(written)
