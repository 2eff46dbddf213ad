"""Merges two texts that both come from a third, line by line; where both changed the same lines, both are kept.

Ours, as the one library for it that is looked after, merge3, is under the GPL.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

MINE, MIDDLE, THEIRS = "<<<<<<< mine", "=======", ">>>>>>> theirs"


@dataclass(frozen=True, slots=True)
class Merged:
    text: str
    """With both versions of each conflict between lines that no profile has, so that it cannot be saved unseen."""
    conflicts: int


def unresolved(text: str) -> int:
    """The number of the first line, from 1, that a conflict has left; 0 if there is none."""
    heads = (MINE, THEIRS)
    return next((number for number, line in enumerate(text.splitlines(), start=1) if line in heads), 0)


def merge(base: str, mine: str, theirs: str) -> Merged:
    newline = "\r\n" if "\r\n" in mine else "\n"
    parts, conflicts = [], 0
    for chunk in _chunks(*(text.splitlines(keepends=True) for text in (base, mine, theirs))):
        if isinstance(chunk, list):
            parts += chunk
            continue
        conflicts += 1
        for head, lines in ((MINE, chunk.mine), (MIDDLE, chunk.theirs)):
            parts += [head + newline, *lines]
            if lines and not lines[-1].endswith(("\n", "\r")):
                parts.append(newline)
        parts.append(THEIRS + newline)
    return Merged("".join(parts), conflicts)


@dataclass(frozen=True, slots=True)
class _Conflict:
    mine: list[str]
    theirs: list[str]


def _chunks(base: list[str], mine: list[str], theirs: list[str]) -> Iterator[list[str] | _Conflict]:
    """What lies between the lines that all three have in common is taken from whoever changed it."""
    at, in_mine, in_theirs = 0, 0, 0
    for line, place_mine, place_theirs in [*_common(base, mine, theirs), (len(base), len(mine), len(theirs))]:
        yield from _decided(base[at:line], mine[in_mine:place_mine], theirs[in_theirs:place_theirs])
        if line < len(base):
            yield [base[line]]
        at, in_mine, in_theirs = line + 1, place_mine + 1, place_theirs + 1


def _common(base: list[str], mine: list[str], theirs: list[str]) -> Iterator[tuple[int, int, int]]:
    """The lines of `base` that both others still have, with their places there."""
    kept_mine, kept_theirs = _kept(base, mine), _kept(base, theirs)
    for line in sorted(kept_mine.keys() & kept_theirs.keys()):
        yield line, kept_mine[line], kept_theirs[line]


def _kept(base: Sequence[str], other: Sequence[str]) -> dict[int, int]:
    blocks = SequenceMatcher(None, base, other, autojunk=False).get_matching_blocks()
    return {block.a + step: block.b + step for block in blocks for step in range(block.size)}


def _decided(base: list[str], mine: list[str], theirs: list[str]) -> Iterator[list[str] | _Conflict]:
    if mine in (base, theirs):
        yield theirs
    elif theirs == base:
        yield mine
    else:
        yield _Conflict(mine, theirs)
