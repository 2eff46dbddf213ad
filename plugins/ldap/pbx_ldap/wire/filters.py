"""Search filters: their text form (RFC 4515) checked with a place for each mistake, and encoded for the wire."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pbx_connector.api import ber

_AND, _OR, _NOT, _EQUAL, _SUBSTRINGS, _GREATER, _LESS, _PRESENT, _APPROX, _MATCH = (
    *range(0xA0, 0xA7),
    0x87,
    0xA8,
    0xA9,
)
_LISTS = {"&": _AND, "|": _OR}
_COMPARISONS = {"=": _EQUAL, ">=": _GREATER, "<=": _LESS, "~=": _APPROX}
_DESCRIPTION = r"[A-Za-z][A-Za-z0-9-]*|\d+(?:\.\d+)*"
_ATTRIBUTE = re.compile(rf"\s*(?P<name>(?:{_DESCRIPTION})(?:;[A-Za-z0-9-]+)*)\s*(?P<operator>[~<>]?=)")
_EXTENSIBLE = re.compile(rf"\s*(?P<name>{_DESCRIPTION})?(?P<dn>:dn)?(?::(?P<rule>{_DESCRIPTION}))?:=")
_VALUE = re.compile(r"(?:[^()\\\0]|\\[0-9A-Fa-f]{2})*")
_ESCAPED = re.compile(rb"\\([0-9A-Fa-f]{2})")
_DEEPEST = 50


class FilterError(ValueError):
    """What is wrong with a filter, and at which character."""


@dataclass(frozen=True, slots=True)
class Filter:
    text: str
    encoded: bytes
    attributes: frozenset[str]
    """The names of all attributes that it asks for, in small letters."""

    def __and__(self, other: Filter) -> Filter:
        return Filter(
            f"(&{self.text}{other.text})",
            ber.element(_AND, self.encoded, other.encoded),
            self.attributes | other.attributes,
        )


def escape(value: str | bytes) -> str:
    """For the value of a comparison: nothing in it is taken for syntax."""
    if isinstance(value, bytes):
        return "".join(f"\\{octet:02x}" for octet in value)
    return re.sub(r"[\\*()\0]", lambda found: f"\\{ord(found[0]):02x}", value)


def parse_filter(text: str) -> Filter:
    """Raises `FilterError`."""
    parser = _Parser(text.strip())
    encoded = parser.read_filter(1)
    parser.skip_blanks()
    if parser.place < len(parser.text):
        raise parser.mistake("nothing may follow the last )")
    return Filter(parser.text, encoded, frozenset(parser.attributes))


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.place = 0
        self.attributes: set[str] = set()

    def mistake(self, words: str) -> FilterError:
        return FilterError(f"at character {self.place + 1} of the filter: {words}")

    def skip_blanks(self) -> None:
        while self._next().isspace():
            self.place += 1

    def read_filter(self, depth: int) -> bytes:
        if depth > _DEEPEST:
            raise self.mistake(f"brackets are nested more than {_DEEPEST} deep")
        self._take("(", "expected (, as in (telephoneNumber=*)")
        self.skip_blanks()
        kind = self._next()
        if kind in _LISTS:
            self.place += 1
            encoded = ber.element(_LISTS[kind], *self._read_list(depth))
        elif kind == "!":
            self.place += 1
            encoded = ber.element(_NOT, self.read_filter(depth + 1))
        else:
            encoded = self._read_item()
        self._take(")", "expected ); a bracket or star in a value is written \\28, \\29 or \\2a")
        return encoded

    def _read_list(self, depth: int) -> list[bytes]:
        found = []
        self.skip_blanks()
        while self._next() == "(":
            found.append(self.read_filter(depth + 1))
            self.skip_blanks()
        if not found:
            raise self.mistake("expected a filter in brackets after & or |")
        return found

    def _read_item(self) -> bytes:
        if found := _ATTRIBUTE.match(self.text, self.place):
            self.place = found.end()
            self._note(found["name"])
            return self._comparison(found["name"], found["operator"], self._read_value())
        if (found := _EXTENSIBLE.match(self.text, self.place)) and (found["name"] or found["rule"]):
            self.place = found.end()
            self._note(found["name"] or "")
            return _extensible(found["name"], found["rule"], bool(found["dn"]), self._single(self._read_value()))
        raise self.mistake("expected an attribute and =, as in (mail=*)")

    def _note(self, name: str) -> None:
        self.attributes |= {name.partition(";")[0].lower()} - {""}

    def _read_value(self) -> str:
        found = _VALUE.match(self.text, self.place)
        value = found[0] if found else ""
        self.place += len(value)
        if self._next() == "\\":
            raise self.mistake("after \\ come two hexadecimal digits; a \\ itself is written \\5c")
        return value

    def _comparison(self, name: str, operator: str, value: str) -> bytes:
        if operator == "=" and value == "*":
            return ber.octets(name, _PRESENT)
        if operator == "=" and "*" in value:
            return ber.element(_SUBSTRINGS, ber.octets(name), ber.element(ber.SEQUENCE, *self._pieces(value)))
        return ber.element(_COMPARISONS[operator], ber.octets(name), ber.octets(self._single(value)))

    def _pieces(self, value: str) -> list[bytes]:
        first, *middle, last = map(_unescaped, value.split("*"))
        pieces = [ber.octets(first, 0x80)] if first else []
        pieces += [ber.octets(piece, 0x81) for piece in middle if piece]
        pieces += [ber.octets(last, 0x82)] if last else []
        if not pieces:
            raise self.mistake("a value of several stars and nothing else matches as * does: write one")
        return pieces

    def _single(self, value: str) -> bytes:
        if "*" in value:
            raise self.mistake("a star has no meaning here; one that is meant is written \\2a")
        return _unescaped(value)

    def _next(self) -> str:
        return self.text[self.place : self.place + 1]

    def _take(self, character: str, words: str) -> None:
        self.skip_blanks()
        if self._next() != character:
            raise self.mistake(words)
        self.place += 1


def _unescaped(value: str) -> bytes:
    return _ESCAPED.sub(lambda found: bytes.fromhex(found[1].decode()), value.encode("utf-8", "surrogatepass"))


def _extensible(name: str | None, rule: str | None, whole_dn: bool, value: bytes) -> bytes:
    parts = [ber.octets(rule, 0x81)] if rule else []
    parts += [ber.octets(name, 0x82)] if name else []
    parts.append(ber.octets(value, 0x83))
    if whole_dn:
        parts.append(ber.boolean(True, 0x84))
    return ber.element(_MATCH, *parts)
