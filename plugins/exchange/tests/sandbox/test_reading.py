"""exchangelib, a client that is not ours, lists folders and reads contacts."""

from __future__ import annotations

import pytest
from exchangelib.errors import (
    ErrorAccessDenied,
    ErrorImpersonateUserDenied,
    ErrorInvalidOperation,
    ErrorItemNotFound,
    ErrorNonExistentMailbox,
    UnauthorizedError,
)
from exchangelib.folders import SingleFolderQuerySet
from exchangelib.items import Contact, DistributionList, Message
from pbx_exchange.sandbox import Right, Sandbox
from pbx_exchange.sandbox.soap import NS

from .conftest import Client

ANNA = "anna.berg@example.com"


def walk(folder):
    for child in folder.children:
        yield child
        yield from walk(child)


def public_folders(account):
    return {folder.name: folder for folder in walk(account.public_folders_root)}


def test_public_folders_are_walked_and_the_unreadable_one_is_not_there(client: Client) -> None:
    folders = public_folders(client.login())
    assert {"Company Contacts", "Customers", "VIP Customers", "Suppliers", "Mac Contacts"} <= set(folders)
    assert "Board (confidential)" not in folders
    assert folders["Customers"].folder_class == "IPF.Contact"
    assert folders["Customers"].parent.name == "Company Contacts"
    assert folders["Customers"].total_count == 35


def test_a_contact_arrives_whole(client: Client) -> None:
    vip = public_folders(client.login())["VIP Customers"]
    found = {contact.display_name: contact for contact in vip.all()}
    lady = found["Viktoria von Österreich"]
    phones = {phone.label: phone.phone_number for phone in lady.phone_numbers if phone.phone_number}
    assert phones == {
        "AssistantPhone": "+49 89 99998 302",
        "BusinessPhone": "+49 89 99998 301",
        "MobilePhone": "+49 171 39200 31",
    }
    assert lady.categories == ["VIP"]
    assert lady.complete_name.full_name == "Viktoria von Österreich"


def test_quotes_backslashes_and_emoji_are_just_characters(client: Client) -> None:
    names = {contact.display_name for contact in public_folders(client.login())["Customers"].all()}
    assert {'Ann "Bo" Lee', "Server\\Share Ltd.", "Zoë 🚲 Rad-Kurier 👩‍🔧", "<Ümläut> & Söhne; „Anführung“"} <= names
    assert any(name and len(name) == 100 for name in names)
    assert None in names


def test_other_kinds_lie_among_the_contacts(client: Client) -> None:
    kinds = {type(item) for item in public_folders(client.login())["Company Contacts"].all()}
    assert kinds == {Contact, DistributionList, Message}


def test_paging_gives_every_item_once(client: Client, sandbox: Sandbox) -> None:
    customers = public_folders(client.login())["Customers"]
    found = customers.all()
    found.page_size = 10
    ids = [item.id for item in found.only("id")]
    assert len(ids) == len(set(ids)) == 35
    assert sandbox.requests.count()["FindItem"] == 4


def test_find_item_cuts_long_text_and_get_item_does_not(client: Client, sandbox: Sandbox) -> None:
    item = sandbox.state.find(DisplayName="Talkative Contact")
    shape = (
        "<m:ItemShape><t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties>"
        '<t:FieldURI FieldURI="contacts:OfficeLocation"/></t:AdditionalProperties></m:ItemShape>'
    )
    listed = client.post(
        f'<m:FindItem Traversal="Shallow">{shape}<m:ParentFolderIds><t:FolderId Id="{item.folder.id}"/>'
        "</m:ParentFolderIds></m:FindItem>"
    )
    whole = client.post(f'<m:GetItem>{shape}<m:ItemIds><t:ItemId Id="{item.id}"/></m:ItemIds></m:GetItem>')
    cut = listed.findtext(".//t:OfficeLocation", None, NS)
    assert len(cut) == 255
    assert whole.findtext(".//t:OfficeLocation", None, NS) == item.values["OfficeLocation"]
    assert item.values["OfficeLocation"].startswith(cut)


def test_restrictions_and_order(client: Client) -> None:
    customers = public_folders(client.login())["Customers"]
    assert customers.filter(display_name__icontains="LEE").count() == 1
    assert customers.filter(given_name__startswith="Z", company_name__exists=True).exists()
    assert not customers.filter(surname="Nobody").exists()
    names = list(customers.filter(surname__exists=True).order_by("-surname").values_list("surname", flat=True))
    assert names == sorted(names, key=str.casefold, reverse=True)


