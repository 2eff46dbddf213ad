"""`$batch`: up to twenty requests in one. Those to mailboxes run four at a time; each is throttled and fails alone."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

from pbx_microsoft365.sandbox.messages import GraphAnswer, GraphRequest, Json, bad_request
from pbx_microsoft365.sandbox.options import read_query

BATCH_LIMIT: Final = 20
AT_A_TIME: Final = 4
_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
_MEMBERS: Final = frozenset(("id", "method", "url", "headers", "body", "dependsOn", "depends_on"))
"""The last as msgraph-sdk misspells it, which the service reads over."""

Answer = Callable[[GraphRequest], Awaitable[GraphAnswer]]


@dataclass(frozen=True, slots=True)
class BatchItem:
    id: str
    request: GraphRequest
    depends_on: tuple[str, ...] = field(default=())


def read_batch(body: bytes, headers: Mapping[str, str]) -> list[BatchItem]:
    """Raises GraphError."""
    try:
        requests = json.loads(body)["requests"]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise bad_request("Invalid batch payload format.") from error
    if not isinstance(requests, list) or not 1 <= len(requests) <= BATCH_LIMIT:
        raise bad_request(f"Number of batch request steps must be 1 to {BATCH_LIMIT}.", "MaximumValueExceeded")
    items = [_read_item(one, headers) for one in requests]
    names = [item.id.lower() for item in items]
    if len(set(names)) != len(names):
        raise bad_request("Batch request id must be unique.")
    if any(name not in {item.id for item in items[:at]} for at, item in enumerate(items) for name in item.depends_on):
        raise bad_request("dependsOn names a request that does not stand before.")
    return items


def _read_item(one: Any, outer: Mapping[str, str]) -> BatchItem:
    if not isinstance(one, dict) or one.keys() - _MEMBERS:
        raise bad_request("Invalid batch payload format.")
    own_id, method, url = (one.get(name) for name in ("id", "method", "url"))
    if not all(isinstance(text, str) and text for text in (own_id, method, url)) or str(method).upper() not in _METHODS:
        raise bad_request("Each batch request needs an id, a method and a url.")
    if "://" in str(url).partition("?")[0]:
        raise bad_request("The url of a batch request is relative.")
    return BatchItem(str(own_id), _read_request(one, str(method).upper(), str(url), outer), _read_depends(one))


def _read_request(one: Json, method: str, url: str, outer: Mapping[str, str]) -> GraphRequest:
    path, _, query = url.partition("?")
    headers = one.get("headers") or {}
    if not isinstance(headers, dict) or not all(isinstance(text, str) for text in headers.values()):
        raise bad_request("The headers of a batch request are texts.")
    own = {name.lower(): text for name, text in headers.items()}
    body = b"" if one.get("body") is None else json.dumps(one["body"]).encode()
    path = path if path.startswith("/") else f"/{path}"
    return GraphRequest(method, path, read_query(query), own | {"authorization": outer["authorization"]}, body, True)


def _read_depends(one: Json) -> tuple[str, ...]:
    names = one.get("dependsOn") or []
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise bad_request("dependsOn is a list of ids.")
    return tuple(names)


async def run_batch(items: list[BatchItem], answer: Answer) -> Json:
    """The answers stand in another order than the requests: nobody promised any."""
    places = asyncio.Semaphore(AT_A_TIME)
    done: dict[str, asyncio.Task[GraphAnswer]] = {}

    async def run(item: BatchItem) -> GraphAnswer:
        for name in item.depends_on:
            if (await done[name]).status >= HTTPStatus.BAD_REQUEST:
                return _failed_dependency()
        async with places:
            return await answer(item.request)

    for item in items:
        done[item.id] = asyncio.ensure_future(run(item))
    await asyncio.gather(*done.values())
    return {"responses": [_write(name, task.result()) for name, task in reversed(done.items())]}


def _failed_dependency() -> GraphAnswer:
    said = {"code": "FailedDependency", "message": "Failed Dependency"}
    return GraphAnswer(HTTPStatus.FAILED_DEPENDENCY, {"error": said})


def _write(name: str, answer: GraphAnswer) -> Json:
    headers = {"Content-Type": "application/json", **answer.headers} if answer.body is not None else answer.headers
    told: Json = {"id": name, "status": int(answer.status), "headers": headers}
    if answer.body is not None:
        told["body"] = answer.body
    elif answer.raw:
        told["body"] = answer.raw.decode("utf-8", "replace")
    return told
