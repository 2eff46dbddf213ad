"""What a search over LDAP finds, and which attributes it gives."""

from __future__ import annotations

import pytest
from pbx_directory.dialing import DialForm, Form
from pbx_directory.ldap.codes import Code
from pbx_directory.ldap.filters import And, Comparing, Comparison, Extensible, Filter, Held, Negation, Or, Pieces

from pbx_connector.api import Store

from . import ldap_support as ldap
from .ldap_talk import Talk, begins, equal, filled, logged_in

store = pytest.fixture(params=["memory", "sqlite"], name="store")(filled)
talk = pytest.fixture(name="talk")(logged_in)


GERMANY = DialForm(Form.NATIONAL, "DE", "0")


# --- what is found --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("base", "scope", "found"),
    [
        ("dc=phonebook", 0, ["dc=phonebook"]),
        ("dc=phonebook", 1, ["ou=company,dc=phonebook", "ou=private,dc=phonebook"]),
        ("ou=company,dc=phonebook", 0, ["ou=company,dc=phonebook"]),
        ("OU=Company, DC=Phonebook", 1, ["2", "1", "4", "3"]),
        ("ou=company,dc=phonebook", 2, ["ou=company,dc=phonebook", "2", "1", "4", "3"]),
        ("ou=private,dc=phonebook", 1, ["5"]),
        ("uid=1,ou=company,dc=phonebook", 0, ["1"]),
        ("uid=1,ou=company,dc=phonebook", 1, []),
        ("uid=1,ou=company,dc=phonebook", 2, ["1"]),
        ("uid=5,ou=private,dc=phonebook", 2, ["5"]),
        ("", 1, ["dc=phonebook"]),
    ],
)
def test_scopes(store: Store, base: str, scope: int, found: list[str]) -> None:
    talk = Talk(store)
    talk.login("1")
    answer = talk.ask(ldap.search(base=base, scope=scope))
    assert answer.code == Code.SUCCESS
    assert [held.get("uid", [dn])[0] for dn, held in answer.entries] == found


@pytest.mark.parametrize(
    ("base", "code", "matched"),
    [
        ("dc=elsewhere", Code.NO_SUCH_OBJECT, ""),
        ("ou=nobody,dc=phonebook", Code.NO_SUCH_OBJECT, "dc=phonebook"),
        ("uid=99,ou=company,dc=phonebook", Code.NO_SUCH_OBJECT, "ou=company,dc=phonebook"),
        ("cn=a,uid=1,ou=company,dc=phonebook", Code.NO_SUCH_OBJECT, "ou=company,dc=phonebook"),
        ("cn=Anna,ou=company,dc=phonebook", Code.NO_SUCH_OBJECT, "ou=company,dc=phonebook"),
        ("uid=5,ou=company,dc=phonebook", Code.NO_SUCH_OBJECT, "ou=company,dc=phonebook"),
        ("uid=6,ou=private,dc=phonebook", Code.NO_SUCH_OBJECT, "ou=private,dc=phonebook"),
        ("no name", Code.INVALID_DN_SYNTAX, ""),
    ],
)
def test_names_that_lead_nowhere(store: Store, base: str, code: Code, matched: str) -> None:
    talk = Talk(store)
    talk.login("1")
    for scope in (0, 1, 2):
        answer = talk.ask(ldap.search(base=base, scope=scope))
        assert (answer.code, answer.matched, answer.entries) == (code, matched, [])


