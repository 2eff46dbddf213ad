"""The outermost layer: what a proxy says, and the headers that every answer has; and which names are nobody's trick."""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import MutableMapping
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pbx_web.settings import IPNetwork, WebSettings

ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "X-Frame-Options": "DENY",
}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)


class Boundary:
    def __init__(self, app: ASGIApp, settings: WebSettings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            return await self._app(scope, receive, send)
        headers = Headers(scope=scope)
        _believe_proxy(scope, headers, self._settings.trusted)
        scope["nonce"] = secrets.token_urlsafe(16)
        await self._app(scope, receive, _with_headers(scope, send))


def _with_headers(scope: Scope, send: Send) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in ALWAYS.items():
                headers.setdefault(name, value)
            headers.setdefault("Content-Security-Policy", _POLICY.format(nonce=scope["nonce"]))
            if scope["scheme"] == "https":
                headers.setdefault("Strict-Transport-Security", "max-age=31536000")
            if scope["path"].startswith("/static/"):
                headers["Cache-Control"] = "public, max-age=31536000, immutable"
            else:
                headers["Cache-Control"] = "no-store"
                headers.add_vary_header("HX-Request")
        await send(message)

    return sent


def _believe_proxy(scope: MutableMapping[str, Any], headers: Headers, trusted: list[IPNetwork]) -> None:
    secure = {"http": "https", "ws": "wss"}
    if _is_in(_peer(scope), trusted) and headers.get("x-forwarded-proto", "").strip() == "https":
        scope["scheme"] = secure.get(scope["scheme"], scope["scheme"])


def client_address(scope: MutableMapping[str, Any], trusted: list[IPNetwork]) -> str:
    """Of who asks: the last one in the chain of proxies that is none of the trusted ones."""
    address = _peer(scope)
    chain = [part.strip() for part in Headers(scope=scope).get("x-forwarded-for", "").split(",") if part.strip()]
    while _is_in(address, trusted) and chain:
        address = chain.pop()
    return address[:64]


def _peer(scope: MutableMapping[str, Any]) -> str:
    return str(scope["client"][0]) if scope.get("client") else ""


def _is_in(address: str, networks: list[IPNetwork]) -> bool:
    try:
        held = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(held in network for network in networks)


def is_known(host: str, configured: str) -> bool:
    """An address in numbers can be nobody's trick; a name can."""
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    name = name.strip("[]").lower()
    if name in ("localhost", configured.lower()) and name:
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
