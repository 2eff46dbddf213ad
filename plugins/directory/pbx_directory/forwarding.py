"""From where a request comes, and to where it was sent: as it says itself, or a proxy that is trusted says of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request

from pbx_directory.settings import IPNetwork, is_in

LONGEST_HOST = 300


@dataclass(frozen=True, slots=True)
class Origin:
    address: str
    host: str
    """As `Host` says it, with the port; empty if nobody said any."""
    is_secure: bool


def origin(request: Request, proxies: Sequence[IPNetwork]) -> Origin:
    headers = request.headers
    peer = request.client.host if request.client else ""
    host, is_secure = headers.get("host", ""), request.url.scheme == "https"
    if is_in(peer, proxies):
        host = headers.get("x-forwarded-host", "").rpartition(",")[2].strip() or host
        is_secure = is_secure or headers.get("x-forwarded-proto", "").strip() == "https"
    return Origin(_client(peer, headers.get("x-forwarded-for", ""), proxies), host[:LONGEST_HOST], is_secure)


def _client(peer: str, forwarded: str, proxies: Sequence[IPNetwork]) -> str:
    """The last one in the chain of proxies that is none of the trusted ones."""
    address = peer
    chain = [part.strip() for part in forwarded.split(",") if part.strip()]
    while is_in(address, proxies) and chain:
        address = chain.pop()
    return address[:64]
