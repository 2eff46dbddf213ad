"""FindFolder and GetFolder, and how a folder is written."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Final

from lxml import etree

from pbx_connector.testing.office.entities import Folder, Right, tell_time
from pbx_exchange.sandbox.access import NOT_FOUND, Session
from pbx_exchange.sandbox.mapi import read_extended
from pbx_exchange.sandbox.operations.messages import answer_each
from pbx_exchange.sandbox.operations.paging import read_page, write_paging
from pbx_exchange.sandbox.restrictions import Read, read_restriction
from pbx_exchange.sandbox.shapes import Shape, read_shape
from pbx_exchange.sandbox.soap import NS, EwsError, escape, write_success

_DEFAULT: Final = frozenset({"DisplayName", "TotalCount", "ChildFolderCount", "UnreadCount"})

ReadFolder = Callable[[Session, Folder], str | None]
_READERS: Final[Mapping[str, ReadFolder]] = {
    "FolderClass": lambda session, folder: folder.folder_class or None,
    "DisplayName": lambda session, folder: folder.name,
    "TotalCount": lambda session, folder: str(len(folder.items)),
    "ChildFolderCount": lambda session, folder: str(len(session.visible_children(folder))),
    "DistinguishedFolderId": lambda session, folder: folder.distinguished,
    "UnreadCount": lambda session, folder: "0" if folder.tag == "Folder" else None,
}
_TAGS: Final[Mapping[str, ReadFolder]] = {
    "0x3001": _READERS["DisplayName"],
    "0x3008": lambda session, folder: f"{tell_time(folder.changed):%Y-%m-%dT%H:%M:%SZ}",
    "0x3602": _READERS["TotalCount"],
    "0x3603": lambda session, folder: "0",
    "0x360a": lambda session, folder: str(bool(session.visible_children(folder))).lower(),
    "0x3613": _READERS["FolderClass"],
    "0x6698": lambda session, folder: _write_replica(folder),
    "0x670a": lambda session, folder: f"{tell_time(folder.changed):%Y-%m-%dT%H:%M:%SZ}",
}
_BEFORE_RIGHTS: Final = ("FolderClass", "DisplayName", "TotalCount", "ChildFolderCount")
_AFTER_RIGHTS: Final = ("DistinguishedFolderId", "UnreadCount")


def get_folder(session: Session, body: etree._Element) -> list[str]:
    shape = read_shape(body.find("m:FolderShape", NS))

    def answer(element: etree._Element) -> str:
        folder = session.see_folder(element)
        if folder.ghost:
            raise NOT_FOUND
        hidden = session.state.habits.gets_without_rights
        written = write_folder(session, folder, shape, _rights_told(session, folder, hidden=hidden))
        return write_success("GetFolder", f"<m:Folders>{written}</m:Folders>")

    return answer_each("GetFolder", body.iterfind("m:FolderIds/*", NS), answer, "<m:Folders/>")


def find_folder(session: Session, body: etree._Element) -> list[str]:
    shape = read_shape(body.find("m:FolderShape", NS))

    def answer(element: etree._Element) -> str:
        matches = read_restriction(body.find("m:Restriction", NS), lambda path: _read_path(session, path))
        listed = _list_folders(session, session.see_folder(element), body.get("Traversal", "Shallow"))
        found = [folder for folder in listed if matches(folder)]
        page = read_page(body.find("m:IndexedPageFolderView", NS), len(found))
        hidden = session.state.habits.lists_without_rights
        told = [(folder, _rights_told(session, folder, hidden=hidden)) for folder in found[page.start : page.stop]]
        inner = "".join(write_folder(session, folder, shape, right) for folder, right in told)
        content = f"<m:RootFolder {write_paging(page)}><t:Folders>{inner}</t:Folders></m:RootFolder>"
        return write_success("FindFolder", content)

    return answer_each("FindFolder", body.iterfind("m:ParentFolderIds/*", NS), answer)


def _list_folders(session: Session, parent: Folder, traversal: str) -> list[Folder]:
    if traversal == "Shallow":
        return session.visible_children(parent)
    if traversal == "SoftDeleted":
        return []
    if parent.is_public:
        raise EwsError("ErrorInvalidOperation", "Deep traversal queries are not allowed on public folders.")
    return [folder for folder in parent.walk() if session.right_of(folder) >= Right.VISIBLE]


def _read_path(session: Session, element: etree._Element) -> Read[Folder]:
    if etree.QName(element).localname == "ExtendedFieldURI":
        read = _TAGS.get(read_extended(element).tag)
    else:
        read = _READERS.get(element.get("FieldURI", "").removeprefix("folder:"))
    if read is None:
        raise EwsError("ErrorUnsupportedPathForQuery", "The property can not be used in a query.")
    return lambda folder: read(session, folder)


# --- writing ------------------------------------------------------------------------------------------------------


def _rights_told(session: Session, folder: Folder, *, hidden: bool) -> Right:
    right = session.right_of(folder)
    own = folder.mailbox is not None and folder.mailbox.email.lower() == session.email
    return Right.VISIBLE if hidden and not own else right


def write_folder(session: Session, folder: Folder, shape: Shape, told: Right) -> str:
    """`told`: what the caller hears about its rights."""
    parts = (
        f'<t:FolderId Id="{folder.id}" ChangeKey="{folder.change_key}"/>',
        _write_parent(folder, shape),
        *(_write_property(session, folder, shape, name) for name in _BEFORE_RIGHTS),
        _write_extended(session, folder, shape),
        _write_rights(told) if _wants(shape, "EffectiveRights") else "",
        *(_write_property(session, folder, shape, name) for name in _AFTER_RIGHTS),
    )
    return f"<t:{folder.tag}>{''.join(parts)}</t:{folder.tag}>"


def _wants(shape: Shape, name: str) -> bool:
    in_base = shape.base == "AllProperties" or (shape.base == "Default" and name in _DEFAULT)
    return in_base or f"folder:{name}" in shape.uris


def _write_parent(folder: Folder, shape: Shape) -> str:
    parent = folder.parent
    if parent is None or not _wants(shape, "ParentFolderId"):
        return ""
    return f'<t:ParentFolderId Id="{parent.id}" ChangeKey="{parent.change_key}"/>'


def _write_property(session: Session, folder: Folder, shape: Shape, name: str) -> str:
    value = _READERS[name](session, folder) if _wants(shape, name) else None
    return f"<t:{name}>{escape(value)}</t:{name}>" if value is not None else ""


def _write_extended(session: Session, folder: Folder, shape: Shape) -> str:
    read = ((extended, _TAGS.get(extended.tag)) for extended in shape.extended)
    told = ((extended, reader(session, folder)) for extended, reader in read if reader)
    return "".join(extended.write_value(value) for extended, value in told if value is not None)


def _write_replica(folder: Folder) -> str | None:
    """PR_REPLICA_LIST: the id of the mailbox, in bytes that end with zero."""
    mailbox_id = folder.content_mailbox.partition("@")[0]
    return base64.b64encode(f"{mailbox_id}\0".encode()).decode() if mailbox_id else None


def _write_rights(right: Right) -> str:
    edit, read = str(right >= Right.EDIT).lower(), str(right >= Right.READ).lower()
    given = {
        "CreateAssociated": edit,
        "CreateContents": edit,
        "CreateHierarchy": edit,
        "Delete": edit,
        "Modify": edit,
        "Read": read,
    }
    inner = "".join(f"<t:{name}>{value}</t:{name}>" for name, value in given.items())
    return f"<t:EffectiveRights>{inner}</t:EffectiveRights>"
