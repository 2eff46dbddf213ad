"""The Graph service: one request from its token through checks, limits and faults to the answer.

Neighbours: web.py puts it at its address; routes.py knows who answers; batch.py sends what is in a batch through here.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final

from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from pbx_connector.testing.office.server_state import ServerState
from pbx_connector.testing.office.tokens import Tokens
from pbx_microsoft365.sandbox.batch import read_batch, run_batch
from pbx_microsoft365.sandbox.calls import Call, access_denied
from pbx_microsoft365.sandbox.deltas import sync_state_lost
from pbx_microsoft365.sandbox.faults import ANSWER_FAULTS, EXPIRED, WIRE_FAULTS, Exchange, Fault, Faults
from pbx_microsoft365.sandbox.messages import (
    JSON,
    Caller,
    GraphAnswer,
    GraphError,
    GraphRequest,
    Watcher,
    bad_request,
)
from pbx_microsoft365.sandbox.options import KNOWN_HEADERS, read_query, refuse_unknown
from pbx_microsoft365.sandbox.requestlog import RequestLog, RequestRecord
from pbx_microsoft365.sandbox.routes import Route, find_route, has_path
from pbx_microsoft365.sandbox.throttling import Throttle

ROOT: Final = "/v1.0"
_LOGGED: Final = ("prefer", "consistencylevel", "client-request-id")
_BODY_LIMIT: Final = 4 * 1024 * 1024


class Service:
    """The service of one state."""

    def __init__(self, state: ServerState, tokens: Tokens, *, latency: float, watcher: Watcher | None) -> None:
        self.state = state
        self.tokens = tokens
        self.requests = RequestLog()
        self.faults = Faults()
        self.throttle = Throttle()
        self.latency = latency
        self.watcher = watcher
        self.base = ""
        """What links begin with; set once the address is known."""

    # --- HTTP ----------------------------------------------------------------------------------------------------

    async def serve(self, http: HttpRequest) -> Response:
        body = await http.body()
        request_id = http.headers.get("client-request-id") or str(uuid.uuid4())
        note = _Note()
        try:
            answer = await self._serve(http, body, note)
        except GraphError as error:
            answer = _refuse(error)
        self._show(note, answer)
        response = _respond(answer, request_id)
        self.requests.add(note.record(response.status_code, sent=len(response.body)))
        for fault in note.wire:
            transport = http.scope["state"]["connection"]["transport"]
            response = await WIRE_FAULTS[fault.name](fault, response, transport)
        return response

    async def serve_token(self, http: HttpRequest) -> Response:
        response = await self.tokens.serve_token(http)
        if self.watcher and not self.tokens.trouble:
            request = GraphRequest(http.method, http.url.path, http.query_params, http.headers, await http.body())
            self.watcher.see(request, GraphAnswer(response.status_code, json.loads(bytes(response.body))))
        return response

    async def _serve(self, http: HttpRequest, body: bytes, note: _Note) -> GraphAnswer:
        """Raises GraphError."""
        caller = self._authenticate(http.headers.get("authorization", ""))
        request = _read_request(http, body)
        note.request = request
        if request.path == "/$batch":
            note.operation = note.template = "batch"
            return await self._batch(request, caller, note)
        return await self._run(request, caller, note)

    def _authenticate(self, header: str) -> Caller:
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise _unauthorized("Access token is empty.")
        application = self.tokens.find(token)
        if application is None:
            raise _unauthorized("Lifetime validation failed, the token is expired.")
        return Caller(application)

    # --- a batch -------------------------------------------------------------------------------------------------

    async def _batch(self, request: GraphRequest, caller: Caller, note: _Note) -> GraphAnswer:
        """Raises GraphError for what is no batch at all."""
        _check_headers(request, prefer=False, consistency=False)
        refuse_unknown(request.options, ())
        if request.method != "POST":
            raise _not_allowed()
        items = read_batch(request.body, request.headers)
        await asyncio.sleep(self.latency)
        fault = self.faults.take("batch", "", False)
        if fault is not None and fault.name in ANSWER_FAULTS:
            note.harmed = True
            exchange = Exchange(Call(self.state, caller, request, {}, self.base), GraphAnswer)
            return ANSWER_FAULTS[fault.name](fault, exchange)
        note.wire.extend([fault] if fault else [])
        return GraphAnswer(body=await run_batch(items, lambda one: self._run_batched(one, caller)))

    async def _run_batched(self, request: GraphRequest, caller: Caller) -> GraphAnswer:
        note = _Note()
        note.request = request
        try:
            answer = await self._run(request, caller, note)
        except GraphError as error:
            answer = _refuse(error)
        self._show(note, answer)
        self.requests.add(note.record(int(answer.status), batched=True))
        return answer

    # --- one request, alone or in a batch ------------------------------------------------------------------------

    async def _run(self, request: GraphRequest, caller: Caller, note: _Note) -> GraphAnswer:
        """Raises GraphError for what never came to a handler."""
        route, params = _find(request)
        note.operation, note.template = route.operation, route.template
        note.mailbox = mailbox = self._mailbox_of(route, params)
        _check_headers(request, prefer=route.takes_prefer, consistency=route.takes_consistency)
        refuse_unknown(request.options, route.options)
        _permit(route, caller)
        call = Call(self.state, caller, request, params, self.base)
        with self.throttle.slot(mailbox) if mailbox else nullcontext():
            await asyncio.sleep(self.latency)
            return self._suffer(route, call, note)

    def _suffer(self, route: Route, call: Call, note: _Note) -> GraphAnswer:
        fault = self.faults.take(route.operation, note.mailbox, call.request.batched)
        try:
            if fault is None or fault.name in WIRE_FAULTS:
                note.wire.extend([fault] if fault else [])
                return self._handle(route, call)
            note.harmed = True
            with self.state.lock:
                return ANSWER_FAULTS[fault.name](fault, Exchange(call, lambda: self._handle(route, call)))
        except GraphError as error:
            return _refuse(error)

    def _handle(self, route: Route, call: Call) -> GraphAnswer:
        _ = call.preferences  # a wrong header is refused whether or not it matters here
        if EXPIRED in (call.options.get("$skiptoken"), call.options.get("$deltatoken")):
            raise sync_state_lost()
        with self.state.lock:
            found = route.handle(call)
        answer = found if isinstance(found, GraphAnswer) else GraphAnswer(body=found)
        if call.preferences.immutable:
            answer.headers["Preference-Applied"] = 'IdType="ImmutableId"'
        return answer

    def _mailbox_of(self, route: Route, params: dict[str, str]) -> str:
        """Whose limits count, whether or not there is such a mailbox."""
        if route.side == "directory" or "user" not in params:
            return ""
        with self.state.lock:
            entry = self.state.directory.find(params["user"])
        return (entry.name if entry else params["user"]).lower()

    def _show(self, note: _Note, answer: GraphAnswer) -> None:
        if self.watcher and note.request:
            self.watcher.see(note.request, None if note.harmed else answer)


@dataclass(slots=True)
class _Note:
    """What is known of a request so far, and the faults of the wire that its answer is to suffer."""

    operation: str = ""
    template: str = ""
    mailbox: str = ""
    request: GraphRequest | None = None
    harmed: bool = False
    """A fault makes the answer."""
    wire: list[Fault] = field(default_factory=list)

    def record(self, status: int, *, batched: bool = False, sent: int = 0) -> RequestRecord:
        options = self.request.options if self.request else {}
        told = self.request.headers if self.request else {}
        headers = {name: told[name] for name in _LOGGED if name in told}
        return RequestRecord(self.operation, self.template, self.mailbox, status, batched, options, headers, sent)


def _permit(route: Route, caller: Caller) -> None:
    if not route.permissions or caller.require(*route.permissions):
        return
    if route.side == "outlook":
        raise access_denied()
    said = "Insufficient privileges to complete the operation."
    raise GraphError(HTTPStatus.FORBIDDEN, "Authorization_RequestDenied", said)


def _read_request(http: HttpRequest, body: bytes) -> GraphRequest:
    raw = http.scope["raw_path"].decode("ascii", "replace").partition("?")[0]
    path = raw[len(ROOT) :].rstrip("/") or "/"
    path = path.replace("%24", "$")
    query = http.scope["query_string"].decode("ascii", "replace")
    headers = {name.lower(): text for name, text in http.headers.items()}
    if len(body) > _BODY_LIMIT:
        raise GraphError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "BadRequest", "The request is too large.")
    return GraphRequest(http.method, path, read_query(query), headers, body)


def _find(request: GraphRequest) -> tuple[Route, dict[str, str]]:
    if request.path == "/me" or request.path.startswith("/me/"):
        raise bad_request("/me request is only valid with delegated authentication flow.")
    found = find_route(request.method, request.path)
    if found is None and has_path(request.path):
        raise _not_allowed()
    if found is None:
        segment = request.path.rpartition("/")[2]
        raise GraphError(HTTPStatus.BAD_REQUEST, "BadRequest", f"Resource not found for the segment '{segment}'.")
    return found


def _check_headers(request: GraphRequest, *, prefer: bool, consistency: bool) -> None:
    """What a header says that the service would not look at is an error here, so that nobody relies on it."""
    for name in request.headers:
        if name not in KNOWN_HEADERS:
            raise bad_request(f"The header '{name}' is not known.")
    if "prefer" in request.headers and not prefer:
        raise bad_request("The header 'Prefer' means nothing here.")
    if "consistencylevel" in request.headers and not consistency:
        raise bad_request("The header 'ConsistencyLevel' means nothing here.")


def _not_allowed() -> GraphError:
    said = "The HTTP method is not allowed here."
    return GraphError(HTTPStatus.METHOD_NOT_ALLOWED, "Request_BadRequest", said)


def _unauthorized(said: str) -> GraphError:
    headers = {"WWW-Authenticate": 'Bearer realm=""'}
    return GraphError(HTTPStatus.UNAUTHORIZED, "InvalidAuthenticationToken", said, headers)


def _refuse(error: GraphError) -> GraphAnswer:
    return error.answer(str(uuid.uuid4()), f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}")


def _respond(answer: GraphAnswer, request_id: str) -> Response:
    headers = {"request-id": request_id, "client-request-id": request_id, "OData-Version": "4.0", **answer.headers}
    if answer.body is not None or answer.raw is not None:
        headers.setdefault("Content-Type", JSON)
    return Response(answer.encode(), answer.status, headers)
