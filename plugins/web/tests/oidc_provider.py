"""A provider of OpenID Connect on this machine: `oidc-provider-mock` as it is, or lying in one point."""

from __future__ import annotations

import base64
import hmac
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import joserfc.jwk
import joserfc.jwt

Tokens = Callable[[dict[str, Any], joserfc.jwk.RSAKey], str]
"""From what a token would say, and the right key, to what is answered."""


@dataclass
class Liar:
    """Answers as a provider does; each part can be put in another way by a test."""

    url: str = ""
    key: joserfc.jwk.RSAKey = field(default_factory=lambda: new_key("one"))
    claims: dict[str, Any] = field(default_factory=dict)
    """What its tokens say beside what is needed, or instead of it; None leaves one out."""
    signed: Tokens = lambda claims, key: joserfc.jwt.encode({"alg": "RS256", "kid": key.kid}, claims, key)
    metadata: dict[str, Any] = field(default_factory=dict)
    keys: list[joserfc.jwk.RSAKey] = field(default_factory=list)
    """Those that it shows; its own if there is none."""
    status: int = 200
    body: bytes | None = None
    """Instead of its metadata."""
    now: Callable[[], float] = lambda: 0.0
    asked: list[str] = field(default_factory=list)
    """The paths that were asked for."""
    nonce: str = ""
    said: dict[str, str] = field(default_factory=dict)
    """What came with the code."""

    def answer(self, path: str, form: Mapping[str, str], headers: Mapping[str, str]) -> bytes:
        if path == "/.well-known/openid-configuration":
            return self.body if self.body is not None else json.dumps(self._metadata()).encode()
        if path == "/keys":
            return json.dumps({"keys": [key.as_dict(private=False) for key in self.keys or [self.key]]}).encode()
        self.said = dict(form) | {"authorization": headers.get("authorization", "")}
        token = self.signed(self._claims(), self.key)
        return json.dumps({"access_token": "a", "token_type": "Bearer", "id_token": token}).encode()

    def _metadata(self) -> dict[str, Any]:
        places = {"authorization": "authorize", "token": "token"}
        said = {f"{name}_endpoint": f"{self.url}/{path}" for name, path in places.items()}
        return said | {"issuer": self.url, "jwks_uri": f"{self.url}/keys"} | self.metadata

    def _claims(self) -> dict[str, Any]:
        now = int(self.now())
        said = {"iss": self.url, "sub": "4711", "aud": "pbx", "iat": now, "exp": now + 300, "nonce": self.nonce}
        return {name: value for name, value in (said | self.claims).items() if value is not None}


def new_key(kid: str) -> joserfc.jwk.RSAKey:
    return joserfc.jwk.RSAKey.generate_key(2048, {"kid": kid}, private=True)


@contextmanager
def serving(liar: Liar) -> Iterator[Liar]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer({})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
            self._answer({name: values[0] for name, values in parse_qs(body).items()})

        def _answer(self, form: Mapping[str, str]) -> None:
            path = urlsplit(self.path).path
            liar.asked.append(path)
            body = liar.answer(path, form, {name.lower(): value for name, value in self.headers.items()})
            self.send_response(liar.status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing on standard error."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        liar.url = liar.url or f"http://127.0.0.1:{server.server_port}"
        yield liar
    finally:
        server.shutdown()
        server.server_close()


def unsigned(claims: dict[str, Any], _: joserfc.jwk.RSAKey) -> str:
    return f"{_part({'alg': 'none'})}.{_part(claims)}."


def signed_by_what_everybody_knows(claims: dict[str, Any], key: joserfc.jwk.RSAKey) -> str:
    """With the public key as if it were a secret that both sides have."""
    said = f"{_part({'alg': 'HS256', 'kid': key.kid})}.{_part(claims)}"
    seal = hmac.digest(key.as_pem(private=False), said.encode(), "sha256")
    return f"{said}.{_encoded(seal)}"


def _part(said: dict[str, Any]) -> str:
    return _encoded(json.dumps(said).encode())


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def consent(client: httpx.Client, place: str, name: str) -> str:
    """Log in at `oidc-provider-mock` as somebody; gives where it sends the browser back to."""
    answer = client.post(place, data={"sub": name})
    assert answer.status_code == 302, answer.text
    return answer.headers["location"]
