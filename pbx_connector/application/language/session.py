"""The language server over any transport that carries whole messages, such as a WebSocket: one session for each editor.

Whoever is at the other end may be hostile, so everything is bounded, and nothing that is said leads to a file: a text
comes with `didOpen`, and what it refers to is not opened. All of a session happens in one thread that runs an event
loop; texts are read in two threads of its own, one for what is wrong with them and one for answers.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from typing import Any, cast

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException, JsonRpcMethodNotFound

from pbx_connector.application.language.hostile_input import TolerantProtocol
from pbx_connector.application.language.server import SERVED, ProfileServer, make_server
from pbx_connector.plugins import Plugins

LONGEST_MESSAGE = 2_000_000
"""Characters."""
DOCUMENTS = 4
"""Texts that may be open at once."""
PENDING = 200
"""Steps that may be waiting for their turn; a message is one or two."""
BURST = 400
LASTING = 50
"""Messages at once, and each second from then on; one of 100,000 characters counts twice."""

_METHODS = SERVED | {
    lsp.INITIALIZE,
    lsp.INITIALIZED,
    lsp.SHUTDOWN,
    lsp.CANCEL_REQUEST,
    lsp.SET_TRACE,
}
"""What a session serves; pygls has more by itself, such as notebooks and folders, which nobody bounds."""

_log = logging.getLogger(__name__)


class SessionEnded(Exception):
    """The session is over; says why, in words for whoever is at the other end."""


class Session:
    """One editor's conversation. `send` takes each message for the editor, in the thread of the event loop."""

    def __init__(
        self, plugins: Plugins, send: Callable[[str], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        logging.getLogger("pygls").setLevel(logging.CRITICAL)  # its lines quote what is typed, passwords among it
        self._server = make_server(plugins, _SessionServer)
        self._protocol = cast(TolerantProtocol, self._server.protocol)
        self._writer = _Writer(send)
        self._protocol.set_writer(self._writer, include_headers=False)  # type: ignore[arg-type]  # without `close`
        self._rate = _Rate(clock)
        self._ended = ""

    def receive(self, text: str) -> None:
        """Take a message of the editor. Raises `SessionEnded` if it says good-bye, or goes beyond what is served; and
        from then on."""
        try:
            if self._ended:
                raise SessionEnded(self._ended)
            self._rate.count(text)
            self._take(_message(text))
            self._hold_bounds()
        except SessionEnded as end:
            self._ended = str(end)
            self.close()
            raise

    def close(self) -> None:
        """Forget the texts, and what is still to be said about them."""
        self._ended = self._ended or "the session is closed"
        self._writer.send = _say_nothing
        self._protocol.give_up()
        self._server.shutdown()

    def _take(self, message: dict[str, Any]) -> None:
        method = message.get("method")
        if method == lsp.EXIT:  # upon which pygls would end the process
            raise SessionEnded("the editor has said good-bye")
        if method in _METHODS:
            self._handle(message)
        elif isinstance(method, str) and isinstance(number := message.get("id"), (int, str)):
            self._protocol._send_response(number, None, JsonRpcMethodNotFound.of(method[:100]).to_response_error())

    def _handle(self, message: dict[str, Any]) -> None:
        try:
            structured = self._protocol.structure_message(message)
        except JsonRpcException:
            return  # which has been answered
        if not isinstance(structured, dict):
            self._protocol.handle_message(structured)

    def _hold_bounds(self) -> None:
        if self._protocol.pending > PENDING:
            raise SessionEnded("too many requests at once")
        if self._server.open_documents > DOCUMENTS:
            raise SessionEnded(f"no more than {DOCUMENTS} texts can be open at once")


def _message(text: str) -> dict[str, Any]:
    if len(text) > LONGEST_MESSAGE:
        raise SessionEnded(f"a message may have {LONGEST_MESSAGE:,} characters")
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        raise SessionEnded("a message is not JSON") from None
    if not isinstance(message, dict) or not isinstance(message.get("method", ""), str):
        raise SessionEnded("a message is not one of JSON-RPC")
    return message


class _SessionServer(ProfileServer):
    def report_server_error(self, error: Exception, source: Any) -> None:
        """pygls would show it to whoever types, who can do nothing about it."""
        if not isinstance(error, JsonRpcException):
            _log.error("language.failed", exc_info=error)


class _Writer:
    """Where pygls writes."""

    def __init__(self, send: Callable[[str], None]) -> None:
        self.send = send

    def write(self, data: bytes) -> None:
        self.send(data.decode())


def _say_nothing(_message: str) -> None:
    pass


class _Rate:
    """Counts messages; what was counted is forgiven at a steady pace."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._counted = 0.0
        self._at = clock()

    def count(self, text: str) -> None:
        now = self._clock()
        self._counted = max(0.0, self._counted - (now - self._at) * LASTING) + 1 + len(text) / 100_000
        self._at = now
        if self._counted > BURST:
            raise SessionEnded("too many messages")
