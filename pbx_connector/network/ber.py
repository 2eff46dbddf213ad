"""The Basic Encoding Rules as LDAP uses them (RFC 4511, 5.1): definite lengths, tags of one octet.

Reading trusts nothing: a length that leads out of what surrounds it is a `Malformed`, never an endless read.
"""

from __future__ import annotations

from collections.abc import Iterator

BOOLEAN, INTEGER, OCTETS, ENUMERATED, SEQUENCE, SET = 0x01, 0x02, 0x04, 0x0A, 0x30, 0x31
_LONG = 0x80
_MOST_LENGTH_OCTETS = 4


class Malformed(Exception):
    """What came is no LDAP. Its text carries nothing of what came."""


def element(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return bytes((tag,)) + _length(len(content)) + content


def _length(count: int) -> bytes:
    if count < _LONG:
        return bytes((count,))
    octets = count.to_bytes((count.bit_length() + 7) // 8, "big")
    return bytes((_LONG | len(octets),)) + octets


def integer(value: int, tag: int = INTEGER) -> bytes:
    """Not negative: LDAP has no use for others."""
    return element(tag, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def octets(value: str | bytes, tag: int = OCTETS) -> bytes:
    return element(tag, value.encode() if isinstance(value, str) else value)


def boolean(value: bool, tag: int = BOOLEAN) -> bytes:
    return element(tag, b"\xff" if value else b"\x00")


def header(data: bytes | bytearray, start: int, end: int) -> tuple[int, int, int]:
    """Tag, and where the content begins and ends, of the element at `start`; it ends at `end` or before."""
    if start + 2 > end:
        raise Malformed("an element is cut short")
    count, begin = data[start + 1], start + 2
    if count & _LONG:
        size = count & ~_LONG
        if not 0 < size <= _MOST_LENGTH_OCTETS or begin + size > end:
            raise Malformed("a length is not one that LDAP allows")
        count, begin = int.from_bytes(data[begin : begin + size], "big"), begin + size
    if begin + count > end:
        raise Malformed("an element is longer than what surrounds it")
    return data[start], begin, begin + count


def elements(data: bytes, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """The elements side by side, as `header` tells each of them."""
    while start < end:
        tag, begin, start = header(data, start, end)
        yield tag, begin, start


def expect(data: bytes | bytearray, start: int, end: int, tag: int) -> tuple[int, int]:
    """Where the content of the element at `start` begins and ends; `Malformed` if it has another tag."""
    found, begin, after = header(data, start, end)
    if found != tag:
        raise Malformed(f"expected an element of tag {tag:#x}")
    return begin, after


def number(data: bytes | bytearray, begin: int, end: int) -> int:
    if not 0 < end - begin <= 8:
        raise Malformed("a number has no octets, or too many")
    return int.from_bytes(data[begin:end], "big", signed=True)
