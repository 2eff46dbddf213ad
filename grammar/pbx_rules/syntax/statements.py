"""Divides the rules block into statements: one begins wherever a line begins in its first column.

That is also how reading goes on after a mistake: the next statement starts anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_LINE = re.compile(r"[^\n]*\n?")


class Chunk(NamedTuple):
    """The text of one statement, with where it starts in the rules block."""

    start: int
    text: str
    indented: bool
    """True: lines that are indented under nothing."""


def split(rules: str) -> Iterator[Chunk]:
    """Comments and empty lines belong to the statement that they follow."""
    start, length, indented = 0, 0, False
    for line in _LINE.finditer(rules):
        head = line[0][:1]
        opens = bool(head) and not head.isspace() and head != "#"
        strays = not length and bool(line[0].strip()) and head != "#"
        if opens or strays:
            if length:
                yield Chunk(start, rules[start : start + length], indented)
            start, length, indented = line.start(), 0, not opens
        if length or opens or strays:
            length += len(line[0])
    if length:
        yield Chunk(start, rules[start : start + length], indented)
