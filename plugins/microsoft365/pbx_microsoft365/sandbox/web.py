"""Puts the parts of the sandbox at their addresses: one web application. Neighbour: server.py."""

from __future__ import annotations

from http import HTTPStatus

from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from pbx_connector.testing.office.tokens import Tokens
from pbx_microsoft365.sandbox.admin import Admin
from pbx_microsoft365.sandbox.service import ROOT, Service

_METHODS = ["GET", "POST", "PATCH", "PUT", "DELETE", "HEAD", "OPTIONS", "TRACE"]


def build_app(service: Service, tokens: Tokens) -> ASGIApp:
    admin = Admin(service)
    routes = [
        Route(f"{ROOT}/{{path:path}}", service.serve, methods=_METHODS),
        Route("/{tenant}/v2.0/.well-known/openid-configuration", tokens.serve_configuration),
        Route("/{tenant}/oauth2/v2.0/token", service.serve_token, methods=["POST"]),
        Route("/sandbox/faults", admin.serve_faults, methods=["GET", "POST", "DELETE"]),
        Route("/sandbox/requests", admin.serve_requests, methods=["GET", "DELETE"]),
    ]
    return Starlette(routes=routes, exception_handlers={HTTPStatus.NOT_FOUND: _nothing_here})


async def _nothing_here(http: HttpRequest, error: Exception) -> Response:
    said = {"code": "BadRequest", "message": "Invalid version."}
    return JSONResponse({"error": said}, HTTPStatus.NOT_FOUND)
