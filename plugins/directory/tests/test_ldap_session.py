"""One client's conversation, without a network: who may ask, what is answered, and with which result."""

from __future__ import annotations

import pytest
from pbx_directory.ldap.codes import Code, Tag
from pbx_directory.ldap.filters import Held, Or
from pbx_directory.ldap.session import Session

from pbx_connector.api import Store, StoreError, application, ber

from . import ldap_support as ldap
from .ldap_talk import Talk, begins, equal, filled, logged_in

store = pytest.fixture(params=["memory", "sqlite"], name="store")(filled)
talk = pytest.fixture(name="talk")(logged_in)


# --- who may ask ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["{}", " {} ", "uid={},ou=devices,dc=phonebook", "CN={},dc=phonebook", "cn={}"])
@pytest.mark.parametrize("version", [2, 3])
def test_a_device_binds_by_its_name_or_as_a_plain_user(store: Store, name: str, version: int) -> None:
    talk, known = Talk(store), ldap.login(store)
    assert talk.ask(ldap.bind(name.format(known.id), known.secret, version=version)).code == Code.SUCCESS
    assert talk.found(begins("cn", "anna")) == ["Anna Müller"]


@pytest.mark.parametrize(
    ("name", "password", "code"),
    [
        ("{id}", "wrong", Code.INVALID_CREDENTIALS),
        ("nobody", "{secret}", Code.INVALID_CREDENTIALS),
        ("uid={id},ou=company,dc=phonebook", "{secret}", Code.INVALID_CREDENTIALS),
        ("uid={id},,", "{secret}", Code.INVALID_CREDENTIALS),
        ("", "{secret}", Code.INVALID_CREDENTIALS),
        ("{id}", "", Code.UNWILLING_TO_PERFORM),
        ("", "", Code.INAPPROPRIATE_AUTHENTICATION),
    ],
)
def test_who_shows_no_secret_or_a_wrong_one_is_nobody(store: Store, name: str, password: str, code: Code) -> None:
    talk, known = Talk(store), ldap.login(store)
    talk.login()
    said = {"id": known.id, "secret": known.secret}
    assert talk.ask(ldap.bind(name.format(**said), password.format(**said))).code == code
    assert talk.ask(ldap.search()).code == Code.INSUFFICIENT_ACCESS_RIGHTS


def test_versions_and_ways_to_bind_that_there_are_not(store: Store) -> None:
    talk = Talk(store)
    assert talk.ask(ldap.bind("a", "b", version=4)).code == Code.PROTOCOL_ERROR
    sasl = ber.element(Tag.BIND, ber.integer(3), ber.octets(""), ber.element(0xA3, ber.octets("PLAIN")))
    assert talk.ask(ldap.message(sasl)).code == Code.AUTH_METHOD_NOT_SUPPORTED


def test_networks_that_are_trusted_see_the_company_without_a_bind(store: Store) -> None:
    talk = Talk(store, trusted=True)
    assert talk.found(begins("cn", "Doctor")) == []
    assert talk.ask(ldap.bind("", "")).code == Code.SUCCESS
    assert talk.found(begins("cn", "acme")) == ["ACME GmbH"]


@pytest.mark.parametrize("change", ["removed", "rotated"])
def test_a_device_whose_secret_is_taken_away_asks_no_more(store: Store, change: str) -> None:
    talk = Talk(store)
    known = talk.login("1")
    if change == "removed":
        application.devices.remove_device(store, known.id)
    else:
        application.devices.rotate_device(store, known.id)
    assert talk.ask(ldap.search()).code == Code.INSUFFICIENT_ACCESS_RIGHTS