def test_the_root_of_all_is_searched_as_the_phone_book(talk: Talk) -> None:
    assert talk.found(begins("cn", "rec"), base="") == ["Reception"]


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        (Or((begins("cn", "mull"), begins("sn", "mull"))), ["Anna Müller"]),
        (And((begins("cn", "a"), Held("mail"))), ["Anna Müller"]),
        (And((begins("cn", "a"), Negation(Held("mail")))), ["ACME GmbH", 'Anne, "the" <best> & Co']),
        (equal("sn", "acme"), ["ACME GmbH"]),
        (equal("o", "ACME"), ["ACME GmbH", "Anna Müller"]),
        (Comparison(Comparing.AT_LEAST, "cn", b"anna n"), ['Anne, "the" <best> & Co', "Reception"]),
        (Comparison(Comparing.AT_MOST, "sn", b"b"), ["ACME GmbH", 'Anne, "the" <best> & Co']),
        (Comparison(Comparing.ALIKE, "givenname", b"ANNA"), ["Anna Müller"]),
        (equal("pbxLabel", "group: VIP"), ["Anna Müller"]),
        (Extensible(), []),
        (Held("x-unknown"), []),
        (Pieces("cn", b"a", (b"<be",), b"co"), ['Anne, "the" <best> & Co']),
        (Held("ipPhone"), ["Reception"]),
        (Pieces("cn", b" rec"), ["Reception"]),
        (Pieces("cn", final=b"ption  "), ["Reception"]),
        (Pieces("mail", final=b" "), ["Anna Müller"]),
        (Negation(Comparison(Comparing.EQUAL, "cn", b"")), []),
    ],
    ids=str,
)
def test_filters(talk: Talk, asked: Filter, names: list[str]) -> None:
    assert talk.found(asked) == names


def test_a_number_is_found_in_every_notation_and_given_back_as_asked(store: Store) -> None:
    talk = Talk(store, form=GERMANY)
    talk.login()
    for number in ("+4930123456", "004930123456", "030123456", "0030123456", "030 / 123 456"):
        answer = talk.ask(ldap.search(Or((equal("telephoneNumber", number), equal("mobile", number)))))
        ((_, held),) = answer.entries
        assert held["telephoneNumber"] == list(dict.fromkeys(["0030123456", number]))
        assert held["mobile"] == ["001701234567"]


def test_who_has_the_number_for_certain_comes_first(store: Store) -> None:
    ldap.add(store, "A colleague", phone="030 123456")
    ldap.add(store, "The doctor", account="1", phone="+4930123456")
    talk = Talk(store)
    talk.login("1")
    assert talk.found(equal("telephoneNumber", "+4930123456")) == ["The doctor", "Anna Müller", "A colleague"]


def test_a_switchboard_is_shown_for_a_direct_number_and_its_number_as_asked(store: Store) -> None:
    ldap.add(store, "Town hall", phone="089 233-00")
    ldap.add(store, "Big company", phone="089 555444-0")
    talk = Talk(store, form=GERMANY)
    talk.login()
    ((_, held),) = talk.ask(ldap.search(equal("telephoneNumber", "089555444123"))).entries
    assert held["cn"] == ["Big company"]
    assert "089555444123" in held["telephoneNumber"]


# --- which attributes -----------------------------------------------------------------------------------------------


def attributes(talk: Talk, *asked: str, types_only: bool = False) -> dict[str, list[str]]:
    answer = talk.ask(ldap.search(begins("cn", "anna"), attributes=asked, types_only=types_only))
    ((_, held),) = answer.entries
    return held


def test_attributes_come_under_the_names_that_were_asked_in_their_order(talk: Talk) -> None:
    held = attributes(talk, "MOBILE", "gn", "x-unknown", "telephonenumber", "mobile", "2.5.4.4")
    assert list(held.items()) == [
        ("MOBILE", ["+491701234567"]),
        ("gn", ["Anna"]),
        ("telephonenumber", ["+4930123456"]),
        ("2.5.4.4", ["Müller"]),
    ]


def test_all_attributes_none_and_those_of_the_server(talk: Talk) -> None:
    everything = attributes(talk)
    assert everything == attributes(talk, "*")
    assert set(everything) == {
        *("objectClass", "uid", "cn", "sn", "givenName", "displayName", "o", "company", "mail", "telephoneNumber"),
        *("mobile", "pbxLabel"),
    }
    assert everything["pbxLabel"] == ["Group: VIP"]
    assert attributes(talk, "1.1") == {}
    assert set(attributes(talk, "+")) == {
        "structuralObjectClass",
        "entryDN",
        "subschemaSubentry",
        "hasSubordinates",
    }
    assert set(attributes(talk, "*", "+")) == set(everything) | set(attributes(talk, "+"))


def test_types_without_values(talk: Talk) -> None:
    assert attributes(talk, "cn", "mail", "fax", types_only=True) == {"cn": [], "mail": []}
