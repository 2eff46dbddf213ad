"""Puts the parts of the sandbox at their addresses: one web application. Neighbour: server.py."""

from __future__ import annotations

from http import HTTPStatus

from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from pbx_connector.testing.office.tokens import Tokens
from pbx_exchange.sandbox.admin import Admin
from pbx_exchange.sandbox.authentication import Authenticator
from pbx_exchange.sandbox.autodiscover import POX_PATH, SOAP_PATH, Autodiscover
from pbx_exchange.sandbox.exchange import XML
from pbx_exchange.sandbox.service import Service
from pbx_exchange.sandbox.soap import SoapFault, write_fault

EWS_PATH = "/EWS/Exchange.asmx"


def build_app(service: Service, tokens: Tokens) -> ASGIApp:
    autodiscover = Autodiscover(service.state, service.authenticator, EWS_PATH)
    admin = Admin(service, Authenticator(service.state, tokens))
    routes = [
        Route(EWS_PATH.lower(), service.serve, methods=["GET", "POST"]),
        Route(SOAP_PATH, autodiscover.serve_soap, methods=["POST"]),
        Route(POX_PATH, autodiscover.serve_pox, methods=["POST"]),
        Route("/{tenant}/v2.0/.well-known/openid-configuration", tokens.serve_configuration),
        Route("/{tenant}/oauth2/v2.0/token", tokens.serve_token, methods=["POST"]),
        Route("/sandbox/faults", admin.serve_faults, methods=["GET", "POST", "DELETE"]),
        Route("/sandbox/requests", admin.serve_requests, methods=["GET", "DELETE"]),
    ]
    return _PathsWithoutCase(Starlette(routes=routes, exception_handlers={SoapFault: _answer_fault}))


async def _answer_fault(http: HttpRequest, fault: Exception) -> Response:
    """For requests that could not even be read."""
    assert isinstance(fault, SoapFault)  # noqa: S101  # registered for this class alone
    return Response(write_fault(fault), HTTPStatus.INTERNAL_SERVER_ERROR, media_type=XML)


class _PathsWithoutCase:
    """Paths are read without case, as Exchange's web server does."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app({**scope, "path": scope["path"].lower()}, receive, send)
