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
_LETTERS = tuple((set(word), len(word)) for word in _MISSPELT)
_ENTRY = re.compile(r"""(?<![\w-])(?P<key>[\w-]++)["']?\s*+:(?=\s|$|["'{\[])\s*""")
"""It looks at no character twice, as the other patterns here: a line may be megabytes long."""
_GLUED = re.compile(r"""\s*(?:-\s+)?["']?(?P<key>[A-Za-z][\w-]*)["']?(?:[:=](?=\S)|\s+(?=[^\s:=]))""")
"""A line that was meant as an entry: `password:hunter2`, `password=hunter2`, `password hunter2`."""
_REFERENCE = re.compile(
    r"""\{\s*["']?(env|file|keyring|vault)["']?\s*:\s*(?P<name>[^\s{},][^{},]*)\}\s*(?=[,}]|\#|$)"""
)
_FOLLOWING = re.compile(r"""[\s}\]]*(?:$|,\s*(?:$|\}|["']?[\w-]+["']?\s*:\s))""")
"""After a reference: the end of the braces that it stands in, or another entry in them."""
_PLACE = re.compile(r"""\s*["']?(env|file|keyring|vault)["']?\s*:\s*(?P<name>\S?.*)""")
_ADDRESS = re.compile(r"(?<=\w://)")
_IN_QUERY = re.compile(r"""(?<=[?&])(?P<name>\w++)=[^\s&"']*+""")
_IN_NAMES = ("pass", "secret", "token")


def masked(text: str, hidden: Iterable[Span] = ()) -> str:
    """`text` with asterisks for passwords in addresses, for values named like a secret, and for what a reference to one
    names, as people type the secret itself there; also for the rest of each line from where a span of `hidden` begins.
    """
    lines = [_without_credentials(line) for line in text.split("\n")]
    for span in hidden:
        if span.line <= len(lines):
            lines[span.line - 1] = _without(lines[span.line - 1], span.column - 1)
    number = 0
    while number < len(lines):
        line = lines[number]
        if not line or line.isspace():
            number += 1
            continue
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
    if any(word in key for word in _WORDS):
        return True
    return _may_be_close(key) and bool(difflib.get_close_matches(key, _MISSPELT, n=1, cutoff=_CLOSE))


def _may_be_close(key: str) -> bool:
    """False only for what cannot be: it has too few letters of each word. A hundred thousand keys are asked about."""
    letters = set(key)
    return any(2 * (len(letters & own) + length - len(own)) >= _CLOSE * (len(key) + length) for own, length in _LETTERS)


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


def _without_credentials(line: str) -> str:
    """Of addresses: what stands before the last `@`, and parameters named like a secret."""
    end = line.rfind("@")
    if end >= 0 and (start := _ADDRESS.search(line, 0, end)):
        line = line[: start.end()] + "*" * (end - start.end()) + line[end:]
    return _IN_QUERY.sub(_without_parameter, line) if "=" in line else line


def _without_parameter(found: re.Match[str]) -> str:
    name = found["name"].lower()
    return "*" * len(found[0]) if any(word in name for word in _IN_NAMES) else found[0]


def _without_names(line: str) -> str:
    """References to secrets without what they name, and without what else stands in the place of the secret."""
    shown: list[str] = []
    at, counted, depth = 0, 0, 0
    for entry in _ENTRY.finditer(line):
        reference = _REFERENCE.match(line, entry.end())
        if not reference or not _is_named_like_one(entry["key"]):
            continue
        start, end = reference.span("name")
        shown += line[at:start], "*" * (end - start)
        depth += line.count("{", counted, entry.start()) - line.count("}", counted, entry.start())
        at, counted = end, entry.start()
        if depth <= 0 or not _FOLLOWING.match(line, reference.end()):
            return "".join([*shown, _without(line[at:], reference.end() - at)])
    return "".join([*shown, line[at:]])


def _is_reference(line: str) -> bool:
    """Whether a line of its own says where a secret lies: what stands deeper below is in the secret's place, too."""
    entry = _ENTRY.match(line, len(line) - len(line.lstrip(" \"'")))
    return bool(entry and _is_named_like_one(entry["key"]) and _REFERENCE.match(line, entry.end()))


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())
