"""A web application served from a thread, for callers who may be slow, many or gone: uvicorn's protocol with bounds.

uvicorn's own server waits for signals and says farewell to every connection; a part of a service must start and stop
as it is told, and uvicorn has no limit for who opens a connection and says nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import threading
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import uvicorn
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from pbx_connector.errors import ConnectorError, UsageError
from pbx_connector.settings import split_address

REQUEST_WITHIN = 10.0
"""Seconds for a whole request to arrive, from the moment the connection is there or the last answer has gone."""
IDLE = 60.0
"""Seconds that a connection without a request stays open."""
SLOW_READER = 60.0
"""Seconds in which a caller has to take at least something of an answer."""
LONGEST_HEAD = 16_384
"""Bytes of a request before its body."""
CONNECTIONS = 800
CONNECTIONS_OF_ONE = 400
"""Of one address; telephones behind one router share it."""
PROBES = ("/livez", "/readyz")
CERTIFICATE_EVERY = 5.0
"""Seconds between two looks at whether the certificate was renewed."""
START_WITHIN = 60.0
STOP_WITHIN = 10.0
"""Seconds until whoever starts or stops it does not wait any longer."""


class Tls:
    """A server's certificate, read again when its files change: connections that are open keep theirs."""

    def __init__(self, certificate: Path, key: Path | None) -> None:
        """Raises `UsageError` if they cannot be used."""
        self._certificate, self._key = certificate, key
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._read = self._stamps()
        try:
            self.context.load_cert_chain(certificate, key)
        except (OSError, ssl.SSLError, ValueError) as error:
            raise UsageError(
                f"the certificate {certificate} cannot be used: {_reason(error)}",
                hint="it is a PEM file with the certificate, its chain and the key, or the key is in a file of its own",
            ) from None

    def renew(self) -> bool:
        """Read the files again if they have changed; False, and the old certificate stays, if they cannot be used."""
        stamps = self._stamps()
        if stamps == self._read or None in stamps:
            return True
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(self._certificate, self._key)
            self.context.load_cert_chain(self._certificate, self._key)
        except (OSError, ssl.SSLError, ValueError):
            return False  # in the middle of being replaced: looked at again
        self._read = stamps
        return True

    def _stamps(self) -> list[tuple[int, int] | None]:
        return [_stamp(file) for file in (self._certificate, self._key) if file]


def _stamp(file: Path) -> tuple[int, int] | None:
    with contextlib.suppress(OSError):
        held = file.stat()
        return held.st_mtime_ns, held.st_ino
    return None


def _reason(error: Exception) -> str:
    return getattr(error, "reason", None) or getattr(error, "strerror", None) or type(error).__name__


def bound_socket(address: str, what: str, setting: str) -> socket.socket:
    """Raises `UsageError` if the address cannot be had; `setting` is where people change it."""
    host, port = split_address(address)
    family = socket.AF_INET6 if ":" in host or not host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family, dualstack_ipv6=not host, backlog=512)
    except OSError as error:
        raise UsageError(f"{what} cannot listen on {address}: {error.strerror}", hint=f"see {setting}") from None
    # Connections have it from here. asyncio sets it on its own sockets alone: the body of an answer would else wait for
    # 40 ms until the caller has acknowledged its head.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def bound_address(listening: socket.socket) -> str:
    """How it is reached from this machine."""
    host, port = listening.getsockname()[:2]
    host = {"::": "127.0.0.1", "0.0.0.0": "127.0.0.1"}.get(host, host)  # noqa: S104 - nothing is bound here
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class BoundedProtocol(H11Protocol):
    """Hangs up on who takes too long, and on who has too many connections."""

    counts: Counter[str]

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in the base class
        super().connection_made(transport)
        self._deadline: asyncio.TimerHandle | None = None
        self._address = self.client[0] if self.client else ""
        self.counts[self._address] += 1
        if self.counts[self._address] > CONNECTIONS_OF_ONE or self.counts.total() > CONNECTIONS:
            transport.abort()
            return
        self._expect(IDLE)

    def connection_lost(self, exc: Exception | None) -> None:
        self._expect(None)
        self.counts[self._address] -= 1
        if self.counts[self._address] <= 0:
            del self.counts[self._address]
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.cycle is None or self.cycle.response_complete:
            self._expect(REQUEST_WITHIN)
        super().data_received(data)
        if self.cycle is not None and not self.cycle.more_body:
            self._expect(None)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if not self.transport.is_closing():
            self._expect(IDLE)

    def pause_writing(self) -> None:
        self._expect(SLOW_READER)
        super().pause_writing()

    def resume_writing(self) -> None:
        self._expect(None)
        super().resume_writing()

    def handle_websocket_upgrade(self, event: Any) -> None:
        """From here on it is the WebSocket's own pings that tell whether anybody is there."""
        self._expect(None)
        self.ws_protocol_class = self._counted(self.config.ws_protocol_class)
        super().handle_websocket_upgrade(event)

    def _counted(self, protocol: Any) -> Any:
        """The WebSocket goes on counting as this connection."""
        lost = partial(BoundedProtocol.connection_lost, self)

        class Counted(protocol):  # type: ignore[misc] # whichever uvicorn has chosen
            def connection_lost(self, exc: Exception | None) -> None:
                super().connection_lost(exc)
                lost(exc)

        return Counted

    def _expect(self, seconds: float | None) -> None:
        """Hang up in so many seconds, unless something else is expected before."""
        if self._deadline is not None:
            if seconds == REQUEST_WITHIN and self._deadline.when() <= self.loop.time() + REQUEST_WITHIN:
                return  # another piece of the same request buys no time
            self._deadline.cancel()
        self._deadline = None if seconds is None else self.loop.call_later(seconds, self.transport.abort)


