"""What a book's state was when it was read last, as a string of ours around the server's own mark."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Literal

_DAY = 24 * 3600.0
_LONGEST = 4000
By = Literal["sync", "ctag"]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    path: str
    """Of the book."""
    by: By
    mark: str
    """The sync-token, or the ctag."""
    listed: float
    """When the book was last listed in full, in seconds since 1970."""

    def write(self) -> str | None:
        """None: the server gives no mark that could be kept."""
        return json.dumps([self.path, self.by, self.mark, self.listed]) if 0 < len(self.mark) < _LONGEST else None

    def is_due(self, days: float, now: float) -> bool:
        """Whether it is time to list the book in full again, which proves the changes since then right."""
        return not 0 <= now - self.listed < days * _DAY


def read_checkpoint(text: str | None, path: str) -> Checkpoint | None:
    """None if it is none of ours, or not of this book."""
    try:
        owner, by, mark, listed = json.loads(text or "")
        found = Checkpoint(str(owner), by, str(mark), float(listed))
    except (ValueError, TypeError):
        return None
    return found if found.path == path and by in ("sync", "ctag") and found.mark else None
