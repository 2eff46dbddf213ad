"""Bad luck on demand: what real servers and networks do to a client, done to the requests that a test picks.

A fault of an answer may hit a request within a `$batch`, too; one of the wire spoils what goes out over HTTP. A new one
is a function here. Neighbours: service.py asks `Faults.take` for each request; admin.py and tests add faults.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from starlette.responses import Response, StreamingResponse

from pbx_connector.testing.office.faults import CountedFault, WaitingFaults
from pbx_microsoft365.sandbox.calls import Call
from pbx_microsoft365.sandbox.messages import GraphAnswer, GraphError

EXPIRED: Final = "expired"
"""A skip token that is answered as one which the service no longer knows."""


@dataclass(slots=True, kw_only=True)
class Fault(CountedFault):
    """What goes wrong, by a name of `FAULTS`, for which requests, and how badly."""

    seconds: float = 1.0
    """Retry-After told to the client, or the pause between two pieces of a slow answer."""
    share: float = 0.6
    """Where the body is cut: at this share of it."""
    status: int = 500
    """Of the fault `error`."""
    code: str = "UnknownError"
    text: str = "An error has occurred."

    def __post_init__(self) -> None:
        if self.name not in FAULTS:
            raise ValueError(f"no fault {self.name!r}; there are {', '.join(sorted(FAULTS))}")

    def hits(self, operation: str, mailbox: str, batched: bool = False) -> bool:
        unharmed = batched and self.name in WIRE_FAULTS
        return not unharmed and CountedFault.hits(self, operation, mailbox)


class Faults(WaitingFaults[Fault]):
    def take(self, operation: str, mailbox: str, batched: bool) -> Fault | None:
        """The first fault that hits this request."""
        return self.first(lambda fault: fault.hits(operation, mailbox, batched))


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request that is understood, and how to have it answered."""

    call: Call
    proceed: Callable[[], GraphAnswer]
    """Raises GraphError."""


# --- the service says no ------------------------------------------------------------------------------------------


def _unauthorized(fault: Fault, exchange: Exchange) -> GraphAnswer:
    raise GraphError(
        HTTPStatus.UNAUTHORIZED, "InvalidAuthenticationToken", "Lifetime validation failed, the token is expired."
    )


def _forbidden(fault: Fault, exchange: Exchange) -> GraphAnswer:
    raise GraphError(HTTPStatus.FORBIDDEN, "ErrorAccessDenied", "Access is denied. Check credentials and try again.")


def _odata_disabled(fault: Fault, exchange: Exchange) -> GraphAnswer:
    raise GraphError(HTTPStatus.FORBIDDEN, "ErrorAccessDenied", "Access to OData is disabled.")


def _throttled(fault: Fault, exchange: Exchange) -> GraphAnswer:
    said = "Application is over its MailboxConcurrency limit."
    headers = {"Retry-After": f"{fault.seconds:g}"}
    raise GraphError(HTTPStatus.TOO_MANY_REQUESTS, "ApplicationThrottled", said, headers)


def _throttled_without_time(fault: Fault, exchange: Exchange) -> GraphAnswer:
    raise GraphError(HTTPStatus.TOO_MANY_REQUESTS, "TooManyRequests", "Too many requests")


def _broken(fault: Fault, exchange: Exchange) -> GraphAnswer:
    raise GraphError(HTTPStatus.INTERNAL_SERVER_ERROR, "InternalServerError", "Internal server error.")


def _bad_gateway(fault: Fault, exchange: Exchange) -> GraphAnswer:
    raise GraphError(HTTPStatus.BAD_GATEWAY, "UnknownError", "")


def _unavailable(fault: Fault, exchange: Exchange) -> GraphAnswer:
    headers = {"Retry-After": f"{fault.seconds:g}"}
    raise GraphError(HTTPStatus.SERVICE_UNAVAILABLE, "MailboxInfoStale", "Mailbox info is stale.", headers)


def _unavailable_without_words(fault: Fault, exchange: Exchange) -> GraphAnswer:
    return GraphAnswer(HTTPStatus.SERVICE_UNAVAILABLE)


def _gateway_timeout(fault: Fault, exchange: Exchange) -> GraphAnswer:
    raise GraphError(HTTPStatus.GATEWAY_TIMEOUT, "UnknownError", "")


def _error(fault: Fault, exchange: Exchange) -> GraphAnswer:
    raise GraphError(fault.status, fault.code, fault.text)


