"""GET /health and GET /metrics, on the loopback unless the configuration says otherwise."""

from __future__ import annotations

import io
import json
import socket
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import structlog

from pbx_connector.errors import UsageError
from pbx_connector.settings import split_address

LOG = structlog.stdlib.get_logger(__name__)

PATIENCE = 10.0
"""Seconds that a caller has to say all of a request; whoever takes longer is hung up on."""
CALLERS = 32
"""Connections at once; further ones are hung up on."""

Page = Callable[[], tuple[int, str, bytes]]
"""Status, content type and body."""


class Web:
    """Serves from threads of its own until it is stopped."""

    def __init__(self, listen: str, pages: dict[str, Page]) -> None:
        """Raises `UsageError` if the address cannot be had."""
        host, port = split_address(listen)
        try:
            self._server = _server(host, port, pages)
        except OSError as error:
            raise UsageError(
                f"the service cannot listen on {listen}: {error.strerror}", hint="see service: listen"
            ) from None
        self._thread = threading.Thread(target=self._server.serve_forever, name="web", daemon=True)

    @property
    def address(self) -> str:
        host, port = self._server.server_address[:2]
        return f"[{host!s}]:{port}" if ":" in str(host) else f"{host!s}:{port}"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        if self._thread.is_alive():
            self._server.shutdown()
        self._server.server_close()


def health_page(health: Callable[[], tuple[bool, dict[str, Any]]]) -> Page:
    def page() -> tuple[int, str, bytes]:
        ready, content = health()
        return 200 if ready else 503, "application/json", json.dumps(content, indent=2).encode()

    return page


class _PunctualReader(io.RawIOBase):
    """Reads from a connection until one moment, however often a byte comes. Raises `TimeoutError` then."""

    def __init__(self, connection: socket.socket, seconds: float) -> None:
        super().__init__()
        self._connection = connection
        self._end = time.monotonic() + seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError("the request takes too long")
        self._connection.settimeout(left)
        return self._connection.recv_into(buffer)


def _unknown() -> tuple[int, str, bytes]:
    return 404, "text/plain", b"GET /health or /metrics\n"


def _server(host: str, port: int, pages: dict[str, Page]) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        timeout = PATIENCE
        server_version = "pbx-connector"
        sys_version = ""

        def setup(self) -> None:
            super().setup()
            self.rfile = io.BufferedReader(_PunctualReader(self.connection, PATIENCE))

        def do_GET(self) -> None:
            page = pages.get(self.path.partition("?")[0], _unknown)
            try:
                status, kind, body = page()
            except Exception:
                LOG.exception("a bug in a page")
                status, kind, body = 500, "text/plain", b"a bug in pbx-connector, see its log\n"
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Being asked every few seconds is no news."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False
        address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        free = threading.BoundedSemaphore(CALLERS)

        def process_request(self, request: Any, client_address: Any) -> None:
            if not self.free.acquire(blocking=False):
                self.shutdown_request(request)
                return
            try:
                super().process_request(request, client_address)
            except BaseException:  # no thread can be had
                self.free.release()
                raise

        def process_request_thread(self, request: Any, client_address: Any) -> None:
            try:
                super().process_request_thread(request, client_address)
            finally:
                self.free.release()

        def handle_error(self, request: Any, client_address: Any) -> None:
            """A caller that hung up is no news either."""
            if not isinstance(sys.exception(), OSError):
                LOG.exception("a bug in answering")

    return Server((host, port), Handler)
