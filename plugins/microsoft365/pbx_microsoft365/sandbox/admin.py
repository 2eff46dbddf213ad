"""The sandbox's own address, `/sandbox/...`: faults and counts of requests for programs that run elsewhere.

Who has the client's id and secret may come here, by Basic authentication. Neighbours: faults.py, requestlog.py, web.py.
"""

from __future__ import annotations

import base64
import binascii
import json
import secrets
from dataclasses import asdict
from http import HTTPStatus

from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response

from pbx_microsoft365.sandbox.faults import Fault
from pbx_microsoft365.sandbox.service import Service


class Admin:
    def __init__(self, service: Service) -> None:
        self._service = service

    async def serve_faults(self, http: HttpRequest) -> Response:
        """GET: those that wait. POST: one more. DELETE: none from now on."""
        if not self._knows(http):
            return _refuse()
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
        if not self._knows(http):
            return _refuse()
        if http.method == "DELETE":
            self._service.requests.clear()
        return JSONResponse(self._service.requests.count())

    def _knows(self, http: HttpRequest) -> bool:
        scheme, _, credentials = http.headers.get("authorization", "").partition(" ")
        try:
            client_id, _, secret = base64.b64decode(credentials, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return False
        application = self._service.state.applications.get(client_id)
        known = application is not None and secrets.compare_digest(application.secret.encode(), secret.encode())
        return scheme.lower() == "basic" and known


def _refuse() -> Response:
    return Response(status_code=HTTPStatus.UNAUTHORIZED, headers={"WWW-Authenticate": 'Basic realm="sandbox"'})
