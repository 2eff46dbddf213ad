"""What was asked of the sandbox, for tests and benchmarks that count requests."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class RequestRecord:
    operation: str
    """Such as `contacts` or `contactsDelta`; empty if there is nothing at this address."""
    template: str
    """The address with `{user}` and the like in place of names and ids."""
    mailbox: str
    """Lower-case address of the mailbox that was asked for; empty for the directory."""
    status: int
    """HTTP status of the answer."""
    batched: bool = False
    """It came within a `$batch`, which has a record of its own."""
    options: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    """`prefer`, `consistencylevel` and `client-request-id`, as far as they were there."""
    sent: int = 0
    """Bytes of the answer's body; 0 within a batch."""


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
        """Requests over HTTP by operation: what a batch holds is not counted."""
        return Counter(record.operation for record in self if not record.batched)
