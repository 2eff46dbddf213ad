"""Requests, from octets to values: bounded before they are believed.

`Malformed` is what is no LDAP: the connection ends, and nothing else does. `Excessive` is LDAP that asks for too much:
the request is refused and the connection stays.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from pbx_connector.api import ber
from pbx_directory.ldap.codes import WRITES, Scope, Tag
from pbx_directory.ldap.filters import Filter, TooMuch, name, read_filter
from pbx_directory.ldap.limits import Limits

MOST_ID = 2**31 - 1
_CONTROLS, _SIMPLE, _OID, _VALUE = 0xA0, 0x80, 0x80, 0x81


@dataclass(frozen=True, slots=True)
class Bind:
    version: int
    name: str
    password: bytes | None = field(repr=False)
    """None: some other way to say who one is."""


@dataclass(frozen=True, slots=True)
class Unbind:
    pass


@dataclass(frozen=True, slots=True)
class Search:
    base: str
    scope: Scope
    size_limit: int
    """0: the server's."""
    time_limit: int
    """Seconds; 0: the server's."""
    types_only: bool
    filter: Filter
    attributes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Compare:
    name: str
    attribute: str
    value: bytes


@dataclass(frozen=True, slots=True)
class Abandon:
    id: int


@dataclass(frozen=True, slots=True)
class Extended:
    oid: str


@dataclass(frozen=True, slots=True)
class Write:
    """A change of any kind: what it would change does not matter, as it is refused."""

    answer: int
    """The tag of its answer."""


@dataclass(frozen=True, slots=True)
class Excessive:
    """A search beyond the limits."""

    why: str


Operation = Bind | Unbind | Search | Compare | Abandon | Extended | Write | Excessive


@dataclass(frozen=True, slots=True)
class Control:
    oid: str
    critical: bool = False
    """Who does not know it must refuse the request."""
    value: bytes | None = None


@dataclass(frozen=True, slots=True)
class Request:
    id: int
    operation: Operation
    controls: tuple[Control, ...] = ()


def take_message(buffer: bytearray, most_bytes: int) -> bytes | None:
    """The first whole message, taken out of `buffer`; None if it is not there yet. Raises `Malformed` as soon as it is
    certain that none of at most `most_bytes` is coming."""
    end = _end_of_message(buffer)
    if end is None:
        return None
    if end > most_bytes:
        raise ber.Malformed("a message is larger than any that is read")
    if end > len(buffer):
        return None
    taken = bytes(buffer[:end])
    del buffer[:end]
    return taken


def _end_of_message(buffer: bytearray) -> int | None:
    if buffer and buffer[0] != ber.SEQUENCE:
        raise ber.Malformed("what comes is no LDAP message")
    if len(buffer) < 2:
        return None
    size = buffer[1] & 0x7F if buffer[1] & 0x80 else 0
    if size > 4 or buffer[1] == 0x80:
        raise ber.Malformed("a length is not one that LDAP allows")
    if len(buffer) < 2 + size:
        return None
    return 2 + size + (int.from_bytes(buffer[2 : 2 + size], "big") if size else buffer[1])


def read_request(data: bytes, limits: Limits) -> Request:
    """Of a whole message."""
    begin, end = ber.expect(data, 0, len(data), ber.SEQUENCE)
    first, after = ber.expect(data, begin, end, ber.INTEGER)
    number = _bounded(data, first, after, MOST_ID)
    tag, start, stop = ber.header(data, after, end)
    controls = _read_controls(data, stop, end, limits)
    try:
        return Request(number, _read_operation(tag, data[start:stop], limits), controls)
    except TooMuch as error:
        return Request(number, Excessive(str(error)), controls)


