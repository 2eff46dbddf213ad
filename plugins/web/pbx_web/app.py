"""The application: routes from the table of pages, one check of role, origin and token before each, HTML and JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.resources import as_file, files
from typing import Any
from urllib.parse import quote, unquote

import anyio
import structlog
from starlette.applications import Starlette
from starlette.datastructures import FormData
from starlette.middleware import Middleware
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from pbx_connector.api import ConnectorError, SourceError, StoreError, UsageError, application
from pbx_web import language
from pbx_web.asking import Ask
from pbx_web.boundary import Boundary, client_address
from pbx_web.language_server import PATH, LanguageServer
from pbx_web.login.pages import log_in_first
from pbx_web.login.sessions import LoginChanged
from pbx_web.origin import is_ours, local
from pbx_web.page import Action, Done, Forbidden, NotFound, Page, Shown
from pbx_web.pages import ALL
from pbx_web.permissions import Role
from pbx_web.rendering import render
from pbx_web.site import Site

LOG = structlog.stdlib.get_logger(__name__)

API = "/api/v1"
LONGEST_OF_STRANGERS = 2**23
"""Bytes of a form that is read before it is known whose it is."""
FIELDS = 2_000
"""Fields that a form may have."""
SAID = "said"
"""The cookie with what is said once on the next page."""


@dataclass(frozen=True, slots=True)
class AtSite:
    """The pages as they are for one site."""

    pages: ASGIApp
    site: Site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["site"] = self.site
        if self.site.id:
            structlog.contextvars.bind_contextvars(tenant=self.site.id)
        await self.pages(scope, receive, send)


class SiteApp(Boundary):
    """The pages of one site alone, with what stands in front of them."""

    def __init__(self, site: Site, pages: Sequence[Page | Action]) -> None:
        super().__init__(AtSite(make_pages(pages), site), site.settings)
        self.site = site


def make_app(site: Site, pages: Sequence[Page | Action] = ALL) -> SiteApp:
    return SiteApp(site, pages)


def make_pages(pages: Sequence[Page | Action] = ALL) -> Starlette:
    """The pages of whatever `Site` stands as `site` in the scope of a request."""
    with as_file(files("pbx_web")) as package:
        static = StaticFiles(directory=package / "static")
    editing = WebSocketRoute(PATH, LanguageServer(_who_may_edit).serve)
    routes: list[BaseRoute] = [Mount("/static", static, name="static"), editing, *Pages(pages).routes()]
    return Starlette(routes=routes)


def _who_may_edit(websocket: WebSocket) -> str | None:
    site: Site = websocket.scope["site"]
    if site.is_closed:
        return None
    user = site.sessions.user_of(websocket, is_use=False)
    return user.name if user and user.role.includes(Role.EDITOR) else None


class Pages:
    def __init__(self, pages: Sequence[Page | Action] = ALL) -> None:
        self._pages = pages

    def routes(self) -> Iterator[Route]:
        for page in self._pages:
            limit = page.longest if isinstance(page, Action) else 0
            bounds = [Middleware(RequestBodyLimitMiddleware, max_body_size=limit)]
            method = "POST" if isinstance(page, Action) else "GET"
            for path in (page.path, API + page.path.rstrip("/") or API):
                yield Route(path, partial(self._answer, page), methods=[method], middleware=bounds)
        yield Route("/language", self._language, methods=["POST"])
        yield Route("/{path:path}", self._nothing, methods=["GET"])

    async def _answer(self, page: Page | Action, request: Request) -> Response:
        ask = self._asked(request)
        if isinstance(page, Action) and (page.longest <= LONGEST_OF_STRANGERS or await self._is_known(page, ask)):
            ask.form = await _form(request)
        return await self._in_thread(partial(self._permitted, page), ask)

    async def _in_thread(self, answer: Callable[[Ask], Response], ask: Ask) -> Response:
        async with ask.site.threads:
            return await anyio.to_thread.run_sync(self._made, answer, ask, limiter=ask.site.shares.threads)

    async def _is_known(self, action: Action, ask: Ask) -> bool:
        """Whether somebody asks who may do it: nobody else's long form is read."""
        async with ask.site.threads:
            return await anyio.to_thread.run_sync(self._may, action, ask, limiter=ask.site.shares.threads)

    def _may(self, action: Action, ask: Ask) -> bool:
        try:
            user = ask.site.sessions.user_of(ask.request)
        except ConnectorError:
            return False
        return action.least is None or (user is not None and user.role.includes(action.least))

    def _asked(self, request: Request) -> Ask:
        """Without the user, who stands in the store."""
        site: Site = request.scope["site"]
        settings, sessions = site.settings, site.sessions
        accepted = request.headers.get("accept-language", "")
        return Ask(
            request=request,
            site=site,
            user=None,
            language=language.chosen(request.cookies.get("language", ""), accepted, settings.language or "en"),
            token=sessions.csrf_token(request),
            nonce=request.scope["nonce"],
            address=client_address(request.scope, settings.trusted),
        )

    def _made(self, answer: Callable[[Ask], Response], ask: Ask) -> Response:
        response = self._answered(answer, ask)
        ask.site.sessions.introduce(ask.request, response)
        return response

    def _answered(self, answer: Callable[[Ask], Response], ask: Ask) -> Response:
        try:
            ask.user = ask.site.sessions.user_of(ask.request)
            return answer(ask)
        except (NotFound, Forbidden) as error:
            status = 404 if isinstance(error, NotFound) else 403
            return _failed(ask, status, str(error))
        except LoginChanged:
            return _failed(ask, 403, ask.language("Your log-in was changed meanwhile: log in again."))
        except ConnectorError as error:
            return _failed(ask, _status(error), *ask.site.operations.told(error))
        except Exception:
            LOG.exception("a bug in the pages", page=_without_token(ask.request.scope["path"]))
            return _failed(ask, 500, ask.language("This is a bug in pbx-connector; its log says more."))

    def _permitted(self, page: Page | Action, ask: Ask) -> Response:
        if page.least is not None and ask.user is None:
            return _response(log_in_first(ask), ask)
        if page.path == "/" and page.least and not ask.may(page.least) and not ask.wants_json:
            return RedirectResponse("/phone-book", 303)  # where readers begin
        if page.least is not None and not ask.may(page.least):
            raise Forbidden(ask.language("Your role does not allow this."))
        if isinstance(page, Page):
            return _response(page.show(ask), ask)
        self._check_token(page, ask)
        return _response(page.act(ask), ask)

    def _check_token(self, action: Action, ask: Ask) -> None:
        if not is_ours(ask.request):
            raise Forbidden(ask.language("This was sent from another site."))
        if action.has_token and not ask.has_token:
            raise Forbidden(ask.language("This form is out of date: load the page anew and send it again."))

    async def _language(self, request: Request) -> Response:
        """Needs no token: all that a stranger could do with it is to change the language."""
        form = await request.form(max_files=0, max_fields=2, max_part_size=2_000)
        response = RedirectResponse(local(str(form.get("to", "/"))), 303)
        if (code := form.get("language")) in language.LANGUAGES:
            response.set_cookie("language", str(code), max_age=31_536_000, httponly=True, samesite="lax")
        return response

    async def _nothing(self, request: Request) -> Response:
        return await self._in_thread(_nothing_here, self._asked(request))


