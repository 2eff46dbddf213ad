"""Public folders whose contents lie in several mailboxes: each is asked for where it is."""

from __future__ import annotations

import pytest

from pbx_connector.api import Book, SourceError

from .conftest import Office, items_of, rows_of

CUSTOMERS = "/Company Contacts/Customers"
VIP = f"{CUSTOMERS}/VIP Customers"
HIERARCHY = "publicfolders@example.com"
CONTENT = "0b5f4f2e-1c1d-4e8a-9a53-6f2f7c1d2e3f@example.com"
OTHER_CONTENT = "7d3c1f9a-52b8-4a0e-8f6d-3b2a1c0d9e8f@example.com"


@pytest.fixture
def scattered(office: Office) -> Office:
    """A server whose public folders have their contents in two mailboxes beside the one that lists them."""
    state = office.sandbox.state
    state.hold_content(state.folder("Company Contacts/Customers"), CONTENT)
    state.hold_content(state.folder("Company Contacts/Customers/VIP Customers"), OTHER_CONTENT)
    return office


def test_content_is_asked_for_at_the_mailbox_that_holds_it(scattered: Office) -> None:
    state, requests = scattered.sandbox.state, scattered.sandbox.requests
    with scattered.open(personal=False, public={"mailbox": HIERARCHY}) as source:
        books = {book.title: book for book in source.books() if isinstance(book, Book)}
        listing = {
            record.headers.get("x-publicfoldermailbox") for record in requests if record.operation != "GetFolder"
        }
        assert listing == {HIERARCHY}
        requests.clear()
        rows = rows_of(source, books[VIP])
        assert len(rows) == 3
        state.remove(state.find(DisplayName="Yasemin Yıldız"))
        assert len(list(source.confirm_gone(books[VIP], [row.key for row in rows]))) == 1
    routes = {(record.headers["x-publicfoldermailbox"], record.headers["x-anchormailbox"]) for record in requests}
    assert routes == {(OTHER_CONTENT, OTHER_CONTENT)}


def test_every_folder_is_read_from_its_own_mailbox(scattered: Office) -> None:
    scattered.fields = scattered.fields | {"Notes"}
    found = scattered.read(personal=False, public={"mailbox": HIERARCHY})
    assert (len(found[CUSTOMERS]), len(found[VIP]), len(found["/Company Contacts/Suppliers"])) == (35, 3, 8)


def test_content_that_moves_between_runs_is_found_again(scattered: Office) -> None:
    state = scattered.sandbox.state
    before = scattered.read(personal=False, public={"mailbox": HIERARCHY})
    state.hold_content(state.folder("Company Contacts/Customers/VIP Customers"), CONTENT)
    assert scattered.read(personal=False, public={"mailbox": HIERARCHY}) == before


def test_who_does_not_know_the_way_fails_over_these_folders_alone(scattered: Office) -> None:
    """Without autodiscover nobody says that there are several mailboxes; the hint says what to do."""
    with scattered.open(personal=False) as source:
        books = {book.title: book for book in source.books() if isinstance(book, Book)}
        assert len(rows_of(source, books["/Company Contacts/Suppliers"])) == 8
        with pytest.raises(SourceError) as failure:
            items_of(source, books[VIP])
    assert failure.value.code == "X0307"
    assert "public: {mailbox:" in failure.value.hint
