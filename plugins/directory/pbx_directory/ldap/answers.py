"""What goes back to a client, as octets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pbx_connector.api import ber
from pbx_directory.ldap.codes import DISCONNECTION, Code, Tag
from pbx_directory.ldap.messages import Control

_CONTROLS, _NAME = 0xA0, 0x8A


class Result(bytes):
    """The last piece of an answer."""


def result(
    tag: int, number: int, code: Code, said: str = "", *, matched: str = "", controls: Sequence[Control] = ()
) -> Result:
    """How request `number` ended; `said` is for people."""
    ended = ber.element(tag, ber.integer(code, ber.ENUMERATED), ber.octets(matched), ber.octets(said))
    return Result(_message(number, ended, controls))


def entry(number: int, dn: str, attributes: Iterable[tuple[str, Sequence[str]]]) -> bytes:
    listed = [ber.element(ber.SEQUENCE, ber.octets(name), _values(values)) for name, values in attributes]
    return _message(number, ber.element(Tag.ENTRY, ber.octets(dn), ber.element(ber.SEQUENCE, *listed)))


def _values(values: Sequence[str]) -> bytes:
    return ber.element(ber.SET, *[ber.octets(value.encode("utf-8", "replace")) for value in values])


def notice(code: Code, said: str) -> bytes:
    """That the connection ends, and why; nobody has asked (RFC 4511, 4.4.1)."""
    parts = (ber.integer(code, ber.ENUMERATED), ber.octets(""), ber.octets(said), ber.octets(DISCONNECTION, _NAME))
    return _message(0, ber.element(Tag.EXTENDED_ANSWER, *parts))


def _message(number: int, operation: bytes, controls: Sequence[Control] = ()) -> bytes:
    extra = [ber.element(_CONTROLS, *map(_control, controls))] if controls else []
    return ber.element(ber.SEQUENCE, ber.integer(number), operation, *extra)


def _control(control: Control) -> bytes:
    parts = [ber.octets(control.oid)]
    parts += [ber.octets(control.value)] if control.value is not None else []
    return ber.element(ber.SEQUENCE, *parts)
