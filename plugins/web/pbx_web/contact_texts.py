"""What contacts and sources say, as pages may show it: nothing of it moves, hides or turns what stands around it."""

from __future__ import annotations

from pbx_connector.api import shown

LONGEST = 2_000
"""Characters of one value on a page."""


def visible(value: object) -> str:
    """On as many lines as it has, cut where it is very long."""
    text = value if isinstance(value, str) else str(value)
    cut = text if len(text) <= LONGEST else f"{text[:LONGEST]} … (+{len(text) - LONGEST})"
    return "\n".join(shown(line) for line in cut.splitlines()) if "\n" in cut else shown(cut)
