"""The HTTP side: who asks, what for, and the answer, as a Starlette application.

`/<token>/…` with the secret in the path, for phones that know no log-in; `/…` with Basic, Digest, or from a network
that needs no secret. Below either: `caller` (text, or JSON), `contacts.json` and `3cx.xml` (for 3CX), and anything
else is the phone book in the device's format, under whatever file name the phone asks for.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from types import MappingProxyType
from typing import IO
from urllib.parse import parse_qsl

import anyio
import structlog
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from pbx_connector.api import ConnectorError, Device, PhoneBook, StoreError, application
from pbx_directory import authorization, caller, threecx
from pbx_directory.access import Gate
from pbx_directory.answers import answer, tag, unavailable
from pbx_directory.asking import Answer
from pbx_directory.devices import Telephone, telephone
from pbx_directory.formats import Format
from pbx_directory.settings import DirectorySettings

LOG = structlog.stdlib.get_logger(__name__)

_TOKEN = re.compile(r"[a-z2-9]{6}-[a-z2-9]{24}")
CALLERS, BOOKS = 1, 3
"""Threads that ask the store: for who calls, and for books, which may hold up no caller. A look-up takes a millisecond
or two, nearly all of it Python's own time, so that a second thread would only make both wait for each other."""
LONGEST_BODY = 8_192
LONGEST_QUERY = 4_096
IN_MEMORY = 2**20
"""Bytes of an answer that are kept in memory until they are sent; longer ones wait in a file."""
CHUNK = 2**16
RETRY: Mapping[str, str] = MappingProxyType({"Retry-After": "30"})
UNKEPT: Mapping[str, str] = MappingProxyType({"Cache-Control": "no-store"})

Pairs = Sequence[tuple[str, str]]


class Pages:
    """What is asked for and by whom, in threads: the store waits, the loop does not."""

    def __init__(
        self,
        book: PhoneBook,
        gate: Gate,
        settings: DirectorySettings,
        formats: Mapping[str, Format],
        base: Callable[[], str],
    ) -> None:
        """`base` is how phones reach this, such as `https://pbx.example.com:8088`; it ends with no slash."""
        self._book = book
        self._gate = gate
        self._settings = settings
        self._formats = formats
        self._base = base

    @property
    def _title(self) -> str:
        """Empty if nobody named one: then it is a word of the language that is asked for."""
        return self._settings.title if "title" in self._settings.model_fields_set else ""

    def application(self) -> Starlette:
        callers, books = anyio.CapacityLimiter(CALLERS), anyio.CapacityLimiter(BOOKS)

        async def endpoint(request: Request) -> Response:
            asked = await _question(request)
            if isinstance(asked, Response):
                return asked
            limiter = callers if request.url.path.endswith(("/caller", "/contacts.json")) else books
            return await anyio.to_thread.run_sync(self._answered, request, asked, limiter=limiter)

        routes = [Route("/{path:path}", endpoint, methods=["GET", "POST"])]  # GET implies HEAD
        return Starlette(routes=routes, middleware=[Middleware(GZipMiddleware, minimum_size=1_000)])

    def _answered(self, request: Request, asked: Pairs) -> Response:
        try:
            response = self._response(request, asked)
        except StoreError as error:
            LOG.error("the phone book cannot be read", reason=error.message)
            response = _plain(503, "the phone book cannot be read at the moment", RETRY)
        except ConnectorError as error:
            response = _plain(400, error.message)
        except Exception:
            LOG.exception("a bug in the directory")
            response = _plain(500, "a bug in pbx-connector, see its log")
        if self._gate.wants_flush:
            self._gate.flush()
        return response

    def _response(self, request: Request, asked: Pairs) -> Response:
        path = request.path_params["path"]
        address = request.client.host if request.client else ""
        agent = request.headers.get("user-agent", "")
        first, _, rest = path.partition("/")
        if _TOKEN.fullmatch(first):
            known = self._gate.by_token(first, address, agent)
            prefix = f"/{first}"
        else:
            known = self._logged_in(request, address, agent) or self._gate.anybody(address)
            rest, prefix = path, ""
        if known is None:
            return self._refused(request, address, challenged=not prefix)
        return self._page(request, telephone(known, self._settings), rest.strip("/"), asked, self._base() + prefix)

    def _logged_in(self, request: Request, address: str, agent: str) -> Device | None:
        header = request.headers.get("authorization", "")
        if login := authorization.basic(header):
            return self._gate.by_secret(*login, address, agent)
        if given := authorization.digest(header):
            return self._gate.by_digest(request.method, given, address, agent)
        return None

    def _refused(self, request: Request, address: str, *, challenged: bool) -> Response:
        """A secret in the path is asked for no second time: whoever has a wrong one finds nothing there."""
        if self._gate.is_throttled(address):
            return _plain(429, "too many wrong secrets from here; wait a minute", {"Retry-After": "60"})
        if not challenged:
            return _plain(404, "there is nothing here")
        given = authorization.digest(request.headers.get("authorization", ""))
        stale = given is not None and self._gate.is_stale(given.get("nonce", ""))
        response = _plain(401, "this phone book is for known devices")
        for algorithm in ("SHA-256", "MD5"):
            response.headers.append("WWW-Authenticate", self._gate.challenge(algorithm, stale=stale))
        response.headers.append("WWW-Authenticate", f'Basic realm="{application.devices.REALM}", charset="UTF-8"')
        return response

    def _page(self, request: Request, asker: Telephone, path: str, asked: Pairs, url: str) -> Response:
        said = dict(reversed(asked))
        match path:
            case "caller":
                return self._caller(request, asker, said)
            case "contacts.json":
                return JSONResponse(threecx.contacts(caller.look_up(self._book, _number(said), asker)))
            case "3cx.xml":
                return Response(
                    threecx.template(self._settings.title, f"{url}/contacts.json"),
                    media_type="application/xml; charset=utf-8",
                )
        return self._book_page(request, asker, asked, f"{url}/{path}")

    def _caller(self, request: Request, asker: Telephone, said: Mapping[str, str]) -> Response:
        found = caller.look_up(self._book, _number(said), asker)
        if said.get("format") == "json" or "application/json" in request.headers.get("accept", ""):
            return JSONResponse(asdict(found), headers=UNKEPT)
        text = found.label(said["label"]) if "label" in said else found.name
        return PlainTextResponse(caller.one_line(text), headers=UNKEPT)

    def _book_page(self, request: Request, asker: Telephone, asked: Pairs, url: str) -> Response:
        format = self._formats.get(asker.format)
        if format is None:
            LOG.error("a device has a format that no plugin supplies", device=asker.id, format=asker.format)
            return _plain(500, "this device has a format that is not installed")
        try:
            known = tag(format, asked, self._book, asker, url, title=self._title)
            if _names(request.headers.get("if-none-match", ""), known):
                return Response(status_code=304, headers={"ETag": known})
            made = answer(format, asked, self._book, asker, url, title=self._title, store=self._book.identity())
            return _whole(made)
        except StoreError as error:
            LOG.error("the phone book cannot be read", reason=error.message)
            return _whole(unavailable(format), RETRY)


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
