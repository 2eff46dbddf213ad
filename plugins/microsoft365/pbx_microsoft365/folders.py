"""Which folders of contacts a mailbox has: the walk from its default folder down, and the direct look at one.

Graph leaves the default folder out of its lists as a rule and calls it in the language of the mailbox, so it is asked
for by its well-known name. Nothing here takes "not listed" for "not there".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pbx_connector.api import Allowance
from pbx_microsoft365.error_catalog import TOO_DEEP
from pbx_microsoft365.wire.answers import DamagedAnswer, Json
from pbx_microsoft365.wire.client import GraphClient
from pbx_microsoft365.wire.targets import path

DEFAULT = "contacts"
DEEPEST = 300
"""Levels of folders; Exchange allows no more."""
MOST_FOLDERS = 10_000
"""Of contacts, in one mailbox."""
_LONGEST_NAME = 255
_LONGEST_ID = 2000
_CLASS = "String 0x3613"
_OPTIONS: Mapping[str, str] = {
    "$select": "id,displayName,parentFolderId",
    "$expand": f"singleValueExtendedProperties($filter=id eq '{_CLASS}')",
}
_PAGE: Mapping[str, str] = {"$top": "100"}
# Folders that Exchange, Outlook and Skype (`MOC`: Quick Contacts, IM Contacts List) fill by themselves with people whom
# nobody entered.
_SELF_MADE_CLASSES = ("recipientcache", "galcontacts", "peoplecentric", "organizationalcontacts", ".moc.")
_SELF_MADE_NAMES = ("recipientcache", "recipient cache", "gal contacts", "deleted items")


@dataclass(frozen=True, slots=True)
class Folder:
    id: str
    path: str
    folder_class: str
    parent: str = ""

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    @property
    def holds_contacts(self) -> bool:
        folder_class, name = self.folder_class.lower(), self.name.lower()
        return (
            folder_class.startswith("ipf.contact")
            and not any(made in folder_class for made in _SELF_MADE_CLASSES)
            and not (name in _SELF_MADE_NAMES or name.startswith("peoplecentric"))
        )


def get_folder(client: GraphClient, mailbox: str, identifier: str) -> Folder:
    """A direct look. Raises what Graph says against it."""
    return _folder(client.get(path("users", mailbox, "contactFolders", identifier), _OPTIONS, mailbox=mailbox))


def translated_id(client: GraphClient, mailbox: str, identifier: str) -> str:
    """Graph's id for what Exchange Web Services call so; empty if there is nothing that is called so."""
    body = {"inputIds": [identifier], "sourceIdType": "ewsId", "targetIdType": "restId"}
    found = client.post(path("users", mailbox, "translateExchangeIds"), body, mailbox=mailbox).get("value")
    first = found[0] if isinstance(found, list) and found and isinstance(found[0], dict) else {}
    return _text(first.get("targetId"))


def walk_contacts(client: GraphClient, mailbox: str) -> Iterator[Folder]:
    """The default folder and all below it, parents before their children."""
    top = get_folder(client, mailbox, DEFAULT)
    yield top
    allowance = Allowance(MOST_FOLDERS, "folders")
    seen = {top.id}
    level = [(top, path("users", mailbox, "contactFolders"))]
    for _ in range(DEEPEST):
        below = [one for parent, target in level for one in _below(client, mailbox, parent, target, seen, allowance)]
        yield from below
        level = [(one, path("users", mailbox, "contactFolders", one.id, "childFolders")) for one in below]
        if not level:
            return
    raise TOO_DEEP.error(mailbox)


def _below(
    client: GraphClient, mailbox: str, parent: Folder, target: str, seen: set[str], allowance: Allowance
) -> Iterator[Folder]:
    """New ones only: some lists have the default folder itself among its children, or folders from beside it."""
    for page in client.pages(target, {**_OPTIONS, **_PAGE}, mailbox=mailbox):
        for folder in map(_folder, page.items):
            if folder.id in seen or folder.parent not in ("", parent.id):
                continue
            allowance.take(1)
            seen.add(folder.id)
            yield replace(folder, path=f"{parent.path}{folder.path}", parent=parent.id)


def _folder(found: Json) -> Folder:
    identifier, parent = found.get("id"), _text(found.get("parentFolderId"))
    if not isinstance(identifier, str) or not identifier or max(len(identifier), len(parent)) > _LONGEST_ID:
        raise DamagedAnswer("the answer holds a folder without an id, or with one beyond all measure")
    name = _text(found.get("displayName"))[:_LONGEST_NAME].replace("/", "\\")
    return Folder(identifier, f"/{name}", _class_of(found), parent)


def _class_of(found: Json) -> str:
    """Graph lists folders of contacts alone, so one that does not tell its class is one."""
    entries = found.get("singleValueExtendedProperties")
    values = [_text(one.get("value")) for one in entries if isinstance(one, dict)] if isinstance(entries, list) else []
    return next(filter(None, values), "IPF.Contact")[:_LONGEST_NAME]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
