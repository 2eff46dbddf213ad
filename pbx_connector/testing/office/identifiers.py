"""Ids and change keys as Exchange hands them out: opaque, long, case-sensitive, and nobody can tell what is inside.

The state numbers what it holds; this turns a number into an id and back. Neighbours: server_state.py.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Final, Literal

_PREFIX: Final = bytes.fromhex("000324")  # "AAMk", as real ids begin
_KEY_PREFIX: Final = bytes.fromhex("1100000016000000")  # "EQAAABYAAAA"
_NUMBER_BYTES: Final = 6
_LENGTHS: Final = {"folder": 120, "item": 152}
"""Characters, as real ids have, for clients tell ids by their length. Multiples of four: base64 needs no padding."""


class MalformedId(ValueError):
    """The text is no id at all; an id of something that is no more is not malformed."""


def make_stem(owner: str, kind: Literal["folder", "item"]) -> str:
    """What the ids of one kind of thing in one place have in common: all but the last eight characters."""
    size = _LENGTHS[kind] * 3 // 4 - _NUMBER_BYTES - len(_PREFIX)
    digest = hashlib.shake_128(f"{owner.lower()}/{kind}".encode()).digest(size)
    return base64.b64encode(_PREFIX + digest).decode()


def encode_id(stem: str, number: int) -> str:
    """Some of these differ in the case of their last letter only, as real ids may."""
    return stem + base64.b64encode(number.to_bytes(_NUMBER_BYTES, "big")).decode()


def decode_id(text: str) -> int:
    """The number in an id. Whether the id belongs to that number is for the caller to compare."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedId(text) from error
    if len(text) not in _LENGTHS.values() or not raw.startswith(_PREFIX):
        raise MalformedId(text)
    return int.from_bytes(raw[-_NUMBER_BYTES:], "big")


def encode_key(version: int) -> str:
    return base64.b64encode(_KEY_PREFIX + version.to_bytes(7, "big")).decode()
