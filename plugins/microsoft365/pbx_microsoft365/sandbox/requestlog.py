"""What was asked of the sandbox, for tests and benchmarks that count requests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from pbx_connector.testing.office.requests_made import RequestsMade


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


class RequestLog(RequestsMade[RequestRecord]):
    def count(self) -> Counter[str]:
        """Requests over HTTP by operation: what a batch holds is not counted."""
        return Counter(record.operation for record in self if not record.batched)
