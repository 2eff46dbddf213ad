"""Shared address books: folders of other mailboxes, never mistaken for the service user's own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pbx_connector.api import Account, Book, BookGone, BookUnknown
from pbx_connector.testing.office.entities import Right

from .conftest import Middleman, Office, Passing, find_book, rows_of, unknowns

OWNER = "sales@example.com"
ONLY_SHARED = {"public": False, "personal": False}
NAMED = ONLY_SHARED | {"shared": {"owners": [OWNER]}}
OWN_CONTACT = "Own contact of the phone system"


def test_the_owner_s_contacts_arrive_and_not_the_service_user_s(office: Office) -> None:
    """exchangelib's trap: after a resolve it reads the service user's own contacts under the owner's name."""
    rows = office.read(**NAMED)
    names = {row.values["DisplayName"] for some in rows.values() for row in some}
    assert names == {"Trade fair hotline", "Hafenkontor (Sales)", "Stand builder"}
    assert sorted(rows) == [f"{OWNER}: /Contacts", f"{OWNER}: /Contacts/Trade Fair"]
    assert not {name for row in rows.values() for one in row for name in one.values if name == "local_id"}


def test_the_trap_is_noticed_should_a_server_fall_into_it(office: Office, middleman: Middleman) -> None:
    own = office.sandbox.state.contacts(office.sandbox.email).id.encode()
    owners = office.sandbox.state.contacts(OWNER).id.encode()
    with office.open(url=middleman.url, **NAMED) as source:
        middleman.spoil = lambda passing: setattr(passing, "body", passing.body.replace(owners, own))
        (unknown,) = source.books()
    assert isinstance(unknown, BookUnknown)
    assert unknown.problem.code == "X0310"


def test_shared_books_are_company_books_with_their_owner_named(office: Office) -> None:
    office.fields = frozenset(("DisplayName", "FolderPath", "Mailbox"))
    with office.open(**NAMED) as source:
        books = [book for book in source.books() if isinstance(book, Book)]
        rows = rows_of(source, find_book(source, f"{OWNER}: /Contacts/Trade Fair"))
    assert {(book.kind, book.account) for book in books} == {("shared", None)}
    assert [(row.values["FolderPath"], row.values["Mailbox"]) for row in rows] == [("/Contacts/Trade Fair", OWNER)]


def test_a_single_subfolder_may_be_shared_and_folders_can_be_chosen(office: Office) -> None:
    state = office.sandbox.state
    state.set_right(state.contacts(OWNER), office.sandbox.email, Right.VISIBLE)
    assert list(office.read(**NAMED)) == [f"{OWNER}: /Contacts/Trade Fair"]
    excluded = ONLY_SHARED | {"shared": {"owners": [OWNER], "exclude": ["*/Trade Fair"]}}
    assert office.read(**excluded) == {}


def test_discovery_tries_every_account_and_takes_a_refusal_for_an_answer(office: Office) -> None:
    friends = office.sandbox.state.folder("Contacts/Friends", "anna.berg@example.com")
    office.accounts += [Account("acc-sales", "sales", OWNER), Account("acc-ghost", "ghost", "ghost@example.com")]
    discover = ONLY_SHARED | {"shared": "on"}
    assert office.read(**discover) == {}
    with office.open(**ONLY_SHARED, shared={"discover": True}) as source:
        assert {book.title for book in source.books() if isinstance(book, Book)} == {
            f"{OWNER}: /Contacts",
            f"{OWNER}: /Contacts/Trade Fair",
        }
        assert unknowns(source) == []
        office.sandbox.state.share(office.sandbox.state.contacts("anna.berg@example.com"), office.sandbox.email)
        office.sandbox.state.share(friends)
        assert "anna.berg@example.com: /Contacts" in {book.title for book in source.books() if isinstance(book, Book)}


@pytest.mark.parametrize("name", ["a\x1bb@example.com", "łukasz@example.com", "\ud83d@example.com"])
def test_an_owner_with_an_odd_address_costs_nobody_else_anything(office: Office, name: str) -> None:
    office.accounts += [Account("odd", "", name)]
    with office.open(**ONLY_SHARED, shared={"owners": [OWNER], "discover": True}) as source:
        assert sum(isinstance(book, Book) for book in source.books()) == 2


def test_a_named_owner_who_shares_nothing_is_unknown_and_the_others_are_read(office: Office) -> None:
    owners = [OWNER, "ben.o.hara@example.com", "ghost@example.com"]
    with office.open(**ONLY_SHARED, shared={"owners": owners}) as source:
        found = {unknown.book.id: unknown.problem.code for unknown in unknowns(source)}
        assert found == {"shared:ben.o.hara@example.com": "X0305", "shared:ghost@example.com": "X0302"}
        assert len([book for book in source.books() if isinstance(book, Book)]) == 2


