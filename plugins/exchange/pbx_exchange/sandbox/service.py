"""The Exchange web service: one request from authentication through the operation to the answer.

Neighbours: web.py puts it at its address; authentication.py, soap.py, access.py and operations/ are the steps, in this
order; faults.py stands around the operation.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus

from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from pbx_connector.testing.office.entities import Principal
from pbx_connector.testing.office.server_state import ServerState
from pbx_exchange.sandbox.access import Session, open_session
from pbx_exchange.sandbox.authentication import Authenticator
from pbx_exchange.sandbox.exchange import Answer, Exchange
from pbx_exchange.sandbox.faults import Faults, respond, suffer
from pbx_exchange.sandbox.operations import OPERATIONS
from pbx_exchange.sandbox.requestlog import RequestLog, RequestRecord
from pbx_exchange.sandbox.soap import Request, SoapFault, read_request, write_answer, write_fault, write_response
from pbx_exchange.sandbox.validation import Validator


class Service:
    """The Exchange web service of one state."""

    def __init__(
        self, state: ServerState, authenticator: Authenticator, *, latency: float, validator: Validator | None
    ) -> None:
        self.state = state
        self.authenticator = authenticator
        self.requests = RequestLog()
        self.faults = Faults()
        self.latency = latency
        self.validator = validator

    async def serve(self, http: HttpRequest) -> Response:
        data = await http.body()
        await asyncio.sleep(self.latency)
        user = self.authenticator.authenticate(http)
        if isinstance(user, Response):
            self._note(http, None, None, data, user)
            return user
        if http.method != "POST":  # asked after the login, as clients find out by GET whether one is needed
            return Response(status_code=HTTPStatus.METHOD_NOT_ALLOWED, headers={"Allow": "POST"})
        return await self._answer(http, user, data)

    async def _answer(self, http: HttpRequest, user: Principal, data: bytes) -> Response:
        request: Request | None = None
        try:
            request = read_request(data)
            self._validate("request", request, data)
            response = await self._run(http, user, request)
        except SoapFault as fault:
            response = respond(Answer(write_fault(fault), HTTPStatus.INTERNAL_SERVER_ERROR))
        self._note(http, user, request, data, response)
        return response

    async def _run(self, http: HttpRequest, user: Principal, request: Request) -> Response:
        public_mailbox = http.headers.get("x-publicfoldermailbox", "")
        with self.state.lock:
            session = open_session(self.state, user, request.impersonate, public_mailbox)
        transport = http.scope["state"]["connection"]["transport"]
        exchange = Exchange(self.state, request, session.email, lambda: self._operate(session, request), transport)
        fault = self.faults.take(request.operation, session.email)
        return await suffer(fault, exchange) if fault else respond(exchange.proceed())

    def _operate(self, session: Session, request: Request) -> Answer:
        try:
            answer = Answer(write_answer(write_response(request.operation, self._call(session, request))))
        except SoapFault as fault:
            return Answer(write_fault(fault), HTTPStatus.INTERNAL_SERVER_ERROR)
        self._validate("answer", request, answer.body)
        return answer

    def _call(self, session: Session, request: Request) -> list[str]:
        """The messages of the answer. Raises SoapFault for a request that no operation can be made of."""
        operation = OPERATIONS.get(request.operation)
        if operation is None:
            raise SoapFault("ErrorInvalidOperation", f"The sandbox does not offer {request.operation}.")
        try:
            with self.state.lock:
                messages = operation(session, request.body)
        except (ValueError, IndexError) as error:  # numbers that are none, elements that are missing
            raise SoapFault("ErrorSchemaValidation", f"The request failed schema validation: {error}") from error
        if not messages:
            raise SoapFault("ErrorSchemaValidation", "The request failed schema validation: it asks for nothing.")
        return messages

    def _note(
        self, http: HttpRequest, user: Principal | None, request: Request | None, data: bytes, response: Response
    ) -> None:
        self.requests.add(
            RequestRecord(
                operation=request.operation if request else "",
                caller=user.name if user else None,
                impersonated=request.impersonate if request else None,
                status=response.status_code,
                received=len(data),
                sent=int(response.headers.get("Content-Length", 0)),
                headers={name: value for name, value in http.headers.items() if name.startswith("x-")},
            )
        )

    def _validate(self, direction: str, request: Request, data: bytes) -> None:
        if self.validator:
            self.validator.check(direction, request.operation, data)
