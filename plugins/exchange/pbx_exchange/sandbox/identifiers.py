"""Ids and change keys as Exchange hands them out: opaque, case-sensitive, and no telling what is inside.

The world numbers its things; this turns a number into an id and back. Neighbours: world.py.
"""

from __future__ import annotations

import base64
import binascii
import hashlib

_PREFIX = bytes.fromhex("000324")  # "AAMk", as real ids begin
_KEY_PREFIX = bytes.fromhex("1100000016000000")  # "EQAAABYAAAA"
_LENGTH = 40  # characters: 30 bytes, so that base64 needs no padding


class MalformedId(ValueError):
    """The text is no id at all; an id of something that is no more is not malformed."""


def make_tag(owner: str, kind: str) -> bytes:
    """What the ids of one mailbox and kind of thing have in common: 21 bytes."""
    return hashlib.sha256(f"{owner.lower()}/{kind}".encode()).digest()[:21]


def encode_id(tag: bytes, number: int) -> str:
    """Some of these differ in the case of their last letter only, as real ids may."""
    return base64.b64encode(_PREFIX + tag + number.to_bytes(6, "big")).decode()


def decode_id(text: str) -> int:
    """The number in an id. Whether the id belongs to that number is for the caller to compare."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedId(text) from error
    if len(text) != _LENGTH or not raw.startswith(_PREFIX):
        raise MalformedId(text)
    return int.from_bytes(raw[-6:], "big")


def encode_key(version: int) -> str:
    return base64.b64encode(_KEY_PREFIX + version.to_bytes(7, "big")).decode()
