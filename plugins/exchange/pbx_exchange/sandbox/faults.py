"""Bad luck on demand: what real servers and networks do to a client, done to the requests that a test picks.

A fault stands around the operation: it may change the request, run it or not, and spoil the answer. A new one is a
function here. Neighbours: service.py asks `Faults.take` for each request; admin.py and tests add faults.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from starlette.responses import Response, StreamingResponse

from pbx_connector.testing.office.faults import CountedFault, WaitingFaults
from pbx_exchange.sandbox.exchange import XML, Answer, Exchange
from pbx_exchange.sandbox.soap import NS, EwsError, SoapFault, write_answer, write_error, write_fault, write_response


@dataclass(slots=True, kw_only=True)
class Fault(CountedFault):
    """What goes wrong, by a name of `FAULTS`, for which requests, and how badly."""

    seconds: float = 1.0
    """Back-off or Retry-After told to the client, or the pause between two pieces of a slow answer."""
    share: float = 0.6
    """Where the body is cut: at this share of it."""
    code: str = "ErrorInternalServerError"
    """Of the faults `error` and `message-error`: a response code of the protocol."""
    text: str = "An internal server error occurred. The operation failed."

    def __post_init__(self) -> None:
        if self.name not in FAULTS:
            raise ValueError(f"no fault {self.name!r}; there are {', '.join(sorted(FAULTS))}")


class Faults(WaitingFaults[Fault]):
    def take(self, operation: str, mailbox: str) -> Fault | None:
        """The first fault that hits this request."""
        return self.first(lambda fault: fault.hits(operation, mailbox))


async def suffer(fault: Fault, exchange: Exchange) -> Response:
    return await FAULTS[fault.name](fault, exchange)


def respond(answer: Answer) -> Response:
    return Response(answer.body, answer.status, answer.headers)


# --- the server says no -------------------------------------------------------------------------------------------


async def _unauthorized(fault: Fault, exchange: Exchange) -> Response:
    return Response(status_code=HTTPStatus.UNAUTHORIZED, headers={"WWW-Authenticate": 'Basic realm="sandbox"'})


async def _forbidden(fault: Fault, exchange: Exchange) -> Response:
    return Response(status_code=HTTPStatus.FORBIDDEN)


async def _forbidden_and_closed(fault: Fault, exchange: Exchange) -> Response:
    return Response(status_code=HTTPStatus.FORBIDDEN, headers={"Connection": "close"})


async def _too_many(fault: Fault, exchange: Exchange) -> Response:
    return Response(status_code=HTTPStatus.TOO_MANY_REQUESTS, headers={"Retry-After": f"{fault.seconds:.0f}"})


async def _broken(fault: Fault, exchange: Exchange) -> Response:
    return Response("Internal Server Error", status_code=HTTPStatus.INTERNAL_SERVER_ERROR)


async def _unavailable(fault: Fault, exchange: Exchange) -> Response:
    return Response(status_code=HTTPStatus.SERVICE_UNAVAILABLE, headers={"Retry-After": f"{fault.seconds:.0f}"})


async def _busy(fault: Fault, exchange: Exchange) -> Response:
    back_off = {"BackOffMilliseconds": f"{fault.seconds * 1000:.0f}"}
    busy = SoapFault("ErrorServerBusy", "The server cannot service this request right now. Try again later.", back_off)
    return respond(Answer(write_fault(busy), HTTPStatus.INTERNAL_SERVER_ERROR))


async def _error(fault: Fault, exchange: Exchange) -> Response:
    return respond(Answer(write_fault(SoapFault(fault.code, fault.text)), HTTPStatus.INTERNAL_SERVER_ERROR))


async def _fault_with_200(fault: Fault, exchange: Exchange) -> Response:
    return respond(Answer(write_fault(SoapFault(fault.code, fault.text))))


_ITEMS_REQUIRED: Final = frozenset({"GetItem", "CreateItem", "UpdateItem", "MoveItem"})


async def _message_error(fault: Fault, exchange: Exchange) -> Response:
    operation = exchange.request.operation
    asked = exchange.request.body.xpath("m:ItemIds/*|m:ParentFolderIds/*|m:FolderIds/*", namespaces=NS)
    empty = "<m:Items/>" if operation in _ITEMS_REQUIRED else ""
    message = write_error(operation, EwsError(fault.code, fault.text), empty)
    return respond(Answer(write_answer(write_response(operation, [message] * max(1, len(asked))))))


async def _invalid_sync_state(fault: Fault, exchange: Exchange) -> Response:
    fault.code, fault.text = "ErrorInvalidSyncStateData", "Synchronization state data is corrupt or otherwise invalid."
    return await _message_error(fault, exchange)


# --- the answer says something odd --------------------------------------------------------------------------------


async def _short_page(fault: Fault, exchange: Exchange) -> Response:
    """Fewer items than asked for, and the paging says so: legal, and real servers do it."""
    for view in exchange.request.body.iterfind("m:IndexedPageItemView", NS):
        view.set("MaxEntriesReturned", str(max(1, int(view.get("MaxEntriesReturned", "1000")) // 2)))
    return respond(exchange.proceed())


async def _lost_items(fault: Fault, exchange: Exchange) -> Response:
    """Fewer items than the paging says: what a recovering parser makes of a damaged answer."""
    answer = exchange.proceed()
    kept, _, rest = answer.body.rpartition(b"<t:Contact>")
    answer.body = kept + rest[rest.index(b"</t:Contact>") + len(b"</t:Contact>") :] if kept else answer.body
    return respond(answer)


async def _duplicate_items(fault: Fault, exchange: Exchange) -> Response:
    """An item was put in front while the client pages: each later page begins with the last item of the one before."""
    view = exchange.request.body.find("m:IndexedPageItemView", NS)
    offset = int(view.get("Offset", "0")) if view is not None else 0
    if view is None or offset == 0:
        return respond(exchange.proceed())
    view.set("Offset", str(offset - 1))
    return respond(_count_one_more(exchange.proceed()))


def _count_one_more(answer: Answer) -> Answer:
    for name in (b"IndexedPagingOffset", b"TotalItemsInView"):
        before, _, after = answer.body.partition(name + b'="')
        number, _, rest = after.partition(b'"')
        answer.body = before + name + b'="' + str(int(number) + 1).encode() + b'"' + rest
    return answer


async def _false_end(fault: Fault, exchange: Exchange) -> Response:
    """The answer claims to be the last one, though there is more: seen with many deletions in SyncFolderItems."""
    answer = exchange.proceed()
    answer.body = answer.body.replace(b"InRange>false<", b"InRange>true<").replace(
        b'InRange="false"', b'InRange="true"'
    )
    return respond(answer)


async def _vanished_item(fault: Fault, exchange: Exchange) -> Response:
    """The first item of a GetItem is deleted right before."""
    with exchange.state.lock:
        found = exchange.state.find_item(str(exchange.request.body.xpath("string(m:ItemIds/*[1]/@Id)", namespaces=NS)))
        if found:
            exchange.state.remove(found)
    return respond(exchange.proceed())


async def _no_root_folder(fault: Fault, exchange: Exchange) -> Response:
    """A parent without children, as some servers answer for it: no RootFolder at all."""
    answer = exchange.proceed()
    start, end = answer.body.find(b"<m:RootFolder"), answer.body.find(b"</m:RootFolder>")
    if start >= 0:
        answer.body = answer.body[:start] + answer.body[end + len(b"</m:RootFolder>") :]
    return respond(answer)


# --- the answer arrives damaged, slowly or never ------------------------------------------------------------------


async def _truncated(fault: Fault, exchange: Exchange) -> Response:
    """HTTP is fine, but the XML stops in the middle."""
    answer = exchange.proceed()
    answer.body = answer.body[: int(len(answer.body) * fault.share)]
    return respond(answer)


async def _trailing_page(fault: Fault, exchange: Exchange) -> Response:
    """A whole answer with a web page behind it: Exchange Online sent that for public folders in 2023."""
    answer = exchange.proceed()
    answer.body += b"<html><body>Runtime Error</body></html>"
    return respond(answer)


async def _garbage(fault: Fault, exchange: Exchange) -> Response:
    return respond(Answer(b"<html><body>Proxy: it works!</body></html>", headers={"Content-Type": "text/html"}))


async def _illegal_characters(fault: Fault, exchange: Exchange) -> Response:
    """Control characters in text, which XML does not allow and Exchange sends all the same."""
    answer = exchange.proceed()
    answer.body = answer.body.replace(b"</t:DisplayName>", b"&#x1;\x02</t:DisplayName>")
    return respond(answer)


async def _dropped(fault: Fault, exchange: Exchange) -> Response:
    """The connection breaks before the body is complete."""
    body = exchange.proceed().body
    part = body[: int(len(body) * fault.share)]

    async def pieces() -> AsyncIterator[bytes]:
        yield part  # less than Content-Length promises: the server then closes the connection

    return StreamingResponse(pieces(), headers={"Content-Length": str(len(body))}, media_type=XML)


async def _slow(fault: Fault, exchange: Exchange) -> Response:
    return _drip(fault, exchange.proceed().body, {"content-type": XML})


async def _slow_unauthorized(fault: Fault, exchange: Exchange) -> Response:
    """A 401 whose page drips; HTTP libraries read that one by themselves."""
    refused = await _unauthorized(fault, exchange)
    return _drip(fault, b"<html>Unauthorized</html>", dict(refused.headers), refused.status_code)


def _drip(fault: Fault, body: bytes, headers: dict[str, str], status: int = HTTPStatus.OK) -> Response:
    """The body in twenty pieces or less, `seconds` apart."""
    size = max(1, -(-len(body) // 20))

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(body), size):
            await asyncio.sleep(fault.seconds)
            yield body[start : start + size]

    return StreamingResponse(pieces(), status, headers | {"content-length": str(len(body))})


async def _slow_headers(fault: Fault, exchange: Exchange) -> Response:
    """A header that never ends: a character every `seconds`, as long as the client listens."""
    exchange.transport.write(b"HTTP/1.1 200 OK\r\nX-Padding: ")
    while not exchange.transport.is_closing():
        exchange.transport.write(b".")
        await asyncio.sleep(fault.seconds)
    return Response()


async def _silent(fault: Fault, exchange: Exchange) -> Response:
    """No answer at all until the sandbox stops."""
    await asyncio.Event().wait()
    raise AssertionError("nothing ever sets this event")


FAULTS: Final[dict[str, Callable[[Fault, Exchange], Awaitable[Response]]]] = {
    "401": _unauthorized,
    "403": _forbidden,
    "403-close": _forbidden_and_closed,
    "429": _too_many,
    "500": _broken,
    "503": _unavailable,
    "server-busy": _busy,
    "error": _error,
    "error-200": _fault_with_200,
    "message-error": _message_error,
    "invalid-sync-state": _invalid_sync_state,
    "short-page": _short_page,
    "lost-items": _lost_items,
    "duplicate-items": _duplicate_items,
    "false-end": _false_end,
    "vanished-item": _vanished_item,
    "no-root-folder": _no_root_folder,
    "truncated": _truncated,
    "trailing-page": _trailing_page,
    "garbage": _garbage,
    "illegal-characters": _illegal_characters,
    "dropped": _dropped,
    "slow": _slow,
    "slow-headers": _slow_headers,
    "slow-401": _slow_unauthorized,
    "silent": _silent,
}
