"""Public folders: what is listed, read, skipped, and how one of an earlier run is looked at."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pbx_exchange import folders
from pbx_exchange.fields import KNOWN
from pbx_exchange.sandbox.faults import Fault

from pbx_connector.api import Book, BookGone, BookUnknown, End, Row, Skipped, SourceError, Unchanged, Unreadable
from pbx_connector.testing.office.entities import DirectoryAddress, Right

from .conftest import Middleman, Office, Passing, find_book, items_of, rows_of, unknowns

CUSTOMERS = "/Company Contacts/Customers"
VIP = f"{CUSTOMERS}/VIP Customers"


def titles(office: Office, **changes: object) -> list[str]:
    with office.open(personal=False, **changes) as source:
        return sorted(book.title for book in source.books())  # type: ignore[union-attr]


def test_every_contact_folder_is_a_book_at_any_depth_and_others_are_not(office: Office) -> None:
    folder = office.sandbox.state.folder("Company Contacts/Meeting Minutes")
    for depth in range(8):
        folder = office.sandbox.state.add_folder(folder, f"Level {depth}", "IPF.Note")
    office.sandbox.state.add_folder(folder, "Deep", "IPF.Contact")
    found = titles(office)
    assert {"/Company Contacts", CUSTOMERS, VIP, "/Company Contacts/Mac Contacts"} <= set(found)
    assert any(title.endswith("/Level 7/Deep") for title in found)
    assert not any(title.endswith(("Meeting Minutes", "Level 0")) for title in found)


def test_folders_below_fifty_others_are_found(office: Office) -> None:
    folder = office.sandbox.state.folder("Company Contacts/Meeting Minutes")
    for _ in range(60):
        folder = office.sandbox.state.add_folder(folder, "n", "IPF.Note")
    office.sandbox.state.add_folder(folder, "Deep", "IPF.Contact")
    assert any(title.endswith("/n/n/n/Deep") for title in titles(office))


def test_a_walk_that_is_too_deep_says_so(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "DEEPEST", 2)
    with office.open(personal=False) as source:
        (unknown,) = unknowns(source)
        assert CUSTOMERS in {book.title for book in source.books() if isinstance(book, Book)}
    assert (unknown.book.title, unknown.problem.code) == (f"below {CUSTOMERS}", "X0313")
    with office.open(personal=False, public={"exclude": ["*/Customers"]}) as source:
        assert unknowns(source) == [], "what is left out need not be seen"


def test_a_folder_listed_below_itself_is_walked_once(office: Office) -> None:
    state = office.sandbox.state
    customers = state.folder("Company Contacts/Customers")
    assert customers.parent
    before = titles(office)
    customers.children[customers.parent.number] = customers.parent
    assert titles(office) == before


def test_a_folder_that_exchange_fills_by_itself_is_left_out(office: Office) -> None:
    state = office.sandbox.state
    for name, folder_class in [
        ("Recipient Cache", "IPF.Contact"),
        ("Anything", "IPF.Contact.RecipientCache"),
        ("Everybody", "IPF.Contact.GalContacts"),
        ("Anybody's Quick Contacts", "IPF.Contact.MOC.QuickContacts"),
        ("Anybody's IM Contacts List", "IPF.Contact.MOC.ImContactList"),
        ("Anyone", "IPF.Contact.OrganizationalContacts"),
        ("Mocha", "IPF.Contact.Mocha"),
        ("PeopleCentricConversation Buddies", "IPF.Contact.PeopleCentricConversationBuddies"),
        ("Not contacts", "IPF.Note.Contact"),
        ("A variant", "IPF.Contacts"),
    ]:
        state.add_folder(state.folder("Company Contacts"), name, folder_class)
    kept = {"/Company Contacts/Mac Contacts", "/Company Contacts/A variant", "/Company Contacts/Mocha"}
    assert kept <= set(titles(office))
    assert not {title for title in titles(office) if "Cache" in title or "Any" in title or "Every" in title}
    assert not {title for title in titles(office) if "People" in title or "Not" in title}


def test_include_and_exclude_choose_folders_with_all_below_them(office: Office) -> None:
    assert titles(office, public={"include": ["/company contacts/customers"]}) == [CUSTOMERS, VIP]
    assert VIP not in titles(office, public={"exclude": ["*/vip *"]})
    both = {"include": ["/Company Contacts/*"], "exclude": [CUSTOMERS]}
    assert "/Company Contacts/Suppliers" in titles(office, public=both)
    assert not {title for title in titles(office, public=both) if title.startswith(CUSTOMERS)}
    assert titles(office, public=False) == []


def test_a_folder_that_may_not_be_read_is_no_book(office: Office) -> None:
    assert "/Company Contacts/Board (confidential)" not in titles(office)
    vip = office.sandbox.state.folder("Company Contacts/Customers/VIP Customers")
    office.sandbox.state.set_right(vip, office.sandbox.email, Right.VISIBLE)
    assert VIP not in titles(office)


def test_rows_hold_the_fields_asked_for_and_foreign_items_are_skipped_and_counted(office: Office) -> None:
    with office.open() as source:
        book = find_book(source, "/Company Contacts")
        *items, end = items_of(source, book)
    assert end == End(None, full=True)
    assert sorted(item.reason for item in items if isinstance(item, Skipped)) == ["distribution list", "e-mail message"]
    anna = next(item for item in items if isinstance(item, Row) and item.values["DisplayName"] == "Anna Berg")
    assert set(anna.values) <= office.fields
    assert anna.values["Department"] == office.sandbox.state.find(DisplayName="Anna Berg").values["Department"]
    assert "local_id" not in anna.values
    assert anna.version


def test_an_item_of_a_kind_that_nobody_knows_is_skipped_and_the_rest_is_read(
    office: Office, middleman: Middleman
) -> None:
    state = office.sandbox.state
    vip = state.folder("Company Contacts/Customers/VIP Customers")
    state.add(vip, "Item", Subject="A journal entry")

    def rename(passing: Passing) -> None:
        passing.body = passing.body.replace(b"t:Item>", b"t:NotYetInvented>")

    for spoil in (lambda passing: None, rename):
        middleman.spoil = spoil
        with office.open(url=middleman.url) as source:
            *items, end = items_of(source, find_book(source, VIP))
        assert [item.reason for item in items if isinstance(item, Skipped)] == ["no contact but IPM.Activity"]
        assert (sum(isinstance(item, Row) for item in items), isinstance(end, End)) == (3, True)


def test_quotes_backslashes_and_emoji_arrive_unchanged(office: Office) -> None:
    with office.open() as source:
        names = {row.values.get("DisplayName") for row in rows_of(source, find_book(source, CUSTOMERS))}
    assert {'Ann "Bo" Lee', "Server\\Share Ltd.", "Zoë 🚲 Rad-Kurier 👩‍🔧", "<Ümläut> & Söhne; „Anführung“"} <= names


def test_long_texts_and_old_addresses_are_read_item_by_item_and_nothing_else_is(office: Office) -> None:
    state = office.sandbox.state
    folder = state.folder("Company Contacts/Suppliers")
    state.add(folder, OfficeLocation="room " * 200, DisplayName="Far away")
    dn = DirectoryAddress("/o=Example/ou=Site/cn=Recipients/cn=old", "old.hand@example.com")
    state.add(folder, EmailAddresses_EmailAddress1=dn, DisplayName="Old hand")
    office.fields = frozenset(("DisplayName", "OfficeLocation", "EmailAddresses_EmailAddress1"))
    with office.open() as source:
        book = find_book(source, "/Company Contacts/Suppliers")
        office.sandbox.requests.clear()
        rows = {row.values["DisplayName"]: row.values for row in rows_of(source, book)}
    assert rows["Far away"]["OfficeLocation"] == "room " * 200
    assert rows["Old hand"]["EmailAddresses_EmailAddress1"] == "old.hand@example.com"
    assert office.sandbox.requests.count() == {"FindItem": 1, "GetItem": 1}


def test_every_field_can_be_asked_for(office: Office) -> None:
    office.fields = frozenset(KNOWN)
    with office.open() as source:
        jose = next(
            row for row in rows_of(source, find_book(source, CUSTOMERS)) if row.values.get("Surname") == "Ñandú"
        )
    assert jose.values["CompleteName"] == "Dr. José María Ñandú Jr."
    assert jose.values["Sensitivity"] == "Private"
    assert jose.values["FolderPath"] == CUSTOMERS


def test_a_thousand_contacts_a_page_and_every_one_of_them_once(office: Office) -> None:
    state = office.sandbox.state
    big = state.add_folder(state.folder("Company Contacts"), "Big")
    for number in range(2345):
        state.add(big, DisplayName=f"Contact {number}")
    with office.open() as source:
        book = find_book(source, "/Company Contacts/Big")
        office.sandbox.requests.clear()
        rows = rows_of(source, book)
    assert len({row.key for row in rows}) == len(rows) == 2345
    assert office.sandbox.requests.count() == {"FindItem": 3}


def test_what_is_known_at_its_version_is_not_read_again(office: Office) -> None:
    state = office.sandbox.state
    with office.open() as source:
        book = find_book(source, VIP)
        known = [(row.key, row.version) for row in rows_of(source, book)]
        state.update(state.find(DisplayName="Yasemin Yıldız"), PhoneNumbers_MobilePhone="+49 171 3920099")
        *items, end = items_of(source, book, known)
    assert sum(isinstance(item, Unchanged) for item in items) == 2
    (changed,) = [item for item in items if isinstance(item, Row)]
    assert changed.values["PhoneNumbers_MobilePhone"] == "+49 171 3920099"
    assert changed.key in dict(known)
    assert end == End(None, full=True)


# --- what is no longer there ---------------------------------------------------------------------------------------


def test_a_direct_look_tells_gone_from_unknown(office: Office) -> None:
    state = office.sandbox.state
    with office.open(personal=False) as source:
        books = {book.title: book for book in source.books() if isinstance(book, Book)}
        assert source.look(books[VIP]) == books[VIP]
        state.set_right(state.folder("Company Contacts/Suppliers"), office.sandbox.email, Right.NONE)
        state.set_right(state.folder("Company Contacts/Mac Contacts"), office.sandbox.email, Right.VISIBLE)
        state.delete_folder(state.folder("Company Contacts/Customers/VIP Customers"))
        for title in (VIP, "/Company Contacts/Suppliers", "/Company Contacts/Mac Contacts"):
            assert isinstance(source.look(books[title]), BookGone)
            assert title not in {book.title for book in source.books() if isinstance(book, Book)}


def test_a_book_switched_off_in_the_settings_is_gone(office: Office) -> None:
    with office.open(personal=False) as source:
        book = find_book(source, VIP)
    with office.open(personal=False, public={"exclude": ["*/VIP*"]}) as source:
        assert isinstance(source.look(book), BookGone)
    with office.open(personal=False, public=False) as source:
        office.sandbox.requests.clear()
        assert isinstance(source.look(book), BookGone)
        assert len(office.sandbox.requests) == 0


def test_a_look_asks_where_the_folder_lies_now(office: Office, middleman: Middleman) -> None:
    state = office.sandbox.state
    vips = state.folder("Company Contacts/Customers/VIP Customers")
    above = vips.parent
    assert above
    with office.open(url=middleman.url, personal=False, public={"exclude": ["/Company Contacts/Suppliers"]}) as source:
        book = find_book(source, VIP)
        state.move_folder(vips, state.folder("Company Contacts"))
        assert source.look(book) == replace(book, title="/Company Contacts/VIP Customers")
        state.move_folder(vips, state.folder("Company Contacts/Suppliers"))
        assert isinstance(source.look(book), BookGone)
        state.move_folder(vips, above)
        middleman.spoil = lambda passing: setattr(passing, "cut", 9 if above.id.encode() in passing.request else None)
        assert isinstance(source.look(book), BookUnknown)
        middleman.spoil = lambda passing: None
        state.set_right(above, office.sandbox.email, Right.NONE)
        closed = source.look(book)
        assert isinstance(closed, BookGone), "nobody who begins anew would find it"
        assert closed.reason == "the right to see the folder above it was withdrawn"
        assert VIP not in {one.title for one in source.books() if isinstance(one, Book)}
        state.set_right(above, office.sandbox.email, Right.READ)
        state.move_folder(vips, state.contacts(office.sandbox.email))
        assert isinstance(source.look(book), BookGone)


def test_a_look_that_gets_no_answer_leaves_the_book_unknown(office: Office, middleman: Middleman) -> None:
    with office.open(personal=False, url=middleman.url) as source:
        book = find_book(source, VIP)
        middleman.spoil = lambda passing: setattr(passing, "cut", 100)
        assert isinstance(source.look(book), BookUnknown)


def test_only_not_found_confirms_that_a_row_is_gone(office: Office) -> None:
    state = office.sandbox.state
    with office.open() as source:
        book = find_book(source, CUSTOMERS)
        rows = rows_of(source, book)
        state.remove(state.find(DisplayName='Ann "Bo" Lee'))
        gone = next(row.key for row in rows if row.values.get("DisplayName") == 'Ann "Bo" Lee')
        other_case = gone.swapcase()
        assert list(source.confirm_gone(book, [row.key for row in rows] + ["no id at all"])) == [gone]
        assert other_case != gone


def test_nothing_is_confirmed_gone_in_a_folder_that_is_gone_itself(office: Office) -> None:
    state = office.sandbox.state
    with office.open() as source:
        book = find_book(source, VIP)
        keys = [row.key for row in rows_of(source, book)]
        state.delete_folder(state.folder("Company Contacts/Customers/VIP Customers"))
        with pytest.raises(SourceError) as failure:
            list(source.confirm_gone(book, keys))
    assert failure.value.code == "X0308"


def test_a_folder_that_lists_nothing_is_asked_for_directly(office: Office, middleman: Middleman) -> None:
    """Some servers answer FindItem on a deleted folder with an empty list."""
    state = office.sandbox.state

    def empty(passing: Passing) -> None:
        if passing.operation == "FindItem":
            passing.body = EMPTY_LIST

    with office.open(url=middleman.url) as source:
        book = find_book(source, VIP)
        middleman.spoil = empty
        assert items_of(source, book) == [End(None, full=True)]
        state.delete_folder(state.folder("Company Contacts/Customers/VIP Customers"))
        with pytest.raises(SourceError) as failure:
            items_of(source, book)
    assert failure.value.code == "X0308"


def test_a_failing_walk_is_an_unknown_book_and_the_others_are_read(office: Office, middleman: Middleman) -> None:
    def break_walk(passing: Passing) -> None:
        if b"publicfoldersroot" in passing.request:
            passing.body = passing.body[: len(passing.body) // 2]

    with office.open(url=middleman.url) as source:
        middleman.spoil = break_walk
        assert [unknown.book.kind for unknown in unknowns(source) if unknown.book.id == "public"] == ["public"]
        assert {book.kind for book in source.books() if isinstance(book, Book)} == {"personal"}


def test_a_root_closed_to_us_is_a_problem_and_not_an_empty_list(office: Office) -> None:
    with office.open(personal=False) as source:
        book = find_book(source, VIP)
        office.sandbox.state.set_right(office.sandbox.state.public, office.sandbox.email, Right.NONE)
        (unknown,) = source.books()
        assert isinstance(unknown, BookUnknown)
        assert (unknown.book.title, unknown.problem.code) == ("Public folders", "X0305")
        assert source.look(book) == book, "the folder itself is as open as before"


@pytest.mark.parametrize("code", ["ErrorNoPublicFolderServerAvailable", "ErrorFolderNotFound"])
def test_an_organisation_without_public_folders_has_none(office: Office, code: str) -> None:
    office.sandbox.faults.add(Fault(name="message-error", operation="FindFolder", code=code, times=None))
    with office.open(personal=False) as source:
        assert list(source.books()) == []


def test_a_parent_without_children_may_come_without_a_list(office: Office, middleman: Middleman) -> None:
    def strip(passing: Passing) -> None:
        if passing.operation == "FindFolder":
            passing.body = NO_ROOT_FOLDER

    with office.open(url=middleman.url, personal=False) as source:
        middleman.spoil = strip
        assert list(source.books()) == []


def test_an_item_that_cannot_be_read_is_unreadable_and_the_others_are_read(
    office: Office, middleman: Middleman
) -> None:
    office.fields = frozenset(("DisplayName", "Notes"))

    def corrupt(passing: Passing) -> None:
        if passing.operation == "GetItem":
            first = passing.body.index(b"<m:GetItemResponseMessage")
            end = passing.body.index(b"</m:GetItemResponseMessage>")
            passing.body = passing.body[:first] + CORRUPT_ITEM + passing.body[end:]

    with office.open(url=middleman.url) as source:
        book = find_book(source, VIP)
        middleman.spoil = corrupt
        *items, end = items_of(source, book)
    (unreadable,) = [item for item in items if isinstance(item, Unreadable)]
    assert unreadable.problem.code == "X0504"
    assert "ErrorItemCorrupt" in unreadable.problem.message
    assert sum(isinstance(item, Row) for item in items) == 2
    assert isinstance(end, End)


_ENVELOPE = (
    b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"'
    b' xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"'
    b' xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types"><s:Body>%s</s:Body></s:Envelope>'
)
_MESSAGE = (
    b"<m:%b><m:ResponseMessages><m:%bMessage ResponseClass='Success'><m:ResponseCode>NoError</m:ResponseCode>"
    b"%b</m:%bMessage></m:ResponseMessages></m:%b>"
)


def _answer(operation: bytes, inner: bytes) -> bytes:
    name = operation + b"Response"
    return _ENVELOPE % (_MESSAGE % (name, name, inner, name, name))


EMPTY_LIST = _answer(
    b"FindItem",
    b"<m:RootFolder TotalItemsInView='0' IncludesLastItemInRange='true'><t:Items/></m:RootFolder>",
)
NO_ROOT_FOLDER = _answer(b"FindFolder", b"")
CORRUPT_ITEM = (
    b"<m:GetItemResponseMessage ResponseClass='Error'><m:MessageText>Bad.</m:MessageText>"
    b"<m:ResponseCode>ErrorItemCorrupt</m:ResponseCode><m:DescriptiveLinkKey>0</m:DescriptiveLinkKey><m:Items/>"
)
