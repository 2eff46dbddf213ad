"""Folders and contacts as Graph shows them, with what is odd about it."""

from __future__ import annotations

import pytest
from pbx_microsoft365.sandbox import Sandbox

from .conftest import ANNA, IMMUTABLE, Client

DEFAULT = f"{ANNA}/contactFolders/contacts"


def test_the_default_folder_is_read_by_its_name_but_not_listed(client: Client) -> None:
    default = client.get(DEFAULT).json
    listed = client.get(f"{ANNA}/contactFolders").value
    assert [folder["displayName"] for folder in listed] == ["Friends"]
    assert {folder["parentFolderId"] for folder in listed} == {default["id"]}
    assert client.get(f"{DEFAULT}/childFolders").value == listed
    assert client.get(f"{ANNA}/contactFolders/{listed[0]['id']}").json["displayName"] == "Friends"


def test_contacts_of_a_user_are_those_of_the_default_folder(client: Client) -> None:
    names = [one["displayName"] for one in client.get(f"{ANNA}/contacts").value]
    assert names == ["Mama", "Zahnärztin Dr. Weiß", 'Kita "Die Strolche"']
    assert client.get(f"{DEFAULT}/contacts").value == client.get(f"{ANNA}/contacts").value


def test_pages_have_ten_or_top_and_links_keep_every_option(sandbox: Sandbox, client: Client) -> None:
    folder = sandbox.state.contacts("anna.berg@example.com")
    for number in range(20):
        sandbox.state.add(folder, DisplayName=f"More {number}")
    assert [len(page.value) for page in client.pages(f"{ANNA}/contacts")] == [10, 10, 3]
    options = {"$top": "15", "$select": "displayName", "$count": "true"}
    pages = list(client.pages(f"{ANNA}/contacts", options))
    assert [len(page.value) for page in pages] == [15, 8]
    assert {page.json["@odata.count"] for page in pages} == {23}
    assert all(one.keys() == {"@odata.etag", "id", "displayName"} for page in pages for one in page.value)


def test_contact_groups_are_counted_but_not_told(client: Client) -> None:
    page = client.get("/users/ben.o.hara@example.com/contacts", {"$count": "true"}).json
    assert (page["@odata.count"], len(page["value"])) == (3, 2)


def test_phones_and_addresses_are_in_their_members_and_slots(sandbox: Sandbox, client: Client) -> None:
    sandbox.state.add(
        sandbox.state.contacts("anna.berg@example.com"),
        DisplayName="Slots",
        PhoneNumbers_BusinessPhone2="+49 2",
        PhoneNumbers_BusinessFax="+49 3",
        EmailAddresses_EmailAddress2="two@example.org",
        PhysicalAddresses_Home_City="Köln",
    )
    tags = "id eq 'String 0x3A1B' or id eq 'String 0x3a24' or id eq 'String 0x3A08'"
    expand = f"singleValueExtendedProperties($filter={tags})"
    found = client.get(f"{ANNA}/contacts", {"$filter": "displayName eq 'Slots'", "$expand": expand}).value[0]
    assert found["businessPhones"] == ["+49 2"]  # the empty slot is closed up
    assert found["primaryEmailAddress"] is None
    assert found["secondaryEmailAddress"] == {"name": "two@example.org", "address": "two@example.org"}
    assert found["homeAddress"] == {"city": "Köln"}
    extended = {one["id"]: one["value"] for one in found["singleValueExtendedProperties"]}
    assert extended == {"String 0x3a1b": "+49 2", "String 0x3a24": "+49 3"}


def test_an_immutable_id_survives_a_move_and_a_usual_one_does_not(sandbox: Sandbox, client: Client) -> None:
    usual = client.get(f"{ANNA}/contacts").value[0]
    lasting = client.get(f"{ANNA}/contacts", Prefer=IMMUTABLE).value[0]
    assert usual["id"] != lasting["id"]
    state = sandbox.state
    state.move(state.find(DisplayName="Mama"), state.folder("Contacts/Friends", "anna.berg@example.com"))
    moved = client.get(f"{ANNA}/contacts/{lasting['id']}", Prefer=IMMUTABLE).json
    assert (moved["id"], moved["displayName"]) == (lasting["id"], "Mama")
    assert moved["parentFolderId"] != lasting["parentFolderId"]
    gone = client.get(f"{ANNA}/contacts/{usual['id']}")
    assert (gone.status, gone.code) == (404, "ErrorItemNotFound")


@pytest.mark.parametrize(
    ("target", "status", "code"),
    [
        ("/users/nobody@example.com/contacts", 404, "ErrorInvalidUser"),
        ("/users/nobody@example.com", 404, "Request_ResourceNotFound"),
        ("/users/dora.klein@example.com/contacts", 404, "MailboxNotEnabledForRESTAPI"),
        (f"{ANNA}/contacts/no-id", 400, "ErrorInvalidIdMalformed"),
        (f"{ANNA}/contactFolders/no-id", 400, "ErrorInvalidIdMalformed"),
        (f"{ANNA}/contacts/{{id}}/photo/$value", 404, "ErrorItemNotFound"),
        ("/me/contacts", 400, "BadRequest"),
        ("/publicFolders", 400, "BadRequest"),
    ],
)
def test_what_is_not_there_has_the_error_of_the_service(client: Client, target: str, status: int, code: str) -> None:
    one = client.get(f"{ANNA}/contacts").value[0]["id"]
    answer = client.get(target.replace("{id}", one))
    assert (answer.status, answer.code) == (status, code)


def test_a_contact_that_is_deleted_is_not_found(sandbox: Sandbox, client: Client) -> None:
    one = client.get(f"{ANNA}/contacts", Prefer=IMMUTABLE).value[0]
    sandbox.state.remove(sandbox.state.find(DisplayName="Mama"))
    answer = client.get(f"{ANNA}/contacts/{one['id']}", Prefer=IMMUTABLE)
    assert (answer.status, answer.code) == (404, "ErrorItemNotFound")
