"""Reads a JSON array element by element, each with its place; what is wrong with one is that one's alone."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_BLANK = re.compile(r"[ \t\r\n]*")


@dataclass(frozen=True, slots=True)
class Element:
    line: int
    column: int
    """Where it begins, or where the array cannot be read any further; both count from 1."""
    value: dict[str, Any]
    fault: str = ""
    """Why it is no row, for people."""


def elements(text: str) -> Iterator[Element]:
    """Of a text that begins with `[`. Where it is no JSON any more, a last element says so."""
    cursor = _Cursor(text)
    try:
        cursor.expect("[", "a [")
        more = not cursor.took("]")
        while more:
            yield cursor.element()
            more = cursor.took(",")
            if not more:
                cursor.expect("]", "a comma or a ]")
        cursor.expect_end()
    except _Broken as broken:
        yield cursor.here({}, str(broken))


class _Broken(Exception):
    """The array cannot be read any further."""


class _NoNumber(Exception):
    """Such as NaN: JSON has none, yet it is clear where it ends."""


def _no_constant(name: str) -> None:
    raise _NoNumber(name)


_STRICT = json.JSONDecoder(parse_constant=_no_constant)
_LENIENT = json.JSONDecoder(parse_constant=str, parse_int=str)


class _Cursor:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._line = 1
        self._line_start = 0

    def took(self, mark: str) -> bool:
        """Whether it comes next, blanks aside; then it is passed."""
        blank = _BLANK.match(self._text, self._at)
        self._move(blank.end() if blank else self._at)
        if not self._text.startswith(mark, self._at):
            return False
        self._move(self._at + len(mark))
        return True

    def expect(self, mark: str, shown: str) -> None:
        if not self.took(mark):
            raise _Broken(f"this is no JSON: {shown} is missing")

    def expect_end(self) -> None:
        self.took("")
        if self._at < len(self._text):
            raise _Broken("this is no JSON: something stands behind the array")

    def element(self) -> Element:
        self.took("")
        try:
            value, end = self._decoded(_STRICT)
            fault = "" if isinstance(value, dict) else "this row is no JSON object"
        except _NoNumber:
            end = self._decoded(_LENIENT)[1]
            value, fault = {}, "this row holds a number that is not one"
        found = self.here({} if fault else value, fault)
        self._move(end)
        return found

    def here(self, value: dict[str, Any], fault: str) -> Element:
        return Element(self._line, self._at - self._line_start + 1, value, fault)

    def _decoded(self, decoder: json.JSONDecoder) -> tuple[Any, int]:
        try:
            return decoder.raw_decode(self._text, self._at)
        except json.JSONDecodeError as error:
            self._move(error.pos)
            raise _Broken(f"this is no JSON: {error.msg}") from None
        except RecursionError:
            raise _Broken("this row is nested too deep") from None
        except ValueError:  # a whole number of thousands of digits
            raise _NoNumber from None

    def _move(self, to: int) -> None:
        lines = self._text.count("\n", self._at, to)
        if lines:
            self._line += lines
            self._line_start = self._text.rindex("\n", self._at, to) + 1
        self._at = to
