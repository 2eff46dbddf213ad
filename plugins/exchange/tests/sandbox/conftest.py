"""Sandboxes for the tests of the sandbox; each test that talks to one ends with a look at the schema violations."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from exchangelib import BASIC, DELEGATE, IMPERSONATION, Account, Build, Configuration, Credentials, Version
from exchangelib.protocol import FailFast, close_connections
from lxml import etree
from pbx_exchange.sandbox import Sandbox
from pbx_exchange.sandbox.soap import NS


@pytest.fixture
def sandbox(ews_schema: Path | None) -> Iterator[Sandbox]:
    with Sandbox.start(validate=ews_schema) as running:
        yield running
        assert running.violations == []


class Client:
    """exchangelib, pointed at a sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def login(
        self, email: str | None = None, *, password: str | None = None, impersonate: str | None = None
    ) -> Account:
        email = email or self._sandbox.email
        credentials = Credentials(email, password or self._sandbox.password)
        config = Configuration(
            service_endpoint=self._sandbox.url,
            credentials=credentials,
            auth_type=BASIC,
            version=Version(build=Build(15, 2)),
            retry_policy=FailFast(),
        )
        return Account(
            primary_smtp_address=impersonate or email,
            config=config,
            autodiscover=False,
            access_type=IMPERSONATION if impersonate else DELEGATE,
        )

    def send(self, body: str, *, email: str | None = None, timeout: float = 20) -> requests.Response:
        """A request written out."""
        names = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NS.items())
        envelope = f"<s:Envelope {names}><s:Body>{body}</s:Body></s:Envelope>"
        login = (email or self._sandbox.email, self._sandbox.password)
        return requests.post(self._sandbox.url, data=envelope.encode(), auth=login, timeout=timeout)

    def post(self, body: str, *, email: str | None = None) -> etree._Element:
        """A request written out, and the answer read."""
        return etree.fromstring(self.send(body, email=email).content)


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[Client]:
    yield Client(sandbox)
    close_connections()
