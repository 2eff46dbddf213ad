"""Finds what a misspelled name was probably meant to be."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher
from heapq import nlargest

_LIKELY = 0.7
_FEW = 100
"""Candidates that are all compared letter by letter; of more, only those that look most like the word."""
_MOST = 1_000
"""Candidates that are looked at."""
_COMPARED = 30
_LONGEST = 100
"""Characters of a name that count."""


def nearest(word: str, candidates: Iterable[str]) -> str | None:
    """The most similar candidate; one whose last part, as in `PhoneNumbers_BusinessPhone`, is similar counts too.

    Of many candidates those that begin or end like the word are looked at first, and those that share most of that
    with it are compared.
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
    if len(candidates) > _MOST:
        candidates = _begun_or_ended_alike(word, candidates)
    if len(candidates) <= _FEW:
        return candidates
    whole = _folded(word)
    return nlargest(_COMPARED, candidates, key=lambda candidate: _shared(whole, _folded(candidate)))


def _shared(word: str, other: str) -> int:
    """Letters at the beginning and at the end."""
    return _begun_alike(word, other) + _begun_alike(word[::-1], other[::-1])


def _begun_alike(word: str, other: str) -> int:
    return next((at for at, (mine, its) in enumerate(zip(word, other, strict=False)) if mine != its), len(word))


def _begun_or_ended_alike(word: str, candidates: list[str]) -> list[str]:
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
