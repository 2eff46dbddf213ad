"""One log-in at a CardDAV server: PROPFIND and REPORT, redirects followed to hosts that may have the password."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from urllib.parse import quote, urljoin, urlsplit

from urllib3.util import make_headers

from pbx_carddav.wire import bodies
from pbx_carddav.wire.errors import DavError, EndlessRedirect, ForeignHost, NotDav, Unprotected
from pbx_carddav.wire.multistatus import Multistatus, Response, conditions_of
from pbx_carddav.wire.retries import RETRIED, Attempts, RetryPolicy
from pbx_carddav.wire.transport import MULTI_STATUS, Answer, send
from pbx_connector.api import RefusalLimit, Transport, is_protected, retry_after

_REDIRECTS = (301, 302, 303, 307, 308)
_HOPS = 5
_LONGEST_ADDRESS = 4000
_LEGAL = "%/:?#[]@!$&'()*+,;=~"
"""What an address may have besides letters, digits and `_.-`; all else a server should have encoded."""
_NOT_OFFERED = (200, 201, 204)
"""A web server answers a method of WebDAV with its page."""


@dataclass(frozen=True, slots=True)
class Login:
    username: str
    password: str = field(repr=False)

    @property
    def header(self) -> dict[str, str]:
        given = make_headers(basic_auth=f"{self.username}:{self.password}".encode().decode("latin-1"))
        return {"Authorization": given["authorization"]}


@dataclass(frozen=True, slots=True)
class Hosts:
    """Which servers may have the password: that of the first address, and those that the settings name."""

    first: str
    """The address."""
    others: tuple[str, ...] = ()
    """`dav.example.com`, `*.icloud.com`, or with a port."""

    def allow(self, url: str) -> bool:
        """Whether this is one of them; over a connection that is no less protected than the first."""
        host, port = _host_and_port(url)
        mine = _host_and_port(self.first)
        if (host, port) == mine or (host == mine[0] and port == 443):
            return True
        return any(_matches(host, port, one.lower()) for one in self.others)


class DavClient:
    """Thread-safe. Raises the exceptions of `pbx_carddav.error_mapping.FOREIGN`.

    `memory`: bytes that one answer may take.
    """

    def __init__(
        self, transport: Transport, login: Login | None, hosts: Hosts, policy: RetryPolicy, memory: int
    ) -> None:
        self.memory = memory
        self._transport = transport
        self._header = login.header if login else {}
        self._secret = login.password if login else ""
        self._hosts = hosts
        self._policy = policy
        self._log_in = RefusalLimit(_is_refusal)

    def properties(self, url: str, names: Iterable[str], depth: str = "0") -> tuple[str, list[Response]]:
        """Of a resource, and with depth 1 of its members; with the address that it has after redirects."""
        found: list[Response] = []

        def reader() -> Multistatus:
            found.clear()
            return Multistatus(found.append, self.memory)

        last, _ = self._ask("PROPFIND", url, depth, bodies.propfind(names), reader)
        return last, found

    def members(
        self, url: str, names: Iterable[str], sink: Callable[[Response], None], renew: Callable[[], None]
    ) -> None:
        """Properties of a collection and its members, one by one; `renew` is called before each try."""
        self._stream("PROPFIND", url, "1", bodies.propfind(names), sink, renew)

    def changes(self, url: str, token: str, sink: Callable[[Response], None], renew: Callable[[], None]) -> str:
        """What changed in a collection since `token`; returns the token for the next time."""
        return self._stream("REPORT", url, "0", bodies.sync_collection(token), sink, renew)

    def cards(self, url: str, hrefs: Iterable[str]) -> list[Response]:
        """The cards of a book at these paths."""
        found: list[Response] = []

        def reader() -> Multistatus:
            found.clear()
            return Multistatus(found.append, self.memory)

        self._ask("REPORT", url, "0", bodies.multiget(hrefs), reader)
        return found

    def _stream(
        self,
        method: str,
        url: str,
        depth: str,
        body: bytes,
        sink: Callable[[Response], None],
        renew: Callable[[], None],
    ) -> str:
        def reader() -> Multistatus:
            renew()
            return Multistatus(sink, self.memory, keeps=False)

        return self._ask(method, url, depth, body, reader)[1].sync_token

    def _ask(
        self, method: str, url: str, depth: str, body: bytes, reader: Callable[[], Multistatus]
    ) -> tuple[str, Multistatus]:
        attempts = Attempts(self._policy)
        while True:
            try:
                with self._log_in.attempt():
                    found = self._follow(method, url, depth, body, reader)
                self._policy.answered()
                return found
            except RETRIED as error:
                attempts.again(error)

    def _follow(
        self, method: str, url: str, depth: str, body: bytes, reader: Callable[[], Multistatus]
    ) -> tuple[str, Multistatus]:
        """The method stays the same from hop to hop, whatever the kind of redirect."""
        for _ in range(_HOPS):
            self._require_allowed(url)
            taking = reader()
            answer = send(self._transport, method, url, self._headers(depth), body, taking)
            if answer.status == MULTI_STATUS:
                return url, taking
            if answer.status not in _REDIRECTS:
                raise self._failure(answer)
            url = address_in(url, answer.headers.get("location", ""))
        raise EndlessRedirect("the server sends us on and on")

    def _headers(self, depth: str) -> dict[str, str]:
        return {"Content-Type": "application/xml; charset=utf-8", "Depth": depth} | self._header

    def _require_allowed(self, url: str) -> None:
        if not self._hosts.allow(url):
            raise ForeignHost(urlsplit(url).hostname or "")
        if self._header and not is_protected(url):
            raise Unprotected("the password would go over an open network")

    def _failure(self, answer: Answer) -> Exception:
        if answer.status in _NOT_OFFERED:
            return NotDav(f"HTTP {answer.status}")
        conditions, said = conditions_of(answer.body)
        said = said.replace(self._secret, "…") if self._secret else said
        wait = retry_after(answer.headers.get("retry-after", ""), answer.headers.get("date", ""))
        return DavError(answer.status, conditions, said, wait, answer.headers.get("www-authenticate", "")[:1000])


def address_in(base: str, href: str) -> str:
    """The whole address of an `href` in an answer of `base`. Raises `NotDav`."""
    try:
        found = urljoin(base, quote(href, safe=_LEGAL))
        parts = urlsplit(found)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        valid = False
    if not href or not valid or parts.username is not None or len(href) > _LONGEST_ADDRESS:
        raise NotDav("the server names a place that is none")
    return found


def _host_and_port(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return (parts.hostname or "").lower(), parts.port or (443 if parts.scheme == "https" else 80)


def _matches(host: str, port: int, pattern: str) -> bool:
    name, _, number = pattern.partition(":")
    if (number or "443") != str(port):
        return False
    return host.endswith(name[1:]) and len(host) >= len(name) if name.startswith("*.") else host == name


def _is_refusal(error: Exception) -> bool:
    return isinstance(error, DavError) and error.status == 401
