"""Takes entries apart. Each octet of a large directory passes here, so this loop is written for speed.

The text of a chunk is decoded once as Latin-1, octet by octet, so that places in it are places in the octets; a value
that is not ASCII is then read as UTF-8. Checked on the way: no length leads out of its entry, and what fits is taken
at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from pbx_connector.api import ber
from pbx_ldap.wire.connection import Chunk


@dataclass(frozen=True, slots=True)
class Wanted:
    """Where the values of attributes go, by the name of the attribute in small letters."""

    first: Mapping[str, str]
    """The first value alone, under this name."""
    every: frozenset[str] = frozenset()
    """All values, under the attribute's name."""
    binary: frozenset[str] = frozenset()
    """No text: kept as Latin-1, a character for each octet."""
    dn: bool = False


class Entry:
    """Made by the hundred thousand, so plainer than a dataclass: what few have is there for those alone."""

    __slots__ = ("dn", "lists", "parts", "unreadable", "values")

    def __init__(self, values: dict[str, str], dn: str) -> None:
        self.values = values
        """By the names of `Wanted.first`."""
        self.dn = dn
        self.lists: Mapping[str, list[str]] = _NONE
        """By attribute."""
        self.parts: Mapping[str, int] = _NONE
        """Attributes that came in part, and where the next part begins (MS-ADTS, range retrieval)."""
        self.unreadable = ""
        """The first attribute with a value that is no text."""


_NONE: Mapping[str, Any] = MappingProxyType({})
_LATER = object()
_MICROSOFT = 0x84
"""Active Directory writes each length of a set in four octets, short as it may be."""


class EntryReader:
    """Remembers each spelling of an attribute's name that the server uses."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._spelled: dict[str, str | object | None] = {}

    def read(self, chunk: Chunk) -> Iterator[Entry]:
        """Raises `Malformed`."""
        data = chunk.data
        text = data.decode("latin-1")
        with_dn = self._wanted.dn
        for begin, end in chunk.entries:
            tag, start, after = ber.header(data, begin, end)
            kind, place, stop = ber.header(data, after, end)
            if tag != ber.OCTETS or kind != ber.SEQUENCE:
                raise ber.Malformed("an entry is none")
            entry = Entry({}, _name(text[start:after]) if with_dn else "")
            try:
                place = self._take_usual(entry, data, text, place, stop)
            except IndexError:
                place = -1
            if place != stop:
                raise ber.Malformed("an attribute is longer than its entry")
            if entry.parts:
                entry.dn = _name(text[start:after])
            yield entry

    def _take_usual(self, entry: Entry, data: bytes, text: str, place: int, stop: int) -> int:
        """The attributes between two places; where it came out. One short value, in a set whose length is short, too,
        or written as Microsoft does, is taken at once; all else by `_take`."""
        values, spelled = entry.values, self._spelled
        while place < stop:
            count = data[place + 1]
            begin = place + 2
            if count > 0x7F:
                begin += count & 0x7F
                count = int.from_bytes(data[place + 2 : begin], "big")
            place = begin + count
            kinds = begin + 2 + data[begin + 1]
            name = text[begin + 2 : kinds]
            to = spelled.get(name, _LATER)
            if to is None:
                continue
            lead = data[kinds + 1]
            first = kinds + 4 if lead + kinds + 2 == place else kinds + 8 if lead == _MICROSOFT else place + 1
            if to is _LATER or first > place or data[first - 1] != place - first or data[first - 2] != ber.OCTETS:
                self._take(entry, data, text, (begin, place, stop))
                continue
            value = text[first:place]
            values[to] = value if value.isascii() else self._text(entry, name, value)  # type: ignore[index] # a str
        return place

    def _take(self, entry: Entry, data: bytes, text: str, place: tuple[int, int, int]) -> None:
        """Any attribute, with as many values as it has, and each length checked."""
        begin, end, stop = place
        if end > stop:
            raise ber.Malformed("an attribute is longer than its entry")
        first, kinds = ber.expect(data, begin, end, ber.OCTETS)
        name = text[first:kinds]
        start, after = ber.expect(data, kinds, end, ber.SET)
        found = [text[first:last] for _, first, last in ber.elements(data, start, after)]
        base, _, options = name.partition(";")
        base = base.lower()
        if options.startswith("range="):
            self._note_part(entry, base, options, found)
        elif options not in ("", "binary"):
            return  # a language or another variant, which nobody asked for
        to = self._wanted.first.get(base)
        if not options and base not in self._wanted.every:
            self._spelled[name] = to
        if not found:
            return
        if to is not None:
            entry.values[to] = self._text(entry, base, found[0])
        if base in self._wanted.every:
            entry.lists = {**entry.lists, base: [self._text(entry, base, value) for value in found]}

    def _note_part(self, entry: Entry, base: str, options: str, found: list[str]) -> None:
        last = options.rpartition("-")[2]
        if last == "*":
            return
        if not (last.isascii() and last.isdigit() and len(last) < 10 and found):
            raise ber.Malformed("a part of an attribute does not say where it ends")
        entry.parts = {**entry.parts, base: int(last) + 1}

    def _text(self, entry: Entry, name: str, value: str) -> str:
        if value.isascii() or name.lower() in self._wanted.binary:
            return value
        try:
            return _decoded(value)
        except UnicodeDecodeError:
            entry.unreadable = entry.unreadable or name
            return ""


def _decoded(value: str) -> str:
    return value.encode("latin-1").decode("utf-8")


def _name(value: str) -> str:
    """Names are UTF-8 (RFC 4514); one that is not leads nowhere, and harms no other entry."""
    return value.encode("latin-1").decode("utf-8", "replace")
