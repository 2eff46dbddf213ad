"""LDAP messages: the requests that we send, and what answers say besides entries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from pbx_connector.api import ber
from pbx_ldap.wire.filters import Filter

BIND, BIND_ANSWER, UNBIND, SEARCH = 0x60, 0x61, 0x42, 0x63
ENTRY, DONE, REFERENCE = 0x64, 0x65, 0x73
EXTENDED, EXTENDED_ANSWER, INTERMEDIATE = 0x77, 0x78, 0x79

PAGED = "1.2.840.113556.1.4.319"
DIRSYNC = "1.2.840.113556.1.4.841"
SHOW_DELETED = "1.2.840.113556.1.4.417"
START_TLS = "1.3.6.1.4.1.1466.20037"
NO_ATTRIBUTES = "1.1"
_VERSION = 3
_REFERRALS = 0xA3
_CONTROLS = 0xA0
_ALIASES_NEVER = 0


class Scope(IntEnum):
    BASE = 0
    ONE_LEVEL = 1
    SUBTREE = 2


@dataclass(frozen=True, slots=True)
class Control:
    oid: str
    value: bytes = b""
    critical: bool = True
    """A server that does not know it must refuse the request."""


@dataclass(frozen=True, slots=True)
class Search:
    base: str
    scope: Scope
    filter: Filter
    attributes: tuple[str, ...] = (NO_ATTRIBUTES,)


@dataclass(frozen=True, slots=True)
class Result:
    """How an operation ended; see RFC 4511, 4.1.9."""

    code: int
    said: str = ""
    """The server's own words, as sent: `shown` before people see them."""
    referrals: tuple[str, ...] = ()


class Refused(Exception):
    """An operation ended with another result than success. Its text carries nothing that the server said."""

    def __init__(self, result: Result) -> None:
        super().__init__(f"LDAP result {result.code}")
        self.result = result


def message(number: int, operation: bytes, controls: Sequence[Control] = ()) -> bytes:
    encoded = [_control(control) for control in controls]
    extra = [ber.element(_CONTROLS, *encoded)] if encoded else []
    return ber.element(ber.SEQUENCE, ber.integer(number), operation, *extra)


def _control(control: Control) -> bytes:
    parts = [ber.octets(control.oid)]
    parts += [ber.boolean(True)] if control.critical else []
    parts += [ber.octets(control.value)] if control.value else []
    return ber.element(ber.SEQUENCE, *parts)


def bind(name: str, password: str) -> bytes:
    return ber.element(BIND, ber.integer(_VERSION), ber.octets(name), ber.octets(password, 0x80))


def unbind() -> bytes:
    return ber.element(UNBIND)


def start_tls() -> bytes:
    return ber.element(EXTENDED, ber.octets(START_TLS, 0x80))


def search(asked: Search) -> bytes:
    return ber.element(
        SEARCH,
        ber.octets(asked.base),
        ber.integer(asked.scope, ber.ENUMERATED),
        ber.integer(_ALIASES_NEVER, ber.ENUMERATED),
        ber.integer(0),  # no size limit of ours
        ber.integer(0),  # no time limit of ours: the connection has one
        ber.boolean(False),
        asked.filter.encoded,
        ber.element(ber.SEQUENCE, *map(ber.octets, asked.attributes)),
    )


def paged(size: int, cookie: bytes) -> Control:
    """Not critical: a server without pages answers all at once, and its result says whether that was all."""
    return Control(PAGED, ber.element(ber.SEQUENCE, ber.integer(size), ber.octets(cookie)), critical=False)


def page_cookie(value: bytes) -> bytes:
    """What leads to the next page; empty after the last one."""
    begin, end = ber.expect(value, 0, len(value), ber.SEQUENCE)
    _, after = ber.expect(value, begin, end, ber.INTEGER)
    start, stop = ber.expect(value, after, end, ber.OCTETS)
    return value[start:stop]


def dirsync(cookie: bytes, most_bytes: int) -> Control:
    value = ber.element(ber.SEQUENCE, ber.integer(0), ber.integer(most_bytes), ber.octets(cookie))
    return Control(DIRSYNC, value)


def dirsync_state(value: bytes) -> tuple[bool, bytes]:
    """Whether there is more to come, and the cookie that leads there."""
    begin, end = ber.expect(value, 0, len(value), ber.SEQUENCE)
    start, after = ber.expect(value, begin, end, ber.INTEGER)
    more = ber.number(value, start, after) != 0
    _, after = ber.expect(value, after, end, ber.INTEGER)
    start, stop = ber.expect(value, after, end, ber.OCTETS)
    return more, value[start:stop]


def read_result(data: bytes, begin: int, end: int) -> Result:
    """Of the content of an operation that is an LDAPResult, or begins like one."""
    start, after = ber.expect(data, begin, end, ber.ENUMERATED)
    code = ber.number(data, start, after)
    _, after = ber.expect(data, after, end, ber.OCTETS)
    start, after = ber.expect(data, after, end, ber.OCTETS)
    said = data[start:after].decode("utf-8", "replace").rstrip("\0")
    more = list(ber.elements(data, after, end))
    referrals = [uri for tag, first, last in more if tag == _REFERRALS for uri in read_addresses(data, first, last)]
    return Result(code, said, tuple(referrals))


def read_addresses(data: bytes, begin: int, end: int) -> list[str]:
    return [data[first:last].decode("utf-8", "replace") for _, first, last in ber.elements(data, begin, end)]


def read_controls(data: bytes, start: int, end: int) -> dict[str, bytes]:
    """Values by OID, of what follows the operation in a message."""
    found: dict[str, bytes] = {}
    for tag, begin, after in ber.elements(data, start, end):
        if tag == _CONTROLS:
            for _, first, last in ber.elements(data, begin, after):
                parts = list(ber.elements(data, first, last))
                values = [data[a:b] for tag, a, b in parts if tag == ber.OCTETS]
                found[values[0].decode("ascii", "replace") if values else ""] = values[1] if len(values) > 1 else b""
    return found
