"""What was asked of the sandbox, for tests and benchmarks that count requests."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class RequestRecord:
    operation: str
    """Empty if the request did not get so far."""
    caller: str | None
    """Address of the user, or client id of the application, that logged in; None if nobody did."""
    impersonated: str | None
    status: int
    """HTTP status of the answer."""
    received: int
    """Bytes of the request's body."""
    sent: int
    """Bytes of the answer's body."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """The `x-...` ones, in lower case, such as `x-anchormailbox`."""


class RequestLog:
    """Grows with each request; may be read from any thread."""

    def __init__(self) -> None:
        self._records: list[RequestRecord] = []
        self._lock = threading.Lock()

    def add(self, record: RequestRecord) -> None:
        with self._lock:
            self._records.append(record)

    def clear(self) -> None:
        with self._lock:
            self._records.clear()

    def __iter__(self) -> Iterator[RequestRecord]:
        with self._lock:
            return iter(tuple(self._records))

    def __len__(self) -> int:
        return len(self._records)

    def count(self) -> Counter[str]:
        """Requests by operation."""
        return Counter(record.operation for record in self)
