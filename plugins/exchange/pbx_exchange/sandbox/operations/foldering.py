"""CreateFolder, UpdateFolder (renaming) and DeleteFolder."""

from __future__ import annotations

from lxml import etree

from pbx_connector.testing.office.entities import Folder, Right
from pbx_exchange.sandbox.access import Session
from pbx_exchange.sandbox.operations.messages import answer_each
from pbx_exchange.sandbox.soap import NS, EwsError, write_success

_CLASSES = {"ContactsFolder": "IPF.Contact", "CalendarFolder": "IPF.Appointment", "TasksFolder": "IPF.Task"}


def create_folder(session: Session, body: etree._Element) -> list[str]:
    parent_id = body.xpath("m:ParentFolderId/*", namespaces=NS)[0]

    def answer(element: etree._Element) -> str:
        parent = session.require(session.see_folder(parent_id), Right.EDIT)
        name = element.findtext("t:DisplayName", "", NS)
        if any(child.name.lower() == name.lower() for child in parent.children.values()):
            raise EwsError("ErrorFolderExists", "A folder with the specified name already exists.")
        usual = _CLASSES.get(etree.QName(element).localname, "IPF.Note")
        made = session.state.add_folder(parent, name, element.findtext("t:FolderClass", usual, NS))
        return _write_folders("CreateFolder", made)

    return answer_each("CreateFolder", body.iterfind("m:Folders/*", NS), answer, "<m:Folders/>")


def update_folder(session: Session, body: etree._Element) -> list[str]:
    def answer(change: etree._Element) -> str:
        folder = session.require(session.see_folder(change[0]), Right.EDIT)
        for name in change.iterfind("t:Updates/t:SetFolderField/*/t:DisplayName", NS):
            session.state.rename_folder(folder, name.text or "")
        return _write_folders("UpdateFolder", folder)

    return answer_each("UpdateFolder", body.iterfind("m:FolderChanges/*", NS), answer, "<m:Folders/>")


def delete_folder(session: Session, body: etree._Element) -> list[str]:
    def answer(element: etree._Element) -> str:
        folder = session.require(session.see_folder(element), Right.EDIT)
        if folder.distinguished:
            raise EwsError("ErrorDeleteDistinguishedFolder", "Distinguished folders cannot be deleted.")
        if body.get("DeleteType") == "MoveToDeletedItems" and folder.mailbox:
            session.state.move_folder(folder, folder.mailbox.distinguished["deleteditems"])
        else:
            session.state.delete_folder(folder)
        return write_success("DeleteFolder")

    return answer_each("DeleteFolder", body.iterfind("m:FolderIds/*", NS), answer)


def _write_folders(operation: str, folder: Folder) -> str:
    own_id = f'<t:FolderId Id="{folder.id}" ChangeKey="{folder.change_key}"/>'
    return write_success(operation, f"<m:Folders><t:{folder.tag}>{own_id}</t:{folder.tag}></m:Folders>")
