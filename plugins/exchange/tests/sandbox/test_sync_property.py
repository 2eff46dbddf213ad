"""Whatever happens in a folder: a client that follows SyncFolderItems ends with what is there."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from pbx_exchange.sandbox.access import Session
from pbx_exchange.sandbox.operations import OPERATIONS
from pbx_exchange.sandbox.soap import MESSAGES, NS, TYPES

from pbx_connector.testing.office.server_state import ServerState

_EMAIL = "ann@example.com"
_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(0, 9)),
        st.tuples(st.sampled_from(["update", "remove", "move"]), st.integers(0, 9)),
        st.tuples(st.just("sync"), st.integers(1, 4)),
    ),
    max_size=40,
)


class Follower:
    """Keeps a copy of a folder, and its state, as a client does."""

    def __init__(self, state: ServerState) -> None:
        self._session = Session(state, _EMAIL)
        self._folder = state.contacts(_EMAIL)
        self._state = ""
        self._amid = False
        self.copy: dict[str, str] = {}

    def ask(self, limit: int) -> bool:
        """One call; tells whether there may be more."""
        request = etree.fromstring(
            f'<m:SyncFolderItems xmlns:m="{MESSAGES}" xmlns:t="{TYPES}"><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape>'
            f'</m:ItemShape><m:SyncFolderId><t:FolderId Id="{self._folder.id}"/></m:SyncFolderId>'
            f"<m:SyncState>{self._state}</m:SyncState><m:MaxChangesReturned>{limit}</m:MaxChangesReturned>"
            "</m:SyncFolderItems>"
        )
        (message,) = OPERATIONS["SyncFolderItems"](self._session, request)
        answer = etree.fromstring(message.replace(">", f' xmlns:m="{MESSAGES}" xmlns:t="{TYPES}">', 1))
        self._state = answer.findtext("m:SyncState", "", NS)
        more = answer.findtext("m:IncludesLastItemInRange", "", NS) == "false"
        changes = answer.findall("m:Changes/*", NS)
        assert len(changes) <= limit
        for change in changes:
            self._apply(etree.QName(change).localname, change.find(".//t:ItemId", NS))
        self._amid = more
        return more

    def _apply(self, kind: str, item_id: etree._Element) -> None:
        key = item_id.get("Id")
        if kind == "Delete":
            assert key in self.copy or self._amid  # only within a round may it be one that was never told
            self.copy.pop(key, None)
            return
        assert (kind == "Create") or key in self.copy
        self.copy[key] = item_id.get("ChangeKey")


def change(state: ServerState, action: str, at: int) -> None:
    folder = state.contacts(_EMAIL)
    if action == "add":
        state.add(folder, DisplayName=f"Number {at}")
        return
    items = list(folder.items.values())
    if not items:
        return
    item = items[at % len(items)]
    if action == "update":
        state.update(item, JobTitle=f"Title {at}")
    elif action == "remove":
        state.remove(item)
    else:
        state.move(item, state.mailboxes[_EMAIL].distinguished["deleteditems"])


@settings(max_examples=150)
@given(_STEPS)
def test_a_follower_ends_with_what_is_there(steps: list[tuple[str, int]]) -> None:
    state = ServerState()
    state.add_user(_EMAIL, "ann", "secret")
    follower = Follower(state)
    for action, number in steps:
        if action == "sync":
            follower.ask(number)
        else:
            change(state, action, number)
    while follower.ask(3):
        pass
    assert follower.copy == {item.id: item.change_key for item in state.contacts(_EMAIL).items.values()}
    assert not follower.ask(1)
