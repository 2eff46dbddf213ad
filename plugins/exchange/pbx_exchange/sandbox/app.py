"""The sandbox as a web application: HTTP in, authentication, the operation, HTTP out.

Neighbours: server.py runs it; authentication.py, soap.py, access.py and operations/ are the steps of one request, in
this order; faults.py stands around the operation.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import Route

from pbx_exchange.sandbox.access import Session, open_session
from pbx_exchange.sandbox.authentication import authenticate, refuse
from pbx_exchange.sandbox.exchange import Answer, Exchange
from pbx_exchange.sandbox.faults import Faults, respond, suffer
from pbx_exchange.sandbox.operations import OPERATIONS
from pbx_exchange.sandbox.requestlog import RequestLog, RequestRecord
from pbx_exchange.sandbox.soap import Request, SoapFault, read_request, write_answer, write_fault, write_response
from pbx_exchange.sandbox.things import User
from pbx_exchange.sandbox.validation import Validator
from pbx_exchange.sandbox.world import World

EWS_PATH = "/EWS/Exchange.asmx"


class Service:
    """The Exchange web service of one world."""

    def __init__(self, world: World, *, latency: float, validator: Validator | None) -> None:
        self.world = world
        self.requests = RequestLog()
        self.faults = Faults()
        self.latency = latency
        self.validator = validator

    def build_app(self) -> Starlette:
        return Starlette(routes=[Route("/{path:path}", self._route, methods=["GET", "POST"])])

    async def _route(self, http: HttpRequest) -> Response:
        if http.url.path.lower() == EWS_PATH.lower():  # IIS reads paths without case
            return await self._serve(http)
        return Response(status_code=HTTPStatus.NOT_FOUND)

    async def _serve(self, http: HttpRequest) -> Response:
        data = await http.body()
        user = authenticate(self.world, http.headers)
        if user is None:
            self.requests.add(RequestRecord("", None, None, HTTPStatus.UNAUTHORIZED, len(data), 0))
            return refuse()
        if http.method != "POST":
            return Response(status_code=HTTPStatus.METHOD_NOT_ALLOWED, headers={"Allow": "POST"})
        await asyncio.sleep(self.latency)
        return await self._answer(user, data)

    async def _answer(self, user: User, data: bytes) -> Response:
        try:
            request = read_request(data)
        except SoapFault as fault:
            self._note(user, None, data, HTTPStatus.INTERNAL_SERVER_ERROR, 0)
            return respond(Answer(write_fault(fault), HTTPStatus.INTERNAL_SERVER_ERROR))
        self._validate("request", request, data)
        response = await self._run(user, request)
        self._note(user, request, data, response.status_code, int(response.headers.get("Content-Length", 0)))
        return response

    async def _run(self, user: User, request: Request) -> Response:
        try:
            with self.world.lock:
                session = open_session(self.world, user, request.impersonate)
        except SoapFault as denied:
            return respond(Answer(write_fault(denied), HTTPStatus.INTERNAL_SERVER_ERROR))
        exchange = Exchange(self.world, request, session.email, lambda: self._operate(session, request))
        fault = self.faults.take(request.operation, session.email)
        return await suffer(fault, exchange) if fault else respond(exchange.proceed())

    def _operate(self, session: Session, request: Request) -> Answer:
        try:
            if request.operation not in OPERATIONS:
                raise SoapFault("ErrorInvalidOperation", f"The sandbox does not offer {request.operation}.")
            with self.world.lock:
                messages = OPERATIONS[request.operation](session, request.body)
        except SoapFault as fault:
            return Answer(write_fault(fault), HTTPStatus.INTERNAL_SERVER_ERROR)
        answer = Answer(write_answer(write_response(request.operation, messages)))
        self._validate("answer", request, answer.body)
        return answer

    def _note(self, user: User, request: Request | None, data: bytes, status: int, sent: int) -> None:
        operation, impersonated = (request.operation, request.impersonate) if request else ("", None)
        self.requests.add(RequestRecord(operation, user.email, impersonated, status, len(data), sent))

    def _validate(self, direction: str, request: Request, data: bytes) -> None:
        if self.validator:
            self.validator.check(direction, request.operation, data)
