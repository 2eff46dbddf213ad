"""Servers of other makers: what they say in another way than Exchange means the same."""

from __future__ import annotations

from typing import Any

import pytest
from pbx_exchange.folder_reader import skipped
from pbx_exchange.probe import test_connection as probe
from pbx_exchange.sandbox import Fault
from pbx_exchange.wire.services import quote
from pbx_exchange.wire.xml_parser import T

from pbx_connector.api import Account, Book, BookGone, Skipped, SourceContext
from pbx_connector.testing.office.entities import Right

from .conftest import MakeOffice, Middleman, Office, Passing, fail, find_book, items_of, unknowns

OWNER = "sales@example.com"
ANNA = "anna.berg@example.com"
FAIR = f"{OWNER}: /Contacts/Trade Fair"
ONLY_SHARED: dict[str, Any] = {"public": False, "personal": False, "shared": {"owners": [OWNER]}}
ONLY_PERSONAL: dict[str, Any] = {"public": False, "shared": False}
CODES = ["ErrorNonExistentMailbox", "ErrorCannotFindUser"]

# --- rights ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("also_get", [False, True])
def test_a_folder_that_is_said_to_be_closed_and_opens_is_read(office: Office, also_get: bool) -> None:
    habits = office.sandbox.state.habits
    habits.lists_without_rights, habits.gets_without_rights = True, also_get
    titles = office.read(
        public={"include": ["/Company Contacts/Customers"]}, personal=False, shared={"owners": [OWNER]}
    )
    assert {f"{OWNER}: /Contacts", FAIR, "/Company Contacts/Customers"} <= set(titles)
    assert "/Company Contacts/Board (confidential)" not in office.read(personal=False, shared=False)


@pytest.mark.parametrize("also_get", [False, True])
def test_a_new_store_and_an_old_one_see_the_same_folders(office: Office, also_get: bool) -> None:
    """A fresh run lists, a later one looks at what is not listed: both must judge alike."""
    state, everything = office.sandbox.state, ONLY_SHARED | {"public": True}
    with office.open(**everything) as source:
        before = [one for one in source.books() if isinstance(one, Book)]
        state.habits.lists_without_rights, state.habits.gets_without_rights = True, also_get
        state.set_right(state.folder("Contacts/Trade Fair", OWNER), office.sandbox.email, Right.VISIBLE)
        state.set_right(state.folder("Company Contacts/Customers"), office.sandbox.email, Right.NONE)
        listed = {one.id for one in source.books() if isinstance(one, Book)}
        looked = {book.id for book in before if not isinstance(source.look(book), BookGone)}
    assert listed == looked
    titles = {book.title for book in before if book.id in listed}
    assert f"{OWNER}: /Contacts" in titles
    assert not titles & {FAIR, "/Company Contacts/Customers", "/Company Contacts/Customers/VIP Customers"}


@pytest.mark.parametrize("right", [Right.NONE, Right.VISIBLE])
def test_an_open_folder_below_a_closed_one_is_seen_as_far_as_the_closed_one_lets_us(
    office: Office, middleman: Middleman, right: Right
) -> None:
    state = office.sandbox.state
    above = state.folder("Company Contacts/Customers")
    vip = "/Company Contacts/Customers/VIP Customers"
    with office.open(public=True, personal=False, url=middleman.url) as source:
        book = find_book(source, vip)
        state.set_right(above, office.sandbox.email, right)
        # A closed folder may say that there is nothing below it.
        middleman.spoil = lambda passing: setattr(
            passing,
            "body",
            passing.body.replace(b"<t:ChildFolderCount>1<", b"<t:ChildFolderCount>0<"),
        )
        listed = vip in {one.title for one in source.books() if isinstance(one, Book)}
        assert listed is not isinstance(source.look(book), BookGone)
        assert listed is (right is Right.VISIBLE)


def test_a_folder_whose_inside_may_not_be_listed_hides_what_is_below_from_everybody(
    office: Office, middleman: Middleman
) -> None:
    above = office.sandbox.state.folder("Company Contacts/Customers").id.encode()

    def deny(passing: Passing) -> None:
        if passing.operation == "FindFolder" and passing.request.count(b"<t:FolderId ") == passing.request.count(above):
            passing.body = passing.body.replace(b'ResponseClass="Success"', b'ResponseClass="Error"').replace(
                b"NoError", b"ErrorAccessDenied"
            )

    with office.open(public=True, personal=False, url=middleman.url) as source:
        book = find_book(source, "/Company Contacts/Customers/VIP Customers")
        middleman.spoil = deny
        assert isinstance(source.look(book), BookGone)


def test_an_owner_who_closes_the_contacts_closes_what_is_below(office: Office) -> None:
    state = office.sandbox.state
    with office.open(**ONLY_SHARED) as source:
        fair = find_book(source, FAIR)
        state.set_right(state.contacts(OWNER), office.sandbox.email, Right.NONE)
        assert [one.problem.code for one in unknowns(source)] == ["X0305"]
        assert isinstance(source.look(fair), BookGone)


# --- mailboxes that nobody knows -------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", CODES)
def test_an_unknown_mailbox_is_called_so_and_the_user_name_is_tried(office: Office, code: str) -> None:
    office.sandbox.state.habits.unknown_mailbox = code
    anna, *_ = office.accounts
    office.accounts = [
        Account(anna.id, anna.username, "somebody.else@example.com"),
        Account("ghost", "ghost", "ghost@example.com"),
    ]
    with office.open(**ONLY_PERSONAL) as source:
        found = list(source.books())
    assert f"{anna.username}: /Contacts" in {one.title for one in found if isinstance(one, Book)}
    (problem,) = [one.problem for one in unknowns_in(found)]
    assert problem.code == "X0302"
    assert f"{code} “The SMTP address has no mailbox associated with it.”" in problem.message


