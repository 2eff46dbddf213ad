"""A telephone that asks by LDAP, as small as those are: for `directory test` and the demonstration."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from pbx_connector.api import SourceUnavailable, ber
from pbx_directory.ldap.codes import Code, Scope, Tag
from pbx_directory.ldap.messages import take_message
from pbx_directory.ldap.tree import BASE

NAMES = ("cn", "sn", "givenName", "o")
NUMBERS = ("telephoneNumber", "mobile", "homePhone")
SHOWN = ("cn", "o", *NUMBERS)
MOST_BYTES = 2**20
MOST_HITS = 50
_EQUALITY, _SUBSTRINGS, _INITIAL, _OR, _PASSWORD = 0xA3, 0xA4, 0x80, 0xA1, 0x80


@dataclass(frozen=True, slots=True)
class Hit:
    dn: str
    attributes: tuple[tuple[str, str], ...]


class LdapPhone:
    """Binds when it is made. Raises `SourceUnavailable` if it cannot."""

    def __init__(self, address: str, dn: str, secret: str, seconds: float = 20.0) -> None:
        host, _, port = address.rpartition(":")
        self._socket = socket.create_connection((host.strip("[]"), int(port)), seconds)
        self._unread = bytearray()
        self._number = 0
        asked = ber.element(Tag.BIND, ber.integer(3), ber.octets(dn), ber.octets(secret, _PASSWORD))
        _, code = self._answer(asked)
        if code != Code.SUCCESS:
            self.close()
            raise SourceUnavailable(f"the directory refuses the bind of {dn} with {code.name}")

    def named(self, begin: str) -> list[Hit]:
        """Whose name, or company, begins like that."""
        pieces = ber.element(ber.SEQUENCE, ber.octets(begin, _INITIAL))
        return self._search([ber.element(_SUBSTRINGS, ber.octets(name), pieces) for name in NAMES])

    def called_from(self, number: str) -> list[Hit]:
        """Who has this number."""
        return self._search([ber.element(_EQUALITY, ber.octets(name), ber.octets(number)) for name in NUMBERS])

    def _search(self, terms: Sequence[bytes]) -> list[Hit]:
        parts = [ber.octets(BASE), ber.integer(Scope.SUBTREE, ber.ENUMERATED), ber.integer(0, ber.ENUMERATED)]
        parts += [ber.integer(MOST_HITS), ber.integer(0), ber.boolean(False), ber.element(_OR, *terms)]
        parts += [ber.element(ber.SEQUENCE, *map(ber.octets, SHOWN))]
        hits, code = self._answer(ber.element(Tag.SEARCH, *parts))
        if code not in (Code.SUCCESS, Code.SIZE_LIMIT_EXCEEDED):
            raise SourceUnavailable(f"the directory ends the search with {code.name}")
        return hits

    def _answer(self, operation: bytes) -> tuple[list[Hit], Code]:
        self._number += 1
        self._socket.sendall(ber.element(ber.SEQUENCE, ber.integer(self._number), operation))
        hits: list[Hit] = []
        while True:
            tag, begin, end, message = self._operation()
            if tag != Tag.ENTRY:
                first, last = ber.expect(message, begin, end, ber.ENUMERATED)
                return hits, Code(ber.number(message, first, last))
            hits.append(_hit(message, begin, end))

    def _operation(self) -> tuple[int, int, int, bytes]:
        while (message := take_message(self._unread, MOST_BYTES)) is None:
            if not (came := self._socket.recv(65_536)):
                raise SourceUnavailable("the directory hung up")
            self._unread += came
        begin, end = ber.expect(message, 0, len(message), ber.SEQUENCE)
        _, after = ber.expect(message, begin, end, ber.INTEGER)
        tag, begin, end = ber.header(message, after, end)
        return tag, begin, end, message

    def close(self) -> None:
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _hit(message: bytes, begin: int, end: int) -> Hit:
    first, last = ber.expect(message, begin, end, ber.OCTETS)
    start, stop = ber.expect(message, last, end, ber.SEQUENCE)
    return Hit(_text(message, first, last), tuple(_attributes(message, start, stop)))


def _attributes(message: bytes, begin: int, end: int) -> Iterator[tuple[str, str]]:
    for _, start, stop in ber.elements(message, begin, end):
        first, last = ber.expect(message, start, stop, ber.OCTETS)
        inside, until = ber.expect(message, last, stop, ber.SET)
        name = _text(message, first, last)
        for _, one, two in ber.elements(message, inside, until):
            yield name, _text(message, one, two)


def _text(message: bytes, begin: int, end: int) -> str:
    return bytes(message[begin:end]).decode("utf-8", "replace")
