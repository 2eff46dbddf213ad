"""Distinguished names (RFC 4514), as far as the tree of a phone book has some."""

from __future__ import annotations

import re

from pbx_directory.ldap.attributes import find_attribute

Rdn = tuple[str, str]
"""Canonical name of the attribute, and the value as it is compared: in lower case, blanks squeezed."""

LONGEST = 1_000
"""Characters of a name that is looked at."""
_PART = re.compile(
    r"""\s*(?P<type>[A-Za-z][A-Za-z0-9-]*|[0-9]+(?:\.[0-9]+)*)\s*=\s*
    (?P<value>(?:\\[0-9A-Fa-f]{2}|\\[^0-9A-Fa-f]|[^\\,;+"<>])*)(?P<end>[,;]|$)""",
    re.VERBOSE,
)
_ESCAPED = re.compile(rb"\\([0-9A-Fa-f]{2}|.)", re.DOTALL)
_TRAILING = re.compile(r"(?<!\\)\s+$")


class InvalidName(ValueError):
    """No distinguished name."""


def parse_name(text: str) -> tuple[Rdn, ...]:
    """The parts from the entry up. Raises `InvalidName`."""
    if not text.strip():
        return ()
    parts, place = [], 0
    while True:
        found = _PART.match(text, place) if len(text) <= LONGEST else None
        if found is None:
            raise InvalidName
        parts.append((_attribute_name(found["type"]), _value(found["value"])))
        if not found["end"]:
            return tuple(parts)
        place = found.end()


def _attribute_name(text: str) -> str:
    attribute = find_attribute(text)
    return attribute.name if attribute else text.casefold()


def _value(written: str) -> str:
    octets = _ESCAPED.sub(_unescaped, _TRAILING.sub("", written).encode())
    return " ".join(octets.decode("utf-8", "replace").casefold().split())


def _unescaped(found: re.Match[bytes]) -> bytes:
    escaped = found[1]
    return bytes.fromhex(escaped.decode()) if len(escaped) == 2 else escaped
