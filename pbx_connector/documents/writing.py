"""Writes values as YAML that our reader takes for exactly these texts; looks are kept where that is possible."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from pbx_rules.document import Mapping, Scalar, load
from pbx_rules.document.nodes import Plain
from pbx_rules.document.reader import REFUSED

from pbx_connector.errors import UsageError

_WORD = re.compile(r"[A-Za-z][A-Za-z_-]{0,60}|0|[1-9][0-9]{0,8}(\.[0-9]{1,8})?")
"""What needs no quotes anywhere; what other readers of YAML take for something else has them."""
_NO_WORDS = frozenset({"null", "yes", "no", "on", "off", "y", "n"})
_KEY = re.compile(r"[A-Za-z0-9_][\w.-]*")
_DOUBTFUL = re.compile(r"#|: |:$|^[\s&*!|>%@`\"'\[\]{},?:-]|[\n\r\t]|\s$")


def check_characters(value: Plain) -> None:
    """Raises `UsageError` for what may stand in no profile, since nobody sees it."""
    parts = value if isinstance(value, list) else [*value, *value.values()] if isinstance(value, dict) else []
    for part in parts:
        check_characters(part)
    found = REFUSED.search(value) if isinstance(value, str) else None
    if found:
        raise UsageError(f"the character U+{ord(found[0]):04X} may not stand in a profile", hint="delete it")


def written(value: str, like: Scalar, *, in_flow: bool = False) -> str:
    """A text as the one whose place it takes was written."""
    if not value:
        return ""
    if like.style == "plain":
        return value if _reads_plain(value, in_flow=in_flow) else quoted(value)
    raw = like.source.text[like.start : like.end]
    if like.style == "literal" and like.text.strip() and value.strip() and not in_flow:
        block = _literal(value, raw)
        return block if _says(f"k: {block}\n", {"k": value}) else quoted(value)
    if raw.startswith("'") and not re.search(r"[\n\r\t]", value):
        return "'" + value.replace("'", "''") + "'"
    return quoted(value)


def quoted(value: str) -> str:
    """In double quotes, as JSON has it."""
    return json.dumps(value, ensure_ascii=False)


def as_flow(value: Plain, *, in_flow: bool = False, as_json: bool = False) -> str:
    """On one line. `in_flow` tells of braces or brackets around it; in a file that is JSON everything has quotes."""
    if as_json:
        return json.dumps(value, ensure_ascii=False)
    match value:
        case str():
            is_word = _WORD.fullmatch(value) and value.lower() not in _NO_WORDS
            return value if is_word else quoted(value)
        case dict():
            entries = (f"{as_key(name)}: {as_flow(part, in_flow=True)}" for name, part in value.items())
            return "{" + ", ".join(entries) + "}"
    return "[" + ", ".join(as_flow(part, in_flow=True) for part in value) + "]"


def as_block(name: str, value: Plain, indent: str) -> Iterator[str]:
    """The lines of a key and its value; a few texts by name stand on one line."""
    if not isinstance(value, dict) or all(isinstance(part, str) for part in value.values()):
        yield f"{indent}{as_key(name)}: {as_flow(value)}"
        return
    yield f"{indent}{as_key(name)}:"
    for inner, part in value.items():
        yield from as_block(inner, part, indent + "  ")


def as_key(name: str, like: Scalar | None = None) -> str:
    if like is not None and like.style == "quoted":
        return written(name, like)
    return name if _KEY.fullmatch(name) else quoted(name)


def _reads_plain(value: str, *, in_flow: bool) -> bool:
    if not _DOUBTFUL.search(value) and not (in_flow and re.search(r"[\[\]{},]", value)):
        return True
    if re.search(r"[\n\r\t]", value):
        return False
    if in_flow:  # below a key, as it stands in the file: at the top more can be read
        return _says(f"x: {{k: {value}}}\n", {"x": {"k": value}})
    return _says(f"k: {value}\n", {"k": value})


def _says(yaml: str, meaning: Plain) -> bool:
    read = load(yaml, "")
    return isinstance(read.root, Mapping) and not read.diagnostics and read.root.plain() == meaning


def _literal(value: str, raw: str) -> str:
    """Below a `|`, as deep as before."""
    head, newline, body = re.split(r"(\r\n|\n|\r)", raw, maxsplit=1)
    first = next(line for line in body.splitlines() if line.strip())
    indent = first[: len(first) - len(first.lstrip(" "))]
    text = value.rstrip("\n")
    ends = len(value) - len(text)
    mark = "-" if not ends else "" if ends == 1 else "+"
    head = "|" + mark + head.lstrip("|+-")
    lines = [*text.split("\n"), *[""] * (ends - 1)]
    return head + newline + newline.join(indent + line if line else "" for line in lines)
