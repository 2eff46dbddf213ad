"""Where the pages are served, for those who make a link to them: as configured, else what a running one got."""

from __future__ import annotations

from urllib.parse import urlsplit

from pbx_connector.api import Store, split_address
from pbx_web.settings import WebSettings

KEY = "web"
"""Of the shared state."""
NOWHERE = "http://ADDRESS"
"""Stands for where the pages will be, if nobody knows that."""


def note_url(store: Store, url: str) -> None:
    """Keep where the pages are served, for links that another process makes."""
    for _ in range(10):
        if store.compare_and_set(KEY, store.shared_state(KEY), url):
            return


def url_at(settings: WebSettings, host: str) -> str:
    """Where one of many phone systems is reached by that host name: as the provider's pages are, `settings` being
    theirs. Without a slash at its end."""
    _, _, listened = (settings.listen or "").rpartition(":")
    scheme, port = "https" if settings.certificate else "http", int(listened or 0)
    if settings.url:
        parts = urlsplit(settings.url)
        scheme, port = parts.scheme, parts.port or 0
    usual = {"http": 80, "https": 443}.get(scheme)
    return f"{scheme}://{host}" + (f":{port}" if port and port != usual else "")


def url_of(settings: WebSettings, store: Store) -> str:
    """Without a slash at its end."""
    if settings.url:
        return settings.url.rstrip("/")
    if settings.listen and all(split_address(settings.listen)):
        return f"{'https' if settings.certificate else 'http'}://{settings.listen}"
    return store.shared_state(KEY) or NOWHERE
