"""What changed: rounds of pages that end with a link for the next round, for contacts, folders and the directory.

The tokens say how far a client has come and what it selected; they mean nothing to it. Neighbour: routes.py.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from http import HTTPStatus
from itertools import islice
from typing import Final

from pbx_connector.testing.office.directory import DirectoryEntry, DirectoryKind
from pbx_connector.testing.office.entities import Folder
from pbx_microsoft365.sandbox.calls import Call
from pbx_microsoft365.sandbox.contacts import CONTACT_TYPE, SELECTABLE, WriteContact, compile_contact
from pbx_microsoft365.sandbox.identifiers import item_id, web_id
from pbx_microsoft365.sandbox.mailboxes import FOLDER_MEMBERS, FOLDER_TYPE, is_listed
from pbx_microsoft365.sandbox.messages import GraphError, Json, bad_request
from pbx_microsoft365.sandbox.options import read_select
from pbx_microsoft365.sandbox.people import compile_entry

PAGE: Final = 10
PAGE_LIMIT: Final = 200
DIRECTORY_PAGE: Final = 200

Change = tuple[int, Json]
"""The version it was made in, and what is told of it."""


@dataclass(frozen=True, slots=True)
class Token:
    what: str
    """What the round is about: another one's token is refused."""
    seen: int = 0
    """Version up to which the client knows everything."""
    base: int = 0
    """Version that the client knew when this round began."""
    select: str = ""
    filter: str = ""

    def write(self) -> str:
        parts = [self.what, self.seen, self.base, self.select, self.filter]
        return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def _read_token(call: Call, what: str) -> Token:
    """Where this call stands; options are in the token and may not come beside it."""
    given = [call.options[name] for name in ("$skiptoken", "$deltatoken") if name in call.options]
    if not given:
        return Token(what, select=call.options.get("$select", ""), filter=call.options.get("$filter", ""))
    if len(call.options) > 1:
        raise bad_request("Links are followed as they are: options cannot be added to them.")
    token = _decode(given[0])
    if token.what != what:
        raise sync_state_lost("SyncStateInvalid", "The sync state belongs to another collection.")
    return token


def _decode(text: str) -> Token:
    try:
        what, seen, base, select, chosen = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        token = Token(str(what), seen, base, str(select), str(chosen))
    except (binascii.Error, ValueError, TypeError, RecursionError) as error:
        raise bad_request("Badly formed token.", "SyncStateInvalid") from error
    if not all(type(number) is int and number >= 0 for number in (token.seen, token.base)):
        raise bad_request("Badly formed token.", "SyncStateInvalid")
    return token


def sync_state_lost(code: str = "SyncStateNotFound", said: str = "") -> GraphError:
    usual = "The sync state generation is not found; generation=149;[highest=157][lowest=151]."
    return GraphError(HTTPStatus.GONE, code, said or usual)


def _tell(call: Call, changes: Iterable[Change], token: Token, last: int, size: int) -> Json:
    """One page; `last` is the version that the client knows with the last of them."""
    found = list(islice(changes, size + 1))
    page = [told for _, told in found[:size]]
    if len(found) > size:
        onward = replace(token, seen=found[size - 1][0])
        return {"value": page, "@odata.nextLink": call.token_link("$skiptoken", onward.write())}
    onward = replace(token, seen=max(last, token.seen), base=max(last, token.seen))
    return {"value": page, "@odata.deltaLink": call.token_link("$deltatoken", onward.write())}


def _page_size(call: Call) -> int:
    return min(call.preferences.page_size or PAGE, PAGE_LIMIT)


def _select(token: Token, known: frozenset[str], kind: str) -> list[str] | None:
    return read_select({"$select": token.select} if token.select else {}, known, kind)


# --- contacts -----------------------------------------------------------------------------------------------------


def contacts_delta(call: Call) -> Json:
    """Of the folder in the address, or of the default folder."""
    named = "folder" in call.params
    folder = call.folder("ErrorSyncFolderNotFound") if named else call.mailbox.distinguished["contacts"]
    token = _read_token(call, f"contacts/{folder.number}")
    immutable = call.preferences.immutable
    select = _select(token, SELECTABLE, CONTACT_TYPE)
    write = compile_contact(call.mailbox, select, {}, call.name_of, immutable=immutable)
    changes = _contact_changes(call, folder, token, write)
    context = call.context("Collection(microsoft.graph.contact)/$delta")
    return context | _tell(call, changes, token, folder.log.last, _page_size(call))


