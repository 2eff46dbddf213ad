"""The operations of the service, by name; each takes the caller's session and the request, and answers messages.

A new operation is a function and a line here. Neighbour: service.py, the only caller.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from lxml import etree

from pbx_exchange.sandbox.access import Session
from pbx_exchange.sandbox.operations.converting import convert_id
from pbx_exchange.sandbox.operations.foldering import create_folder, delete_folder, update_folder
from pbx_exchange.sandbox.operations.folders import find_folder, get_folder
from pbx_exchange.sandbox.operations.items import find_item, get_item
from pbx_exchange.sandbox.operations.resolving import resolve_names
from pbx_exchange.sandbox.operations.syncing import sync_folder_items
from pbx_exchange.sandbox.operations.writing import create_item, delete_item, move_item, update_item

Operation = Callable[[Session, etree._Element], list[str]]

OPERATIONS: Final[Mapping[str, Operation]] = {
    "ConvertId": convert_id,
    "CreateFolder": create_folder,
    "CreateItem": create_item,
    "DeleteFolder": delete_folder,
    "DeleteItem": delete_item,
    "FindFolder": find_folder,
    "FindItem": find_item,
    "GetFolder": get_folder,
    "GetItem": get_item,
    "MoveItem": move_item,
    "ResolveNames": resolve_names,
    "SyncFolderItems": sync_folder_items,
    "UpdateFolder": update_folder,
    "UpdateItem": update_item,
}
