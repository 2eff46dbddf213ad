"""O365, a client by others, which writes its own query options: `%24top`, `%24select`, `%24filter`."""

from __future__ import annotations

from typing import Any

import msal
import pytest
from O365 import Account, MSGraphProtocol
from O365.utils.token import MemoryTokenBackend

from .conftest import MAILBOX


@pytest.fixture
def account(sandbox: dict[str, Any]) -> Account:
    class Protocol(MSGraphProtocol):
        _protocol_url = f"{sandbox['authority']}/"

    credentials = (sandbox["client_id"], sandbox["client_secret"])
    found = Account(
        credentials,
        protocol=Protocol(),
        auth_flow_type="credentials",
        tenant_id=sandbox["tenant"],
        token_backend=MemoryTokenBackend(),
    )
    found.con._msal_client = msal.ConfidentialClientApplication(  # its own would ask login.microsoftonline.com
        *credentials[:1],
        client_credential=credentials[1],
        authority=f"{sandbox['authority']}/{sandbox['tenant']}",
        instance_discovery=False,
        token_cache=found.con.token_backend,
    )
    assert found.authenticate(requested_scopes=["https://graph.microsoft.com/.default"])
    return found


def test_contacts_page_by_page(account: Account) -> None:
    book = account.address_book(resource=MAILBOX)
    contacts = list(book.get_contacts(limit=None, batch=2))
    assert len(contacts) > 2
    assert all(contact.display_name for contact in contacts)


def test_a_filter(account: Account) -> None:
    book = account.address_book(resource=MAILBOX)
    first = next(iter(book.get_contacts(limit=1)))
    query = book.new_query().equals("display_name", first.display_name)
    assert [one.object_id for one in book.get_contacts(query=query)] == [first.object_id]


def test_folders(account: Account) -> None:
    book = account.address_book(resource=MAILBOX)
    (friends,) = book.get_folders()
    assert friends.name == "Friends"
    assert list(friends.get_contacts())
    assert book.get_folder(folder_name="Friends").folder_id == friends.folder_id


def test_users(account: Account) -> None:
    users = list(account.directory().get_users(limit=None, batch=3))
    assert len(users) > 3
    assert MAILBOX in {user.mail for user in users}
