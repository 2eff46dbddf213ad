"""GET /health and GET /metrics, on the loopback unless the configuration says otherwise."""

from __future__ import annotations

import json
import socket
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import structlog

from pbx_connector.config import split_address
from pbx_connector.errors import UsageError

LOG = structlog.stdlib.get_logger(__name__)

SILENCE = 10.0
"""Seconds after which a caller who says nothing is hung up on."""

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


def _unknown() -> tuple[int, str, bytes]:
    return 404, "text/plain", b"GET /health or /metrics\n"


def _server(host: str, port: int, pages: dict[str, Page]) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        timeout = SILENCE
        server_version = "pbx-connector"
        sys_version = ""

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

        def handle_error(self, request: Any, client_address: Any) -> None:
            """A caller that hung up is no news either."""
            if not isinstance(sys.exception(), OSError):
                LOG.exception("a bug in answering")

    return Server((host, port), Handler)
