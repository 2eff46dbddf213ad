"""Personal address books by impersonation: whose they are, how the mailbox is found, what is never gone."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pbx_exchange.fields import KNOWN
from pbx_exchange.sandbox.faults import Fault

from pbx_connector.api import Account, Book, BookGone, BookUnknown

from .conftest import Middleman, Office, Passing, find_book, rows_of, unknowns

REFERENCE = "reference/original-connector.md"


def test_each_account_s_contacts_are_its_own_with_subfolders(office: Office) -> None:
    with office.open(public=False) as source:
        books = [book for book in source.books() if isinstance(book, Book)]
        assert {(book.title, book.account) for book in books} == {
            ("anna: /Contacts", "acc-anna"),
            ("anna: /Contacts/Friends", "acc-anna"),
            ("ben: /Contacts", "acc-ben"),
            ("chloe: /Contacts", "acc-chloe"),
        }
        rows = {book.title: rows_of(source, book) for book in books}
    assert {row.values["local_id"] for row in rows["anna: /Contacts/Friends"]} == {"acc-anna"}
    assert {row.values["DisplayName"] for row in rows["ben: /Contacts"]} == {"Plumber", "C:\\Users\\Ben"}
    assert all(row.values["local_id"] for some in rows.values() for row in some)


def test_requests_about_a_mailbox_go_to_the_server_that_has_it(office: Office) -> None:
    """By X-AnchorMailbox; each request acts as the mailbox that it is sent to."""
    with office.open(public=False) as source:
        office.sandbox.requests.clear()
        for book in source.books():
            if isinstance(book, Book):
                rows_of(source, book)
    routes = {(record.impersonated, record.headers["x-anchormailbox"]) for record in office.sandbox.requests}
    assert routes == {(account.email, account.email) for account in office.accounts}


ALL_OF_IT: dict[str, Any] = {
    **{name: f"the {name}" for name in ("DisplayName", "Initials", "GivenName", "Surname", "MiddleName", "Nickname")},
    **{name: f"the {name}" for name in ("Generation", "CompanyName", "JobTitle", "Department", "OfficeLocation")},
    **{name: f"the {name}" for name in ("BusinessHomePage", "SpouseName", "FileAs")},
    **{name: f"the {name}" for name in KNOWN if name.startswith(("PhoneNumbers_", "EmailAddresses_", "ImAddresses_"))},
    **{f"PhysicalAddresses_{kind}_City": f"the {kind} city" for kind in ("Home", "Business", "Other")},
    "FileAsMapping": "LastCommaFirst",
    "PostalAddressIndex": "Home",
    "Birthday": "1980-05-17T11:59:00Z",
    "WeddingAnniversary": "2005-06-18T11:59:00Z",
}


def test_every_field_of_the_original_arrives_under_its_name(office: Office, from_shared: Callable[[str], Path]) -> None:
    state = office.sandbox.state
    state.add(state.contacts("ben.o.hara@example.com"), **ALL_OF_IT)
    section = from_shared(REFERENCE).read_text().partition("### Source fields of a row")[2].partition("###")[0]
    wanted = set(re.findall(r"[A-Za-z]+(?:_[A-Za-z0-9]+)?", section.replace("and `local_id`", "local_id")))
    office.fields = frozenset(wanted)
    rows = office.read(public=False)["ben: /Contacts"]
    (row,) = [row for row in rows if row.values.get("DisplayName") == "the DisplayName"]
    assert set(row.values) == wanted
    texts = {name: value for name, value in row.values.items() if isinstance(value, str) and value.startswith("the ")}
    assert {name: value for name, value in texts.items() if value != f"the {name}"} == {
        "NickName": "the Nickname",
        "CompleteName": "the GivenName the MiddleName the Surname the Generation",
    }
    assert (row.values["Birthday"], row.values["WeddingAnniversary"]) == (date(1980, 5, 17), date(2005, 6, 18))
    assert row.values["PhysicalAddresses_Other"] == {"City": "the Other city"}


def test_local_id_is_set_even_where_no_rule_asks_for_it(office: Office) -> None:
    office.fields = frozenset(("DisplayName",))
    rows = office.read(public=False)["ben: /Contacts"]
    assert {row.values["local_id"] for row in rows} == {"acc-ben"}


def test_ids_stay_the_same_from_run_to_run(office: Office) -> None:
    def read() -> set[tuple[str, str]]:
        with office.open() as source:
            books = [book for book in source.books() if isinstance(book, Book)]
            return {(book.id, row.key) for book in books for row in rows_of(source, book)}

    assert read() == read()


def test_a_mailbox_is_found_by_address_or_by_user_name(office: Office) -> None:
    def titles(accounts: list[Account], **personal: object) -> list[str]:
        office.accounts = accounts
        with office.open(public=False, personal=personal) as source:
            return [book.title for book in source.books() if isinstance(book, Book)]

    by_name = Account("1", "ben", "")
    assert titles([by_name]) == ["ben: /Contacts"]
    assert titles([Account("1", "ben", "somebody.else@example.net")]) == ["ben: /Contacts"]
    assert titles([Account("1", "", "ben.o.hara@example.com")]) == ["ben.o.hara@example.com: /Contacts"]
    assert titles([by_name], match="email") == []
    assert titles([Account("1", "nobody", "ben.o.hara@example.com")], match="username") == []
    assert titles([by_name], suffix="example.net") == []
    assert titles([Account("1", "ben@example.com", "")], suffix="example.net") == ["ben@example.com: /Contacts"]


def test_an_account_known_by_another_address_of_its_mailbox_is_read(office: Office) -> None:
    """Exchange takes primary addresses only, and tells which one it is."""
    alias = Account("1", "", "ben@old.example.com")
    office.sandbox.state.mailboxes["ben.o.hara@example.com"].aliases.add("ben@old.example.com")
    office.accounts = [alias]
    with office.open(public=False) as source:
        book = find_book(source, "ben@old.example.com: /Contacts")
        rows = rows_of(source, book)
        assert {(row.values["local_id"], row.values["DisplayName"]) for row in rows} == {
            ("1", "Plumber"),
            ("1", "C:\\Users\\Ben"),
        }
        assert source.look(book) == book


def test_an_alias_whose_primary_address_is_not_told_has_its_own_words(office: Office) -> None:
    office.accounts = [Account("1", "", "ben.o.hara@example.com")]
    office.sandbox.faults.add(
        Fault(name="error", mailbox="ben.o.hara@example.com", times=None, code="ErrorNonPrimarySmtpAddress")
    )
    with office.open(public=False) as source:
        (unknown,) = unknowns(source)
    assert unknown.problem.code == "X0312"
    assert "primary" in unknown.problem.hint


def test_an_owner_known_by_another_address_of_the_mailbox_is_told(office: Office) -> None:
    office.sandbox.state.mailboxes["sales@example.com"].aliases.add("vertrieb@example.com")
    with office.open(public=False, personal=False, shared={"owners": ["vertrieb@example.com"]}) as source:
        assert [unknown.problem.code for unknown in unknowns(source)] == ["X0312"]


@pytest.mark.parametrize(
    "name", ["łukasz@example.com", "日本@例え.jp", "a\nb@example.com", "a\x1bb@example.com", "\ud83d@x"]
)
def test_an_account_with_an_odd_name_costs_nobody_else_anything(office: Office, name: str) -> None:
    office.accounts = [Account("odd", name, name), *office.accounts]
    with office.open(public=False) as source:
        found = list(source.books())
        assert sum(isinstance(book, Book) for book in found) == 4
        assert [book.book.account for book in found if isinstance(book, BookUnknown)] == ["odd"]


def test_a_mailbox_whose_address_http_cannot_carry_is_read(office: Office) -> None:
    office.sandbox.state.add_user("łukasz@example.com", "łukasz", "secret")
    office.sandbox.state.add(office.sandbox.state.contacts("łukasz@example.com"), DisplayName="Babcia")
    office.accounts = [Account("1", "łukasz", "łukasz@example.com")]
    rows = office.read(public=False)["łukasz: /Contacts"]
    assert [row.values["DisplayName"] for row in rows] == ["Babcia"]


def test_an_account_that_fails_is_unknown_and_the_others_are_read(office: Office) -> None:
    sandbox = office.sandbox
    office.accounts += [Account("acc-ghost", "ghost", "ghost@example.com"), Account("acc-door")]
    sandbox.state.set_impersonation(sandbox.email, "*", allowed=False)
    sandbox.state.set_impersonation(sandbox.email, "anna.berg@example.com")
    with office.open(public=False) as source:
        found = {unknown.book.account: unknown.problem.code for unknown in unknowns(source)}
        assert found == {"acc-ben": "X0301", "acc-chloe": "X0301", "acc-ghost": "X0302", "acc-door": "X0601"}
        assert {book.account for book in source.books() if isinstance(book, Book)} == {"acc-anna"}
    with office.open(public=False, personal={"skip_accounts": ["acc-ghost", "acc-door"]}) as source:
        assert {unknown.book.account for unknown in unknowns(source)} == {"acc-ben", "acc-chloe"}


def test_a_book_whose_mailbox_cannot_be_seen_is_unknown_and_only_a_deleted_folder_is_gone(office: Office) -> None:
    sandbox, state = office.sandbox, office.sandbox.state
    with office.open(public=False) as source:
        friends, bens, chloes = (
            find_book(source, title) for title in ("anna: /Contacts/Friends", "ben: /Contacts", "chloe: /Contacts")
        )
        state.delete_folder(state.folder("Contacts/Friends", "anna.berg@example.com"))
        state.remove_user("chloe.muller@example.com")
        state.set_impersonation(sandbox.email, "*", allowed=False)
        state.set_impersonation(sandbox.email, "anna.berg@example.com")
        assert isinstance(source.look(friends), BookGone)
        assert isinstance(source.look(bens), BookUnknown)
        assert isinstance(source.look(chloes), BookUnknown)


ANNA = "anna.berg@example.com"
FRIENDS = "anna: /Contacts/Friends"


@pytest.mark.parametrize("title", ["anna: /Contacts", "sales@example.com: /Contacts"])
def test_a_book_that_was_read_over_graph_is_not_wanted_any_more(office: Office, title: str) -> None:
    """No server of Exchange takes Graph's ids: the way back from Microsoft 365 would double the phone book."""
    with office.open(public=False, shared={"owners": ["sales@example.com"]}) as source:
        book = find_book(source, title)
        front, _, folder = book.id.rpartition(":")
        same = replace(book, id=f"{front}:graph.{folder.translate(str.maketrans('+/', '-_'))}")
        other = replace(book, id=f"{front}:graph.AAMkSomethingElse")
        for gone in (source.look(same), source.look(other)):
            assert isinstance(gone, BookGone)
            assert gone.unwanted
        office.sandbox.faults.add(Fault(name="500", operation="FindFolder", times=None))
        assert isinstance(source.look(same), BookUnknown)


