"""Which loop variables the text before the cursor has put in reach, and the field that each of them goes over."""

from __future__ import annotations

import re
from collections.abc import Iterable

Loops = dict[str, str]
"""The field by the loop variable's name; empty where a loop goes over something else."""

_TEXT = re.compile(r'"[^"]*"?')
_EACH = re.compile(r"\beach\s+([^\W\d]\w*)\s+in\b", re.IGNORECASE)
_FOR = re.compile(r"""(?:^|[\s,{])["']?for["']?\s*:\s*["']?([^\W\d]\w*)\s+in\b""")
_FIELD = re.compile(r"\s*\[([^\[\]]+)\]")
_STEP = re.compile(r"[(\[{]|[)\]}]|\b(?:where|give)\b", re.IGNORECASE)


def loops_of_expression(before: str) -> Loops:
    """Of `each`, in an expression up to the cursor."""
    text = _TEXT.sub(lambda found: " " * len(found[0]), before)
    return {each[1]: _over(text, each.end()) for each in _EACH.finditer(text) if _is_open(text[each.end() :])}


def loops_of_structure(lines: Iterable[str]) -> Loops:
    """Of every `for:`."""
    return {loop[1]: _over(line, loop.end()) for line in lines for loop in _FOR.finditer(line)}


def _over(text: str, at: int) -> str:
    field = _FIELD.match(text, at)
    return field[1].strip() if field else ""


def _is_open(after: str) -> bool:
    """Whether a loop's variable is known at the end of what follows its `in`: behind `where` or `give`, within its
    brackets."""
    depth, known = 0, False
    for step in _STEP.findall(after):
        depth += (step in "([{") - (step in ")]}")
        if depth < 0:
            return False
        known = known or (depth == 0 and step.isalpha())
    return known
