"""Blacks out what looks like a secret in a file's text before findings quote it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pbx_rules.document import Document, Mapping, Node, Scalar, Sequence

_WORDS = ("password", "passwd", "secret", "token", "credential", "passphrase")
_PLACES = {"env", "file", "keyring"}
"""The keys of a reference: they say where a secret lies, and are no secret."""

_NAMED = re.compile(rf"""([\w"']*(?:{"|".join(_WORDS)})[\w"']*\s*:[ \t]*)(\S.*)""", re.IGNORECASE)
_REFERENCE = re.compile(rf"""\{{\s*["']?(?:{"|".join(_PLACES)})\b""")


def masked(document: Document) -> str:
    """The document's text with asterisks for every value that is named like a secret."""
    if not isinstance(document.root, Mapping):
        return _NAMED.sub(_asterisks, document.text)
    lines = document.text.split("\n")
    for value in _secrets(document.root, suspicious=False):
        _black_out(lines, value)
    return "\n".join(lines)


def _asterisks(found: re.Match[str]) -> str:
    """Where the file is no YAML, for what stands on a line behind a name like a secret's."""
    return found[0] if _REFERENCE.match(found[2]) else found[1] + "*" * len(found[2])


def _secrets(node: Node, *, suspicious: bool) -> Iterable[Scalar]:
    if isinstance(node, Scalar) and suspicious:
        yield node
    elif isinstance(node, Sequence):
        for item in node.items:
            yield from _secrets(item, suspicious=suspicious)
    elif isinstance(node, Mapping):
        for key, value in node.items:
            named = any(word in key.text.lower() for word in _WORDS)
            yield from _secrets(value, suspicious=named or (suspicious and key.text not in _PLACES))


def _black_out(lines: list[str], value: Scalar) -> None:
    span = value.span
    for number in range(span.line - 1, min(span.end_line, len(lines))):
        line = lines[number]
        start = span.column - 1 if number == span.line - 1 else 0
        end = span.end_column - 1 if number == span.end_line - 1 else len(line)
        lines[number] = line[:start] + "*" * max(end - start, 0) + line[end:]
