"""How much one client may ask of the server, so that none can keep it from answering the others."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    entries: int = 5_000
    """In one answer, or one page of it."""
    search_seconds: float = 30.0
    message_bytes: int = 64 * 1024
    nesting: int = 32
    """Of filters in filters."""
    terms: int = 256
    """Of a filter, and attributes of a search."""
    lookups: int = 32
    """Numbers that one filter asks for."""
    controls: int = 16
    connections: int = 800
    connections_per_address: int = 400
    requests: int = 8
    """Of one connection at a time."""
    idle_seconds: float = 300.0
    """Without a whole request."""
    greeting_seconds: float = 30.0
    """To the first whole request, TLS included."""
    write_seconds: float = 30.0
    """Until a client has taken what waits for it."""
    waiting: int = 400
    """Requests that wait for a thread, of all connections."""
    cursors: int = 2
    """Paged searches that one connection has open."""
    cursor_ids: int = 4_000_000
    """Entries in all open paged searches together: eight bytes each."""
