"""One HTTP exchange with a bound on its time and its size, and nothing secret left behind in it.

`deadline.py` bounds the time. `requests` reads the environment's CA bundle in preference to the session's; here the
settings win. exchangelib logs the headers of every request at debug level, so credentials are taken out of what it gets
to see.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import urllib3.exceptions
from exchangelib.transport import DEFAULT_HEADERS
from requests import PreparedRequest, Response, Session
from requests.adapters import HTTPAdapter
from requests.exceptions import ChunkedEncodingError, ContentDecodingError, ReadTimeout, RequestException

from pbx_exchange.wire.deadline import POOLS

CONNECT_SECONDS = 15.0
LARGEST_ANSWER = 256 * 1024 * 1024
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

    def session(self) -> Session:
        session = Session()
        session.headers.update(DEFAULT_HEADERS)
        adapter = BoundedAdapter(self)
        session.mount("https://", adapter)
        session.mount("http://", adapter)
        return session


class OversizedAnswer(RequestException):
    pass


class BoundedAdapter(HTTPAdapter):
    def __init__(self, transport: TransportOptions) -> None:
        # One connection a session, as exchangelib has it: NTLM authenticates connections, not requests.
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0, pool_block=True)
        self._transport = transport

    def init_poolmanager(self, *args: Any, **how: Any) -> None:
        super().init_poolmanager(*args, **how)
        self.poolmanager.pool_classes_by_scheme = POOLS

    def proxy_manager_for(self, proxy: str, **how: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **how)
        manager.pool_classes_by_scheme = POOLS
        return manager

    def proxy_headers(self, proxy: str) -> dict[str, str]:
        login = self._transport.proxy_login
        own = {} if login is None else {"Proxy-Authorization": f"Basic {b64encode(':'.join(login).encode()).decode()}"}
        return super().proxy_headers(proxy) | own

    def send(  # type: ignore[override]  # positional use is up to requests, which calls by keyword
        self, request: PreparedRequest, timeout: Any = None, proxies: Any = None, cert: Any = None, **_settled: Any
    ) -> Response:
        response = super().send(
            request,
            stream=True,
            timeout=timeout or (min(CONNECT_SECONDS, self._transport.seconds), self._transport.seconds),
            verify=self._transport.verify,
            cert=cert,
            proxies=dict(self._transport.proxies) or proxies,
        )
        if response.status_code in (401, 407):
            _bound_later_reading(response)
        else:
            _read_whole(response)
        response.request = _without_credentials(request)
        return response


def _read_whole(response: Response) -> None:
    body = bytearray()
    try:
        for piece in _pieces(response.raw):
            body += piece
    except urllib3.exceptions.ReadTimeoutError as error:
        raise ReadTimeout(error) from error
    except urllib3.exceptions.DecodeError as error:
        raise ContentDecodingError(error) from error
    except urllib3.exceptions.HTTPError as error:
        raise ChunkedEncodingError(error) from error
    finally:
        # A connection with half an answer in it must not be used again; one read to its end goes back to the pool.
        response.raw.release_conn() if response.raw.closed else response.raw.close()
    response._content = bytes(body)
    response._content_consumed = True  # type: ignore[attr-defined]


def _bound_later_reading(response: Response) -> None:
    """The NTLM handshake looks at the socket of a 401, which is gone once the body is read, and then has `requests`
    read it, which knows no bound."""
    raw: Any = response.raw

    def stream(*_settled: Any, **_too: Any) -> Iterator[bytes]:
        try:
            yield from _pieces(raw)
        except BaseException:
            raw.close()
            raise

    raw.stream = stream


def _pieces(raw: Any) -> Iterator[bytes]:
    size = 0
    while piece := raw.read1(_PIECE, decode_content=True):
        size += len(piece)
        if size > LARGEST_ANSWER:
            raise OversizedAnswer("the answer is larger than any answer should be")
        yield piece


def _without_credentials(request: PreparedRequest) -> PreparedRequest:
    seen = request.copy()
    for name in ("Authorization", "Proxy-Authorization"):
        if name in seen.headers:
            seen.headers[name] = f"{seen.headers[name].partition(' ')[0]} (hidden)"
    return seen
