"""Office365-REST-Python-Client, another client by others."""

from __future__ import annotations

from typing import Any

import pytest
from office365 import azure_env
from office365.azure_env import AzureEnvironment
from office365.graph_client import GraphClient
from office365.runtime.client_request_exception import ClientRequestException

from .conftest import MAILBOX


@pytest.fixture
def client(sandbox: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> GraphClient:
    monkeypatch.setitem(azure_env._ENDPOINTS[AzureEnvironment.Global], "graph", sandbox["authority"])
    return GraphClient(lambda: {"token_type": "Bearer", "access_token": sandbox["token"]})


def test_contacts_page_by_page(client: GraphClient) -> None:
    contacts = client.users[MAILBOX].contacts.get_all(page_size=2).execute_query()
    assert len(contacts) > 2
    assert all(contact.properties["displayName"] for contact in contacts)


def test_folders(client: GraphClient) -> None:
    folders = client.users[MAILBOX].contact_folders.get().execute_query()
    assert [folder.properties["displayName"] for folder in folders] == ["Friends"]


def test_users_and_what_changed_of_them(client: GraphClient) -> None:
    users = client.users.get_all(page_size=3).execute_query()
    assert len(users) > 3
    changed = client.users.delta.get().execute_query()
    assert len(changed) > 3


def test_an_error_is_read_as_one(client: GraphClient) -> None:
    with pytest.raises(ClientRequestException) as caught:
        client.users["nobody@example.com"].contacts.get().execute_query()
    assert caught.value.response.status_code == 404
    assert caught.value.code
