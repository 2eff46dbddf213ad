"""The chart of the overview: where its lines and bars are; the template draws it, and a table says the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

WIDTH, HEIGHT = 760.0, 180.0
LEFT, TOP, BOTTOM = 44.0, 12.0, 24.0
GAP = 4.0
WEEK = 7


@dataclass(frozen=True, slots=True)
class Sample:
    """One day of it."""

    date: date
    entries: int
    added: int
    updated: int
    removed: int


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a bar."""

    kind: str
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Bar:
    sample: Sample
    is_named: bool
    """Whether its day stands below it."""
    x: float
    width: float
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    bars: tuple[Bar, ...]
    line: str
    """The points of the line of entries."""
    most_changes: int
    most_entries: int
    least_entries: int

    @property
    def baseline(self) -> float:
        return HEIGHT - BOTTOM

    width = WIDTH
    height = HEIGHT
    left = LEFT
    top = TOP


def chart(samples: Sequence[Sample]) -> Chart:
    """Changes as bars, entries as a line; each from zero, on a scale of its own: there are far more entries."""
    most = max((_changes(each) for each in samples), default=0)
    entries = [each.entries for each in samples]
    least, top = min(entries, default=0), max(entries, default=0)
    step = (WIDTH - LEFT) / max(1, len(samples))
    last = len(samples) - 1
    bars = tuple(
        _bar(sample, (last - number) % WEEK == 0, LEFT + number * step, step - GAP, most)
        for number, sample in enumerate(samples)
    )
    points = [(bar.x + bar.width / 2, _height(bar.sample.entries, top)) for bar in bars]
    return Chart(bars, " ".join(f"{x:.1f},{y:.1f}" for x, y in points), most, top, least)


def _bar(sample: Sample, is_named: bool, x: float, width: float, most: int) -> Bar:
    parts, y = [], HEIGHT - BOTTOM
    for kind in ("updated", "added", "removed"):
        height = (HEIGHT - BOTTOM - TOP) * getattr(sample, kind) / most if most else 0.0
        y -= height
        if height:
            parts.append(Part(kind, round(y, 1), round(height, 1)))
    return Bar(sample, is_named, round(x, 1), round(width, 1), tuple(parts))


def _height(entries: int, most: int) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * (entries / most if most else 0.0)


def _changes(sample: Sample) -> int:
    return sample.added + sample.updated + sample.removed
