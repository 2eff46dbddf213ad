"""A server that answers what a test wants it to, over TLS on loopback: tokens, and whatever Graph is asked."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import trustme
from pbx_microsoft365.settings import Microsoft365Settings

SECRET = "open sesame"
TENANT = "example.com"


@dataclass
class Request:
    method: str
    path: str
    """Below the version, unquoted."""
    query: dict[str, str]
    headers: dict[str, str]
    body: Any


@dataclass
class Reply:
    body: Any = field(default_factory=dict)
    """An object, or bytes as they are."""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    """Send only so many bytes, then drop the connection."""

    @property
    def content(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


def refusal(status: int, code: str = "", message: str = "", **headers: str) -> Reply:
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply({"error": {"code": code, "message": message}}, status, told)


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients hang up in the middle of what is too much for them."""


class TameGraph:
    """`graph` answers requests; `tokens` may answer those for tokens in place of the usual."""

    def __init__(self, certificates: trustme.CA, ca_file: Path) -> None:
        self.graph: Callable[[Request], Reply] = lambda request: Reply({"value": []})
        self.tokens: Callable[[dict[str, str]], Reply | None] = lambda form: None
        self.requests: list[Request] = []
        self.issued: list[str] = []
        self.revoked: set[str] = set()
        self.asked_for_tokens: list[dict[str, str]] = []
        self.at_once = 0
        self.most_at_once = 0
        self.ca_file = ca_file
        self._stopped = False
        self._lock = threading.Lock()
        self._server = _Quiet(("127.0.0.1", 0), self._handler())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificates.issue_cert("127.0.0.1").configure_cert(context)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        self.authority = f"https://127.0.0.1:{self._server.server_port}"
        self.url = f"{self.authority}/v1.0"

    def stop(self) -> None:
        """Also for connections that are open."""
        self._stopped = True
        self._server.shutdown()
        self._server.server_close()

    def settings(self, **changes: Any) -> Microsoft365Settings:
        """As a profile has them; the secret is in the environment."""
        values = {
            "tenant": TENANT,
            "client_id": "app",
            "client_secret": {"env": "GRAPH_SECRET"},
            "url": self.url,
            "authority": self.authority,
            "ca_file": str(self.ca_file),
            "timeout": 10,
            "patience": 2,
        }
        return Microsoft365Settings.model_validate(values | changes)

    def paths(self) -> list[str]:
        return [request.path for request in self.requests]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                server._serve(self)

            def do_POST(self) -> None:
                server._serve(self)

            def log_message(self, format: str, *args: object) -> None:
                pass

        return Handler

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        if self._stopped:
            handler.close_connection = True
            return
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        reply = self._answer(handler, body)
        content = reply.content
        handler.send_response_only(reply.status)
        for name, value in ({"Content-Type": "application/json"} | reply.headers).items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content[: reply.cut])
        handler.close_connection = reply.cut is not None

    def _answer(self, handler: BaseHTTPRequestHandler, body: bytes) -> Reply:
        parts = urlsplit(handler.path)
        if parts.path.endswith("/openid-configuration"):
            base = f"{self.authority}/{TENANT}"
            urls = {"authorization_endpoint": f"{base}/a", "issuer": f"{base}/v2.0"}
            return self.tokens({"path": parts.path}) or Reply(urls | {"token_endpoint": f"{base}/oauth2/v2.0/token"})
        if parts.path.endswith("/oauth2/v2.0/token"):
            return self._token({name: value for name, (value,) in parse_qs(body.decode()).items()})
        query = {name: value for name, (value,) in parse_qs(parts.query).items()}
        path = unquote(parts.path).removeprefix("/v1.0")
        headers = {name.lower(): value for name, value in handler.headers.items()}
        return self._graph(Request(handler.command, path, query, headers, json.loads(body) if body else None))

    def _token(self, form: dict[str, str]) -> Reply:
        self.asked_for_tokens.append(form)
        if told := self.tokens(form):
            return told
        if "client_assertion" not in form and form.get("client_secret") != SECRET:
            told_body = {"error": "invalid_client", "error_description": "AADSTS7000215", "error_codes": [7000215]}
            return Reply(told_body, 401)
        with self._lock:
            self.issued.append(f"token-{len(self.issued)}")
        return Reply({"token_type": "Bearer", "expires_in": 3599, "access_token": self.issued[-1]})

    def _graph(self, request: Request) -> Reply:
        with self._lock:
            self.requests.append(request)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            token = request.headers.get("authorization", "").removeprefix("Bearer ")
            if token not in self.issued or token in self.revoked:
                return refusal(401, "InvalidAuthenticationToken", "Access token has expired.")
            return self.graph(request)
        finally:
            with self._lock:
                self.at_once -= 1


@contextmanager
def tame_graph(folder: Path) -> Iterator[TameGraph]:
    certificates = trustme.CA()
    certificates.cert_pem.write_to_path(folder / "ca.pem")
    server = TameGraph(certificates, folder / "ca.pem")
    try:
        yield server
    finally:
        server.stop()
