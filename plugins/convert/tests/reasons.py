"""Takes the reasons of named differences out of a program and its row: then PHP and the rule must agree."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from pbx_convert.findings import Kind

from .programs import LIST_FIELD, TEXT_FIELDS

_LITERAL = re.compile(r"'([^']*)'")
"""Fields are in double quotes."""
_RAISED = {"strtoupper": "strtolower", "ucfirst": "strtolower", "lcfirst": "strtolower", "ucwords": "strtolower"}


def _small(text: str) -> str:
    return text.lower()


def _without_zero(text: str) -> str:
    return text.replace("0", "7")


def _without_digits(text: str) -> str:
    return re.sub("[0-9]", lambda digit: chr(ord("g") + int(digit[0])), text)


def _ascii(text: str) -> str:
    return re.sub("[^\0-\x7f]", "u", text)


def _without_space(text: str) -> str:
    return re.sub(r"\s", "_", text)


def _in_whole_pieces(text: str) -> str:
    """No empty piece, and no blank around one."""
    return re.sub("[,;]+", ",", _without_space(text)).strip(",;")


_OUT_OF_TEXTS: dict[str, Callable[[str], str]] = {
    Kind.CASE: _small,
    Kind.TITLE: _small,
    Kind.EMPTY: _without_zero,
    Kind.LOOSE: _without_digits,
    Kind.CHARACTERS: _ascii,
    Kind.SPACES: _without_space,
    Kind.WHITE_SPACE: _without_space,
    Kind.LINE_END: _without_space,
    Kind.PIECES: _in_whole_pieces,
}
_FILLED = (Kind.PRESENT, Kind.PIECES)
"""Differences of what is not there."""
_FIRST_EMPTY = "$v = ''; $w = ''; "
"""The variables of a random program, which may not be there either."""


def without(kinds: Collection[str], program: str, row: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    changed = dict(row)
    if Kind.PRESENT in kinds:
        program = _FIRST_EMPTY + program
    for kind in kinds:
        if kind in _FILLED:
            changed = {name: changed.get(name) or "x" for name in TEXT_FIELDS}
            changed[LIST_FIELD] = [text or "x" for text in row.get(LIST_FIELD, ())] or ["x"]
    for kind in kinds:
        change = _OUT_OF_TEXTS.get(kind, str)
        changed = {name: _changed(change, value) for name, value in changed.items()}
        if kind != Kind.PIECES:
            program = _in_literals(change, program)
        if kind in (Kind.CASE, Kind.TITLE):
            program = re.sub(r"\w+(?=\()", lambda name: _RAISED.get(name[0].removeprefix("mb_"), name[0]), program)
    return program, changed


def _in_literals(change: Callable[[str], str], program: str) -> str:
    """But for patterns, which begin with a slash."""
    return _LITERAL.sub(lambda found: found[0] if found[1].startswith("/") else f"'{change(found[1])}'", program)


def _changed(change: Callable[[str], str], value: Any) -> Any:
    return [change(one) or "x" for one in value] if isinstance(value, list) else change(value)
