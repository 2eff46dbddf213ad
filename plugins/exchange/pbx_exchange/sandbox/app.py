"""The sandbox as a web application: HTTP in, authentication, the operation, HTTP out.

Neighbours: server.py runs it; authentication.py, soap.py and operations/ are the steps of one request, in this order.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import Route

from pbx_exchange.sandbox.access import open_session
from pbx_exchange.sandbox.authentication import authenticate, refuse
from pbx_exchange.sandbox.operations import OPERATIONS
from pbx_exchange.sandbox.requestlog import RequestLog, RequestRecord
from pbx_exchange.sandbox.soap import Request, SoapFault, read_request, write_answer, write_fault, write_response
from pbx_exchange.sandbox.things import User
from pbx_exchange.sandbox.validation import Validator
from pbx_exchange.sandbox.world import World

EWS_PATH = "/EWS/Exchange.asmx"


@dataclass(slots=True)
class Answer:
    """What goes back over HTTP."""

    body: bytes
    status: int = HTTPStatus.OK
    headers: dict[str, str] = field(default_factory=dict)


class Service:
    """The exchange web service of one world."""

    def __init__(self, world: World, requests: RequestLog, validator: Validator | None) -> None:
        self._world = world
        self._requests = requests
        self._validator = validator

    def build_app(self) -> Starlette:
        return Starlette(routes=[Route("/{path:path}", self._route, methods=["GET", "POST"])])

    async def _route(self, http: HttpRequest) -> Response:
        if http.url.path.lower() == EWS_PATH.lower():  # IIS reads paths without case
            return await self._serve(http)
        return Response(status_code=HTTPStatus.NOT_FOUND)

    async def _serve(self, http: HttpRequest) -> Response:
        data = await http.body()
        user = authenticate(self._world, http.headers)
        if user is None:
            self._requests.add(RequestRecord("", None, None, HTTPStatus.UNAUTHORIZED, len(data), 0))
            return refuse()
        if http.method != "POST":
            return Response(status_code=HTTPStatus.METHOD_NOT_ALLOWED, headers={"Allow": "POST"})
        answer = self._answer(user, data)
        return Response(answer.body, answer.status, answer.headers, media_type="text/xml; charset=utf-8")

    def _answer(self, user: User, data: bytes) -> Answer:
        request: Request | None = None
        try:
            request = read_request(data)
            answer = Answer(write_answer(self._run(user, request)))
        except SoapFault as fault:
            answer = Answer(write_fault(fault), HTTPStatus.INTERNAL_SERVER_ERROR)
        self._note(user, request, data, answer)
        return answer

    def _run(self, user: User, request: Request) -> str:
        operation = OPERATIONS.get(request.operation)
        if operation is None:
            raise SoapFault("ErrorInvalidOperation", f"The sandbox does not know the operation {request.operation}.")
        with self._world.lock:
            session = open_session(self._world, user, request.impersonate)
            return write_response(request.operation, operation(session, request.body))

    def _note(self, user: User, request: Request | None, data: bytes, answer: Answer) -> None:
        operation, impersonated = (request.operation, request.impersonate) if request else ("", None)
        record = RequestRecord(operation, user.email, impersonated, answer.status, len(data), len(answer.body))
        self._requests.add(record)
        if self._validator and request:
            self._validator.check(request.operation, data, answer.body)