def _sync_state_lost(fault: Fault, exchange: Exchange) -> GraphAnswer:
    said = "The sync state generation is not found; generation=149;[highest=157][lowest=151]."
    raise GraphError(HTTPStatus.GONE, "SyncStateNotFound", said)


def _resync(fault: Fault, exchange: Exchange) -> GraphAnswer:
    headers = {"Location": f"{exchange.call.base}{exchange.call.request.path}?$deltatoken="}
    raise GraphError(HTTPStatus.GONE, "resyncRequired", "Resync required. Replace any local items.", headers)


# --- the answer says something odd --------------------------------------------------------------------------------


def _short_page(fault: Fault, exchange: Exchange) -> GraphAnswer:
    """One item, though more were asked for, and an honest link: legal, and the service does it."""
    answer = exchange.proceed()
    items = answer.body.get("value", []) if answer.body else []
    if (
        answer.body
        and len(items) > 1
        and "$skiptoken" not in exchange.call.options
        and "delta" not in exchange.call.request.path
    ):
        answer.body["value"] = items[:1]
        skip = int(exchange.call.options.get("$skip", "0")) + 1
        answer.body["@odata.nextLink"] = exchange.call.link({"$skip": str(skip)})
    return answer


def _empty_page(fault: Fault, exchange: Exchange) -> GraphAnswer:
    """No items and a link to the page that this one should have been."""
    answer = exchange.proceed()
    context = answer.body.get("@odata.context", "") if answer.body else ""
    return GraphAnswer(body={"@odata.context": context, "value": [], "@odata.nextLink": exchange.call.link({})})


def _lost_items(fault: Fault, exchange: Exchange) -> GraphAnswer:
    answer = exchange.proceed()
    if answer.body and answer.body.get("value"):
        answer.body["value"].pop()
    return answer


def _duplicate_items(fault: Fault, exchange: Exchange) -> GraphAnswer:
    """Every item of the page twice."""
    answer = exchange.proceed()
    if answer.body and "value" in answer.body:
        answer.body["value"] += answer.body["value"]
    return answer


def _false_end(fault: Fault, exchange: Exchange) -> GraphAnswer:
    """The answer claims to be the last page, though there is more."""
    answer = exchange.proceed()
    if answer.body and answer.body.pop("@odata.nextLink", None) and "delta" in exchange.call.request.path:
        answer.body["@odata.deltaLink"] = exchange.call.token_link("$deltatoken", EXPIRED)
    return answer


def _relink(exchange: Exchange, link: str) -> GraphAnswer:
    answer = exchange.proceed()
    if answer.body and "value" in answer.body:
        answer.body.pop("@odata.deltaLink", None)
        answer.body["@odata.nextLink"] = link
    return answer


def _dead_link(fault: Fault, exchange: Exchange) -> GraphAnswer:
    """The next page is not known any more when it is asked for."""
    return _relink(exchange, exchange.call.token_link("$skiptoken", EXPIRED))


def _endless_link(fault: Fault, exchange: Exchange) -> GraphAnswer:
    """The next page is this one."""
    return _relink(exchange, exchange.call.link({}))


def _foreign_link(fault: Fault, exchange: Exchange) -> GraphAnswer:
    return _relink(exchange, "https://graph.example.net/v1.0/users?$skiptoken=x")


def _both_links(fault: Fault, exchange: Exchange) -> GraphAnswer:
    answer = exchange.proceed()
    if answer.body and "value" in answer.body:
        answer.body.setdefault("@odata.nextLink", exchange.call.link({}))
        answer.body.setdefault("@odata.deltaLink", exchange.call.token_link("$deltatoken", EXPIRED))
    return answer


def _no_links(fault: Fault, exchange: Exchange) -> GraphAnswer:
    answer = exchange.proceed()
    if answer.body:
        answer.body.pop("@odata.nextLink", None)
        answer.body.pop("@odata.deltaLink", None)
    return answer


def _removed_alive(fault: Fault, exchange: Exchange) -> GraphAnswer:
    """The last item is told as deleted, though it is there."""
    answer = exchange.proceed()
    if answer.body and answer.body.get("value"):
        answer.body["value"][-1] = {"id": answer.body["value"][-1]["id"], "@removed": {"reason": "deleted"}}
    return answer


