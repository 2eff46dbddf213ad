"""Holds every request and answer against the schema of Microsoft Graph, for tests: nothing said here may break it.

The schema is not ours to ship; where its file is at hand, `Sandbox(validate=FILE)` collects violations. Needs
openapi-core, which only the tests install. The schema tells reading alone: what writes is not held against it.
"""

from __future__ import annotations

import threading
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from pbx_microsoft365.sandbox.messages import GraphAnswer, GraphRequest

_WRITING = ("PATCH", "PUT", "DELETE")
_READ_BY_POST = ("/$batch", "/translateExchangeIds")
_CASTS = ("/microsoft.graph.user",)


@cache
def _load(file: Path) -> Any:
    from openapi_core import OpenAPI

    return OpenAPI.from_file_path(str(file))


class Validator:
    """Collects what breaks the schema in `violations`, each with its direction and address."""

    def __init__(self, file: Path) -> None:
        self._schema = _load(file)
        self._lock = threading.Lock()
        self.violations: list[str] = []
        self.checked = 0

    def check_request(self, request: GraphRequest) -> None:
        if _is_told(request):
            self._hold("request", request, lambda: self._schema.validate_request(_mock(request)))

    def check_answer(self, request: GraphRequest, answer: GraphAnswer) -> None:
        from openapi_core.testing import MockResponse

        if not _is_told(request) or answer.raw is not None:
            return
        response = MockResponse(answer.encode(), status_code=answer.status, content_type="application/json")
        self._hold("answer", request, lambda: self._schema.validate_response(_mock(request), response))

    def _hold(self, direction: str, request: GraphRequest, validate: Any) -> None:
        with self._lock:
            self.checked += 1
            try:
                validate()
            except Exception as error:  # noqa: BLE001  # its errors have many families; each is a violation
                cause = error.__cause__ or error
                details = "; ".join(one.message for one in getattr(cause, "schema_errors", ())) or str(cause)
                self.violations.append(f"{direction} {request.method} {request.path}: {details[:500]}")


def _is_told(request: GraphRequest) -> bool:
    """Whether the schema knows this address: it has only what reads, and casts are not in it."""
    if request.method in _WRITING or request.path.endswith(_CASTS):
        return request.path.startswith("/directory/")
    return request.method == "GET" or request.path.endswith(_READ_BY_POST)


def _mock(request: GraphRequest) -> Any:
    from openapi_core.testing import MockRequest

    return MockRequest(
        "https://graph.microsoft.com/v1.0",
        request.method.lower(),
        unquote(request.path),
        args=dict(request.options),
        headers={"Prefer": request.headers["prefer"]} if "prefer" in request.headers else {},
        data=request.body or None,
        content_type="application/json",
    )
