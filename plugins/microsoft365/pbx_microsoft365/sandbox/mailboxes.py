"""What is in a mailbox, read: folders, contacts, pictures, settings, and ids in other forms.

Neighbours: routes.py (at which addresses), contacts.py (how a contact is written), deltas.py, writers.py.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, Final

from pbx_connector.testing.office.entities import Folder, Item
from pbx_connector.testing.office.identifiers import MalformedId
from pbx_microsoft365.sandbox import identifiers
from pbx_microsoft365.sandbox.calls import Call, access_denied
from pbx_microsoft365.sandbox.contacts import CONTACT_TYPE, SELECTABLE, WriteContact, compile_contact
from pbx_microsoft365.sandbox.extended import SINGLE, read_wanted
from pbx_microsoft365.sandbox.filters import read_filter, read_order
from pbx_microsoft365.sandbox.messages import Json, bad_request, not_found
from pbx_microsoft365.sandbox.options import read_expand, read_flag, read_number, read_select

PAGE: Final = 10
PAGE_LIMIT: Final = 1000
FOLDER_TYPE: Final = "microsoft.graph.contactFolder"
FOLDER_MEMBERS: Final = frozenset(("id", "displayName", "parentFolderId"))
_FOLDER_TAGS: Final[dict[str, Callable[[Folder], str]]] = {
    "0x3001": lambda folder: folder.name,
    "0x3613": lambda folder: folder.folder_class,
}
_ID_FORMS: Final = ("entryId", "ewsId", "immutableEntryId", "restId", "restImmutableEntryId")


# --- folders ------------------------------------------------------------------------------------------------------


def is_listed(folder: Folder) -> bool:
    """Folders of contacts that people made; those which programs keep for themselves are hidden."""
    hidden = folder.distinguished == "recipientcache" or folder.folder_class.startswith(
        ("IPF.Contact.RecipientCache", "IPF.Contact.GalContacts", "IPF.Contact.PeopleCentric", "IPF.Contact.MOC.")
    )
    return folder.folder_class.startswith("IPF.Contact") and not hidden


def list_folders(call: Call) -> Json:
    """Those below the default folder; the default folder itself is left out, as the service does."""
    return _page_of_folders(call, call.mailbox.distinguished["contacts"], "contactFolders")


def list_child_folders(call: Call) -> Json:
    return _page_of_folders(call, call.folder(), "contactFolders('…')/childFolders")


def _page_of_folders(call: Call, parent: Folder, what: str) -> Json:
    write = compile_folder(call)
    folders = [folder for folder in parent.children.values() if is_listed(folder)]
    context = call.context(f"users('{call.mailbox.email}')/{what}")
    return context | page_by_position(call, folders, write, len(folders), FOLDER_MEMBERS)


def read_folder(call: Call) -> Json:
    context = call.context(f"users('{call.mailbox.email}')/contactFolders/$entity")
    return context | compile_folder(call)(call.folder())


def compile_folder(call: Call) -> Callable[[Folder], Json]:
    select = read_select(call.options, FOLDER_MEMBERS | {SINGLE}, FOLDER_TYPE)
    expand = read_expand(call.options)
    if expand.keys() - {SINGLE}:
        raise bad_request(f"Could not find a property named '{min(expand.keys() - {SINGLE})}' on type '{FOLDER_TYPE}'.")
    wanted = read_wanted(expand[SINGLE], many=False) if SINGLE in expand else []

    def write(folder: Folder) -> Json:
        parent = identifiers.web_id(folder.parent.id) if folder.parent else ""
        members = {"displayName": folder.name, "parentFolderId": parent}
        told: Json = {"id": identifiers.web_id(folder.id)}
        told |= {name: value for name, value in members.items() if select is None or name in select}
        tags = [{"id": one.id, "value": _FOLDER_TAGS[one.key](folder)} for one in wanted if one.key in _FOLDER_TAGS]
        return told | ({SINGLE: tags} if tags else {})

    return write


# --- contacts -----------------------------------------------------------------------------------------------------


def writer(call: Call) -> WriteContact:
    select = read_select(call.options, SELECTABLE, CONTACT_TYPE)
    immutable = call.preferences.immutable
    return compile_contact(call.mailbox, select, read_expand(call.options), call.name_of, immutable=immutable)


def list_contacts(call: Call) -> Json:
    """Of the folder in the address, or of the default folder."""
    folder = call.folder() if "folder" in call.params else call.mailbox.distinguished["contacts"]
    context = call.context(f"users('{call.mailbox.email}')/contacts")
    items: Iterable[Item] = folder.items.values()
    return context | page_by_position(call, items, writer(call), len(folder.items), SELECTABLE)


def read_contact(call: Call) -> Json:
    context = call.context(f"users('{call.mailbox.email}')/contacts/$entity")
    return context | writer(call)(call.item())


def page_by_position(
    call: Call, entities: Iterable[Any], write: Callable[[Any], Json], total: int, known: frozenset[str]
) -> Json:
    """A page by `$skip`. Distribution lists have positions and are counted, but never told: pages may be short."""
    if "$search" in call.options:
        raise bad_request("The query parameter '$search' is not supported for this resource.", "ErrorInvalidRequest")
    size = read_number(call.options, "$top", 1, PAGE_LIMIT) or min(call.preferences.page_size or PAGE, PAGE_LIMIT)
    skip = _read_position(call)
    chosen, total = _choose(call, entities, total, known)
    page = list(islice(chosen, skip, skip + size))
    told: Json = {"@odata.count": total} if read_flag(call.options, "$count") else {}
    told["value"] = [write(entity) for entity in page if not isinstance(entity, Item) or entity.kind == "Contact"]
    if skip + size < total:
        told["@odata.nextLink"] = call.link({"$skip": str(skip + size)}, without=("$skiptoken",))
    return told


def _read_position(call: Call) -> int:
    if "$skiptoken" in call.options:
        raise bad_request("The skip token is not valid for this resource.")
    return read_number(call.options, "$skip", 0, 10**8) or 0


def _choose(call: Call, entities: Iterable[Any], total: int, known: frozenset[str]) -> tuple[Iterable[Any], int]:
    if not call.options.keys() & {"$filter", "$orderby"}:
        return entities, total
    found = list(_with_json(call, entities))
    if "$filter" in call.options:
        matches = read_filter(call.options["$filter"], known).matches
        found = [(entity, whole) for entity, whole in found if matches(whole)]
    if "$orderby" in call.options:
        name, backwards = read_order(call.options["$orderby"], known)
        found.sort(key=lambda pair: str(pair[1].get(name) or "").lower(), reverse=backwards)
    return [entity for entity, _ in found], len(found)


def _with_json(call: Call, entities: Iterable[Any]) -> Iterator[tuple[Any, Json]]:
    """Each with everything that an expression may ask for."""
    asked = f"$filter={' or '.join(_property_terms(call.options.get('$filter', '')))}"
    expand = {SINGLE: asked} if asked != "$filter=" else {}
    contact = compile_contact(call.mailbox, None, expand, call.name_of, immutable=False)
    for entity in entities:
        if isinstance(entity, Item):
            yield entity, contact(entity)
        else:
            yield entity, {"id": identifiers.web_id(entity.id), "displayName": entity.name}


def _property_terms(text: str) -> list[str]:
    """The ids of extended properties in `singleValueExtendedProperties/any(p:p/id eq 'String 0x1a' and …)`."""
    parts = text.split("/id eq '")[1:] if SINGLE in text else []
    return [f"id eq '{part.partition(chr(39))[0]}'" for part in parts]


def no_photo(call: Call) -> Json:
    call.item()
    raise not_found()


def no_user_photo(call: Call) -> Json:
    call.user()
    raise not_found(
        "ImageNotFound", "Exception of type 'Microsoft.Fast.Profile.Core.Exception.ImageNotFoundException'."
    )


# --- the mailbox --------------------------------------------------------------------------------------------------


def read_settings(call: Call) -> Json:
    select = read_select(call.options, {"userPurpose", "timeZone", "dateFormat", "timeFormat", "archiveFolder"}, "…")
    told = {"timeZone": "UTC", "userPurpose": call.state.directory.user(call.mailbox.email).purpose}
    context = call.context(f"users('{call.mailbox.email}')/mailboxSettings")
    return context | {name: value for name, value in told.items() if select is None or name in select}


def translate_ids(call: Call) -> Json:
    body = read_body(call)
    ids, source, target = (body.get(name) for name in ("inputIds", "sourceIdType", "targetIdType"))
    if not isinstance(ids, list) or len(ids) > 1000 or not all(isinstance(one, str) for one in ids):
        raise bad_request("inputIds must be a list of at most 1000 ids.")
    if source not in _ID_FORMS or target not in _ID_FORMS:
        raise bad_request("Requested value was not found: sourceIdType and targetIdType.")
    return call.context("Collection(microsoft.graph.convertIdResult)") | {
        "value": [_translate(call, one, str(target)) for one in ids]
    }


def _translate(call: Call, text: str, target: str) -> Json:
    try:
        item = identifiers.find_item(call.state, call.mailbox, text)
        folder = identifiers.find_folder(call.state, call.mailbox, text) if item is None else None
    except MalformedId:
        item, folder = None, None
    if item is None and folder is None:
        return {"sourceId": text, "errorDetails": {"code": "ErrorInvalidIdMalformed", "message": "Id is malformed."}}
    return {"sourceId": text, "targetId": _write_id(call, item, folder, target)}


def _write_id(call: Call, item: Item | None, folder: Folder | None, target: str) -> str:
    plain = item.id if item else folder.id if folder else ""
    if item and "mmutable" in target:
        return identifiers.immutable_id(call.mailbox, item.identity)
    return plain if target == "ewsId" else identifiers.web_id(plain)


def read_body(call: Call) -> Json:
    """Raises GraphError."""
    try:
        body = json.loads(call.request.body)
    except (ValueError, RecursionError) as error:
        raise bad_request("Unable to read JSON request payload.") from error
    if not isinstance(body, dict):
        raise bad_request("Unable to read JSON request payload: an object is expected.")
    return body


def require_writing(call: Call) -> None:
    if not call.caller.require("Contacts.ReadWrite"):
        raise access_denied()