def _vanished_item(fault: Fault, exchange: Exchange) -> GraphAnswer:
    """The contact is deleted right before it is read."""
    exchange.call.state.remove(exchange.call.item())
    return exchange.proceed()


def _vanished_folder(fault: Fault, exchange: Exchange) -> GraphAnswer:
    """The folder is deleted right before."""
    folder = exchange.call.folder()
    if not folder.distinguished:
        exchange.call.state.delete_folder(folder)
    return exchange.proceed()


def _no_value(fault: Fault, exchange: Exchange) -> GraphAnswer:
    return GraphAnswer(body={"@odata.context": "…"})


def _odd_items(fault: Fault, exchange: Exchange) -> GraphAnswer:
    """Items that are no objects."""
    answer = exchange.proceed()
    if answer.body and "value" in answer.body:
        answer.body["value"] = ["text", None, 7]
    return answer


# --- the answer arrives damaged, slowly or never ------------------------------------------------------------------


def _truncated(fault: Fault, exchange: Exchange) -> GraphAnswer:
    """HTTP is fine, but the JSON stops in the middle."""
    whole = exchange.proceed().encode()
    return GraphAnswer(raw=whole[: int(len(whole) * fault.share)])


def _garbage(fault: Fault, exchange: Exchange) -> GraphAnswer:
    page = b"<html><body>Proxy: it works!</body></html>"
    return GraphAnswer(headers={"Content-Type": "text/html"}, raw=page)


async def _dropped(fault: Fault, response: Response, transport: asyncio.Transport) -> Response:
    """The connection breaks before the body is complete."""
    body = bytes(response.body)
    part = body[: int(len(body) * fault.share)]

    async def pieces() -> AsyncIterator[bytes]:
        yield part  # less than Content-Length promises: the server then closes the connection

    return StreamingResponse(pieces(), response.status_code, {**response.headers, "content-length": str(len(body))})


async def _slow(fault: Fault, response: Response, transport: asyncio.Transport) -> Response:
    """The body in twenty pieces or less, `seconds` apart."""
    body = bytes(response.body)
    size = max(1, -(-len(body) // 20))

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(body), size):
            await asyncio.sleep(fault.seconds)
            yield body[start : start + size]

    return StreamingResponse(pieces(), response.status_code, {**response.headers, "content-length": str(len(body))})


async def _slow_headers(fault: Fault, response: Response, transport: asyncio.Transport) -> Response:
    """A header that never ends: a character every `seconds`, as long as the client listens."""
    transport.write(b"HTTP/1.1 200 OK\r\nX-Padding: ")
    while not transport.is_closing():
        transport.write(b".")
        await asyncio.sleep(fault.seconds)
    return Response()


async def _silent(fault: Fault, response: Response, transport: asyncio.Transport) -> Response:
    """No answer at all until the sandbox stops."""
    await asyncio.Event().wait()
    raise AssertionError("nothing ever sets this event")


ANSWER_FAULTS: Final[Mapping[str, Callable[[Fault, Exchange], GraphAnswer]]] = {
    "401": _unauthorized,
    "403": _forbidden,
    "403-odata": _odata_disabled,
    "429": _throttled,
    "429-bare": _throttled_without_time,
    "500": _broken,
    "502": _bad_gateway,
    "503": _unavailable,
    "503-empty": _unavailable_without_words,
    "504": _gateway_timeout,
    "error": _error,
    "sync-state-lost": _sync_state_lost,
    "resync": _resync,
    "short-page": _short_page,
    "empty-page": _empty_page,
    "lost-items": _lost_items,
    "duplicate-items": _duplicate_items,
    "false-end": _false_end,
    "dead-link": _dead_link,
    "endless-link": _endless_link,
    "foreign-link": _foreign_link,
    "both-links": _both_links,
    "no-links": _no_links,
    "removed-alive": _removed_alive,
    "vanished-item": _vanished_item,
    "vanished-folder": _vanished_folder,
    "no-value": _no_value,
    "odd-items": _odd_items,
    "truncated": _truncated,
    "garbage": _garbage,
}
WireFault = Callable[[Fault, Response, asyncio.Transport], Awaitable[Response]]
WIRE_FAULTS: Final[Mapping[str, WireFault]] = {
    "dropped": _dropped,
    "slow": _slow,
    "slow-headers": _slow_headers,
    "silent": _silent,
}
FAULTS: Final = frozenset((*ANSWER_FAULTS, *WIRE_FAULTS))
