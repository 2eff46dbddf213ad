"""What was asked of a sandbox, for tests and benchmarks that count requests."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Generic, TypeVar

_Record = TypeVar("_Record")


class RequestsMade(Generic[_Record]):
    """Grows with each request; may be read from any thread."""

    def __init__(self) -> None:
        self._records: list[_Record] = []
        self._lock = threading.Lock()

    def add(self, record: _Record) -> None:
        with self._lock:
            self._records.append(record)

    def clear(self) -> None:
        with self._lock:
            self._records.clear()

    def __iter__(self) -> Iterator[_Record]:
        with self._lock:
            return iter(tuple(self._records))

    def __len__(self) -> int:
        return len(self._records)
