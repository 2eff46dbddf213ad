"""Finds what a misspelled name was probably meant to be."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher

_LIKELY = 0.7
_MOST = 500
"""Candidates that are compared letter by letter: a suggestion must not cost time."""
_LONGEST = 100
"""Characters of a name that count."""


def nearest(word: str, candidates: Iterable[str]) -> str | None:
    """The most similar candidate; one whose last part, as in `PhoneNumbers_BusinessPhone`, is similar counts too.

    Of very many candidates those that begin or end like the word are looked at first.
    """
    best, highest = None, _LIKELY
    matcher = SequenceMatcher(autojunk=False)
    matcher.set_seq2(_folded(word))
    for candidate in _promising(word, list(candidates)):
        likeness = _likeness(matcher, candidate)
        if "_" in candidate:
            likeness = max(likeness, 0.95 * _likeness(matcher, candidate.rpartition("_")[2]))
        if likeness > highest:
            best, highest = candidate, likeness
    return best


def _promising(word: str, candidates: list[str]) -> Iterable[str]:
    if len(candidates) <= _MOST:
        return candidates
    first, last = word[:1].casefold(), word[-1:].casefold()
    alike = [candidate for candidate in candidates if candidate[:1].casefold() == first]
    alike += [candidate for candidate in candidates if candidate[-1:].casefold() == last]
    return list(dict.fromkeys(alike))[:_MOST]


def _folded(word: str) -> str:
    return word.casefold()[:_LONGEST]


def _likeness(matcher: SequenceMatcher[str], candidate: str) -> float:
    """To the word of the matcher, which prepares it once for all candidates."""
    matcher.set_seq1(_folded(candidate))
    return matcher.ratio() if matcher.real_quick_ratio() > _LIKELY and matcher.quick_ratio() > _LIKELY else 0.0
