"""CreateItem, UpdateItem, DeleteItem and MoveItem."""

from __future__ import annotations

from lxml import etree

from pbx_connector.testing.office.entities import Folder, Item, Right
from pbx_exchange.sandbox.access import Session
from pbx_exchange.sandbox.operations.messages import answer_each
from pbx_exchange.sandbox.soap import NS, EwsError, write_success
from pbx_exchange.sandbox.writers import change_values, read_kind, read_values


def create_item(session: Session, body: etree._Element) -> list[str]:
    def answer(element: etree._Element) -> str:
        kind = read_kind(element)
        target = _read_target(session, body.find("m:SavedItemFolderId", NS))
        if kind == "Contact" and not target.folder_class.startswith("IPF.Contact"):
            raise EwsError(
                "ErrorCannotCreateContactInNonContactFolder", "Contacts can be created in contact folders only."
            )
        return _write_items("CreateItem", session.state.add_values(target, read_values(element), kind))

    return answer_each("CreateItem", body.iterfind("m:Items/*", NS), answer, "<m:Items/>")


def update_item(session: Session, body: etree._Element) -> list[str]:
    strict = body.get("ConflictResolution") == "NeverOverwrite"

    def answer(change: etree._Element) -> str:
        item_id, updates = change[0], change[1]
        item = session.see_item(item_id, Right.EDIT)
        _check_key(item, item_id.get("ChangeKey"), strict)
        session.state.replace_values(item, change_values(item.values, updates))
        return _write_items("UpdateItem", item, "<m:ConflictResults><t:Count>0</t:Count></m:ConflictResults>")

    return answer_each("UpdateItem", body.iterfind("m:ItemChanges/*", NS), answer, "<m:Items/>")


def _check_key(item: Item, key: str | None, strict: bool) -> None:
    if key is None:
        raise EwsError("ErrorChangeKeyRequired", "The change key is required for this operation.")
    if strict and key != item.change_key:
        raise EwsError(
            "ErrorIrresolvableConflict", "The send or update operation could not be performed because the change key "
            "passed in the request does not match the current change key for the item."
        )  # fmt: skip


def delete_item(session: Session, body: etree._Element) -> list[str]:
    def answer(element: etree._Element) -> str:
        item = session.see_item(element, Right.EDIT)
        mailbox = item.folder.mailbox
        if body.get("DeleteType") == "MoveToDeletedItems" and mailbox:
            session.state.move(item, mailbox.distinguished["deleteditems"])
        else:
            session.state.remove(item)
        return write_success("DeleteItem")

    return answer_each("DeleteItem", body.iterfind("m:ItemIds/*", NS), answer)


def move_item(session: Session, body: etree._Element) -> list[str]:
    def answer(element: etree._Element) -> str:
        item = session.see_item(element, Right.EDIT)
        target = _read_target(session, body.find("m:ToFolderId", NS))
        return _write_items("MoveItem", session.state.move(item, target))

    return answer_each("MoveItem", body.iterfind("m:ItemIds/*", NS), answer, "<m:Items/>")


def _read_target(session: Session, element: etree._Element | None) -> Folder:
    """The folder to write to: the one named, else the caller's own contacts."""
    if element is None:
        return session.state.contacts(session.email)
    return session.see_content(session.see_folder(element[0]), Right.EDIT)


def _write_items(operation: str, item: Item, after: str = "") -> str:
    inner = f'<t:{item.kind}><t:ItemId Id="{item.id}" ChangeKey="{item.change_key}"/></t:{item.kind}>'
    return write_success(operation, f"<m:Items>{inner}</m:Items>{after}")
