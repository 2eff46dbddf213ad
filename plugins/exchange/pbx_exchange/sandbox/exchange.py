"""One request on its way through the sandbox: what service.py, the operations and the faults hand to each other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus

from pbx_connector.testing.office.server_state import ServerState
from pbx_exchange.sandbox.soap import Request

XML = "text/xml; charset=utf-8"


@dataclass(slots=True)
class Answer:
    """What goes back over HTTP."""

    body: bytes
    status: int = HTTPStatus.OK
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": XML})


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request that is understood, and how to have it answered."""

    state: ServerState
    request: Request
    mailbox: str
    """Lower-case address of the mailbox that acts: the caller's own, or the one it impersonates."""
    proceed: Callable[[], Answer]
    """Run the operation, as it stands in `request` by then."""
    transport: asyncio.Transport
    """The connection below HTTP, for faults in HTTP itself."""
