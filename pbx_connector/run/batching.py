"""Streams in pieces that fit into memory: so many items, or fewer where they are large. Called by book_reading.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pbx_connector.model import End, Row, StreamItem

BATCH = 1000
LARGEST = 1_000_000
"""Characters that the rows of a batch have together, unless one row alone has more."""


def batches(stream: Iterator[StreamItem]) -> Iterator[list[StreamItem]]:
    """Of at most `BATCH` items; an `End` closes its batch, and so does a row that makes it large."""
    batch: list[StreamItem] = []
    room = LARGEST
    for item in stream:
        batch.append(item)
        if isinstance(item, Row):
            room -= _weight(item.values.values())
        if len(batch) == BATCH or room < 0 or isinstance(item, End):
            yield batch
            batch, room = [], LARGEST
    if batch:
        yield batch


def _weight(values: Any) -> int:
    """Characters; what is no text counts as one."""
    return sum(len(value) if value.__class__ is str else _weight_of(value) for value in values)


def _weight_of(value: Any) -> int:
    if isinstance(value, dict):
        return _weight(value.values())
    return _weight(value) if isinstance(value, (list, tuple)) else 1
