"""Serves a web application in a thread, and stops at once: uvicorn's protocol, without its server's polite ending.

A sandbox has to be able to vanish in the middle of an answer, and hundreds of tests should not wait for its farewell.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import threading
from typing import Any, Final

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

_LOOPBACK: Final = "127.0.0.1"
_KEEP_ALIVE: Final = 120
"""Seconds that an idle connection stays open, as with IIS."""


class ConnectionProtocol(H11Protocol):
    """HTTP with a memory: `scope["state"]["connection"]` is one dictionary for all requests of a connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in the base class
        super().connection_made(transport)
        memory: dict[str, Any] = {"transport": transport}
        self.app_state = {**self.app_state, "connection": memory}


class Listener:
    """Listens from the moment it is made; `port` 0 stands for a free one."""

    def __init__(self, app: ASGIApp, port: int, context: ssl.SSLContext | None) -> None:
        self._config = uvicorn.Config(
            app,
            log_config=None,
            log_level="critical",
            access_log=False,
            ws="none",
            server_header=False,
            timeout_keep_alive=_KEEP_ALIVE,
        )
        self._config.load()
        self._context = context
        self._state = ServerState()
        self._socket = socket.create_server((_LOOPBACK, port))
        self.port = int(self._socket.getsockname()[1])
        self._stopping = asyncio.Event()
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self._loop = self._runner.get_loop()
        self._thread = threading.Thread(target=self._run, name="sandbox", daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        return f"{_LOOPBACK}:{self.port}"

    def stop(self) -> None:
        """Cut all connections; what was being answered stays unfinished. Stopping twice does no harm."""
        with contextlib.suppress(RuntimeError):  # the loop is closed already
            self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()

    def _run(self) -> None:
        with self._runner:  # leaving it cancels the requests that are still being served
            self._runner.run(self._serve())

    async def _serve(self) -> None:
        server = await self._loop.create_server(self._make_protocol, sock=self._socket, ssl=self._context)
        await self._stopping.wait()
        server.close()
        for connection in tuple(self._state.connections):
            connection.transport.abort()

    def _make_protocol(self) -> ConnectionProtocol:
        return ConnectionProtocol(self._config, self._state, app_state={})
