"""One request on its way through the sandbox and what it is answered with, alone over HTTP or within a `$batch`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final, Protocol

from pbx_connector.testing.office.entities import Application

JSON: Final = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class GraphRequest:
    method: str
    path: str
    """Below `/v1.0`, as it came, percent signs and all; begins with a slash. Of a request for a token, the whole."""
    options: Mapping[str, str]
    headers: Mapping[str, str]
    """By lower-case name."""
    body: bytes = b""
    batched: bool = False


@dataclass(slots=True)
class GraphAnswer:
    status: int = HTTPStatus.OK
    body: Json | None = None
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    """What goes out in place of `body`, for answers that are no JSON."""

    def encode(self) -> bytes:
        if self.raw is not None:
            return self.raw
        return b"" if self.body is None else json.dumps(self.body, ensure_ascii=False).encode()


class Watcher(Protocol):
    """Sees every request for a token or with one, and its answer: None where a fault makes that."""

    def see(self, request: GraphRequest, answer: GraphAnswer | None) -> None: ...


class GraphError(Exception):
    """The answer is an error of the protocol."""

    def __init__(self, status: int, code: str, said: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(f"{status} {code}: {said}")
        self.status = status
        self.code = code
        self.said = said
        self.headers = dict(headers or {})

    def answer(self, request_id: str, moment: str) -> GraphAnswer:
        inner = {"date": moment, "request-id": request_id, "client-request-id": request_id}
        return GraphAnswer(
            self.status, {"error": {"code": self.code, "message": self.said, "innerError": inner}}, self.headers
        )


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and for what it may ask."""

    application: Application

    def require(self, *permissions: str) -> bool:
        """Whether it has one of them."""
        return bool(self.application.permissions & set(permissions))


def bad_request(said: str, code: str = "BadRequest") -> GraphError:
    return GraphError(HTTPStatus.BAD_REQUEST, code, said)


def not_found(
    code: str = "ErrorItemNotFound", said: str = "The specified object was not found in the store."
) -> GraphError:
    return GraphError(HTTPStatus.NOT_FOUND, code, said)
