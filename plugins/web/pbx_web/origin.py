"""Whether a request comes from a page of ours."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.requests import HTTPConnection


def is_ours(connection: HTTPConnection, *, required: bool = False) -> bool:
    """By what browsers say of where a request comes from. One that says nothing is no browser's, or is an old one's:
    its token decides, unless an origin is `required`, as for a WebSocket."""
    site = connection.headers.get("sec-fetch-site")
    if site is not None and site != "same-origin":
        return False
    origin = connection.headers.get("origin")
    if origin is None:
        return not required
    scheme = {"ws": "http", "wss": "https"}.get(connection.url.scheme, connection.url.scheme)
    return origin == f"{scheme}://{connection.url.netloc}"


def local(to: str) -> str:
    """`to` if it is a path of ours, or else `/`: nobody is sent to another site."""
    parts = urlsplit(to) if to.isprintable() and "\\" not in to else None
    is_path = parts is not None and not parts.scheme and not parts.netloc
    return to if is_path and to.startswith("/") and not to.startswith("//") else "/"
