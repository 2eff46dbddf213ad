"""Ranges of numbers: `030 23125 201 - 205` has two ends, `030 23125-201` is one number with a dash in it.

Both are written alike, so that length decides: what is too long to be one number, and ascends, is a range. Two endings
side by side, `030 23125 201 202`, are told from one number in the same way; which of them was meant nobody knows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

_DASH = re.compile(r"(?<=[0-9])(?:\s*(?:-|\.{2,})\s*|\s+\.\s+)(?=[0-9+(])")
_SIDE_BY_SIDE = re.compile(r"[0-9][. ]+[0-9]+$")
_LAST_GROUP = re.compile(r"([0-9])[-./ ]+[0-9]+$")
_TRUNK = re.compile(r"[0-9][-./ ]+0$")
_LONGEST = 11
"""Digits, without the country's code, of the longest number given out where numbers differ in length."""
_NEAR = 20
"""How far apart the ends are at most where the second leaves out some of the last group: `23125201 - 205`."""
_FAR = 1000
_WHOLE = 7
"""Digits of a group behind which nobody divides off one digit more."""

Verdict = Literal["number", "range", "uncertain"]


@dataclass(frozen=True)
class Dashed:
    """A text that may be a range, divided at its last dash or dots. The left side is a number by itself."""

    left: str
    dash: str
    right: str

    def verdict(self, digits: int | None) -> Verdict:
        """What it certainly is; `digits` are those of it all taken for one number, None if there is no such number."""
        if not self.right.isdigit():
            return "uncertain" if digits is None else "number"
        return self._of_equal_ends(digits) if self._equal else self._of_shortened_end(digits)

    def _of_equal_ends(self, digits: int | None) -> Verdict:
        ascends, long = 0 < self._step < _FAR, digits is None or digits > _LONGEST
        if len(self.right) == 1 and ascends and not long and not self._grouped:
            return "uncertain"
        if not long and ".." not in self.dash and (self._tight or self.dash in self.left or not ascends):
            return "number"
        return "range" if ascends and not self._grouped and (long or self._apart) else "uncertain"

    def _of_shortened_end(self, digits: int | None) -> Verdict:
        near, dots = 0 < self._step <= _NEAR, ".." in self.dash
        if near and (dots or digits is None or digits > _LONGEST + 1):
            return "range"
        if dots or digits is None or (near and digits > _LONGEST):
            return "uncertain"
        if near and len(self.right) == 1 and digits >= _LONGEST:
            return "uncertain"
        return "uncertain" if near and not self._tight and not self._dashed_left else "number"

    @cached_property
    def _groups(self) -> list[str]:
        return re.findall("[0-9]+", self.left)

    @property
    def _equal(self) -> bool:
        return len(self._groups[-1]) == len(self.right)

    @property
    def _step(self) -> int:
        """How far the right end lies above the digits of the left one that stand in its place."""
        return _step(self._groups[-1], self.right)

    @property
    def _tight(self) -> bool:
        return self.dash == "-"

    @property
    def _dashed_left(self) -> bool:
        return re.search("[0-9]-[0-9]+$", self.left) is not None

    @property
    def _grouped(self) -> bool:
        """`12-34-56-78`: groups of one number."""
        return self._tight and self._dashed_left and len(self._groups[-2]) == len(self.right)

    @property
    def _apart(self) -> bool:
        """`23125-10 - 19`: the dash between the ends is another than that within the first."""
        return not self._tight and self._dashed_left


def dashed(text: str) -> Dashed | None:
    """None where no dash, and no dots, stand between digits."""
    *_, last = [None, *_DASH.finditer(text)]
    if last is None:
        return None
    return Dashed(text[: last.start()], last[0], text[last.end() :].strip())


def endings_side_by_side(text: str, digits: int | None) -> bool:
    """Whether too many digits end in what may be two endings, `23125 201 202`, and not in groups of one size; or a
    digit of its own stands behind a number. `digits` as for `Dashed.verdict`."""
    groups = re.findall("[0-9]+", text)
    if digits is None or not _SIDE_BY_SIDE.search(text):
        return False
    left, right = groups[-2:]
    if digits <= _LONGEST:
        return len(left) >= _WHOLE and len(right) == 1 and right != "0"
    if len(groups) < 3:
        return False
    return 0 < _step(left, right) <= _NEAR or (len(left) == len(right) > 2 and len(groups[-3]) != len(left))


def without_last_group(text: str) -> str:
    return text[: match.end(1)] if (match := _LAST_GROUP.search(text)) else ""


def is_trunk(text: str) -> bool:
    """`030 23125-0`, behind which no further digits of the same number stand."""
    return _TRUNK.search(text) is not None


def too_long(text: str, digits: int | None) -> bool:
    """Whether its last group, of another size than the one before, is more than any number has. As in `23125201 365`
    before `days`; dashes divide off an extension of any length. `digits` as for `Dashed.verdict`."""
    groups = re.findall("[0-9]+", text)
    apart = _SIDE_BY_SIDE.search(text) is not None and len(groups[-1]) != len(groups[-2])
    return apart and (digits is None or digits > _LONGEST)


def _step(left: str, right: str) -> int:
    """How far `right` lies above the digits of `left` that stand in its place; 0 if it has more digits."""
    tail = left[-len(right) :]
    return int(right) - int(tail) if len(tail) == len(right) else 0
