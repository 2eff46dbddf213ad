"""Text from outside, safe for a terminal and a log: what could rewrite the screen is seen instead of carried out."""

from __future__ import annotations

import re
import unicodedata

LONG_ID = re.compile(r"[^\s,]{28,}([^\s,]{12})")
"""The ids of a source can be long; their ends tell them apart. JSON has them whole."""
_HIDDEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_JOINERS = {"\u200c", "\u200d"}
"""Format characters that words and emoji are made with."""


def shown(text: str) -> str:
    """`text` with whatever could move the cursor or turn the reading direction escaped; twice is the same as once."""
    if text.isprintable():
        return text
    return "".join(
        char.encode("unicode_escape").decode("ascii")
        if unicodedata.category(char) in _HIDDEN and char not in _JOINERS
        else char
        for char in text
    )


def shortened(text: str) -> str:
    """`text` with the ends of long ids."""
    return LONG_ID.sub(r"…\1", text)
