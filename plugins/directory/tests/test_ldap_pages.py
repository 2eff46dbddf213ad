"""Long answers over LDAP: limits, pages, and the order in which entries come."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pbx_directory.ldap.codes import Code
from pbx_directory.ldap.filters import And, Held
from pbx_directory.ldap.limits import Limits

from pbx_connector.api import Store, ber

from . import ldap_support as ldap
from .ldap_support import Answer
from .ldap_talk import LIMITS, Talk, begins, filled, logged_in

store = pytest.fixture(params=["memory", "sqlite"], name="store")(filled)
talk = pytest.fixture(name="talk")(logged_in)


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
