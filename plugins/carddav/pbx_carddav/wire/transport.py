"""One HTTP exchange on a kept connection, with a bound on its time and its size; redirects are never followed here.

Trusts the system's authorities or those of one file, goes through the proxy of the settings or the machine's own.
"""

from __future__ import annotations

import ssl
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3
from urllib3.exceptions import InsecureRequestWarning, ProxyError

from pbx_connector.api import DEADLINE_POOLS, UnreadableFile, read_certificates

CONNECT_SECONDS = 15.0
_PIECE = 64 * 1024
_LONGEST_OTHER = 64 * 1024
"""Bytes of an answer that is no multistatus."""
_LARGEST = 4 * 1024**3
"""Bytes of a whole answer, whatever of it is kept."""
MULTI_STATUS = 207


class UnusableAuthorities(Exception):
    """The file of certificates to trust cannot be read, or holds none."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self.path = path


class Reader(Protocol):
    """What takes the bytes of an answer of status 207."""

    def feed(self, piece: bytes) -> None: ...
    def close(self) -> None: ...


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


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes = field(default=b"", repr=False)
    """Its beginning; nothing of what a reader took."""


class Transport:
    """Thread-safe; holds at most so many connections to a server as the options say."""

    def __init__(self, options: TransportOptions) -> None:
        """Raises `UnusableAuthorities`."""
        self._options = options
        self._how: dict[str, Any] = {
            "num_pools": 16,
            "maxsize": options.connections,
            "block": True,
            "ssl_context": _trust(options),
            "retries": False,
        }
        self._managers: dict[str, urllib3.PoolManager] = {}

    def send(self, method: str, url: str, headers: dict[str, str], body: bytes, reader: Reader) -> Answer:
        """Raises urllib3's exceptions, `OSError`, and what the reader raises."""
        seconds = self._options.seconds
        response = self._manager(url).request(
            method,
            url,
            body=body,
            headers={"User-Agent": "pbx-connector", "Accept-Encoding": "gzip"} | headers,
            timeout=urllib3.Timeout(connect=min(CONNECT_SECONDS, seconds), read=seconds),
            preload_content=False,
            redirect=False,
        )
        told = {name.lower(): value for name, value in response.headers.items()}
        try:
            if response.status == 407:
                raise ProxyError("HTTP 407", OSError("407"))
            if response.status == MULTI_STATUS:
                _feed(response, reader)
                return Answer(response.status, told)
            return Answer(response.status, told, response.read(_LONGEST_OTHER, decode_content=True))
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
            manager = urllib3.ProxyManager(proxy, proxy_ssl_context=self._how["ssl_context"], **self._how)
        else:
            manager = urllib3.PoolManager(**self._how)
        manager.pool_classes_by_scheme = DEADLINE_POOLS
        return manager


def _feed(response: urllib3.BaseHTTPResponse, reader: Reader) -> None:
    size = 0
    while piece := response.read1(_PIECE, decode_content=True):
        size += len(piece)
        if size > _LARGEST:
            raise urllib3.exceptions.ResponseError("more than any answer should have")
        reader.feed(piece)
    reader.close()


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
