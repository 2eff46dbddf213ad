"""A pattern that matches nothing is told of; a book that a changed pattern drops is still there."""

from __future__ import annotations

from typing import Any

import pytest
from pbx_exchange.probe import test_connection as probe

from pbx_connector.api import Book, BookGone, Problem, SourceContext
from pbx_connector.testing.office.entities import Right

from .conftest import Office, find_book

PUBLIC_ONLY = {"personal": False, "shared": False}
PERSONAL_ONLY = {"public": False, "shared": False}
OWNER = "sales@example.com"


def warnings(office: Office, **changes: Any) -> list[tuple[str, str]]:
    with office.open(**changes) as source:
        found = [one for one in source.books() if isinstance(one, Problem)]
    assert {(one.code, one.severity) for one in found} <= {("X0603", "warning")}
    return [(one.where, one.hint) for one in found]


def test_a_pattern_that_matches_no_folder_is_a_warning_with_what_was_meant(office: Office) -> None:
    patterns = {"include": ["/Company Contacts/Custmers"], "exclude": ["*/Suppliers", "/Company Contacts/[Suppliers]"]}
    (include, hint), (exclude, _) = warnings(office, public=patterns, **PUBLIC_ONLY)
    assert include == "public: include: /Company Contacts/Custmers"
    assert hint == "did you mean /Company Contacts/Customers?"
    assert exclude == "public: exclude: /Company Contacts/[Suppliers]"


def test_what_is_far_from_any_folder_is_answered_with_the_folders_there_are(office: Office) -> None:
    ((where, hint),) = warnings(office, personal={"include": ["/Fima"]}, **PERSONAL_ONLY)
    assert where == "personal: include: /Fima"
    assert hint.startswith("the folders with contacts are /Contacts, /Contacts/")


def test_a_pattern_counts_as_used_if_it_matches_in_one_mailbox_or_of_one_owner(office: Office) -> None:
    assert warnings(office, personal={"include": ["/Contacts/Friends"]}, **PERSONAL_ONLY) == []
    shared = {"owners": [OWNER, "anna.berg@example.com"], "exclude": ["*/Trade Fair"]}
    assert warnings(office, public=False, personal=False, shared=shared) == []


def test_include_is_about_folders_of_contacts_and_exclude_about_all(office: Office) -> None:
    state = office.sandbox.state
    state.add_folder(state.folder("Company Contacts"), "Letters", "IPF.Note")
    letters = ["/Company Contacts/Letters"]
    assert warnings(office, public={"exclude": letters}, **PUBLIC_ONLY) == []
    assert len(warnings(office, public={"include": letters}, **PUBLIC_ONLY)) == 1


def test_where_nothing_can_be_listed_no_pattern_is_blamed(office: Office) -> None:
    office.sandbox.state.set_impersonation(office.sandbox.email, "*", False)
    assert warnings(office, personal={"include": ["/Fima"]}, **PERSONAL_ONLY) == []
    switched_off = {"include": ["/Fima"], "enabled": False}
    assert warnings(office, personal=switched_off, **PERSONAL_ONLY) == []


def test_a_folder_that_is_named_in_brackets_is_left_out_and_no_other_is(office: Office) -> None:
    state = office.sandbox.state
    top = state.folder("Company Contacts")
    for name in ("[Alt]", "A"):
        state.add(state.add_folder(top, name), DisplayName=name)
    titles = office.read(public={"exclude": ["/Company Contacts/[Alt]"]}, **PUBLIC_ONLY)
    assert "/Company Contacts/A" in titles
    assert "/Company Contacts/[Alt]" not in titles


def test_the_connection_test_warns_once_of_a_pattern_that_matches_in_no_mailbox(office: Office) -> None:
    patterns = {"include": ["/Contacts/Friends", "/Fima"]}
    settings = office.settings(public={"include": ["/Nowhere"]}, personal=patterns, shared=False)
    checks = list(probe(settings, SourceContext(office.accounts, office.fields)))
    warned = [check.step for check in checks if check.problem and check.problem.code == "X0603"]
    assert warned == ["public: include: /Nowhere", "personal: include: /Fima"]
    assert not any(check.failed for check in checks)


@pytest.mark.parametrize(
    "changes",
    [
        {"public": False},
        {"public": {"include": ["/Fima"]}},
        {"public": {"exclude": ["*/Customers"]}},
    ],
)
def test_a_book_that_the_settings_drop_is_still_there(office: Office, changes: dict[str, Any]) -> None:
    with office.open(**PUBLIC_ONLY) as source:
        book = find_book(source, "/Company Contacts/Customers")
    with office.open(**PUBLIC_ONLY | changes) as source:
        gone = source.look(book)
    assert isinstance(gone, BookGone)
    assert gone.unwanted
    with office.open(**PUBLIC_ONLY) as source:
        state = office.sandbox.state
        state.set_right(state.folder("Company Contacts/Customers"), office.sandbox.email, Right.NONE)
        withdrawn = source.look(book)
    assert isinstance(withdrawn, BookGone)
    assert not withdrawn.unwanted


def test_an_account_that_is_skipped_or_an_owner_who_is_not_named_any_more_leaves_books_that_are_still_there(
    office: Office,
) -> None:
    with office.open(public=False, shared={"owners": [OWNER]}) as source:
        books = [book for book in source.books() if isinstance(book, Book)]
    skipped = [account.id for account in office.accounts]
    with office.open(
        public=False, shared={"owners": ["else@example.com"]}, personal={"skip_accounts": skipped}
    ) as source:
        looks = [source.look(book) for book in books]
    assert len(looks) > 3
    assert all(isinstance(found, BookGone) and found.unwanted for found in looks)
