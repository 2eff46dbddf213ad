"""FindFolder and GetFolder, and how a folder is written."""

from __future__ import annotations

from lxml import etree

from pbx_exchange.sandbox.access import NOT_FOUND, Session
from pbx_exchange.sandbox.operations.messages import answer_each
from pbx_exchange.sandbox.operations.paging import read_page, write_paging
from pbx_exchange.sandbox.shapes import Shape, read_shape
from pbx_exchange.sandbox.soap import NS, EwsError, escape, write_success
from pbx_exchange.sandbox.things import Folder, Right

_DEFAULT = frozenset({"folder:DisplayName", "folder:TotalCount", "folder:ChildFolderCount", "folder:UnreadCount"})


def get_folder(session: Session, body: etree._Element) -> list[str]:
    shape = read_shape(body.find("m:FolderShape", NS))

    def answer(element: etree._Element) -> str:
        folder = session.see_folder(element)
        if folder.ghost:
            raise NOT_FOUND
        return write_success("GetFolder", f"<m:Folders>{write_folder(session, folder, shape)}</m:Folders>")

    return answer_each("GetFolder", body.iterfind("m:FolderIds/*", NS), answer, "<m:Folders/>")


def find_folder(session: Session, body: etree._Element) -> list[str]:
    shape = read_shape(body.find("m:FolderShape", NS))

    def answer(element: etree._Element) -> str:
        found = _list_folders(session, session.see_folder(element), body.get("Traversal", "Shallow"))
        page = read_page(body.find("m:IndexedPageFolderView", NS), len(found))
        inner = "".join(write_folder(session, folder, shape) for folder in found[page.start : page.stop])
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


def write_folder(session: Session, folder: Folder, shape: Shape) -> str:
    wanted = _DEFAULT | shape.uris if shape.base == "Default" else shape.uris
    parts = [
        f"<t:{name}>{inner}</t:{name}>"
        for name, inner in _describe(session, folder).items()
        if inner is not None and (shape.base == "AllProperties" or f"folder:{name}" in wanted)
    ]
    own_id = f'<t:FolderId Id="{folder.id}" ChangeKey="{folder.change_key}"/>'
    return f"<t:{folder.tag}>{own_id}{_write_parent(folder, shape, wanted)}{''.join(parts)}</t:{folder.tag}>"


def _write_parent(folder: Folder, shape: Shape, wanted: frozenset[str]) -> str:
    parent = folder.parent
    if parent is None or not (shape.base == "AllProperties" or "folder:ParentFolderId" in wanted):
        return ""
    return f'<t:ParentFolderId Id="{parent.id}" ChangeKey="{parent.change_key}"/>'


def _describe(session: Session, folder: Folder) -> dict[str, str | None]:
    """Element name to content, in the schema's order; None: this folder has no such property."""
    return {
        "FolderClass": escape(folder.folder_class) or None,
        "DisplayName": escape(folder.name),
        "TotalCount": str(len(folder.items)),
        "ChildFolderCount": str(len(session.visible_children(folder))),
        "EffectiveRights": _write_rights(session.right_of(folder)),
        "DistinguishedFolderId": folder.distinguished,
        "UnreadCount": "0" if folder.tag == "Folder" else None,
    }


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
    return "".join(f"<t:{name}>{value}</t:{name}>" for name, value in given.items())
