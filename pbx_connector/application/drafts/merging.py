"""Merges two texts that both come from a third, line by line; where both changed the same lines, both are kept.

Ours, as the one library for it that is looked after, merge3, is under the GPL.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

_MOST_COMPARED = 1_000_000
"""Pairs of equal lines."""
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
    chunks = list(_chunks(*(text.splitlines(keepends=True) for text in (base, mine, theirs))))
    written = (chunk.written(newline) if isinstance(chunk, _Conflict) else chunk for chunk in chunks)
    conflicts = sum(isinstance(chunk, _Conflict) for chunk in chunks)
    return Merged("".join(line for lines in written for line in lines), conflicts)


@dataclass(frozen=True, slots=True)
class _Conflict:
    mine: list[str]
    theirs: list[str]

    def written(self, newline: str) -> Iterator[str]:
        for head, lines in ((MINE, self.mine), (MIDDLE, self.theirs)):
            yield head + newline
            yield from lines
            if lines and not lines[-1].endswith(("\n", "\r")):
                yield newline
        yield THEIRS + newline


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
    """For each line of `base` that `other` has, its place there. Where looking would take too long, as with thousands
    of equal lines, none but those at the beginning and the end."""
    same = 0
    while same < min(len(base), len(other)) and base[same] == other[same]:
        same += 1
    end = 0
    while end < min(len(base), len(other)) - same and base[-1 - end] == other[-1 - end]:
        end += 1
    kept = {line: line for line in range(same)}
    kept |= {len(base) - back: len(other) - back for back in range(1, end + 1)}
    inner, changed = base[same : len(base) - end], other[same : len(other) - end]
    counts, others = Counter(inner), Counter(changed)
    if sum(count * others[line] for line, count in counts.items()) <= _MOST_COMPARED:
        blocks = SequenceMatcher(None, inner, changed, autojunk=False).get_matching_blocks()
        kept |= {same + block.a + step: same + block.b + step for block in blocks for step in range(block.size)}
    return kept


def _decided(base: list[str], mine: list[str], theirs: list[str]) -> Iterator[list[str] | _Conflict]:
    if mine in (base, theirs):
        yield theirs
    elif theirs == base:
        yield mine
    else:
        yield _Conflict(mine, theirs)
