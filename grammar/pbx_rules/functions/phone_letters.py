"""Numbers written in letters, as `0800 FLOWERS` is. A remark is written in letters, too, so that the form decides."""

from __future__ import annotations

import re
from typing import NamedTuple

from pbx_rules.functions.phone_text import pieces, without_remarks

_CODE = r"[^0-9+(]*((?=[+0-9(])[+0-9() ./-]*?[0-9]{3}\)?"
_WORD = r"([A-Z][A-Z0-9]*(?:-[A-Z0-9]+)*))\s*"
_TIED, _APART = re.compile(_CODE + "-" + _WORD, re.IGNORECASE), re.compile(_CODE + "[ ./]*" + _WORD)
_LETTERS = range(5, 8)


class Spelt(NamedTuple):
    text: str
    """The number, its letters included, without what stands around it."""
    word: int
    """Letters and digits from the first letter on."""
    extension: str | None


def spelt(text: str) -> Spelt | None:
    """One word of five to seven letters that a dash ties to three digits, or that is in capitals, and nothing but a
    remark in parentheses behind it; `0800 abends` and `0800 Frau Berg` are no such numbers."""
    piece, extension = next(pieces(without_remarks(text)))
    found = _TIED.fullmatch(piece) or _APART.fullmatch(piece)
    word = len(found[2].replace("-", "")) if found else 0
    return Spelt(found[1], word, extension) if found and word in _LETTERS else None
