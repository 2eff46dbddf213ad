"""HTTP to servers of others: kept connections, a bound on the time of each answer, whom to trust, through which proxy.

Redirects are never followed and nothing is tried again here: what either means is for who asks to say. Imports urllib3,
so it is imported by those alone who send something.
"""

from __future__ import annotations

import ssl
import warnings
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3
from urllib3.exceptions import InsecureRequestWarning, ProxyError

from pbx_connector.files import UnreadableFile, read_certificates
from pbx_connector.network.credentials import RefusalLimit
from pbx_connector.network.deadline import DEADLINE_POOLS

CONNECT_SECONDS = 15.0
SERVERS = 16
"""So many servers' connections are kept."""


class UnusableAuthorities(Exception):
    """The file of certificates to trust cannot be read, or holds none."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self.path = path


@dataclass(frozen=True, slots=True)
class TransportOptions:
    """How to reach servers: within which time, trusting whom, through what."""

    seconds: float
    """For one whole answer."""
    connections: int = 10
    """To one server, at the same time."""
    verify: bool = True
    ca_file: Path | None = None
    """None: the system's authorities."""
    proxy: str | None = None
    """None: the machine's own, if it has one."""
    proxy_login: tuple[str, str] | None = field(default=None, repr=False)
    """User name and password; before those in the proxy's address."""


class Transport:
    """Thread-safe."""

    def __init__(self, options: TransportOptions) -> None:
        """Raises `UnusableAuthorities`."""
        self._options = options
        self._how: dict[str, Any] = {
            "num_pools": SERVERS,
            "maxsize": options.connections,
            "block": True,
            "ssl_context": _trust(options),
            "retries": False,
        }
        self._proxy_log_in = RefusalLimit(is_proxy_refusal)
        self._managers: dict[str, urllib3.PoolManager] = {}

    @contextmanager
    def answer(
        self, method: str, url: str, headers: dict[str, str], body: bytes | None = None, *, seconds: float | None = None
    ) -> Iterator[urllib3.BaseHTTPResponse]:
        """The answer, to be read inside the block with `read1(…, decode_content=True)`; `seconds`: fewer than usual.

        Raises urllib3's exceptions and `OSError`; a proxy that refuses our log-in is asked no third time.
        """
        limit = min(seconds or self._options.seconds, self._options.seconds)
        how: dict[str, Any] = {
            "headers": {"User-Agent": "pbx-connector", "Accept-Encoding": "gzip"} | headers,
            "body": body,
            "timeout": urllib3.Timeout(connect=min(CONNECT_SECONDS, limit), read=limit),
        }
        with self._proxy_log_in.attempt():
            response = self._manager(url).request(method, url, preload_content=False, redirect=False, **how)
            if response.status == 407:
                response.close()
                raise ProxyError("HTTP 407", OSError("407"))
        try:
            yield response
        finally:
            # A connection with half an answer in it must not be used again; one read to its end goes back to the pool.
            response.release_conn() if response.closed else response.close()

    def close(self) -> None:
        for manager in self._managers.values():
            manager.clear()

    def _manager(self, url: str) -> urllib3.PoolManager:
        proxy = self._options.proxy or _machine_proxy(url)
        if proxy not in self._managers:
            self._managers.setdefault(proxy, self._make_manager(proxy))
        return self._managers[proxy]

    def _make_manager(self, proxy: str) -> urllib3.PoolManager:
        manager: urllib3.PoolManager
        if proxy:
            address, login = _without_login(proxy)
            login = self._options.proxy_login or login
            headers = {"Proxy-Authorization": f"Basic {_basic(*login)}"} if login else None
            context = self._how["ssl_context"]
            manager = urllib3.ProxyManager(address, proxy_headers=headers, proxy_ssl_context=context, **self._how)
        else:
            manager = urllib3.PoolManager(**self._how)
        manager.pool_classes_by_scheme = DEADLINE_POOLS
        return manager


def is_proxy_refusal(error: Exception) -> bool:
    """By an answer of its own, or as the tunnel to a protected server was to be opened."""
    return isinstance(error, ProxyError) and "407" in str(error)


def _trust(options: TransportOptions) -> ssl.SSLContext:
    try:
        if options.ca_file:
            read_certificates(options.ca_file)
        context = ssl.create_default_context(cafile=str(options.ca_file) if options.ca_file else None)
    except (UnreadableFile, OSError):
        raise UnusableAuthorities(options.ca_file or Path()) from None
    if not options.verify:  # said in our own words, once; urllib3 would say it with each request
        warnings.simplefilter("ignore", InsecureRequestWarning)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _machine_proxy(url: str) -> str:
    """Of the environment; empty if there is none for this address."""
    parts = urlsplit(url)
    proxy = getproxies().get(parts.scheme, "")
    if not proxy or proxy_bypass(parts.hostname or ""):
        return ""
    return proxy if "://" in proxy else f"http://{proxy}"


def _without_login(proxy: str) -> tuple[str, tuple[str, str] | None]:
    parts = urlsplit(proxy)
    if not parts.username:
        return proxy, None
    bare = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    return bare, (unquote(parts.username), unquote(parts.password or ""))


def _basic(user: str, password: str) -> str:
    """In UTF-8, where urllib3 has Latin-1."""
    return b64encode(f"{user}:{password}".encode()).decode()