class Probed:
    """Tells whoever keeps processes running that this one answers, whatever name it is asked by, and nothing else. It
    asks no store: one that is unreachable is no reason to start all anew that wait for it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] in ("GET", "HEAD") and scope["path"] in PROBES:
            await PlainTextResponse("ok\n", headers={"Cache-Control": "no-store"})(scope, receive, send)
        else:
            await self._app(scope, receive, send)


class Listener:
    """Serves from `start` to `stop`, with `/livez` and `/readyz`; the address is taken when it is made."""

    def __init__(
        self, app: ASGIApp, address: str, tls: Tls | None, *, name: str, setting: str, longest_message: int = 0
    ) -> None:
        """`name` is for people and threads, `setting` where they change the address; `longest_message` in bytes lets
        WebSockets in. Raises `UsageError` if the address cannot be had."""
        self._name = name
        self._config = uvicorn.Config(
            Probed(app),
            log_config=None,
            log_level="critical",
            access_log=False,
            ws="websockets-sansio" if longest_message else "none",
            ws_max_size=longest_message,
            ws_per_message_deflate=False,
            h11_max_incomplete_event_size=LONGEST_HEAD,
            server_header=False,
            timeout_keep_alive=int(IDLE),
            proxy_headers=False,
        )
        self._config.load()
        self._tls = tls
        self._state = ServerState()
        self._counts: Counter[str] = Counter()
        self._socket = bound_socket(address, name, setting)
        self.address = bound_address(self._socket)
        self._ready = threading.Event()
        self._stopping = asyncio.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()
        if not self._ready.wait(START_WITHIN) or self._loop.is_closed():
            raise ConnectorError(f"{self._name} did not start")

    def stop(self) -> None:
        """Cut all connections. Stopping twice does no harm."""
        with contextlib.suppress(RuntimeError):  # the loop is closed already
            self._loop.call_soon_threadsafe(self._stopping.set)
        if self._thread.ident is None:
            self._socket.close()
        else:
            self._thread.join(STOP_WITHIN)

    def _run(self) -> None:
        """The socket is closed where it is listened to: whoever stops does not wait for ever."""
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._loop.close()
            self._socket.close()
            self._ready.set()  # whoever starts it hears at once that it could not be

    async def _serve(self) -> None:
        context = self._tls.context if self._tls else None
        server = await self._loop.create_server(self._make_protocol, sock=self._socket, ssl=context)
        renewing = self._loop.create_task(self._renew())
        self._ready.set()
        await self._stopping.wait()
        renewing.cancel()
        server.close()
        for connection in tuple(self._state.connections):
            connection.transport.abort()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _renew(self) -> None:
        while self._tls:
            await asyncio.sleep(CERTIFICATE_EVERY)
            await asyncio.to_thread(self._tls.renew)

    def _make_protocol(self) -> Any:
        protocol = BoundedProtocol(self._config, self._state, app_state={})
        protocol.counts = self._counts
        return protocol