def unknowns_in(found: list[Any]) -> list[Any]:
    return [one for one in found if hasattr(one, "problem")]


@pytest.mark.parametrize("name", ["error", "error-200"])
@pytest.mark.parametrize("code", ["ErrorCannotFindUser", "ErrorNobodyHere"])
def test_a_code_that_nobody_knows_about_a_mailbox_means_that_there_is_none(
    office: Office, name: str, code: str
) -> None:
    """A server that knows the mailbox answers in a code that is known."""
    office.accounts = [Account("acc-anna", "anna", ANNA)]
    fault = Fault(name=name, operation="GetFolder", mailbox=ANNA, times=None, code=code, text="nobody of that name")
    office.sandbox.faults.add(fault)
    with office.open(**ONLY_PERSONAL) as source:
        (unknown,) = unknowns(source)
    assert (unknown.problem.code, "nobody of that name" in unknown.problem.message) == ("X0302", True)


@pytest.mark.parametrize("code", CODES)
def test_a_shared_owner_whom_nobody_knows(office: Office, code: str) -> None:
    office.sandbox.state.habits.unknown_mailbox = code
    office.accounts = [Account("ghost", "ghost", "ghost@example.com")]
    with office.open(**ONLY_SHARED | {"shared": {"owners": [OWNER, "nobody@example.com"], "discover": True}}) as source:
        assert [(one.book.id, one.problem.code) for one in unknowns(source)] == [("shared:nobody@example.com", "X0302")]


def test_a_code_that_nobody_knows_elsewhere_is_told_with_the_server_s_words(office: Office) -> None:
    fault = Fault(name="error", operation="FindItem", code="ErrorMoonPhase", text="the moon\r\nis full", times=None)
    office.sandbox.faults.add(fault)
    with office.open(personal=False) as source:
        book = find_book(source, "/Company Contacts/Customers")
        with pytest.raises(Exception, match="the server reports ErrorMoonPhase") as failure:
            items_of(source, book)
    assert str(failure.value).endswith("(the server says ErrorMoonPhase “the moon is full”)")


def test_a_server_s_words_are_short_and_hold_no_secret(make_office: MakeOffice) -> None:
    class Login:
        username, password = "pbx@example.com", "open sesame"

    said = quote("ErrorX", "you sent open sesame\x1b[31m cGJ4QGV4YW1wbGUuY29tOm9wZW4gc2VzYW1l " + "k" * 500, Login())
    assert said == "ErrorX “you sent … [31m … …”"
    assert len(quote("E" * 500, "many words " * 500)) < 240


# --- ways in ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("auth", "offered", "wanted", "only"), [("ntlm", "basic", "NTLM", "Basic"), ("basic", "ntlm", "Basic", "NTLM")]
)
def test_a_way_to_log_in_that_is_not_offered_is_called_so(
    make_office: MakeOffice, auth: str, offered: str, wanted: str, only: str
) -> None:
    office = make_office(auth=[offered])
    failure = fail(office, auth=auth)
    assert failure.code == "X0230"
    assert failure.message.endswith(f"the server does not offer {wanted}, only {only}")
    checks = list(probe(office.settings(auth=auth), SourceContext(office.accounts, office.fields)))
    assert [check.problem.code for check in checks if check.problem] == ["X0230"]


# --- what is no contact ----------------------------------------------------------------------------------------------


def test_an_item_that_is_no_contact_is_named_by_its_class(office: Office) -> None:
    state = office.sandbox.state
    state.habits.plain_items = True
    folder = state.folder("Company Contacts/Customers")
    state.add(folder, "DistributionList", DisplayName="All")
    state.add(folder, "Item", Subject="Call")
    with office.open(personal=False) as source:
        items = items_of(source, find_book(source, "/Company Contacts/Customers"))
    reasons = {item.reason for item in items if isinstance(item, Skipped)}
    assert reasons == {"distribution list (IPM.DistList)", "no contact but IPM.Activity"}


@pytest.mark.parametrize(
    ("item_class", "reason"),
    [("IPM.Stranger", "no contact but IPM.Stranger"), ("", "no contact but Item"), ("\x1f" * 3, "no contact but Item")],
)
def test_a_class_is_told_as_far_as_it_looks_like_one(item_class: str, reason: str) -> None:
    item = T.Item(T.ItemClass(item_class.replace("\x1f", "<b>")))
    assert skipped("k", item) == Skipped("k", reason)


def test_changes_name_the_class_as_lists_do(office: Office) -> None:
    state = office.sandbox.state
    state.habits.plain_items = True
    office.accounts = [Account("acc-anna", "anna", ANNA)]
    with office.open(**ONLY_PERSONAL) as source:
        book = find_book(source, "anna: /Contacts")
        checkpoint = None
        for _ in range(2):
            *_, end = source.changes(book, checkpoint, ())
            checkpoint = getattr(end, "checkpoint", None)
        state.add(state.contacts(ANNA), "DistributionList", DisplayName="All")
        reasons = [item.reason for item in source.changes(book, checkpoint, ()) if isinstance(item, Skipped)]
    assert reasons == ["distribution list (IPM.DistList)"]
