"""SyncFolderItems: what changed in a folder since a state that the client keeps for us.

As seen on real servers, the state of another folder is not refused but answered with everything anew; only what cannot
be read at all is an error.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from lxml import etree

from pbx_connector.testing.office.entities import Folder, Right
from pbx_exchange.sandbox.access import Session
from pbx_exchange.sandbox.operations.messages import answer_one
from pbx_exchange.sandbox.shapes import WriteItem, compile_shape, read_shape
from pbx_exchange.sandbox.soap import NS, EwsError, write_success


@dataclass(frozen=True, slots=True)
class SyncState:
    folder: int
    seen: int
    """Version up to which the client knows everything."""
    base: int
    """Version that the client knew when this round of calls began: what is newer is a Create to it."""


def sync_folder_items(session: Session, body: etree._Element) -> list[str]:
    plain = session.state.habits.plain_items
    write = compile_shape(read_shape(body.find("m:ItemShape", NS)), listing=True, plain=plain)

    def answer() -> str:
        folder = session.require(session.see_folder(body.xpath("m:SyncFolderId/*", namespaces=NS)[0]), Right.READ)
        if folder.is_public:
            raise EwsError("ErrorInvalidOperation", "The operation is not supported on public folders.")
        state = _read_state(body.findtext("m:SyncState", "", NS), folder)
        return _write_changes(folder, state, _read_limit(body), write)

    return [answer_one("SyncFolderItems", answer)]


def _read_limit(body: etree._Element) -> int:
    return int(body.findtext("m:MaxChangesReturned", "512", NS))


def _read_state(text: str, folder: Folder) -> SyncState:
    if not text:
        return SyncState(folder.number, 0, 0)
    try:
        number, seen, base = json.loads(base64.b64decode(text, validate=True))
    except (binascii.Error, UnicodeDecodeError, ValueError, TypeError) as error:
        raise EwsError(
            "ErrorInvalidSyncStateData", "Synchronization state data is corrupt or otherwise invalid."
        ) from error
    return SyncState(number, seen, base) if number == folder.number else SyncState(folder.number, 0, 0)


def _write_state(state: SyncState) -> str:
    return base64.b64encode(json.dumps([state.folder, state.seen, state.base]).encode()).decode()


def _write_changes(folder: Folder, state: SyncState, limit: int, write: WriteItem) -> str:
    found = list(islice(_find_changes(folder, state, write), limit + 1))
    page, last = found[:limit], len(found) <= limit
    seen = max(folder.log.last, state.seen) if last else page[-1][0]
    told = SyncState(folder.number, seen, seen if last else state.base)
    return write_success(
        "SyncFolderItems",
        f"<m:SyncState>{_write_state(told)}</m:SyncState>"
        f"<m:IncludesLastItemInRange>{str(last).lower()}</m:IncludesLastItemInRange>"
        f"<m:Changes>{''.join(change for _, change in page)}</m:Changes>",
    )


def _find_changes(folder: Folder, state: SyncState, write: WriteItem) -> Iterator[tuple[int, str]]:
    """Version and change, oldest first; of each item only what came last.

    An item that came and went within one round of several calls may be told as deleted to a client that never saw it.
    """
    for version, number in folder.log.since(state.seen):
        item, removed = folder.items.get(number), folder.removed.get(number)
        if item and item.version == version:
            action = "Create" if item.created > state.base else "Update"
            yield version, f"<t:{action}>{write(item)}</t:{action}>"
        elif removed and removed.version == version and removed.created <= state.seen:
            yield version, f'<t:Delete><t:ItemId Id="{removed.id}" ChangeKey="{removed.change_key}"/></t:Delete>'
