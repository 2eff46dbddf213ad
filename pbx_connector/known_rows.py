"""What an earlier run knows of a book, small enough to keep flat: 8 bytes a row.

For sources whose books are listed in full: what changed shows by comparing (key, version) pairs.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable
from hashlib import blake2b


class KnownRows:
    """A set of (key, version) pairs, as sorted 64-bit digests.

    A change that hits another pair's digest by chance would be missed until the next full read; with a million rows,
    half of them changed, that happens once in some thirty million runs.
    """

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        digests = array("Q", (_digest(key, version) for key, version in pairs))
        self._sorted = array("Q", sorted(digests))

    def __bool__(self) -> bool:
        return bool(self._sorted)

    def has(self, key: str, version: str) -> bool:
        if not self._sorted:
            return False
        digest = _digest(key, version)
        place = bisect_left(self._sorted, digest)
        return place < len(self._sorted) and self._sorted[place] == digest


def _digest(key: str, version: str) -> int:
    return int.from_bytes(blake2b(f"{key}\0{version}".encode(), digest_size=8).digest(), "big")
