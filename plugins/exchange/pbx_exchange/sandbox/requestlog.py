"""What was asked of the sandbox, for tests and benchmarks that count requests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from pbx_connector.testing.office.requests_made import RequestsMade


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


class RequestLog(RequestsMade[RequestRecord]):
    def count(self) -> Counter[str]:
        """Requests by operation."""
        return Counter(record.operation for record in self)