def _contact_changes(call: Call, folder: Folder, token: Token, write: WriteContact) -> Iterator[Change]:
    """Oldest first; of each item only what came last. Distribution lists are not told."""
    for version, number in folder.log.since(token.seen):
        item, removed = folder.items.get(number), folder.removed.get(number)
        if item and item.version == version and item.kind == "Contact":
            yield version, write(item)
        elif removed and removed.version == version and removed.created <= token.seen and removed.kind == "Contact":
            own_id = item_id(removed, call.mailbox, immutable=call.preferences.immutable)
            yield version, {"id": own_id, "@removed": {"reason": "deleted"}}


# --- folders ------------------------------------------------------------------------------------------------------


def folders_delta(call: Call) -> Json:
    """All folders below the default one, at any depth."""
    token = _read_token(call, f"folders/{call.mailbox.root.number}")
    select = _select(token, FOLDER_MEMBERS, FOLDER_TYPE)
    changes = sorted(_folder_changes(call, token, select), key=lambda change: change[0])
    last = max((version for version, _ in changes), default=0)
    context = call.context("Collection(microsoft.graph.contactFolder)/$delta")
    return context | _tell(call, changes, token, last, _page_size(call))


def _folder_changes(call: Call, token: Token, select: list[str] | None) -> Iterator[Change]:
    default = call.mailbox.distinguished["contacts"]
    below = {folder.number for folder in default.walk()}
    for folder in call.mailbox.root.walk():
        if folder.version <= token.seen or not is_listed(folder) or folder is default:
            continue
        if folder.number in below:
            yield folder.version, _tell_folder(folder, select)
        elif token.base:
            yield folder.version, {"id": web_id(folder.id), "@removed": {"reason": "deleted"}}
    for version, gone in call.mailbox.removed_folders.items():
        if version > token.seen and token.base and is_listed(gone):
            yield version, {"id": web_id(gone.id), "@removed": {"reason": "deleted"}}


def _tell_folder(folder: Folder, select: list[str] | None) -> Json:
    members = {"displayName": folder.name, "parentFolderId": web_id(folder.parent.id) if folder.parent else ""}
    told = {name: value for name, value in members.items() if select is None or name in select}
    return {"id": web_id(folder.id), **told}


# --- the directory ------------------------------------------------------------------------------------------------


def users_delta(call: Call) -> Json:
    return _directory_delta(call, "user", "users")


def org_contacts_delta(call: Call) -> Json:
    return _directory_delta(call, "orgContact", "contacts")


def _directory_delta(call: Call, kind: DirectoryKind, what: str) -> Json:
    directory = call.state.directory
    context = call.context(f"{what}/$delta")
    if call.options.get("$deltatoken") == "latest":
        now = Token(kind, directory.version, directory.version, call.options.get("$select", ""))
        return context | {"value": [], "@odata.deltaLink": call.token_link("$deltatoken", now.write())}
    token = _read_token(call, kind)
    options = {"$select": token.select} if token.select else {}
    request = replace(call.request, options=options)
    write = compile_entry(replace(call, request=request), kind, many=True, sparse=True)
    changes = sorted(_entry_changes(call, kind, token, write), key=lambda change: change[0])
    return context | _tell(call, changes, token, directory.version, call.preferences.page_size or DIRECTORY_PAGE)


def _entry_changes(
    call: Call, kind: DirectoryKind, token: Token, write: Callable[[DirectoryEntry], Json]
) -> Iterator[Change]:
    wanted = _wanted_ids(token.filter)
    for entry in call.state.directory.all(kind):
        if entry.version > token.seen and (wanted is None or entry.id in wanted):
            yield entry.version, write(entry)
    for removed in call.state.directory.removed.values():
        if removed.kind == kind and removed.version > token.seen and (wanted is None or removed.id in wanted):
            yield (
                removed.version,
                {
                    "id": removed.id,
                    "@removed": {"reason": "deleted" if removed.for_good else "changed"},
                },
            )


def _wanted_ids(text: str) -> set[str] | None:
    """From `id eq '…' or id eq '…'`, the one filter that users/delta takes."""
    if not text:
        return None
    parts = text.split(" or ")
    ids = [part.strip().removeprefix("id eq '").removesuffix("'") for part in parts]
    if len(ids) > 50 or any(part.strip() != f"id eq '{one}'" for part, one in zip(parts, ids, strict=True)):
        raise bad_request("$filter takes at most 50 ids here.", "Request_UnsupportedQuery")
    return {one.lower() for one in ids}
