"""One client's conversation, without a network: who may ask, what is answered, and with which result."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pbx_directory.access import Gate
from pbx_directory.dialing import DialForm, Form
from pbx_directory.ldap.codes import Code, Tag
from pbx_directory.ldap.filters import And, Comparing, Comparison, Extensible, Filter, Held, Negation, Or, Pieces
from pbx_directory.ldap.limits import Limits
from pbx_directory.ldap.messages import read_request
from pbx_directory.ldap.session import Directory, Session

from pbx_connector.api import DeviceReader, PhoneBook, Store, StoreError, application, ber
from pbx_connector.stores import open_store

from . import ldap_support as ldap
from .ldap_support import Answer, Login

LIMITS = Limits(entries=50)
GERMANY = DialForm(Form.NATIONAL, "DE", "0")
Ask = Callable[..., Answer]


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    url = "memory:" if request.param == "memory" else f"sqlite:///{tmp_path / 'book.db'}"
    with open_store(url) as store:
        ldap.fill(store)
        yield store


class Talk:
    """A session, spoken with in octets."""

    def __init__(self, store: Store, *, form: DialForm | None = None, limits: Limits = LIMITS, trusted: bool = False):
        self.store = store
        self.gate = Gate(DeviceReader(lambda: store), ldap.LOOPBACK if trusted else [])
        book = PhoneBook(lambda: store)
        self.directory = Directory(book, self.gate, dial_form=lambda device: form or DialForm(), limits=limits)
        self.limits = limits
        self.session = Session(self.directory, "127.0.0.1")

    def ask(self, request: bytes) -> Answer:
        pieces = b"".join(self.session.answer(read_request(request, self.limits)))
        (answer,) = ldap.answers_of(pieces)
        return answer

    def login(self, account: str | None = None) -> Login:
        known = ldap.login(self.store, account)
        assert self.ask(ldap.bind(known.dn, known.secret)).code == Code.SUCCESS
        return known

    def found(self, asked: Filter, **more: object) -> list[str]:
        answer = self.ask(ldap.search(asked, **more))  # type: ignore[arg-type]
        assert answer.code == Code.SUCCESS, answer
        return answer.names


@pytest.fixture
def talk(store: Store) -> Talk:
    """As the company's own phone."""
    talk = Talk(store)
    talk.login()
    return talk


def equal(attribute: str, value: str) -> Filter:
    return Comparison(Comparing.EQUAL, attribute, value.encode())


def begins(attribute: str, value: str) -> Filter:
    return Pieces(attribute, value.encode())


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


# --- limits, pages, order -------------------------------------------------------------------------------------------


def test_a_size_limit_ends_with_what_there_is_so_far(talk: Talk) -> None:
    answer = talk.ask(ldap.search(Held("cn"), size=2))
    assert (answer.code, answer.names) == (Code.SIZE_LIMIT_EXCEEDED, ["ACME GmbH", "Anna Müller"])
    assert talk.ask(ldap.search(Held("cn"), size=4)).code == Code.SUCCESS


def test_a_size_limit_of_0_is_the_server_s(store: Store) -> None:
    for number in range(60):
        ldap.add(store, f"Person {number:03}")
    talk = Talk(store)
    talk.login()
    for size in (0, 1_000):
        answer = talk.ask(ldap.search(begins("cn", "person"), size=size))
        assert (answer.code, len(answer.entries)) == (Code.SIZE_LIMIT_EXCEEDED, 50)


def test_a_long_answer_comes_whole_and_in_order(store: Store) -> None:
    wanted = [f"Person {number:03}" for number in range(450)]
    for name in reversed(wanted):
        ldap.add(store, name)
    talk = Talk(store, limits=Limits())
    talk.login()
    assert talk.found(begins("cn", "person")) == wanted
    exceeded = talk.ask(ldap.search(begins("cn", "person"), size=449))
    assert (exceeded.code, exceeded.names) == (Code.SIZE_LIMIT_EXCEEDED, wanted[:449])


def test_time_ends_a_search_with_what_there_is_so_far(store: Store) -> None:
    for number in range(450):
        ldap.add(store, f"Person {number:03}")
    talk = Talk(store, limits=Limits())
    talk.login()
    ticks = iter([0.0, 0.5, 0.9, *[99.0] * 9])
    talk.session._searching.clock = lambda: next(ticks)
    answer = talk.ask(ldap.search(begins("cn", "person"), seconds=1))
    assert (answer.code, len(answer.entries)) == (Code.TIME_LIMIT_EXCEEDED, 400)


def pages(talk: Talk, *controls: bytes, size: int = 2, base: str = ldap.BASE) -> Iterator[Answer]:
    cookie = b""
    while True:
        answer = talk.ask(ldap.search(Held("objectClass"), ldap.paged(size, cookie), *controls, base=base))
        assert answer.code == Code.SUCCESS, answer
        yield answer
        cookie = answer.cookie
        if not cookie:
            return


def test_pages_have_everything_once(talk: Talk) -> None:
    found = [answer.dns for answer in pages(talk)]
    assert [len(page) for page in found] == [2, 2, 2, 1]
    assert [dn for page in found for dn in page] == talk.ask(ldap.search()).dns