def test_a_direct_look_tells_withdrawn_and_deleted_from_unreachable(office: Office, middleman: Middleman) -> None:
    state = office.sandbox.state
    with office.open(url=middleman.url, **NAMED) as source:
        top, fair = (find_book(source, f"{OWNER}: /Contacts{path}") for path in ("", "/Trade Fair"))
        assert source.look(top) == top
        middleman.spoil = lambda passing: setattr(passing, "cut", 10)
        assert isinstance(source.look(top), BookUnknown)
        middleman.spoil = lambda passing: None
        state.delete_folder(state.folder("Contacts/Trade Fair", OWNER))
        assert isinstance(source.look(fair), BookGone)
        state.set_right(state.contacts(OWNER), office.sandbox.email, Right.NONE)
        assert isinstance(source.look(top), BookGone)
        state.remove_user(OWNER)
        assert isinstance(source.look(fair), BookUnknown)


@pytest.mark.parametrize("shared", [False, {"owners": ["else@example.com"]}, {"owners": [OWNER], "exclude": ["/*"]}])
def test_a_shared_book_switched_off_in_the_settings_is_gone(office: Office, shared: object) -> None:
    with office.open(**NAMED) as source:
        book = find_book(source, f"{OWNER}: /Contacts")
    with office.open(**ONLY_SHARED, shared=shared) as source:
        assert isinstance(source.look(book), BookGone)


def test_a_look_asks_where_the_folder_lies_now(office: Office, middleman: Middleman) -> None:
    state = office.sandbox.state
    fair = state.folder("Contacts/Trade Fair", OWNER)
    office.fields |= {"FolderPath"}
    with office.open(url=middleman.url, **ONLY_SHARED, shared={"owners": [OWNER], "exclude": ["*/Archive"]}) as source:
        book = find_book(source, f"{OWNER}: /Contacts/Trade Fair")
        known = [(row.key, row.version) for row in rows_of(source, book)]
        assert source.look(book) == book
        assert [(row.key, row.version) for row in rows_of(source, book)] == known
        state.rename_folder(fair, "Fairs")
        assert source.look(book) == replace(book, title=f"{OWNER}: /Contacts/Fairs")
        middleman.spoil = lambda passing: setattr(passing, "cut", 10 if passing.operation == "FindFolder" else None)
        assert isinstance(source.look(book), BookUnknown)
        middleman.spoil = lambda passing: None
        state.move_folder(fair, state.add_folder(state.contacts(OWNER), "Archive"))
        assert isinstance(source.look(book), BookGone)


def test_a_shared_folder_that_its_owner_deletes_in_outlook_is_gone(office: Office, middleman: Middleman) -> None:
    """It lies in Deleted Items then, and may still be read there."""
    state = office.sandbox.state
    own, owners = (state.contacts(whose).id.encode() for whose in (office.sandbox.email, OWNER))
    with office.open(url=middleman.url, **NAMED) as source:
        book = find_book(source, f"{OWNER}: /Contacts/Trade Fair")
        fair = state.folder("Contacts/Trade Fair", OWNER)
        state.move_folder(fair, state.mailboxes[OWNER].distinguished["deleteditems"])
        middleman.spoil = lambda passing: setattr(passing, "body", passing.body.replace(owners, own))
        unknown = source.look(book)
        assert isinstance(unknown, BookUnknown), "a list of somebody else's folders tells nothing"
        assert unknown.problem.code == "X0310"
        middleman.spoil = lambda passing: None
        assert isinstance(source.look(book), BookGone)


def test_requests_about_a_shared_folder_go_to_its_owner_s_server(office: Office, middleman: Middleman) -> None:
    with office.open(url=middleman.url, **NAMED) as source:
        book = find_book(source, f"{OWNER}: /Contacts")
        middleman.seen.clear()
        rows_of(source, book)
    assert {headers.get("X-AnchorMailbox") for headers in middleman.seen} == {OWNER}


@pytest.mark.parametrize("mailbox", ["publicfolders@example.com", None])
def test_requests_about_public_folders_name_their_mailbox_where_it_is_set(
    office: Office, middleman: Middleman, mailbox: str | None
) -> None:
    def collect(passing: Passing) -> None:
        assert passing.operation != "SyncFolderItems"

    middleman.spoil = collect
    with office.open(url=middleman.url, personal=False, public={"mailbox": mailbox}) as source:
        middleman.seen.clear()
        rows_of(source, find_book(source, "/Company Contacts"))
    assert {headers.get("X-PublicFolderMailbox") for headers in middleman.seen} == {mailbox}
    assert {headers.get("X-AnchorMailbox") for headers in middleman.seen} == {mailbox or office.sandbox.email}
