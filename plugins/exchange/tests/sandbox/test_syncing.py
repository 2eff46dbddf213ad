"""SyncFolderItems, asked by exchangelib and by hand."""

from __future__ import annotations

import pytest
from exchangelib.errors import ErrorItemNotFound
from lxml import etree
from pbx_exchange.sandbox import Fault, Folder, Sandbox
from pbx_exchange.sandbox.soap import NS

from .conftest import Client

ANNA = "anna.berg@example.com"


@pytest.fixture
def contacts(client: Client):
    return client.login(impersonate=ANNA).contacts


def sync(folder):
    """Kinds and ids of all changes since the state that exchangelib keeps in the folder."""
    return [(kind, getattr(item, "id", None)) for kind, item in folder.sync_items(only_fields=["display_name"])]


def ask(
    client: Client, sandbox: Sandbox, state: str = "", limit: int = 512, folder: Folder | None = None
) -> etree._Element:
    folder = folder or sandbox.state.contacts(ANNA)
    body = (
        "<m:SyncFolderItems><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape></m:ItemShape>"
        f'<m:SyncFolderId><t:FolderId Id="{folder.id}"/></m:SyncFolderId><m:SyncState>{state}</m:SyncState>'
        f"<m:MaxChangesReturned>{limit}</m:MaxChangesReturned></m:SyncFolderItems>"
    )
    return client.post(body, email=ANNA)


def read_changes(answer: etree._Element) -> list[str]:
    return [etree.QName(change).localname for change in answer.iterfind(".//m:Changes/*", NS)]


def test_first_everything_then_only_changes(contacts, sandbox: Sandbox) -> None:
    state = sandbox.state
    folder = state.contacts(ANNA)
    first, second, third = folder.items.values()
    assert sync(contacts) == [("create", item.id) for item in (first, second, third)]
    assert sync(contacts) == []
    state.update(second, JobTitle="Dentist")
    gone = first.id
    state.remove(first)
    new = state.add(folder, DisplayName="New")
    assert sync(contacts) == [("update", second.id), ("delete", gone), ("create", new.id)]
    assert sync(contacts) == []


def test_what_came_and_went_between_is_not_told(contacts, sandbox: Sandbox) -> None:
    sync(contacts)
    sandbox.state.remove(sandbox.state.add(sandbox.state.contacts(ANNA), DisplayName="Ephemeral"))
    assert sync(contacts) == []


def test_a_move_is_a_removal_here_and_a_creation_there(contacts, sandbox: Sandbox) -> None:
    sync(contacts)
    item = sandbox.state.find(DisplayName="Mama")
    old = item.id
    moved = sandbox.state.move(item, sandbox.state.folder("Contacts/Friends", ANNA))
    assert sync(contacts) == [("delete", old)]
    assert moved.id != old


def test_small_steps_reach_the_same_end(client: Client, sandbox: Sandbox) -> None:
    folder = sandbox.state.contacts(ANNA)
    for n in range(7):
        sandbox.state.add(folder, DisplayName=f"Number {n}")
    sandbox.state.update(sandbox.state.find(DisplayName="Number 0"), JobTitle="Changed before the first read")
    state, last, ids = "", "false", []
    while last == "false":
        answer = ask(client, sandbox, state, limit=3)
        state = answer.findtext(".//m:SyncState", None, NS)
        last = answer.findtext(".//m:IncludesLastItemInRange", None, NS)
        assert set(read_changes(answer)) == {"Create"}
        ids += answer.xpath("//t:ItemId/@Id", namespaces=NS)
    assert sorted(ids) == sorted(item.id for item in folder.items.values())


def test_the_state_of_another_folder_lists_everything_anew(client: Client, sandbox: Sandbox) -> None:
    other = client.login(impersonate=ANNA).contacts / "Friends"
    list(other.sync_items())
    answer = ask(client, sandbox, other.item_sync_state)
    assert read_changes(answer) == ["Create"] * 3


def test_a_state_that_is_garbage_is_refused(client: Client, sandbox: Sandbox) -> None:
    answer = ask(client, sandbox, "Z2FyYmFnZQ==")
    assert answer.findtext(".//m:ResponseCode", None, NS) == "ErrorInvalidSyncStateData"


def test_public_folders_have_none(client: Client, sandbox: Sandbox) -> None:
    answer = ask(client, sandbox, folder=sandbox.state.folder("Company Contacts"))
    assert answer.findtext(".//m:ResponseCode", None, NS) == "ErrorInvalidOperation"


def test_a_false_end_hides_what_is_left(client: Client, sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault(name="false-end"))
    first = ask(client, sandbox, limit=1)
    assert first.findtext(".//m:IncludesLastItemInRange", None, NS) == "true"
    second = ask(client, sandbox, first.findtext(".//m:SyncState", None, NS))
    assert read_changes(second) == ["Create", "Create"]


def test_a_lingering_folder_looks_empty_and_only_get_folder_tells(contacts, sandbox: Sandbox) -> None:
    friends = contacts / "Friends"
    assert len(sync(friends)) == 2
    sandbox.state.delete_folder(sandbox.state.folder("Contacts/Friends", ANNA), linger=True)
    assert [kind for kind, _ in sync(friends)] == ["delete", "delete"]
    assert list(friends.all()) == []
    with pytest.raises(ErrorItemNotFound):
        friends.refresh()
