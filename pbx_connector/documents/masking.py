"""Blacks out what looks like a secret in a file's text before findings quote it.

Works on lines, not on the tree: a text that is no proper YAML has no tree, and just then its lines are quoted.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from functools import lru_cache

from pbx_rules import Span

_WORDS = ("pass", "pwd", "secret", "token", "credential")
_MISSPELT = ("password", "secret", "client_secret", "passphrase", "token")
_CLOSE = 0.75
_ENTRY = re.compile(r"""(?P<key>[\w-]+)["']?\s*:(?=\s|$|["'{\[])\s*""")
_GLUED = re.compile(r"""\s*(?:-\s+)?["']?(?P<key>[A-Za-z][\w-]*)["']?(?:[:=](?=\S)|\s+(?=[^\s:=]))""")
"""A line that was meant as an entry: `password:hunter2`, `password=hunter2`, `password hunter2`."""
_REFERENCE = re.compile(r"""\{\s*["']?(env|file|keyring)["']?\s*:\s*(?P<name>[^\s{},][^{},]*)\}\s*(?=[,}]|\#|$)""")
_FOLLOWING = re.compile(r"""[\s}\]]*(?:$|,\s*(?:$|\}|["']?[\w-]+["']?\s*:\s))""")
_PLACE = re.compile(r"""\s*["']?(env|file|keyring)["']?\s*:\s*(?P<name>\S?.*)""")
_IN_ADDRESS = re.compile(r"""(?<=\w://).*(?=@)|(?<=[?&])\w*(pass|secret|token)\w*=[^\s&"']*""", re.IGNORECASE)


def masked(text: str, hidden: Iterable[Span] = ()) -> str:
    """`text` with asterisks for passwords in addresses, for values named like a secret, and for what a reference to one
    names, as people type the secret itself there; also for the rest of each line from where a span of `hidden` begins.
    """
    lines = _IN_ADDRESS.sub(lambda found: "*" * len(found[0]), text).split("\n")
    for span in hidden:
        if span.line <= len(lines):
            lines[span.line - 1] = _without(lines[span.line - 1], span.column - 1)
    number = 0
    while number < len(lines):
        line = lines[number]
        start = _secret(line)
        lines[number] = _without_names(line) if start is None else _without(line, start)
        is_value = start is not None or _is_reference(line)
        number = _mask_below(lines, number) if is_value else number + 1
    return "\n".join(lines)


def _secret(line: str) -> int | None:
    """Where the first value on the line begins that must not be shown."""
    if line.lstrip().startswith("#"):
        return None
    for entry in _ENTRY.finditer(line):
        if _is_named_like_one(entry["key"]) and not _REFERENCE.match(line, entry.end()):
            return entry.end()
    glued = _GLUED.match(line)
    return glued.end() if glued and _is_named_like_one(glued["key"]) else None


@lru_cache(maxsize=1024)
def _is_named_like_one(key: str) -> bool:
    key = key.lower()
    return any(word in key for word in _WORDS) or bool(difflib.get_close_matches(key, _MISSPELT, n=1, cutoff=_CLOSE))


def _mask_below(lines: list[str], number: int) -> int:
    """Masks the deeper lines that belong to the value, of a reference the name; returns the next line's number."""
    depth = _depth(lines[number])
    number += 1
    while number < len(lines) and (not lines[number].strip() or _depth(lines[number]) > depth):
        place = _PLACE.match(lines[number])
        lines[number] = _without(lines[number], place.start("name") if place else _depth(lines[number]))
        number += 1
    return number


def _without(line: str, start: int) -> str:
    return line[:start] + "*" * len(line[start:])


def _without_names(line: str) -> str:
    """References to secrets without what they name, and without what else stands in the place of the secret."""
    for entry in _ENTRY.finditer(line):
        reference = _REFERENCE.match(line, entry.end())
        if reference and _is_named_like_one(entry["key"]):
            start, end = reference.span("name")
            line = line[:start] + "*" * (end - start) + line[end:]
            if not _goes_on(line, entry.start(), reference.end()):
                return _without(line, reference.end())
    return line


def _goes_on(line: str, start: int, end: int) -> bool:
    """Whether what follows a reference is the end of the braces that it stands in, or another entry in them."""
    inside = line.count("{", 0, start) > line.count("}", 0, start)
    return inside and _FOLLOWING.match(line, end) is not None


def _is_reference(line: str) -> bool:
    """Whether a line of its own says where a secret lies: what stands deeper below is in the secret's place, too."""
    entry = _ENTRY.match(line, len(line) - len(line.lstrip(" \"'")))
    return bool(entry and _is_named_like_one(entry["key"]) and _REFERENCE.match(line, entry.end()))


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())
