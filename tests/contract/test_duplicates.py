"""Who is in the company's phone book through more than one profile, and what tells it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest

from pbx_connector.model import Account, Report
from pbx_connector.plan import Content
from pbx_connector.profile import Profile
from pbx_connector.run import run_profile
from pbx_connector.stores import Store
from pbx_connector.stores.persons import Duplicates, Evidence
from pbx_connector.testing import MemorySource

from .conftest import map_row

Bring = Callable[..., Report]
ANN = {"display_name": "Ann", "email": "Ann@Example.com", "phone": "+49 991 12345", "mobile": "+49 171 1234567"}


@pytest.fixture
def bring(store: Store, profile: Profile) -> Bring:
    """Run a profile whose source has these contacts, in a book of the company's or of an account's."""

    def bring(id: str, *contacts: dict[str, str], account: str | None = None, **parts: Any) -> Report:
        source = MemorySource()
        book = source.add("book", account=account)
        for number, contact in enumerate(contacts):
            book.put(f"k{number}", **contact)
        mine = replace(profile, id=id, title=id, source=source.type(), map=map_row, **parts)
        return run_profile(mine, store, full=True)

    return bring


def people(found: Duplicates) -> list[list[tuple[str, str]]]:
    return [[(entry.profile, entry.name) for entry in person.entries] for person in found.persons]


def reasons(found: Duplicates) -> list[list[tuple[str, str]]]:
    return [[(reason.kind, reason.value) for reason in person.because] for person in found.persons]


def without(contact: dict[str, str], *names: str, **others: str) -> dict[str, str]:
    return {name: value for name, value in contact.items() if name not in names} | others


def test_an_address_in_other_letters_and_a_number_in_another_notation_tell_a_person(store: Store, bring: Bring) -> None:
    bring("crm", ANN, {"display_name": "Bob", "email": "bob@example.com"})
    bring("office", {"display_name": "Berg, Ann", "email": "ann@example.com", "phone": "0991/12345"}, region="DE")
    assert people(store.duplicates()) == [[("crm", "Ann"), ("office", "Berg, Ann")]]
    assert reasons(store.duplicates()) == [[("email", "ann@example.com"), ("phone", "+4999112345")]]


def test_a_mobile_number_of_one_is_the_telephone_of_the_other(store: Store, bring: Bring) -> None:
    bring("crm", ANN)
    bring("office", {"display_name": "A.", "phone": "00491711234567"})
    assert reasons(store.duplicates()) == [[("phone", "+491711234567")]]


def test_whoever_is_one_with_a_third_is_one_with_the_other(store: Store, bring: Bring) -> None:
    bring("crm", without(ANN, "mobile"))
    bring("office", {"display_name": "Ann B.", "email": "ann@example.com", "mobile": "+49 171 1234567"})
    bring("third", {"display_name": "Berg", "phone": "+49 1711234567"})
    assert people(store.duplicates()) == [[("crm", "Ann"), ("office", "Ann B."), ("third", "Berg")]]


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        pytest.param({"phone": "+49 89 23125-0"}, {"phone": "+49 89 231250"}, id="a switchboard's number"),
        pytest.param({"phone": "0991 12345"}, {"phone": "+49 991 12345"}, id="a number of no known country"),
        pytest.param({"phone": "12"}, {"phone": "12"}, id="an extension"),
        pytest.param({"phone": "+49 991 12345 / +49 991 777"}, {"phone": "+49 991 12345"}, id="one of several numbers"),
        pytest.param({"fax": "+49 991 12345"}, {"fax": "+49 991 12345"}, id="a fax number"),
        pytest.param({"home_phone": "+49 991 12345"}, {"home_phone": "+49 991 12345"}, id="a number at home"),
        pytest.param({"email": "Ann"}, {"email": "ann"}, id="no e-mail address"),
        pytest.param({"email": "müller@example.com"}, {"email": "muller@example.com"}, id="another letter"),
        pytest.param(
            {"email": "MÜLLER@example.com"}, {"email": "müller@example.com"}, id="letters that databases differ in"
        ),
    ],
)
def test_what_tells_nobody(store: Store, bring: Bring, mine: dict[str, str], theirs: dict[str, str]) -> None:
    bring("crm", {"display_name": "Ann", **mine})
    bring("office", {"display_name": "Ann", **theirs})
    assert store.duplicates() == Duplicates((), ())


def test_what_one_profile_has_twice_tells_nobody_apart(store: Store, bring: Bring) -> None:
    bring("crm", ANN, without(ANN, "email", display_name="Bob", mobile="+49 171 7654321"))
    bring("office", without(ANN, "email", "mobile"))
    found = store.duplicates()
    assert found.persons == ()
    assert [(one.evidence, one.entries) for one in found.ambiguous] == [(Evidence("phone", "+4999112345"), 3)]


def test_entries_of_one_profile_are_not_compared_with_each_other(store: Store, bring: Bring) -> None:
    bring("crm", ANN, ANN)
    assert store.duplicates() == Duplicates((), ())


def test_private_entries_and_entries_made_by_hand_have_no_part(store: Store, bring: Bring) -> None:
    store.add_account(Account("1"))
    bring("crm", ANN)
    bring("own", ANN, without(ANN, display_name="Ann again"), account="1")
    store.add_entry(Content(None, {"display_name": "Ann", "phone": "+4999112345"}))
    assert store.duplicates() == Duplicates((), ())
    bring("office", without(ANN, "email"))
    assert people(store.duplicates()) == [[("crm", "Ann"), ("office", "Ann")]]


def test_persons_and_what_is_ambiguous_come_in_a_fixed_order(store: Store, bring: Bring) -> None:
    def crowd(*names: str) -> Iterable[dict[str, str]]:
        return [{"display_name": name, "email": f"{name}@x.example", "phone": "+49 89 7777777"} for name in names]

    bring("crm", *crowd("c", "a", "b"))
    bring("office", *crowd("b", "c", "a"))
    found = store.duplicates()
    assert [[name for _, name in person] for person in people(found)] == [["c", "c"], ["a", "a"], ["b", "b"]]
    assert [one.entries for one in found.ambiguous] == [6]
