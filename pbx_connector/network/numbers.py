"""Numbers as servers write them: what Python would take for digits (`²`), or choke on (5,000 of them), is no number."""

from __future__ import annotations

_MOST_DIGITS = 15
"""What a float holds exactly, and more than anything that a server counts."""


def whole_number(text: str | None) -> int | None:
    """A count, size or time of plain digits; None for all else, a sign and a number beyond all measure among it."""
    text = (text or "").strip()
    return int(text) if len(text) <= _MOST_DIGITS and text.isascii() and text.isdigit() else None


def decimal_number(text: str | None) -> float | None:
    """The same with a fraction, as in `2.128`; None for all else."""
    whole, point, fraction = (text or "").strip().partition(".")
    parts = [whole_number(part) for part in ((whole, fraction) if point else (whole,))]
    return None if None in parts else float(f"{whole}{point}{fraction}")
