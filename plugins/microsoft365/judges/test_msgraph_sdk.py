"""msgraph-sdk, Microsoft's own client, generated from the description of Graph: what it has no place for is a fault."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import httpx
import pytest
from kiota_abstractions.authentication import (
    AccessTokenProvider,
    AllowedHostsValidator,
    BaseBearerTokenAuthenticationProvider,
)
from kiota_abstractions.base_request_configuration import RequestConfiguration
from kiota_abstractions.method import Method
from kiota_abstractions.request_information import RequestInformation
from kiota_abstractions.serialization import Parsable
from msgraph import GraphRequestAdapter, GraphServiceClient
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.generated.users.item.contact_folders.item.contacts.contacts_request_builder import ContactsRequestBuilder
from msgraph.generated.users.users_request_builder import UsersRequestBuilder
from msgraph_core import GraphClientFactory
from msgraph_core.requests.batch_request_content import BatchRequestContent
from msgraph_core.requests.batch_request_item import BatchRequestItem

from .conftest import MAILBOX

Work = Callable[[GraphServiceClient], Awaitable[Any]]
FAX = "singleValueExtendedProperties($filter=id eq 'String 0x3A24' or id eq 'String 0x3A1B')"


class Token(AccessTokenProvider):
    def __init__(self, token: str) -> None:
        self._token = token

    async def get_authorization_token(self, uri: str, additional_authentication_context: Any = None) -> str:
        return self._token

    def get_allowed_hosts_validator(self) -> AllowedHostsValidator:
        return AllowedHostsValidator(["127.0.0.1"])


@pytest.fixture
def run(sandbox: dict[str, Any]) -> Callable[[Work], Any]:
    async def with_client(work: Work) -> Any:
        context = ssl.create_default_context(cafile=sandbox["ca_file"])
        async with httpx.AsyncClient(verify=context, timeout=30) as plain:
            piped = GraphClientFactory.create_with_default_middleware(client=plain)
            signing = BaseBearerTokenAuthenticationProvider(Token(sandbox["token"]))
            adapter = GraphRequestAdapter(signing, client=piped)
            adapter.base_url = sandbox["url"]
            return await work(GraphServiceClient(request_adapter=adapter))

    return lambda work: asyncio.run(with_client(work))


def unknown(parsed: Parsable) -> Iterator[str]:
    """Members of an answer that the description of Graph does not have; annotations are no members."""
    for name, value in vars(parsed).items():
        if name == "additional_data":
            yield from (f"{type(parsed).__name__}.{key}" for key in value if "@" not in key)
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, Parsable):
                yield from unknown(one)


def folder(graph: GraphServiceClient, name: str = "contacts") -> Any:
    return graph.users.by_user_id(MAILBOX).contact_folders.by_contact_folder_id(name)


def options(**given: Any) -> RequestConfiguration[Any]:
    parameters = ContactsRequestBuilder.ContactsRequestBuilderGetQueryParameters(**given)
    return RequestConfiguration(query_parameters=parameters)


def test_folders(run: Any) -> None:
    async def work(graph: GraphServiceClient) -> tuple[Any, Any]:
        return await folder(graph).get(), await graph.users.by_user_id(MAILBOX).contact_folders.get()

    default, listed = run(work)
    assert [one.parent_folder_id for one in listed.value] == [default.id] * len(listed.value)
    assert [*unknown(default), *unknown(listed)] == []


def test_contacts_page_by_page_with_extended_properties(run: Any) -> None:
    async def work(graph: GraphServiceClient) -> list[Any]:
        contacts = folder(graph).contacts
        pages = [await contacts.get(options(top=2, expand=[FAX]))]
        while link := pages[-1].odata_next_link:
            pages.append(await contacts.with_url(link).get())
        return pages

    pages = run(work)
    assert len(pages) > 1
    contacts = [contact for page in pages for contact in page.value]
    assert len({contact.id for contact in contacts}) == len(contacts) > 2
    assert all(contact.display_name for contact in contacts)
    assert [name for page in pages for name in unknown(page)] == []


def test_a_delta_and_its_links(run: Any) -> None:
    async def work(graph: GraphServiceClient) -> list[Any]:
        delta = folder(graph).contacts.delta
        pages = [await delta.get()]
        while link := pages[-1].odata_next_link:
            pages.append(await delta.with_url(link).get())
        return [*pages, await delta.with_url(pages[-1].odata_delta_link).get()]

    *pages, again = run(work)
    assert sum(len(page.value) for page in pages) > 2
    assert (again.value, bool(again.odata_delta_link)) == ([], True)
    assert [name for page in pages for name in unknown(page)] == []


def test_the_directory(run: Any) -> None:
    async def work(graph: GraphServiceClient) -> list[Any]:
        asked = UsersRequestBuilder.UsersRequestBuilderGetQueryParameters(
            top=3, select=["id", "displayName", "mail", "businessPhones", "employeeId", "onPremisesExtensionAttributes"]
        )
        pages = [await graph.users.get(RequestConfiguration(query_parameters=asked))]
        while link := pages[-1].odata_next_link:
            pages.append(await graph.users.with_url(link).get())
        pages += [await graph.contacts.get(), await graph.groups.get(), await graph.users.delta.get()]
        (group,) = pages[-2].value[:1]
        return [*pages, await graph.groups.by_group_id(group.id).transitive_members.get()]

    pages = run(work)
    assert len(pages) > 5
    assert all(page.value for page in pages)
    assert [name for page in pages for name in unknown(page)] == []


def test_an_error_is_read_as_one(run: Any) -> None:
    async def work(graph: GraphServiceClient) -> ODataError:
        with pytest.raises(ODataError) as caught:
            await folder(graph, "AAMkNothing=").get()
        return caught.value

    error = run(work)
    assert error.response_status_code in (400, 404)
    assert error.error.code.startswith("Error")
    assert error.error.message
    assert [*unknown(error)] == []


def test_a_batch(run: Any) -> None:
    async def work(graph: GraphServiceClient) -> Any:
        content = BatchRequestContent()
        for target in ("contactFolders/contacts", "contactFolders/AAMkNothing=", "contacts"):
            asked = RequestInformation()
            asked.http_method = Method.GET
            asked.url = f"{graph.request_adapter.base_url}/users/{MAILBOX}/{target}"
            item = BatchRequestItem(asked)
            item.url = f"/users/{MAILBOX}/{target}"  # in a batch it is relative; its own way there keeps the version
            content.add_request(item.id, item)
        return await graph.batch.post(batch_request_content=content)

    responses = run(work).responses
    assert sorted(one.status for one in responses.values()) in ([200, 200, 400], [200, 200, 404])
