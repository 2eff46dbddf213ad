"""One HTTP exchange on a kept connection, with a bound on its time and its size; redirects are never followed.

Trusts the system's authorities or those of one file, goes through the proxy of the settings or the machine's own. Both
Graph and the sign-in service are reached through it.
"""

from __future__ import annotations

import ssl
import warnings
from base64 import b64encode
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3
from urllib3.exceptions import InsecureRequestWarning, ProxyError

from pbx_connector.api import DEADLINE_POOLS, RefusalLimit, UnreadableFile, is_protected, read_certificates

CONNECT_SECONDS = 15.0
_PIECE = 256 * 1024
USER_AGENT = "pbx-connector"


class OversizedAnswer(Exception):
    """The answer has more bytes than there is room for."""


class Unprotected(Exception):
    """Something that proves who we are would go over a network where others can read it."""


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
    verify: bool = True
    ca_file: Path | None = None
    proxy: str | None = None
    """None: the machine's own, if it has one."""
    proxy_login: tuple[str, str] | None = field(default=None, repr=False)
    """User name and password."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes = field(repr=False)


class Transport:
    """Thread-safe; holds at most so many connections to a server as the options say."""

    def __init__(self, options: TransportOptions) -> None:
        """Raises `UnusableAuthorities`."""
        self._options = options
        self._how: dict[str, Any] = {
            "num_pools": 8,
            "maxsize": options.connections,
            "block": True,
            "ssl_context": _trust(options),
            "retries": False,
        }
        self._proxy_log_in = RefusalLimit(is_proxy_refusal)
        self._managers: dict[str, urllib3.PoolManager] = {}

    def send(
        self,
        method: str,
        url: str,
        headers: dict[str, str],
        body: bytes | None = None,
        *,
        largest: int,
        seconds: float | None = None,
    ) -> Answer:
        """Raises urllib3's exceptions, `OSError`, `OversizedAnswer` and `Unprotected`. `seconds`: fewer than usual."""
        if not is_protected(url):
            raise Unprotected("credentials would travel over an open network")
        limit = min(seconds or self._options.seconds, self._options.seconds)
        how: dict[str, Any] = {
            "headers": {"User-Agent": USER_AGENT, "Accept-Encoding": "gzip"} | headers,
            "body": body,
            "timeout": urllib3.Timeout(connect=min(CONNECT_SECONDS, limit), read=limit),
        }
        with self._proxy_log_in.attempt():
            response = self._manager(url).request(method, url, preload_content=False, redirect=False, **how)
            if response.status == 407:
                response.close()
                raise ProxyError("HTTP 407", OSError("407"))
        told = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status, told, _read_whole(response, largest))

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


def _read_whole(response: urllib3.BaseHTTPResponse, largest: int) -> bytes:
    pieces: list[bytes] = []
    size = 0
    try:
        while piece := response.read1(_PIECE, decode_content=True):
            size += len(piece)
            if size > largest:
                raise OversizedAnswer("the answer is larger than any answer should be")
            pieces.append(piece)
    finally:
        # A connection with half an answer in it must not be used again; one read to its end goes back to the pool.
        response.release_conn() if response.closed else response.close()
    return b"".join(pieces)
