"""A search filter (RFC 4511, 4.5.1.7), read from a message; what it means is the business of others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from pbx_connector.api import ber
from pbx_directory.ldap.limits import Limits


class TooMuch(Exception):
    """A message is right, and asks for more than the limits allow."""


class Comparing(IntEnum):
    EQUAL = 0xA3
    AT_LEAST = 0xA5
    AT_MOST = 0xA6
    ALIKE = 0xA8


@dataclass(frozen=True, slots=True)
class And:
    filters: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Or:
    filters: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Negation:
    filter: Filter


@dataclass(frozen=True, slots=True)
class Comparison:
    kind: Comparing
    attribute: str
    value: bytes


@dataclass(frozen=True, slots=True)
class Pieces:
    """`initial*within*within*final`; what is not given is empty."""

    attribute: str
    initial: bytes = b""
    within: tuple[bytes, ...] = ()
    final: bytes = b""


@dataclass(frozen=True, slots=True)
class Held:
    attribute: str


@dataclass(frozen=True, slots=True)
class Extensible:
    """A match by a rule of the client's choice, of which none is known."""


Filter = And | Or | Negation | Comparison | Pieces | Held | Extensible

_AND, _OR, _NOT, _PIECES, _HELD, _EXTENSIBLE = 0xA0, 0xA1, 0xA2, 0xA4, 0x87, 0xA9
_INITIAL, _WITHIN, _FINAL = 0x80, 0x81, 0x82
_COMPARING = {int(kind): kind for kind in Comparing}


def read_filter(data: bytes, start: int, end: int, limits: Limits) -> tuple[Filter, int]:
    """The filter at `start`, and where it ends. Raises `Malformed`, and `TooMuch` beyond the limits."""
    return _FilterReader(data, limits).read(start, end, 0)


class _FilterReader:
    def __init__(self, data: bytes, limits: Limits) -> None:
        self._data = data
        self._limits = limits
        self._terms = 0

    def read(self, start: int, end: int, depth: int) -> tuple[Filter, int]:
        self._terms += 1
        if depth > self._limits.nesting or self._terms > self._limits.terms:
            raise TooMuch("the filter has too many terms, or too many within each other")
        tag, begin, after = ber.header(self._data, start, end)
        if tag in (_AND, _OR):
            parts = tuple(self._inner(begin, after, depth))
            return (And(parts) if tag == _AND else Or(parts)), after
        if tag == _NOT:
            negated, last = self.read(begin, after, depth + 1)
            if last != after:
                raise ber.Malformed("a negation has more than one filter")
            return Negation(negated), after
        return self._term(tag, begin, after), after

    def _inner(self, start: int, end: int, depth: int) -> Iterator[Filter]:
        while start < end:
            part, start = self.read(start, end, depth + 1)
            yield part

    def _term(self, tag: int, begin: int, end: int) -> Filter:
        if tag == _HELD:
            return Held(name(self._data[begin:end]))
        if tag == _EXTENSIBLE:
            return Extensible()
        if tag == _PIECES:
            return self._pieces(begin, end)
        if tag not in _COMPARING:
            raise ber.Malformed("a filter is of no kind that there is")
        first, last = ber.expect(self._data, begin, end, ber.OCTETS)
        start, stop = ber.expect(self._data, last, end, ber.OCTETS)
        return Comparison(_COMPARING[tag], name(self._data[first:last]), self._data[start:stop])

    def _pieces(self, begin: int, end: int) -> Pieces:
        first, last = ber.expect(self._data, begin, end, ber.OCTETS)
        start, stop = ber.expect(self._data, last, end, ber.SEQUENCE)
        found = [(tag, self._data[a:b]) for tag, a, b in ber.elements(self._data, start, stop)]
        self._terms += len(found)
        if self._terms > self._limits.terms:
            raise TooMuch("the filter has too many parts")
        tags = [tag for tag, _ in found]
        if not tags or tags != sorted(tags) or tags.count(_INITIAL) > 1 or tags.count(_FINAL) > 1:
            raise ber.Malformed("the parts of a substring are none, or in disorder")
        if not _INITIAL <= tags[0] <= tags[-1] <= _FINAL:
            raise ber.Malformed("a part of a substring is of no kind that there is")
        parts = dict(found)
        within = tuple(value for tag, value in found if tag == _WITHIN)
        return Pieces(name(self._data[first:last]), parts.get(_INITIAL, b""), within, parts.get(_FINAL, b""))


def name(octets: bytes) -> str:
    """Of an attribute; what is none stays none."""
    return octets.decode("utf-8", "replace")
