"""The HTTP side: who asks, what for, and the answer, as a Starlette application.

`/<token>/…` with the secret in the path, for phones that know no log-in; `/…` with Basic, Digest, or from a network
that needs no secret. Below either: `caller` (text, or JSON), `contacts.json` and `3cx.xml` (for 3CX), and anything
else is the phone book in the device's format, under whatever file name the phone asks for. Which of many phone systems
is asked, `ways` says; without a host name of its own it stands before the token: `/<phone system>/<token>/…`.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from types import MappingProxyType
from typing import IO
from urllib.parse import parse_qsl

import structlog
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from pbx_connector.api import ConnectorError, Device, StoreError, application, host_of
from pbx_directory import authorization, caller, threecx
from pbx_directory.answers import answer, tag, unavailable
from pbx_directory.asking import Answer
from pbx_directory.devices import Telephone, telephone
from pbx_directory.formats import Format
from pbx_directory.forwarding import Origin, origin
from pbx_directory.lanes import Busy, Lanes
from pbx_directory.settings import DirectorySettings
from pbx_directory.systems import ServedSystem, Systems
from pbx_directory.ways import Way, device_of, way_of

LOG = structlog.stdlib.get_logger(__name__)

LONGEST_BODY = 8_192
LONGEST_QUERY = 4_096
IN_MEMORY = 2**20
"""Bytes of an answer that are kept in memory until they are sent; longer ones wait in a file."""
CHUNK = 2**16
RETRY: Mapping[str, str] = MappingProxyType({"Retry-After": "30"})
REFUSALS = (401, 404, 429)
UNKEPT: Mapping[str, str] = MappingProxyType({"Cache-Control": "no-store"})

Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Asking:
    """A request, with all that is found out about it before anybody looks who asks."""

    request: Request
    pairs: Pairs
    origin: Origin
    login: authorization.Login | None
    way: Way
    base: str
    """How phones reach the phone system, without a slash at its end."""

    @property
    def system(self) -> ServedSystem:
        return self.way.system

    @property
    def agent(self) -> str:
        return self.request.headers.get("user-agent", "")

    @property
    def space(self) -> str:
        """Where a challenge is good; the same for all names of one machine, whosever they are."""
        return host_of(self.origin.host)


class Pages:
    """What is asked for and by whom, in threads: the store waits, the loop does not."""

    def __init__(
        self, systems: Systems, settings: DirectorySettings, formats: Mapping[str, Format], base: Callable[[], str]
    ) -> None:
        """`settings` are those of who runs the machine. `base` is how phones reach it, such as
        `https://pbx.example.com:8088`; it ends with no slash."""
        self._systems = systems
        self._proxies = settings.trusted_proxies
        self._is_https = (settings.url or "").startswith("https:")
        self._formats = formats
        self._base = base
        self._callers = Lanes(systems.widths.callers, "directory callers")
        self._books = Lanes(systems.widths.books, "directory books")

    def application(self) -> Starlette:
        routes = [Route("/{path:path}", self._endpoint, methods=["GET", "POST"])]  # GET implies HEAD
        return Starlette(routes=routes, middleware=[Middleware(GZipMiddleware, minimum_size=1_000)])

    def close(self) -> None:
        self._callers.close()
        self._books.close()

    async def _endpoint(self, request: Request) -> Response:
        begun = time.monotonic()
        pairs = await _question(request)
        if isinstance(pairs, Response):
            return pairs
        try:
            asking = await self._asking(request, pairs)
            lane = self._lanes(request).to(asking.system.database)
            response = await lane.run(asking.system.key, self._answered, asking)
        except StoreError as error:
            LOG.error("nobody knows which phone system is asked", reason=error.message)
            return _unreadable()
        except Busy:
            return _plain(503, "too many ask at the moment", RETRY)
        if response.status_code in REFUSALS:
            await evened(begun, self._systems.evened)
        return response

    def _lanes(self, request: Request) -> Lanes:
        return self._callers if request.url.path.endswith(("/caller", "/contacts.json")) else self._books

    async def _asking(self, request: Request, pairs: Pairs) -> Asking:
        """Raises `StoreError` and `Busy`."""
        came = origin(request, self._proxies)
        login = authorization.login(request.headers.get("authorization", ""))
        way = await way_of(self._systems, came.host, request.path_params["path"], login)
        return Asking(request, pairs, came, login, way, self._base_of(way, came) + way.prefix)

    def _base_of(self, way: Way, came: Origin) -> str:
        """The name that one has to itself leads back to it, whatever else is configured."""
        if not way.system.is_by_host:
            return self._base()
        scheme = "https" if came.is_secure or self._is_https else "http"
        return f"{scheme}://{came.host}"

    def _answered(self, asking: Asking) -> Response:
        try:
            return self._response(asking)
        except StoreError as error:
            LOG.error("the phone book cannot be read", reason=error.message)
            return _unreadable()
        except ConnectorError as error:
            return _plain(400, error.message)
        except Exception:
            LOG.exception("a bug in the directory")
            return _plain(500, "a bug in pbx-connector, see its log")

    def _response(self, asking: Asking) -> Response:
        gate, way, address = asking.system.gate, asking.way, asking.origin.address
        if token := way.token:
            known = gate.by_token(token, address, asking.agent)
            rest, prefix = way.path.removeprefix(token), f"/{token}"
        else:
            known = self._logged_in(asking) or gate.anybody(address)
            rest, prefix = way.path, ""
        if known is None:
            return self._refused(asking, challenged=not prefix)
        asker = telephone(known, asking.system.settings)
        return self._page(asking, asker, rest.strip("/"), asking.base + prefix)

    def _logged_in(self, asking: Asking) -> Device | None:
        login, gate, address = asking.login, asking.system.gate, asking.origin.address
        if login is None:
            return None
        if login.password is not None:
            return gate.by_secret(device_of(login.user, asking.system), login.password, address, asking.agent)
        given = login.digest or {}
        return gate.by_digest(asking.request.method, given, address, asking.agent, space=asking.space)

    def _refused(self, asking: Asking, *, challenged: bool) -> Response:
        """A secret in the path is asked for no second time: whoever has a wrong one finds nothing there."""
        gate, space = asking.system.gate, asking.space
        if gate.is_throttled(asking.origin.address):
            return _plain(429, "too many wrong secrets from here; wait a minute", {"Retry-After": "60"})
        if not challenged:
            return _plain(404, "there is nothing here")
        given = asking.login.digest if asking.login else None
        stale = given is not None and gate.is_stale(given.get("nonce", ""), space)
        response = _plain(401, "this phone book is for known devices")
        for algorithm in ("SHA-256", "MD5"):
            response.headers.append("WWW-Authenticate", gate.challenge(algorithm, space, stale=stale))
        response.headers.append("WWW-Authenticate", f'Basic realm="{application.devices.REALM}", charset="UTF-8"')
        return response

    def _page(self, asking: Asking, asker: Telephone, path: str, url: str) -> Response:
        said, system = dict(reversed(asking.pairs)), asking.system
        match path:
            case "caller":
                return self._caller(asking, asker, said)
            case "contacts.json":
                return JSONResponse(threecx.contacts(caller.look_up(system.book, _number(said), asker)))
            case "3cx.xml":
                return Response(
                    threecx.template(system.settings.title, f"{url}/contacts.json"),
                    media_type="application/xml; charset=utf-8",
                )
        return self._book_page(asking, asker, f"{url}/{path}")

    def _caller(self, asking: Asking, asker: Telephone, said: Mapping[str, str]) -> Response:
        found = caller.look_up(asking.system.book, _number(said), asker)
        if said.get("format") == "json" or "application/json" in asking.request.headers.get("accept", ""):
            return JSONResponse(asdict(found), headers=UNKEPT)
        text = found.label(said["label"]) if "label" in said else found.name
        return PlainTextResponse(caller.one_line(text), headers=UNKEPT)

    def _book_page(self, asking: Asking, asker: Telephone, url: str) -> Response:
        format = self._formats.get(asker.format)
        if format is None:
            LOG.error("a device has a format that no plugin supplies", device=asker.id, format=asker.format)
            return _plain(500, "this device has a format that is not installed")
        book, title = asking.system.book, _title(asking.system.settings)
        try:
            store = book.identity()
            known = tag(format, asking.pairs, book, asker, url, title=title, store=store)
            if _names(asking.request.headers.get("if-none-match", ""), known):
                return Response(status_code=304, headers={"ETag": known})
            return _whole(answer(format, asking.pairs, book, asker, url, title=title, store=store))
        except StoreError as error:
            LOG.error("the phone book cannot be read", reason=error.message)
            return _whole(unavailable(format), RETRY)


async def evened(begun: float, step: float) -> None:
    """Wait until the next multiple of `step` seconds since `begun`."""
    if step:
        await asyncio.sleep(step - (time.monotonic() - begun) % step)


def _title(settings: DirectorySettings) -> str:
    """Empty if nobody named one: then it is a word of the language that is asked for."""
    return settings.title if "title" in settings.model_fields_set else ""


def _unreadable() -> Response:
    return _plain(503, "the phone book cannot be read at the moment", RETRY)


async def _question(request: Request) -> Pairs | Response:
    """The parameters of the address and of a form that was sent; a phone that sends something else asks nothing."""
    if len(request.url.query) > LONGEST_QUERY:
        return _plain(414, "the question is too long")
    asked = request.query_params.multi_items()
    if request.method != "POST":
        return asked
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > LONGEST_BODY:
            return _plain(413, "the question is too long")
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return asked
    try:
        return asked + parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=50)
    except ValueError:
        return _plain(400, "the question has too many parts")


def _whole(made: Answer, headers: Mapping[str, str] = MappingProxyType({})) -> Response:
    """Written whole before it is sent, so that a slow phone keeps no moment of the phone book open, and what fails in
    the middle is no short book."""
    whole: IO[bytes] = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - closed once it is sent
    try:
        for part in made.body:
            whole.write(part)
    except BaseException:
        whole.close()
        raise
    length = whole.tell()
    whole.seek(0)
    said = {**made.headers, **headers, "Content-Length": str(length)}
    if length > CHUNK:
        return StreamingResponse(_chunks(whole), made.status, said, made.content_type)
    with whole:
        return Response(whole.read(), made.status, said, made.content_type)


def _chunks(whole: IO[bytes]) -> Iterator[bytes]:
    with whole:
        yield from iter(partial(whole.read, CHUNK), b"")


def _number(said: Mapping[str, str]) -> str:
    """A plus sign that was sent as it is arrives as a blank."""
    number = said.get("number", "")
    return f"+{number.lstrip()}" if number.startswith(" ") else number


def _names(header: str, etag: str) -> bool:
    return header.strip() == "*" or any(one.strip().removeprefix("W/") == etag for one in header.split(","))


def _plain(status: int, text: str, headers: Mapping[str, str] = MappingProxyType({})) -> Response:
    return PlainTextResponse(f"{text}\n", status, dict(headers))
