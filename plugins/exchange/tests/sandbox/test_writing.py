"""exchangelib edits contacts and folders in the sandbox."""

from __future__ import annotations

import pytest
from exchangelib import HTMLBody
from exchangelib.errors import (
    ErrorAccessDenied,
    ErrorDeleteDistinguishedFolder,
    ErrorFolderExists,
    ErrorIrresolvableConflict,
    ErrorItemNotFound,
)
from exchangelib.folders import Contacts
from exchangelib.indexed_properties import EmailAddress, PhoneNumber, PhysicalAddress
from exchangelib.items import NEVER_OVERWRITE, Contact
from pbx_exchange.sandbox import Right, Sandbox
from pbx_exchange.sandbox.soap import NS

from .conftest import Client

ANNA = "anna.berg@example.com"
VIPS = "Company Contacts/Customers/VIP Customers"


def public_folder(account, path):
    folder = account.public_folders_root
    for name in path.split("/"):
        folder = folder / name
    return folder


def test_a_created_contact_is_read_back_as_written(client: Client) -> None:
    account = client.login()
    Contact(
        account=account,
        folder=public_folder(account, VIPS),
        display_name='New "One" <\\>',
        given_name="Née",
        categories=["A", "B & C"],
        phone_numbers=[PhoneNumber(label="BusinessPhone", phone_number="+49 30 23125 777")],
        email_addresses=[EmailAddress(label="EmailAddress1", email="new@example.org")],
        physical_addresses=[PhysicalAddress(label="Home", street="Weg 1", city="Köln", country="Germany")],
        body="First line.\nSecond line.",
    ).save()
    found = public_folder(client.login(), VIPS).get(display_name='New "One" <\\>')
    assert found.given_name == "Née"
    assert found.categories == ["A", "B & C"]
    assert found.phone_numbers[0].phone_number == "+49 30 23125 777"
    assert found.email_addresses[0].email == "new@example.org"
    assert next(a for a in found.physical_addresses if a.label == "Home").city == "Köln"
    assert found.text_body == "First line.\nSecond line."
    assert isinstance(found.body, HTMLBody)


def test_an_update_changes_the_change_key_and_nothing_else(client: Client, sandbox: Sandbox) -> None:
    lady = public_folder(client.login(), VIPS).get(surname="von Österreich")
    before = (lady.id, lady.changekey)
    lady.job_title = "Queen"
    lady.phone_numbers = [p for p in lady.phone_numbers if p.label != "AssistantPhone"]
    lady.save()
    item = sandbox.state.find_item(before[0])
    assert item.change_key == lady.changekey != before[1]
    assert item.values["JobTitle"] == "Queen"
    assert "PhoneNumbers_AssistantPhone" not in item.values
    assert item.values["PhoneNumbers_MobilePhone"] == "+49 171 39200 31"
    assert item.values["Categories"] == ("VIP",)


def test_a_stale_change_key_is_a_conflict(client: Client, sandbox: Sandbox) -> None:
    lady = public_folder(client.login(), VIPS).get(surname="von Österreich")
    sandbox.state.update(sandbox.state.find_item(lady.id), JobTitle="Baroness")
    lady.job_title = "Queen"
    with pytest.raises(ErrorIrresolvableConflict):
        lady.save(conflict_resolution=NEVER_OVERWRITE)


def test_delete_and_move_to_deleted_items(client: Client, sandbox: Sandbox) -> None:
    account = client.login(impersonate=ANNA)
    first, second, third = list(account.contacts.all())
    first.delete()
    second.move_to_trash()
    assert [c.id for c in account.contacts.all()] == [third.id]
    trash = sandbox.state.mailboxes[ANNA].distinguished["deleteditems"]
    assert len(trash.items) == 1


def test_a_moved_item_gets_a_new_id(client: Client) -> None:
    account = client.login(impersonate=ANNA)
    lukas = (account.contacts / "Friends").get(given_name="Lukas")
    old = lukas.id
    lukas.move(account.contacts)
    assert lukas.id != old
    (answer,) = account.fetch([(old, None)])
    assert isinstance(answer, ErrorItemNotFound)
    assert account.contacts.filter(given_name="Lukas").count() == 1


def test_folders_are_created_renamed_and_deleted(client: Client, sandbox: Sandbox) -> None:
    account = client.login()
    company = public_folder(account, "Company Contacts")
    made = Contacts(parent=company, name="Partners").save()
    with pytest.raises(ErrorFolderExists):
        Contacts(parent=company, name="partners").save()
    made.name = "Allies"
    made.save(update_fields=["name"])
    assert sandbox.state.folder("Company Contacts/Allies").folder_class == "IPF.Contact"
    made.delete()
    with pytest.raises(KeyError):
        sandbox.state.folder("Company Contacts/Allies")


def test_a_folder_moved_to_deleted_items_keeps_its_id_and_contacts(client: Client, sandbox: Sandbox) -> None:
    account = client.login(impersonate=ANNA)
    friends = account.contacts / "Friends"
    before = (friends.id, {contact.id for contact in friends.all()})
    friends.delete(delete_type="MoveToDeletedItems")
    trash = client.login(impersonate=ANNA).trash / "Friends"
    assert (trash.id, {contact.id for contact in trash.all()}) == before
    with pytest.raises(KeyError):
        sandbox.state.folder("Contacts/Friends", ANNA)
    with pytest.raises(ValueError, match="cannot be moved"):
        sandbox.state.move_folder(sandbox.state.public, sandbox.state.contacts(ANNA))


def test_the_usual_folders_cannot_be_deleted(client: Client) -> None:
    account = client.login(impersonate=ANNA)
    with pytest.raises(ErrorDeleteDistinguishedFolder):
        account.contacts.delete()


def test_writing_needs_the_right_to_edit(client: Client, sandbox: Sandbox) -> None:
    account = client.login()
    folder = public_folder(account, VIPS)
    sandbox.state.set_right(sandbox.state.folder(VIPS), sandbox.email, Right.READ)
    lady = folder.get(surname="von Österreich")
    lady.job_title = "Queen"
    with pytest.raises(ErrorAccessDenied):
        lady.save()
    with pytest.raises(ErrorAccessDenied):
        lady.delete()
    with pytest.raises(ErrorAccessDenied):
        Contact(account=account, folder=folder, display_name="No").save()


def test_no_contacts_in_mail_folders(client: Client) -> None:
    answer = client.post(
        '<m:CreateItem><m:SavedItemFolderId><t:DistinguishedFolderId Id="inbox"/></m:SavedItemFolderId>'
        "<m:Items><t:Contact><t:DisplayName>No</t:DisplayName></t:Contact></m:Items></m:CreateItem>"
    )
    assert answer.findtext(".//m:ResponseCode", None, NS) == "ErrorCannotCreateContactInNonContactFolder"