def test_a_folder_that_its_owner_deletes_in_outlook_is_gone_with_those_below_it(office: Office) -> None:
    """It moves to Deleted Items, under the same id, and its contacts with it."""
    state = office.sandbox.state
    friends = state.folder("Contacts/Friends", ANNA)
    below = state.add_folder(friends, "From school")
    state.add(below, DisplayName="Classmate")
    with office.open(public=False) as source:
        books = [find_book(source, FRIENDS), find_book(source, f"{FRIENDS}/From school")]
        state.move_folder(friends, state.mailboxes[ANNA].distinguished["deleteditems"])
        assert FRIENDS not in {book.title for book in source.books() if isinstance(book, Book)}
        assert [type(source.look(book)) for book in books] == [BookGone, BookGone]


def test_a_look_finds_a_folder_where_it_lies_now(office: Office) -> None:
    state = office.sandbox.state
    friends = state.folder("Contacts/Friends", ANNA)
    office.fields |= {"FolderPath"}
    with office.open(public=False) as source:
        book = find_book(source, FRIENDS)
        known = [(row.key, row.version) for row in rows_of(source, book)]
    with office.open(public=False, personal={"exclude": ["*/Archive"]}) as source:
        assert source.look(book) == book
        assert [(row.key, row.version) for row in rows_of(source, book)] == known, "rows would be mapped anew"
        state.rename_folder(friends, "Old friends")
        assert source.look(book) == replace(book, title="anna: /Contacts/Old friends")
        state.move_folder(friends, state.add_folder(state.contacts(ANNA), "Archive"))
        assert isinstance(source.look(book), BookGone)


