"""Numbers as servers write them: what Python would take for digits (`²`), or choke on (5,000 of them), is no number."""

from __future__ import annotations

_MOST_DIGITS = 15
"""What a float holds exactly, and more than anything that a server counts."""


def whole_number(text: str | None) -> int | None:
    """A count, size or time of plain digits; None for all else, a sign and a number beyond all measure among it."""
    text = (text or "").strip()
    return int(text) if len(text) <= _MOST_DIGITS and text.isascii() and text.isdigit() else None
