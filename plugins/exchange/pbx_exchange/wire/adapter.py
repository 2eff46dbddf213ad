"""One HTTP exchange with a bound on its time and its size, nothing secret left behind in it, and none sent unprotected.

`requests` reads the environment's CA bundle in preference to the session's; here the settings win. exchangelib logs the
headers of every request at debug level, so credentials are taken out of what it gets to see.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import urllib3.exceptions
from exchangelib.errors import UnauthorizedError
from exchangelib.transport import DEFAULT_HEADERS
from requests import PreparedRequest, Response, Session
from requests.adapters import HTTPAdapter
from requests.exceptions import ChunkedEncodingError, ContentDecodingError, ProxyError, ReadTimeout, RequestException

from pbx_connector.api import DEADLINE_POOLS, RefusalLimit, is_protected
from pbx_exchange.wire.cookies import FewCookies

CONNECT_SECONDS = 15.0
LARGEST_ANSWER = 256 * 1024 * 1024
"""Bytes, whatever the memory."""
COPIES = 6
"""Of an answer's bytes while it is read, cleaned and parsed, a text of wide characters among them."""
_SMALL = 1024 * 1024
_PIECE = 256 * 1024


@dataclass(frozen=True, slots=True)
class TransportOptions:
    """How to reach servers: within which time, trusting whom, through what."""

    seconds: float
    """For one whole answer."""
    verify: bool | str = True
    """False, or the path of a CA file."""
    proxies: Mapping[str, str] = field(default_factory=dict)
    """By scheme."""
    proxy_login: tuple[str, str] | None = field(default=None, repr=False)
    """User name and password."""
    memory: int = LARGEST_ANSWER
    """Bytes that one answer may take, its bytes and what is parsed of them together."""
    proxy_log_in: RefusalLimit = field(default_factory=lambda: RefusalLimit(_is_proxy_refusal), compare=False)

    def session(self) -> Session:
        return self._session(self.memory // COPIES, secret=False)

    def small_session(self, *, secret: bool = False) -> Session:
        """For services whose answers are short, and are parsed by others. `secret`: its requests carry secrets in
        their bodies."""
        return self._session(_SMALL, secret=secret)

    def _session(self, largest: int, *, secret: bool) -> Session:
        session = Session()
        session.headers.update(DEFAULT_HEADERS)
        session.cookies.set_policy(FewCookies())
        adapter = BoundedAdapter(self, largest, secret=secret)
        session.mount("https://", adapter)
        session.mount("http://", adapter)
        return session


class OversizedAnswer(RequestException):
    pass


class Unprotected(UnauthorizedError):
    """Something that proves who we are would go over a network where others can read it."""


class _ProxyRefused(Exception):
    def __init__(self, response: Response) -> None:
        super().__init__("HTTP 407")
        self.response = response


def _is_proxy_refusal(error: Exception) -> bool:
    """By an answer of its own, or as the tunnel to a protected server was to be opened."""
    return isinstance(error, _ProxyRefused) or (isinstance(error, ProxyError) and "407" in str(error))


class BoundedAdapter(HTTPAdapter):
    def __init__(self, transport: TransportOptions, largest: int, *, secret: bool) -> None:
        # One connection a session, as exchangelib has it: NTLM authenticates connections, not requests.
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0, pool_block=True)
        self._transport = transport
        self._largest = largest
        self._secret = secret

    def init_poolmanager(self, *args: Any, **how: Any) -> None:
        super().init_poolmanager(*args, **how)
        self.poolmanager.pool_classes_by_scheme = DEADLINE_POOLS

    def proxy_manager_for(self, proxy: str, **how: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **how)
        manager.pool_classes_by_scheme = DEADLINE_POOLS
        return manager

    def proxy_headers(self, proxy: str) -> dict[str, str]:
        login = self._transport.proxy_login
        own = {} if login is None else {"Proxy-Authorization": f"Basic {b64encode(':'.join(login).encode()).decode()}"}
        return super().proxy_headers(proxy) | own

    def send(  # type: ignore[override]  # positional use is up to requests, which calls by keyword
        self, request: PreparedRequest, timeout: Any = None, proxies: Any = None, cert: Any = None, **_settled: Any
    ) -> Response:
        if (self._secret or "Authorization" in request.headers) and not is_protected(request.url or ""):
            raise Unprotected("credentials would travel over an open network")
        timeout = timeout or (min(CONNECT_SECONDS, self._transport.seconds), self._transport.seconds)
        response = self._by_the_proxy(request, timeout=timeout, cert=cert, proxies=proxies)
        if response.status_code in (401, 407):
            _bound_later_reading(response, self._largest)
        else:
            _read_whole(response, self._largest)
        response.request = _without_credentials(request)
        return response

    def _by_the_proxy(self, request: PreparedRequest, *, proxies: Any, **how: Any) -> Response:
        proxies = dict(self._transport.proxies) or proxies
        try:
            with self._transport.proxy_log_in.attempt():
                response = super().send(request, stream=True, verify=self._transport.verify, proxies=proxies, **how)
                if response.status_code == 407:
                    raise _ProxyRefused(response)
        except _ProxyRefused as refused:
            return refused.response
        return response


def _read_whole(response: Response, largest: int) -> None:
    pieces: list[bytes] = []
    try:
        pieces.extend(_pieces(response.raw, largest))
    except urllib3.exceptions.ReadTimeoutError as error:
        raise ReadTimeout(error) from error
    except urllib3.exceptions.DecodeError as error:
        raise ContentDecodingError(error) from error
    except urllib3.exceptions.HTTPError as error:
        raise ChunkedEncodingError(error) from error
    finally:
        # A connection with half an answer in it must not be used again; one read to its end goes back to the pool.
        response.raw.release_conn() if response.raw.closed else response.raw.close()
    response._content = b"".join(pieces)
    response._content_consumed = True  # type: ignore[attr-defined] # as `content` does


def _bound_later_reading(response: Response, largest: int) -> None:
    """The NTLM handshake looks at the socket of a 401, which is gone once the body is read, and then has `requests`
    read it, which knows no bound."""
    raw: Any = response.raw

    def stream(*_settled: Any, **_too: Any) -> Iterator[bytes]:
        try:
            yield from _pieces(raw, largest)
        except BaseException:
            raw.close()
            raise

    raw.stream = stream


def _pieces(raw: Any, largest: int) -> Iterator[bytes]:
    size = 0
    while piece := raw.read1(_PIECE, decode_content=True):
        size += len(piece)
        if size > min(largest, LARGEST_ANSWER):
            raise OversizedAnswer("the answer is larger than any answer should be")
        yield piece


def _without_credentials(request: PreparedRequest) -> PreparedRequest:
    seen = request.copy()
    for name in ("Authorization", "Proxy-Authorization"):
        if name in seen.headers:
            seen.headers[name] = f"{seen.headers[name].partition(' ')[0]} (hidden)"
    return seen