def _read_operation(tag: int, data: bytes, limits: Limits) -> Operation:
    match tag:
        case Tag.SEARCH:
            return _read_search(data, limits)
        case Tag.BIND:
            return _read_bind(data)
        case Tag.UNBIND:
            return Unbind()
        case Tag.ABANDON:
            return Abandon(_bounded(data, 0, len(data), MOST_ID))
        case Tag.COMPARE:
            return _read_compare(data)
        case Tag.EXTENDED:
            first, last = ber.expect(data, 0, len(data), _OID)
            return Extended(name(data[first:last]))
        case Tag.MODIFY | Tag.ADD | Tag.DELETE | Tag.RENAME:
            return Write(WRITES[Tag(tag)])
    raise ber.Malformed("a message is of no kind that a client sends")


def _read_bind(data: bytes) -> Bind:
    end = len(data)
    first, after = ber.expect(data, 0, end, ber.INTEGER)
    version = _bounded(data, first, after, 127)
    begin, last = ber.expect(data, after, end, ber.OCTETS)
    tag, start, stop = ber.header(data, last, end)
    return Bind(version, text(data[begin:last]), data[start:stop] if tag == _SIMPLE else None)


def _read_search(data: bytes, limits: Limits) -> Search:
    end = len(data)
    begin, after = ber.expect(data, 0, end, ber.OCTETS)
    base = text(data[begin:after])
    scope, after = _enumerated(data, after, end, Scope.SUBTREE)
    _, after = _enumerated(data, after, end, 3)
    first, after = ber.expect(data, after, end, ber.INTEGER)
    size = _bounded(data, first, after, MOST_ID)
    first, after = ber.expect(data, after, end, ber.INTEGER)
    seconds = _bounded(data, first, after, MOST_ID)
    first, after = ber.expect(data, after, end, ber.BOOLEAN)
    types_only = data[first:after] not in (b"", b"\0")
    asked, after = read_filter(data, after, end, limits)
    return Search(base, Scope(scope), size, seconds, types_only, asked, _read_attributes(data, after, end, limits))


def _read_attributes(data: bytes, start: int, end: int, limits: Limits) -> tuple[str, ...]:
    begin, after = ber.expect(data, start, end, ber.SEQUENCE)
    found: list[str] = []
    while begin < after:
        first, begin = ber.expect(data, begin, after, ber.OCTETS)
        found.append(name(data[first:begin]))
        if len(found) > limits.terms:
            raise TooMuch("the search asks for too many attributes")
    return tuple(found)


def _read_compare(data: bytes) -> Compare:
    end = len(data)
    begin, after = ber.expect(data, 0, end, ber.OCTETS)
    start, stop = ber.expect(data, after, end, ber.SEQUENCE)
    first, last = ber.expect(data, start, stop, ber.OCTETS)
    value, past = ber.expect(data, last, stop, ber.OCTETS)
    return Compare(text(data[begin:after]), name(data[first:last]), data[value:past])


def _read_controls(data: bytes, start: int, end: int, limits: Limits) -> tuple[Control, ...]:
    if start == end:
        return ()
    tag, begin, after = ber.header(data, start, end)
    if tag != _CONTROLS:
        return ()  # a later version of the protocol may add something here
    found = []
    for number, (kind, first, last) in enumerate(ber.elements(data, begin, after)):
        if kind != ber.SEQUENCE or number >= limits.controls:
            raise ber.Malformed("controls are none, or too many")
        found.append(_read_control(data, first, last))
    return tuple(found)


def _read_control(data: bytes, start: int, end: int) -> Control:
    first, after = ber.expect(data, start, end, ber.OCTETS)
    critical, value = False, None
    for tag, begin, last in ber.elements(data, after, end):
        if tag == ber.BOOLEAN:
            critical = data[begin:last] not in (b"", b"\0")
        elif tag == ber.OCTETS:
            value = data[begin:last]
    return Control(name(data[first:after]), critical, value)


def text(octets: bytes) -> str:
    return octets.decode("utf-8", "replace")


def _enumerated(data: bytes, start: int, end: int, most: int) -> tuple[int, int]:
    first, after = ber.expect(data, start, end, ber.ENUMERATED)
    return _bounded(data, first, after, most), after


def _bounded(data: bytes, begin: int, end: int, most: int) -> int:
    value = ber.number(data, begin, end)
    if not 0 <= value <= most:
        raise ber.Malformed("a number is out of its bounds")
    return value
