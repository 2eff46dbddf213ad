"""Folders of one mailbox read by the user of another, who has rights on these folders only."""

from __future__ import annotations

import pytest
from exchangelib.folders import Contacts, SingleFolderQuerySet
from exchangelib.properties import DistinguishedFolderId, Mailbox
from pbx_exchange.sandbox import Sandbox
from pbx_exchange.sandbox.soap import NS

from .conftest import Client

OWNER = "sales@example.com"


def open_shared(account, owner: str = OWNER):
    """As exchange-facts says it must be done, without the mailbox's root."""
    named = Contacts(
        root=account.root,
        _distinguished_id=DistinguishedFolderId(id="contacts", mailbox=Mailbox(email_address=owner)),
    )
    found = SingleFolderQuerySet(account=account, folder=named).resolve()
    found._distinguished_id = None
    return found


def test_the_owners_contacts_arrive(client: Client, sandbox: Sandbox) -> None:
    shared = open_shared(client.login())
    assert {contact.display_name for contact in shared.all()} == {"Trade fair hotline", "Hafenkontor (Sales)"}
    assert shared.id == sandbox.state.contacts(OWNER).id


def test_the_trap_gives_the_callers_own_contacts(client: Client) -> None:
    account = client.login()
    named = Contacts(
        root=account.root,
        _distinguished_id=DistinguishedFolderId(id="contacts", mailbox=Mailbox(email_address=OWNER)),
    )
    resolved = SingleFolderQuerySet(account=account, folder=named).resolve()
    assert {contact.display_name for contact in resolved.all()} == {"Own contact of the phone system"}


def test_subfolders_show_as_far_as_they_are_shared(client: Client) -> None:
    shared = open_shared(client.login())
    children = SingleFolderQuerySet(account=shared.account, folder=shared).depth("Shallow").all()
    names = {child.name for child in children if not isinstance(child, Exception)}
    assert "Trade Fair" in names
    assert "Internal" not in names


@pytest.mark.parametrize(
    ("owner", "name", "code"),
    [
        (OWNER, "contacts", "NoError"),
        (OWNER, "root", "ErrorAccessDenied"),
        (OWNER, "msgfolderroot", "ErrorAccessDenied"),
        ("anna.berg@example.com", "contacts", "ErrorAccessDenied"),
        ("nobody@example.com", "contacts", "ErrorNonExistentMailbox"),
    ],
)
def test_a_direct_look_at_a_folder_of_somebody_else(client: Client, owner: str, name: str, code: str) -> None:
    answer = client.post(
        "<m:GetFolder><m:FolderShape><t:BaseShape>IdOnly</t:BaseShape></m:FolderShape><m:FolderIds>"
        f'<t:DistinguishedFolderId Id="{name}"><t:Mailbox><t:EmailAddress>{owner}</t:EmailAddress></t:Mailbox>'
        "</t:DistinguishedFolderId></m:FolderIds></m:GetFolder>"
    )
    assert answer.findtext(".//m:ResponseCode", None, NS) == code


def test_sharing_more_and_taking_it_back(client: Client, sandbox: Sandbox) -> None:
    friends = sandbox.state.folder("Contacts/Friends", "anna.berg@example.com")
    sandbox.state.share(friends, sandbox.email)
    body = (
        '<m:FindItem Traversal="Shallow"><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape></m:ItemShape>'
        f'<m:ParentFolderIds><t:FolderId Id="{friends.id}"/></m:ParentFolderIds></m:FindItem>'
    )
    assert b"NoError" in client.send(body).content
    sandbox.state.share(friends)
    assert b"ErrorAccessDenied" in client.send(body).content
