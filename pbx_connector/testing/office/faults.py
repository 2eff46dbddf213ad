"""Which requests to a sandbox suffer; what they suffer is each protocol's own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar


@dataclass(slots=True, kw_only=True)
class CountedFault:
    """What goes wrong, and for which requests."""

    name: str
    operation: str | None = None
    """Only requests of this operation."""
    mailbox: str | None = None
    """Only requests about this mailbox, or in its name."""
    skip: int = 0
    """So many matching requests pass unharmed first."""
    times: int | None = 1
    """So many requests are hit; None: all, until the fault is cleared."""

    def hits(self, operation: str, mailbox: str) -> bool:
        """Whether this request is to suffer; counts it."""
        if self.operation not in (None, operation) or (self.mailbox or mailbox).lower() != mailbox:
            return False
        if self.skip:
            self.skip -= 1
            return False
        if self.times is not None:
            if self.times < 1:
                return False
            self.times -= 1
        return True


_Fault = TypeVar("_Fault", bound=CountedFault)


class WaitingFaults(Generic[_Fault]):
    """The faults that wait for their requests; may be used from any thread."""

    def __init__(self) -> None:
        self._waiting: list[_Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: _Fault) -> _Fault:
        with self._lock:
            self._waiting.append(fault)
        return fault

    def clear(self) -> None:
        with self._lock:
            self._waiting.clear()

    def first(self, hits: Callable[[_Fault], bool]) -> _Fault | None:
        """The first fault that hits a request."""
        with self._lock:
            return next((fault for fault in self._waiting if hits(fault)), None)

    def waiting(self) -> list[_Fault]:
        with self._lock:
            return [fault for fault in self._waiting if fault.times != 0]
