"""The Graph service: one request from its token through checks, limits and faults to the answer.

Neighbours: web.py puts it at its address; routes.py knows who answers; batch.py sends what is in a batch through here.
"""

from __future__ import annotations

import asyncio
import uuid
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
    bad_request,
)
from pbx_microsoft365.sandbox.options import KNOWN_HEADERS, read_query, refuse_unknown
from pbx_microsoft365.sandbox.requestlog import RequestLog, RequestRecord
from pbx_microsoft365.sandbox.routes import Route, find_route, has_path
from pbx_microsoft365.sandbox.throttling import Throttle
from pbx_microsoft365.sandbox.validation import Validator

ROOT: Final = "/v1.0"
_LOGGED: Final = ("prefer", "consistencylevel", "client-request-id")
_BODY_LIMIT: Final = 4 * 1024 * 1024


class Service:
    """The service of one state."""

    def __init__(self, state: ServerState, tokens: Tokens, *, latency: float, validator: Validator | None) -> None:
        self.state = state
        self.tokens = tokens
        self.requests = RequestLog()
        self.faults = Faults()
        self.throttle = Throttle()
        self.latency = latency
        self.validator = validator
        self.base = ""
        """What links begin with; set once the address is known."""

    # --- HTTP ----------------------------------------------------------------------------------------------------

    async def serve(self, http: HttpRequest) -> Response:
        body = await http.body()
        request_id = http.headers.get("client-request-id") or str(uuid.uuid4())
        wire: list[Fault] = []
        record, answer = await self._serve(http, body, wire)
        response = _respond(answer, request_id)
        self.requests.add(RequestRecord(**record, status=response.status_code, sent=len(response.body)))
        for fault in wire:
            transport = http.scope["state"]["connection"]["transport"]
            response = await WIRE_FAULTS[fault.name](fault, response, transport)
        return response

    async def _serve(self, http: HttpRequest, body: bytes, wire: list[Fault]) -> tuple[dict[str, object], GraphAnswer]:
        record: dict[str, object] = {"operation": "", "template": "", "mailbox": ""}
        try:
            caller = self._authenticate(http.headers.get("authorization", ""))
            request = _read_request(http, body)
            record |= {"options": request.options, "headers": _kept(request)}
            if request.path == "/$batch":
                return record | {"operation": "batch", "template": "/$batch"}, await self._batch(request, caller, wire)
            return await self._run(request, caller, wire, record)
        except GraphError as error:
            return record, _refuse(error)

    def _authenticate(self, header: str) -> Caller:
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise _unauthorized("Access token is empty.")
        application = self.tokens.find(token)
        if application is None:
            raise _unauthorized("Lifetime validation failed, the token is expired.")
        return Caller(application)

    async def _batch(self, request: GraphRequest, caller: Caller, wire: list[Fault]) -> GraphAnswer:
        _check_headers(request, prefer=False, consistency=False)
        refuse_unknown(request.options, ())
        if request.method != "POST":
            raise GraphError(
                HTTPStatus.METHOD_NOT_ALLOWED, "Request_BadRequest", "The HTTP method is not allowed here."
            )
        self._check("request", request, None)
        items = read_batch(request.body, request.headers)
        await asyncio.sleep(self.latency)

        async def answer(one: GraphRequest) -> GraphAnswer:
            record: dict[str, object] = {"operation": "", "template": "", "mailbox": ""}
            try:
                told, found = await self._run(one, caller, [], record)
            except GraphError as error:
                told, found = record, _refuse(error)
            self.requests.add(RequestRecord(**told, status=found.status, batched=True))  # type: ignore[arg-type]
            return found

        call = Call(self.state, caller, request, {}, self.base)
        fault = self.faults.take("batch", "", False)
        done = GraphAnswer(body=await run_batch(items, answer)) if fault is None or fault.name in WIRE_FAULTS else None
        if fault is not None and done is None:
            done = ANSWER_FAULTS[fault.name](fault, Exchange(call, GraphAnswer))
        elif fault is not None:
            wire.append(fault)
        assert done is not None  # noqa: S101  # one of the two
        self._check("answer", request, done if fault is None else None)
        return done

    # --- one request, alone or in a batch ------------------------------------------------------------------------

    async def _run(
        self, request: GraphRequest, caller: Caller, wire: list[Fault], record: dict[str, object]
    ) -> tuple[dict[str, object], GraphAnswer]:
        """Raises GraphError for what never came to a handler."""
        route, params = _find(request)
        mailbox = self._mailbox_of(route, params)
        record |= {"operation": route.operation, "template": route.template, "mailbox": mailbox}
        record |= {"options": request.options, "headers": _kept(request)}
        _check_headers(request, prefer=route.takes_prefer, consistency=route.takes_consistency)
        refuse_unknown(request.options, route.options)
        self._permit(route, caller)
        call = Call(self.state, caller, request, params, self.base)
        if mailbox:
            with self.throttle.slot(mailbox):
                await asyncio.sleep(self.latency)
                return record, self._suffer(route, call, mailbox, wire)
        await asyncio.sleep(self.latency)
        return record, self._suffer(route, call, mailbox, wire)

    def _suffer(self, route: Route, call: Call, mailbox: str, wire: list[Fault]) -> GraphAnswer:
        fault = self.faults.take(route.operation, mailbox, call.request.batched)
        try:
            if fault is None or fault.name in WIRE_FAULTS:
                wire.extend([fault] if fault else [])
                return self._handle(route, call)
            with self.state.lock:
                return ANSWER_FAULTS[fault.name](fault, Exchange(call, lambda: self._handle(route, call)))
        except GraphError as error:
            return _refuse(error)

    def _handle(self, route: Route, call: Call) -> GraphAnswer:
        _ = call.preferences  # a wrong header is refused whether or not it matters here
        if EXPIRED in (call.options.get("$skiptoken"), call.options.get("$deltatoken")):
            raise sync_state_lost()
        self._check("request", call.request, None)
        with self.state.lock:
            found = route.handle(call)
        answer = found if isinstance(found, GraphAnswer) else GraphAnswer(body=found)
        if call.preferences.immutable:
            answer.headers["Preference-Applied"] = 'IdType="ImmutableId"'
        self._check("answer", call.request, answer)
        return answer

    def _mailbox_of(self, route: Route, params: dict[str, str]) -> str:
        """Whose limits count, whether or not there is such a mailbox."""
        if route.side == "directory" or "user" not in params:
            return ""
        with self.state.lock:
            entry = self.state.directory.find(params["user"])
        return (entry.name if entry else params["user"]).lower()

    def _permit(self, route: Route, caller: Caller) -> None:
        if not route.permissions or caller.require(*route.permissions):
            return
        if route.side == "outlook":
            raise access_denied()
        said = "Insufficient privileges to complete the operation."
        raise GraphError(HTTPStatus.FORBIDDEN, "Authorization_RequestDenied", said)

    def _check(self, direction: str, request: GraphRequest, answer: GraphAnswer | None) -> None:
        if self.validator is None:
            return
        if direction == "request":
            self.validator.check_request(request)
        elif answer is not None:
            self.validator.check_answer(request, answer)


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
        said = "The HTTP method is not allowed here."
        raise GraphError(HTTPStatus.METHOD_NOT_ALLOWED, "Request_BadRequest", said)
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


def _kept(request: GraphRequest) -> dict[str, str]:
    return {name: request.headers[name] for name in _LOGGED if name in request.headers}


def _unauthorized(said: str) -> GraphError:
    headers = {
        "WWW-Authenticate": 'Bearer realm="", authorization_uri="https://login.example.com/common/oauth2/authorize"'
    }
    return GraphError(HTTPStatus.UNAUTHORIZED, "InvalidAuthenticationToken", said, headers)


def _refuse(error: GraphError) -> GraphAnswer:
    return error.answer(str(uuid.uuid4()), f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}")


def _respond(answer: GraphAnswer, request_id: str) -> Response:
    headers = {"request-id": request_id, "client-request-id": request_id, "OData-Version": "4.0", **answer.headers}
    if answer.body is not None or answer.raw is not None:
        headers.setdefault("Content-Type", JSON)
    return Response(answer.encode(), answer.status, headers)
