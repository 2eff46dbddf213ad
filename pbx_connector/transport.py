"""HTTP to servers of others: kept connections, a bound on the time of each answer, whom to trust, through which proxy.

Redirects are never followed and nothing is tried again here: what either means is for who asks to say. Imports urllib3,
so it is imported by those alone who send something.
"""

from __future__ import annotations

import http.client
import socket
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
from urllib3 import exceptions
from urllib3.exceptions import InsecureRequestWarning, ProxyError

from pbx_connector.error_text import ErrorText
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


NETWORK_EXCEPTIONS: tuple[type[Exception], ...] = (
    exceptions.HTTPError,
    exceptions.ProxySchemeUnsupported,
    http.client.HTTPException,
    OSError,
    UnicodeError,  # of names that the network's encodings cannot carry
)
"""What a request may raise: by `Transport`, and by urllib3 alone."""
_WRAPPERS = (exceptions.SSLError, exceptions.MaxRetryError, exceptions.NewConnectionError)


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkTexts:
    """What a source says of `NETWORK_EXCEPTIONS`, by its catalogue."""

    unsendable: ErrorText
    """A host name or an address that no request can carry."""
    no_proxy: ErrorText
    untrusted: ErrorText
    no_tls: ErrorText
    unknown_host: ErrorText
    refused: ErrorText
    timed_out: ErrorText
    damaged: ErrorText
    """What came cannot be unpacked."""
    broken_off: ErrorText
    network: ErrorText
    """Anything else."""

    def of(self, error: BaseException) -> ErrorText | None:
        """None: this is no failure of the network."""
        cause = innermost(error, _WRAPPERS)
        return next((text for types, text in self._by_type() if isinstance(cause, types)), None)

    def _by_type(self) -> Iterator[tuple[tuple[type[Exception], ...], ErrorText]]:
        """The first one that fits counts."""
        yield (UnicodeError, exceptions.LocationValueError, http.client.InvalidURL), self.unsendable
        yield (ProxyError, exceptions.ProxySchemeUnsupported), self.no_proxy
        yield (ssl.SSLCertVerificationError,), self.untrusted
        yield (exceptions.SSLError, ssl.SSLError), self.no_tls
        yield (exceptions.NameResolutionError, socket.gaierror), self.unknown_host
        yield (ConnectionRefusedError,), self.refused
        yield (exceptions.TimeoutError, TimeoutError), self.timed_out
        yield (exceptions.DecodeError,), self.damaged
        yield (exceptions.ProtocolError, http.client.HTTPException, ConnectionError), self.broken_off
        yield NETWORK_EXCEPTIONS, self.network


def innermost(error: BaseException, wrappers: tuple[type[BaseException], ...]) -> BaseException:
    """What libraries put such `wrappers` around; bounded, since contexts can form long chains."""
    for _ in range(8):
        inner = _wrapped(error) if type(error) in wrappers else None
        if inner is None:
            return error
        error = inner
    return error


def _wrapped(error: BaseException) -> BaseException | None:
    reason = getattr(error, "reason", None) or (error.args[0] if error.args else None)
    for inner in (reason, error.__cause__, error.__context__):
        if isinstance(inner, BaseException) and not isinstance(inner, (KeyError, AttributeError)):
            return inner
    return None