def test_a_folder_is_gone_only_when_all_others_were_listed(office: Office, middleman: Middleman) -> None:
    state = office.sandbox.state
    friends = state.folder("Contacts/Friends", ANNA)
    with office.open(public=False, url=middleman.url) as source:
        book = find_book(source, FRIENDS)
        missed = friends.id.encode()
        middleman.spoil = lambda passing: _leave_out(passing, missed)
        assert isinstance(source.look(book), BookUnknown), "it lies below the contacts and was left out"
        state.move_folder(friends, state.mailboxes[ANNA].distinguished["deleteditems"])
        middleman.spoil = lambda passing: setattr(passing, "cut", 10 if passing.operation == "FindFolder" else None)
        assert isinstance(source.look(book), BookUnknown)
        middleman.spoil = lambda passing: None
        assert isinstance(source.look(book), BookGone)


def _leave_out(passing: Passing, folder: bytes) -> None:
    """One folder of a list, as can happen when others are deleted between two pages."""
    if passing.operation == "FindFolder" and folder in passing.body:
        start = passing.body.rindex(b"<t:ContactsFolder>", 0, passing.body.index(folder))
        end = passing.body.index(b"</t:ContactsFolder>", start) + len(b"</t:ContactsFolder>")
        passing.body = passing.body[:start] + passing.body[end:]
        total = re.search(rb'TotalItemsInView="(\d+)"', passing.body)
        assert total
        less = b'TotalItemsInView="%d"' % (int(total[1]) - 1)
        passing.body = passing.body.replace(total[0], less)


def test_books_of_accounts_that_left_or_are_skipped_are_gone(office: Office) -> None:
    with office.open(public=False) as source:
        book = find_book(source, "ben: /Contacts")
    with office.open(public=False, personal={"skip_accounts": ["acc-ben"]}) as source:
        assert isinstance(source.look(book), BookGone)
    with office.open(public=False, personal={"exclude": ["/Contacts"]}) as source:
        assert isinstance(source.look(book), BookGone)
    office.accounts = []
    with office.open(public=False) as source:
        assert isinstance(source.look(book), BookGone)


def test_the_service_user_s_own_contacts_are_nobody_s_book(office: Office) -> None:
    names = {row.values.get("DisplayName") for rows in office.read().values() for row in rows}
    assert "Own contact of the phone system" not in names
    assert "Mama" in names
