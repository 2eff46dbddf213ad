"""Finds what a misspelled name was probably meant to be."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher

_LIKELY = 0.7
_MOST = 2_000
"""Candidates that are looked at, and characters of a name: a suggestion must not cost time."""


def nearest(word: str, candidates: Iterable[str]) -> str | None:
    """The most similar candidate; one whose last part, as in `PhoneNumbers_BusinessPhone`, is similar counts too."""
    best, highest = None, _LIKELY
    wanted = word.casefold()[:100]
    for candidate, _ in zip(candidates, range(_MOST), strict=False):
        likeness = max(_likeness(wanted, candidate), 0.95 * _likeness(wanted, candidate.rpartition("_")[2]))
        if likeness > highest:
            best, highest = candidate, likeness
    return best


def _likeness(wanted: str, candidate: str) -> float:
    known = candidate.casefold()[:100]
    if wanted == known:
        return 1.0
    matcher = SequenceMatcher(None, wanted, known)
    return matcher.ratio() if matcher.real_quick_ratio() > _LIKELY and matcher.quick_ratio() > _LIKELY else 0.0
