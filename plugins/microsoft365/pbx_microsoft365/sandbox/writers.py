"""Contacts and folders made, changed, moved and deleted, as Graph's own clients do it.

A contact moves by a new `parentFolderId`. Neighbours: contacts.py (the names of members), routes.py.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from pbx_connector.testing.office.entities import Folder, Value
from pbx_connector.testing.office.identifiers import MalformedId
from pbx_connector.testing.office.mapi import KNOWN
from pbx_microsoft365.sandbox import identifiers
from pbx_microsoft365.sandbox.calls import Call
from pbx_microsoft365.sandbox.contacts import ADDRESSES, EMAILS, LISTS, PARTS, TEXTS, TUPLES
from pbx_microsoft365.sandbox.extended import SINGLE, read_extended_id
from pbx_microsoft365.sandbox.mailboxes import compile_folder, read_body, require_writing, writer
from pbx_microsoft365.sandbox.messages import GraphAnswer, GraphError, Json, bad_request, not_found

_MOST: Final = {"businessPhones": 2, "homePhones": 2, "imAddresses": 3, "emailAddresses": 3}
Changes = dict[str, Value | None]


def create_contact(call: Call) -> GraphAnswer:
    require_writing(call)
    folder = call.folder() if "folder" in call.params else call.mailbox.distinguished["contacts"]
    changes = read_changes(read_body(call))
    made = call.state.add_values(folder, {name: value for name, value in changes.items() if value is not None})
    return GraphAnswer(HTTPStatus.CREATED, call.context("contacts/$entity") | writer(call)(made))


def update_contact(call: Call) -> Json:
    require_writing(call)
    item, body = call.item(), read_body(call)
    target = _read_parent(call, body.pop("parentFolderId", None))
    changes = read_changes(body)
    if target is not None and target is not item.folder:
        item = call.state.move(item, target)
    if changes:
        call.state.update(item, **changes)
    return call.context("contacts/$entity") | writer(call)(item)


def delete_contact(call: Call) -> GraphAnswer:
    require_writing(call)
    call.state.remove(call.item())
    return GraphAnswer(HTTPStatus.NO_CONTENT)


def _read_parent(call: Call, folder_id: Any) -> Folder | None:
    if folder_id is None:
        return None
    try:
        found = identifiers.find_folder(call.state, call.mailbox, str(folder_id))
    except MalformedId as error:
        raise bad_request("Id is malformed.", "ErrorInvalidIdMalformed") from error
    if found is None:
        raise not_found()
    return found


# --- what a body says ---------------------------------------------------------------------------------------------


def read_changes(body: Json) -> Changes:
    """The values that a contact written as JSON has; None where one is to go."""
    changes: Changes = {}
    for name, value in body.items():
        if name.startswith("@odata."):
            continue
        changes |= _read_member(name, value)
    return changes


def _read_member(name: str, value: Any) -> Changes:
    if name in TEXTS:
        return {TEXTS[name]: _text(name, value) or None}
    if name == "birthday":
        return {"Birthday": _text(name, value) or None}
    if name in TUPLES:
        return {TUPLES[name]: tuple(_strings(name, value)) or None}
    if name in LISTS:
        return dict(zip(LISTS[name], _padded(_strings(name, value), len(LISTS[name])), strict=True))
    if name in EMAILS:
        return {EMAILS[name]: _email(name, value)}
    if name in ADDRESSES:
        return _address(name, value)
    return _read_list(name, value)


def _read_list(name: str, value: Any) -> Changes:
    if name == "emailAddresses":
        found = [_email(name, one) for one in _limited(name, value)]
        return dict(zip(EMAILS.values(), _padded(found, 3), strict=True))
    if name == SINGLE:
        return dict(_read_property(one) for one in _limited(name, value))
    raise bad_request(f"The property '{name}' does not exist on type 'microsoft.graph.contact'.")


def _read_property(one: Any) -> tuple[str, str | None]:
    if not isinstance(one, dict) or not isinstance(one.get("id"), str):
        raise bad_request(f"{SINGLE}: an id and a value are expected.")
    key = read_extended_id(one["id"]).key
    return KNOWN.get(key, key), _text(SINGLE, one.get("value")) or None


def _limited(name: str, value: Any) -> list[Any]:
    most = _MOST.get(name, 1000)
    if not isinstance(value, list):
        raise bad_request(f"'{name}': a list is expected.")
    if len(value) > most:
        said = f"The multi value property {name} exceeds the max allowed value of {most}."
        raise GraphError(HTTPStatus.BAD_REQUEST, "ErrorInvalidProperty", said)
    return value


def _strings(name: str, value: Any) -> list[str]:
    return [_text(name, one) or "" for one in _limited(name, value)]


def _padded(found: list[Any], size: int) -> list[Any]:
    return [one or None for one in found] + [None] * (size - len(found))


def _text(name: str, value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise bad_request(f"'{name}': a text is expected.")
    return value


def _email(name: str, value: Any) -> str | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise bad_request(f"'{name}': an object is expected.")
    return _text(name, value.get("address")) or None


def _address(name: str, value: Any) -> Changes:
    if not isinstance(value, dict) or value.keys() - PARTS.keys():
        raise bad_request(f"'{name}': an object with {', '.join(PARTS)} is expected.")
    return {f"PhysicalAddresses_{ADDRESSES[name]}_{PARTS[part]}": _text(part, text) for part, text in value.items()}


# --- folders ------------------------------------------------------------------------------------------------------


def create_folder(call: Call) -> GraphAnswer:
    """Below the folder in the address, or below the default folder."""
    require_writing(call)
    parent = call.folder() if "folder" in call.params else call.mailbox.distinguished["contacts"]
    name = _read_name(read_body(call))
    if any(child.name.lower() == name.lower() for child in parent.children.values()):
        said = "A folder with the specified name already exists."
        raise GraphError(HTTPStatus.CONFLICT, "ErrorFolderExists", said)
    made = call.state.add_folder(parent, name)
    return GraphAnswer(HTTPStatus.CREATED, call.context("contactFolders/$entity") | compile_folder(call)(made))


def update_folder(call: Call) -> Json:
    """Another name, another parent, or both."""
    require_writing(call)
    folder, body = call.folder(), read_body(call)
    target = _read_parent(call, body.pop("parentFolderId", None))
    if body:
        call.state.rename_folder(folder, _read_name(body))
    if target is not None and target is not folder.parent:
        _move_folder(call, folder, target)
    return call.context("contactFolders/$entity") | compile_folder(call)(folder)


def _move_folder(call: Call, folder: Folder, target: Folder) -> None:
    try:
        call.state.move_folder(folder, target)
    except ValueError as error:
        raise bad_request(f"The folder cannot be moved there: {error}.", "ErrorMoveCopyFailed") from error


def delete_folder(call: Call) -> GraphAnswer:
    require_writing(call)
    folder = call.folder()
    if folder.distinguished:
        said = "Distinguished folders cannot be deleted."
        raise GraphError(HTTPStatus.FORBIDDEN, "ErrorDeleteDistinguishedFolder", said)
    call.state.delete_folder(folder)
    return GraphAnswer(HTTPStatus.NO_CONTENT)


def _read_name(body: Json) -> str:
    name = body.get("displayName")
    if not isinstance(name, str) or not name or body.keys() - {"displayName", "@odata.type"}:
        raise bad_request("A folder has a displayName and nothing else that can be set.")
    return name
