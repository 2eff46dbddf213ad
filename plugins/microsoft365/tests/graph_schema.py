"""Holds every request and answer against the schema of Microsoft Graph, for tests: nothing said here may break it.

The schema is not ours to ship; where its file is at hand, a sandbox with a `SchemaWatcher` collects violations. It tells
reading alone: what writes is not held against it. A request that the sandbox refuses may break it, one that it accepts
may not.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from openapi_core import OpenAPI
from openapi_core.testing import MockRequest, MockResponse
from pbx_microsoft365.sandbox.messages import GraphAnswer, GraphRequest

_WRITING = ("PATCH", "PUT", "DELETE")
_READ_BY_POST = ("/$batch", "/translateExchangeIds")
_CASTS = ("/microsoft.graph.user",)


@cache
def _load(file: Path) -> Any:
    return OpenAPI.from_file_path(str(file))


class SchemaWatcher:
    """Collects what breaks the schema in `violations`, each with its direction and address."""

    def __init__(self, file: Path) -> None:
        self._schema = _load(file)
        self._lock = threading.Lock()
        self.violations: list[str] = []
        self.checked = 0

    def see(self, request: GraphRequest, answer: GraphAnswer) -> None:
        if not _is_told(request):
            return
        asked = _mock(request)
        if answer.status < HTTPStatus.BAD_REQUEST:
            self._hold("request", request, lambda: self._schema.validate_request(asked))
        if answer.raw is None:
            response = MockResponse(answer.encode(), status_code=answer.status, content_type="application/json")
            self._hold("answer", request, lambda: self._schema.validate_response(asked, response))

    def _hold(self, direction: str, request: GraphRequest, validate: Callable[[], object]) -> None:
        with self._lock:
            self.checked += 1
            try:
                validate()
            except Exception as error:  # its errors have many families; each is a violation
                cause = error.__cause__ or error
                details = "; ".join(one.message for one in getattr(cause, "schema_errors", ())) or str(cause)
                self.violations.append(f"{direction} {request.method} {request.path}: {details[:500]}")


def _is_told(request: GraphRequest) -> bool:
    """Whether the schema knows this address: it has only what reads, and casts are not in it."""
    if request.method in _WRITING or request.path.endswith(_CASTS):
        return request.path.startswith("/directory/")
    return request.method == "GET" or request.path.endswith(_READ_BY_POST)


def _mock(request: GraphRequest) -> Any:
    return MockRequest(
        "https://graph.microsoft.com",
        request.method.lower(),
        f"/v1.0{unquote(request.path)}",
        args=dict(request.options),
        headers={"Prefer": request.headers["prefer"]} if "prefer" in request.headers else {},
        data=request.body or None,
        content_type="application/json",
    )