def _nothing_here(ask: Ask) -> Response:
    if ask.user is None:
        return _response(log_in_first(ask), ask)
    raise NotFound(ask.language("There is nothing at this address."))


def _without_token(path: str) -> str:
    """For the log: what lets somebody in stands at the end of some addresses."""
    return re.sub(r"/(enter|setup)/.*", r"/\1/…", path)


async def _form(request: Request) -> FormData:
    """Of a form, or of an object in JSON whose values are texts or lists of them; an object in it stays JSON."""
    if not request.headers.get("content-type", "").startswith("application/json"):
        return await request.form(max_files=4, max_fields=FIELDS, max_part_size=2**20)
    try:
        said = await request.json()
    except (ValueError, RecursionError):
        return FormData()
    pairs = said.items() if isinstance(said, dict) else ()
    return FormData([(str(name), _text(one)) for name, value in pairs for one in _each(value)])


def _text(value: Any) -> str:
    return json.dumps(value) if isinstance(value, dict) else str(value)


def _each(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _response(answer: Shown | Done | Response, ask: Ask) -> Response:
    if isinstance(answer, Response):
        return answer
    if isinstance(answer, Done):
        return _json(answer.json, ask) if ask.wants_json else _sent_on(answer, ask)
    if ask.wants_json:
        return _json(answer.json, ask, answer.status)
    return _page(answer, ask)


def _json(said: Any, ask: Ask, status: int = 200) -> JSONResponse:
    """With hints that whoever asks can follow, as on the pages."""
    operations = ask.site.operations
    told = application.command_words.reworded(said, operations.advice) if operations.is_hosted else said
    return JSONResponse(told, status)


def _page(shown: Shown, ask: Ask) -> Response:
    said = ask.site.verified(unquote(ask.request.cookies.get(SAID, "")))
    response = HTMLResponse(render(shown.template, shown.values, ask, said), shown.status)
    if said and not ask.is_part:
        response.delete_cookie(SAID)
    return response


def _sent_on(done: Done, ask: Ask) -> Response:
    response = RedirectResponse(local(done.to), 303)
    if done.message:
        said = quote(ask.site.signed(done.message[:1_000]))
        response.set_cookie(SAID, said, max_age=60, httponly=True, samesite="lax")
    return response


def _failed(ask: Ask, status: int, message: str, hint: str = "") -> Response:
    said = {"error": {"message": message, "hint": hint or None}}
    values = {"message": message, "hint": hint, "status": status}
    return _response(Shown(template="error.html", values=values, json=said, status=status), ask)


def _status(error: ConnectorError) -> int:
    if isinstance(error, StoreError):
        return 503
    if isinstance(error, SourceError):
        return 502
    return 400 if isinstance(error, UsageError) else 409
