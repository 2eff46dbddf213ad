"""A sandbox Graph for its tests, and a client that speaks to it by hand."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import pytest
import urllib3
from pbx_microsoft365.sandbox import Sandbox

ANNA = "/users/anna.berg@example.com"
IMMUTABLE = 'IdType="ImmutableId"'


@dataclass
class Reply:
    status: int
    headers: Any
    text: str

    @property
    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.text)
        return found

    @property
    def value(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.json["value"]
        return found

    @property
    def code(self) -> str:
        return str(self.json["error"]["code"])


class Client:
    """Asks as the application of a sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        context = ssl.create_default_context(cafile=str(sandbox.ca_file))
        self._pool = urllib3.PoolManager(ssl_context=context, retries=False, maxsize=16)
        self.token = self.sign_in()

    def sign_in(self) -> str:
        form = {
            "client_id": self.sandbox.client_id,
            "client_secret": self.sandbox.client_secret,
            "grant_type": "client_credentials",
            "scope": f"{self.sandbox.authority}/.default",
        }
        address = f"{self.sandbox.authority}/{self.sandbox.tenant}/oauth2/v2.0/token"
        answer = self._pool.request("POST", address, fields=form, encode_multipart=False)
        return str(answer.json()["access_token"])

    def send(self, method: str, target: str, body: Any = None, **headers: str) -> Reply:
        """`target`: below the root, or a whole link. Names of headers have `_` for `-`."""
        address = target if target.startswith("https:") else f"{self.sandbox.url}{target}"
        own = {name.replace("_", "-"): text for name, text in headers.items()}
        own = {"Authorization": f"Bearer {self.token}"} | own
        data = None if body is None else json.dumps(body).encode()
        if data is not None:
            own["Content-Type"] = "application/json"
        answer = self._pool.request(method, address, body=data, headers=own, timeout=100)
        return Reply(answer.status, answer.headers, answer.data.decode())

    def get(self, target: str, options: dict[str, str] | None = None, **headers: str) -> Reply:
        query = f"?{urlencode(options, quote_via=quote)}" if options else ""
        return self.send("GET", f"{target}{query}", **headers)

    def pages(self, target: str, options: dict[str, str] | None = None, **headers: str) -> Iterator[Reply]:
        """Page by page, until there is no next link."""
        page = self.get(target, options, **headers)
        yield page
        while "@odata.nextLink" in page.json:
            page = self.get(page.json["@odata.nextLink"], None, **headers)
            yield page


@pytest.fixture
def sandbox(lenient_graph: Sandbox) -> Sandbox:
    return lenient_graph


@pytest.fixture
def client(sandbox: Sandbox) -> Client:
    return Client(sandbox)
