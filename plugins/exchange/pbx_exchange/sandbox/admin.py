"""The sandbox's own address, `/sandbox/...`: faults and counts of requests for programs that run elsewhere.

Any user may come here, by Basic authentication. Neighbours: faults.py, requestlog.py, web.py.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from http import HTTPStatus

from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response

from pbx_exchange.sandbox.authentication import Authenticator
from pbx_exchange.sandbox.faults import Fault
from pbx_exchange.sandbox.service import Service


class Admin:
    def __init__(self, service: Service, authenticator: Authenticator) -> None:
        self._service = service
        self._authenticator = authenticator

    async def serve_faults(self, http: HttpRequest) -> Response:
        """GET: those that wait. POST: one more. DELETE: none from now on."""
        caller = self._authenticator.authenticate(http)
        if isinstance(caller, Response):
            return caller
        if http.method == "DELETE":
            self._service.faults.clear()
        if http.method == "POST":
            try:
                self._service.faults.add(Fault(**json.loads(await http.body())))
            except (TypeError, ValueError) as error:
                return JSONResponse({"error": str(error)}, HTTPStatus.BAD_REQUEST)
        return JSONResponse([asdict(fault) for fault in self._service.faults.waiting()])

    async def serve_requests(self, http: HttpRequest) -> Response:
        """GET: how many requests there were of each operation. DELETE: count from here."""
        caller = self._authenticator.authenticate(http)
        if isinstance(caller, Response):
            return caller
        if http.method == "DELETE":
            self._service.requests.clear()
        return JSONResponse(self._service.requests.count())
