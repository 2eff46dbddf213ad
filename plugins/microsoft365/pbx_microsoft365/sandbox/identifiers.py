"""Ids as Graph hands them out: those of Exchange in letters that need no quoting, and the immutable ones of items.

An item's id changes when it moves, its immutable id does not. Folders have one id only. Ids are case-sensitive.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from functools import lru_cache
from typing import Final

from pbx_connector.testing.office.entities import Folder, Item, Mailbox, Removed
from pbx_connector.testing.office.identifiers import MalformedId
from pbx_connector.testing.office.server_state import ServerState

_TO_WEB: Final = str.maketrans("+/", "-_")
_FROM_WEB: Final = str.maketrans("-_", "+/")
_IMMUTABLE_PREFIX: Final = bytes.fromhex("00024b")  # "AAJL": ids of Exchange begin otherwise
_IMMUTABLE_LENGTH: Final = 112
_NUMBER_BYTES: Final = 6


def web_id(exchange_id: str) -> str:
    return exchange_id.translate(_TO_WEB)


def exchange_id(text: str) -> str:
    return text.translate(_FROM_WEB)


@lru_cache(maxsize=4096)
def _stem(owner: str) -> str:
    size = _IMMUTABLE_LENGTH * 3 // 4 - _NUMBER_BYTES - len(_IMMUTABLE_PREFIX)
    digest = hashlib.shake_128(f"{owner}/immutable".encode()).digest(size)
    return base64.urlsafe_b64encode(_IMMUTABLE_PREFIX + digest).decode()


def immutable_id(mailbox: Mailbox, identity: int) -> str:
    number = base64.urlsafe_b64encode(identity.to_bytes(_NUMBER_BYTES, "big")).decode()
    return _stem(mailbox.email.lower()) + number


def item_id(item: Item | Removed, mailbox: Mailbox, *, immutable: bool) -> str:
    return immutable_id(mailbox, item.identity) if immutable else web_id(item.id)


def is_immutable(text: str) -> bool:
    return len(text) == _IMMUTABLE_LENGTH and text.startswith("AAJL")


def find_item(state: ServerState, mailbox: Mailbox, text: str) -> Item | None:
    """By either id, None if there is none (any more) in this mailbox. Raises MalformedId."""
    item = _find_immutable(state, mailbox, text) if is_immutable(text) else state.find_item(exchange_id(text))
    return item if item is not None and item.folder.mailbox is mailbox and not item.folder.ghost else None


def _find_immutable(state: ServerState, mailbox: Mailbox, text: str) -> Item | None:
    try:
        raw = base64.urlsafe_b64decode(text)
    except (binascii.Error, ValueError) as error:
        raise MalformedId(text) from error
    item = state.find_identity(int.from_bytes(raw[-_NUMBER_BYTES:], "big"))
    return item if item is not None and immutable_id(mailbox, item.identity) == text else None


def find_folder(state: ServerState, mailbox: Mailbox, text: str) -> Folder | None:
    """By id or by the well-known name of the default folder. Raises MalformedId."""
    if text.lower() == "contacts":
        return mailbox.distinguished["contacts"]
    folder = state.find_folder(exchange_id(text))
    return folder if folder is not None and folder.mailbox is mailbox and not folder.ghost else None