def test_missing_ids_are_answered_one_by_one(client: Client, sandbox: Sandbox) -> None:
    account = client.login()
    vip = sandbox.state.folder("Company Contacts/Customers/VIP Customers")
    kept, gone = list(vip.items.values())[:2]
    gone_id = gone.id
    sandbox.state.remove(gone)
    first, second = account.fetch([(kept.id, None), (gone_id, None)])
    assert isinstance(first, Contact)
    assert isinstance(second, ErrorItemNotFound)


def test_item_ids_go_by_case(client: Client, sandbox: Sandbox) -> None:
    folder = sandbox.state.folder("Company Contacts/Customers")
    ids = {sandbox.state.add(folder, DisplayName=f"Number {n}").id for n in range(64)}
    one, other = next((i, i[:-1] + i[-1].lower()) for i in ids if i[-1].isupper() and i[:-1] + i[-1].lower() in ids)
    first, second = client.login().fetch([(one, None), (other, None)])
    assert (first.id, second.id) == (one, other)


def test_a_folder_without_the_right_to_read_it(client: Client, sandbox: Sandbox) -> None:
    account = client.login()
    customers = public_folders(account)["Customers"]
    sandbox.state.set_right(sandbox.state.folder("Company Contacts/Customers"), sandbox.email, Right.VISIBLE)
    with pytest.raises(ErrorAccessDenied):
        list(customers.all())
    sandbox.state.set_right(sandbox.state.folder("Company Contacts/Customers"), sandbox.email, Right.NONE)
    with pytest.raises(ErrorAccessDenied):
        customers.refresh()


def test_a_deleted_folder_is_not_found(client: Client, sandbox: Sandbox) -> None:
    suppliers = public_folders(client.login())["Suppliers"]
    sandbox.state.delete_folder(sandbox.state.folder("Company Contacts/Suppliers"))
    with pytest.raises(ErrorItemNotFound):
        suppliers.refresh()


def test_deep_traversal_of_public_folders_is_refused(client: Client) -> None:
    root = client.login().public_folders_root
    with pytest.raises(ErrorInvalidOperation):
        list(SingleFolderQuerySet(account=root.account, folder=root).depth("Deep").all())


def test_impersonation_reads_the_mailbox_of_another(client: Client) -> None:
    contacts = client.login(impersonate=ANNA).contacts
    assert {"Mama", "Zahnärztin Dr. Weiß"} <= {contact.display_name for contact in contacts.all()}
    friends = {child.name: child for child in contacts.children}["Friends"]
    assert friends.total_count == 2


def test_impersonation_denied(client: Client, sandbox: Sandbox) -> None:
    sandbox.state.set_impersonation(sandbox.email, "*", False)
    with pytest.raises(ErrorImpersonateUserDenied):
        client.login(impersonate=ANNA).contacts.refresh()


def test_impersonating_nobody(client: Client) -> None:
    with pytest.raises(ErrorNonExistentMailbox):
        client.login(impersonate="nobody@example.com").contacts.refresh()


def test_wrong_password(client: Client) -> None:
    with pytest.raises(UnauthorizedError):
        client.login(password="wrong").root.refresh()


def test_directory_addresses_are_resolved_by_get_item_only(client: Client, sandbox: Sandbox) -> None:
    item = sandbox.state.find(DisplayName="Anna Berg")
    shape = (
        "<m:ItemShape><t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties>"
        '<t:IndexedFieldURI FieldURI="contacts:EmailAddress" FieldIndex="EmailAddress1"/>'
        "</t:AdditionalProperties></m:ItemShape>"
    )
    listed = client.post(
        f'<m:FindItem Traversal="Shallow">{shape}<m:ParentFolderIds><t:FolderId Id="{item.folder.id}"/>'
        "</m:ParentFolderIds></m:FindItem>"
    )
    whole = client.post(f'<m:GetItem>{shape}<m:ItemIds><t:ItemId Id="{item.id}"/></m:ItemIds></m:GetItem>')
    assert listed.findtext(".//t:Entry", None, NS).startswith("/o=Beispielwerk/")
    assert whole.findtext(".//t:Entry", None, NS) == ANNA