def test_who_binds_is_noted_as_seen_though_nobody_asks_by_http(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pbx_directory.access.SEEN_EVERY", 0.0)
    talk = Talk(store)
    known = talk.login()
    assert talk.gate.wants_flush
    talk.gate.flush()
    held = store.device(known.id)
    assert held is not None
    assert held.seen is not None
    assert (held.seen.address, held.seen.agent) == ("127.0.0.1", "ldap")


def test_without_tls_nothing_is_said_where_others_can_listen(store: Store) -> None:
    talk, known = Talk(store, trusted=True), ldap.login(store)
    talk.session = Session(talk.directory, "127.0.0.1", needs_tls=True)
    assert talk.ask(ldap.bind(known.dn, known.secret)).code == Code.CONFIDENTIALITY_REQUIRED
    assert talk.ask(ldap.search()).code == Code.CONFIDENTIALITY_REQUIRED
    assert talk.ask(ldap.search(base="", scope=0)).code == Code.SUCCESS


def test_wrong_secrets_are_not_looked_at_for_ever(store: Store) -> None:
    talk, known = Talk(store), ldap.login(store)
    codes = {talk.ask(ldap.bind(known.dn, f"guess {number}")).code for number in range(200)}
    assert codes == {Code.INVALID_CREDENTIALS}
    assert talk.ask(ldap.bind(known.dn, known.secret)).code == Code.INVALID_CREDENTIALS, "not throttled"


# --- what the server says of itself ---------------------------------------------------------------------------------


def test_anybody_may_ask_what_server_this_is(store: Store) -> None:
    talk = Talk(store)
    answer = talk.ask(ldap.search(base="", scope=0, attributes=["namingContexts", "SUPPORTEDCONTROL", "nothing"]))
    assert answer.entries[0][1]["namingContexts"] == ["dc=phonebook"]
    assert "1.2.840.113556.1.4.473" in answer.entries[0][1]["SUPPORTEDCONTROL"]
    schema = talk.ask(ldap.search(base="cn=subschema", scope=0, attributes=["+"])).entries[0][1]
    assert any("'telephoneNumber'" in line for line in schema["attributeTypes"])


# --- what is refused ------------------------------------------------------------------------------------------------


def test_unknown_controls_are_ignored_unless_they_must_not_be(talk: Talk) -> None:
    assert talk.ask(ldap.search(Held("cn"), ldap.control("1.2.3", b"x"))).code == Code.SUCCESS
    refused = talk.ask(ldap.search(Held("cn"), ldap.control("2.16.840.1.113730.3.4.9", b"x", critical=True)))
    assert (refused.code, refused.entries) == (Code.UNAVAILABLE_CRITICAL_EXTENSION, [])
    ignored = ldap.control("2.16.840.1.113730.3.4.2", critical=True)
    assert talk.ask(ldap.search(Held("cn"), ignored)).code == Code.SUCCESS


@pytest.mark.parametrize("value", [b"", b"x", b"\x30\x00", b"\x30\x03\x02\x01\x05", b"\x30\x05\x02\x01\xff\x04\x00"])
def test_controls_with_nonsense_in_them_cost_one_request(talk: Talk, value: bytes) -> None:
    for oid in ("1.2.840.113556.1.4.319", "1.2.840.113556.1.4.473"):
        code = talk.ask(ldap.search(Held("cn"), ldap.control(oid, value))).code
        assert code == Code.PROTOCOL_ERROR or (value == b"\x30\x00" and code == Code.SUCCESS)
    assert len(talk.found(Held("cn"))) == 4


@pytest.mark.parametrize(("tag", "answer"), [(0x66, 0x67), (0x68, 0x69), (0x4A, 0x6B), (0x6C, 0x6D)])
def test_nothing_can_be_written(talk: Talk, tag: int, answer: int) -> None:
    refused = talk.ask(ldap.message(ber.octets("uid=1,ou=company,dc=phonebook", tag)))
    assert (refused.tag, refused.code) == (answer, Code.UNWILLING_TO_PERFORM)


def test_extended_operations_that_there_are_not(talk: Talk) -> None:
    refused = talk.ask(ldap.extended("1.3.6.1.4.1.4203.1.11.1"))
    assert (refused.tag, refused.code) == (Tag.EXTENDED_ANSWER, Code.PROTOCOL_ERROR)


def test_filters_beyond_the_limits_cost_one_request(talk: Talk) -> None:
    assert talk.ask(ldap.search(Or((Held("cn"),) * 300))).code == Code.ADMIN_LIMIT_EXCEEDED
    numbers = tuple(equal("telephoneNumber", f"+4930{number:06}") for number in range(33))
    assert talk.ask(ldap.search(Or(numbers))).code == Code.ADMIN_LIMIT_EXCEEDED
    assert talk.ask(ldap.search(Or(numbers[:32]))).code == Code.SUCCESS
    assert talk.ask(ldap.search(Or((numbers[0],) * 200))).code == Code.SUCCESS


@pytest.mark.parametrize(
    ("dn", "attribute", "value", "code"),
    [
        ("uid=1,ou=company,dc=phonebook", "cn", "ANNA MULLER", Code.COMPARE_TRUE),
        ("uid=1,ou=company,dc=phonebook", "cn", "anna", Code.COMPARE_FALSE),
        ("uid=1,ou=company,dc=phonebook", "telephoneNumber", "0049 30 123456", Code.COMPARE_TRUE),
        ("uid=1,ou=company,dc=phonebook", "objectClass", "person", Code.COMPARE_TRUE),
        ("uid=1,ou=company,dc=phonebook", "fax", "1", Code.NO_SUCH_ATTRIBUTE),
        ("uid=2,ou=company,dc=phonebook", "description", "two\nlines", Code.COMPARE_TRUE),
        ("uid=1,ou=company,dc=phonebook", "x-unknown", "1", Code.UNDEFINED_ATTRIBUTE_TYPE),
        ("ou=company,dc=phonebook", "ou", "Company", Code.COMPARE_TRUE),
        ("ou=company,dc=phonebook", "cn", "Company", Code.NO_SUCH_ATTRIBUTE),
        ("uid=6,ou=private,dc=phonebook", "cn", "Doctor of Bob", Code.NO_SUCH_OBJECT),
        ("uid=99,ou=company,dc=phonebook", "cn", "a", Code.NO_SUCH_OBJECT),
        ("nonsense", "cn", "a", Code.NO_SUCH_OBJECT),
    ],
)
def test_compare(store: Store, dn: str, attribute: str, value: str, code: Code) -> None:
    talk = Talk(store)
    talk.login("1")
    assert talk.ask(ldap.compare(dn, attribute, value)).code == code


def test_a_store_that_is_unreachable_is_never_nobody(store: Store) -> None:
    talk = Talk(store, trusted=True)

    def unreachable() -> Store:
        raise StoreError("unreachable", hint="")

    talk.directory.phone_book._store = unreachable
    for request in (
        ldap.search(),
        ldap.search(equal("telephoneNumber", "1")),
        ldap.search(base="uid=1,ou=company,dc=phonebook"),
    ):
        answer = talk.ask(request)
        assert (answer.code, answer.entries) == (Code.UNAVAILABLE, [])
    assert talk.ask(ldap.compare("uid=1,ou=company,dc=phonebook", "cn", "a")).code == Code.UNAVAILABLE