def test_pages_go_on_while_a_run_changes_the_book(talk: Talk) -> None:
    seen: list[str] = []
    for number, answer in enumerate(pages(talk, size=1, base="ou=company,dc=phonebook")):
        seen += answer.names
        ldap.add(talk.store, f"AAA {number}")
        if number == 1:
            talk.store.remove_entry(4)
    assert seen == ["ACME GmbH", "Anna Müller", "Reception"]


def test_an_entry_that_no_longer_fits_is_left_out_of_later_pages(talk: Talk) -> None:
    first = talk.ask(ldap.search(begins("cn", "a"), ldap.paged(1)))
    talk.store.edit_entry(1, lambda content: type(content)(None, {"display_name": "Zoe"}, {}))
    second = talk.ask(ldap.search(begins("cn", "a"), ldap.paged(5, first.cookie)))
    assert first.names + second.names == ["ACME GmbH", 'Anne, "the" <best> & Co']


def test_pages_of_another_search_or_of_nobody_are_refused(talk: Talk) -> None:
    cookie = talk.ask(ldap.search(Held("cn"), ldap.paged(1))).cookie
    for asked, wrong in (
        (Held("sn"), cookie),
        (Held("cn"), b"x"),
        (Held("cn"), cookie + b"9" * 30),
        (Held("cn"), b"\xff"),
    ):
        assert talk.ask(ldap.search(asked, ldap.paged(1, wrong))).code == Code.UNWILLING_TO_PERFORM
    given_up = talk.ask(ldap.search(Held("cn"), ldap.paged(0, cookie)))
    assert (given_up.code, given_up.cookie, given_up.entries) == (Code.SUCCESS, b"", [])
    assert talk.ask(ldap.search(Held("cn"), ldap.paged(1, cookie))).code == Code.UNWILLING_TO_PERFORM


def test_pages_left_open_make_room_for_others(talk: Talk) -> None:
    for number in range(20):
        assert talk.ask(ldap.search(And((Held("cn"),) * (number + 1)), ldap.paged(1))).cookie
    talk.session.close()
    talk.directory.budget.take(LIMITS.cursor_ids)


def test_a_server_full_of_pages_says_so(store: Store) -> None:
    talk = Talk(store, limits=Limits(cursor_ids=3))
    talk.login()
    assert talk.ask(ldap.search(Held("cn"), ldap.paged(1))).code == Code.BUSY


@pytest.mark.parametrize(
    ("keys", "names"),
    [
        (["cn"], ["ACME GmbH", "Anna Müller", 'Anne, "the" <best> & Co', "Reception"]),
        (["-cn"], ["Reception", 'Anne, "the" <best> & Co', "Anna Müller", "ACME GmbH"]),
        (["sn"], ["ACME GmbH", 'Anne, "the" <best> & Co', "Anna Müller", "Reception"]),
        (["o", "-cn"], ["Anna Müller", "ACME GmbH", "Reception", 'Anne, "the" <best> & Co']),
        (["-mail", "cn"], ["ACME GmbH", 'Anne, "the" <best> & Co', "Reception", "Anna Müller"]),
        (["telephoneNumber"], ['Anne, "the" <best> & Co', "Anna Müller", "ACME GmbH", "Reception"]),
    ],
    ids=str,
)
def test_sorting_by_any_attribute(talk: Talk, keys: list[str], names: list[str]) -> None:
    for rule in ("", "2.5.13.3"):
        answer = talk.ask(ldap.search(Held("cn"), ldap.sort(*keys, critical=True, rule=rule)))
        assert (answer.code, answer.names) == (Code.SUCCESS, names)
        assert answer.controls["1.2.840.113556.1.4.474"] == b"\x30\x03\x0a\x01\x00"


def test_folders_stand_where_those_stand_that_lack_what_is_sorted_by(talk: Talk) -> None:
    found = talk.ask(ldap.search(ldap.EVERYTHING, ldap.sort("mail", "-o"), attributes=["cn"]))
    rows = [held.get("cn", [dn])[0] for dn, held in found.entries]
    folders = ["dc=phonebook", "ou=company,dc=phonebook", "ou=private,dc=phonebook"]
    assert rows == ["Anna Müller", *folders, "Reception", 'Anne, "the" <best> & Co', "ACME GmbH"]


def test_pages_in_an_order(talk: Talk) -> None:
    found = [name for page in pages(talk, ldap.sort("-cn")) for name in page.names]
    assert found == ["Reception", 'Anne, "the" <best> & Co', "Anna Müller", "ACME GmbH"]


@pytest.mark.parametrize(
    ("key", "rule", "code"), [("x-unknown", "", 16), ("uid", "", 18), ("cn", "2.5.13.2", 18), ("description", "", 18)]
)
def test_what_cannot_be_sorted_by_is_named(talk: Talk, key: str, rule: str, code: int) -> None:
    refused = talk.ask(ldap.search(Held("cn"), ldap.sort(key, rule=rule, critical=True)))
    assert (refused.code, refused.entries) == (Code.UNAVAILABLE_CRITICAL_EXTENSION, [])
    unsorted = talk.ask(ldap.search(Held("cn"), ldap.sort(key, rule=rule)))
    assert (unsorted.code, len(unsorted.entries)) == (Code.SUCCESS, 4)
    value = ber.element(0x30, ber.integer(code, ber.ENUMERATED), ber.octets(key, 0x80))
    assert refused.controls == unsorted.controls == {"1.2.840.113556.1.4.474": value}


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
