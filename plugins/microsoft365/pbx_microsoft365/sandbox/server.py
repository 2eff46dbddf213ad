"""The sandbox as Python programs start it: a server in a thread of its own that can be stopped at any moment.

Neighbours: web.py (what it serves), `__main__.py`; what is in it comes from `pbx_connector.testing.office`.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from pbx_connector.testing.office.certificates import Authority
from pbx_connector.testing.office.demo import (
    CLIENT_ID,
    SandboxAccount,
    Size,
    accounts_of,
    build_demo,
    build_generated,
)
from pbx_connector.testing.office.entities import Application
from pbx_connector.testing.office.listening import Listener
from pbx_connector.testing.office.server_state import ServerState
from pbx_connector.testing.office.tokens import Tokens
from pbx_microsoft365.sandbox.faults import Faults
from pbx_microsoft365.sandbox.messages import Watcher
from pbx_microsoft365.sandbox.requestlog import RequestLog
from pbx_microsoft365.sandbox.service import ROOT, Service
from pbx_microsoft365.sandbox.throttling import Throttle
from pbx_microsoft365.sandbox.web import build_app

TENANT: Final = "example.com"
LATENCY: Final = 0.01
"""Seconds that an answer takes at least: without them no two requests would ever be there at a time."""


class Sandbox:
    """A running sandbox Graph, from the moment it is made; a context manager that stops it."""

    def __init__(
        self,
        state: ServerState | None = None,
        *,
        contacts: int | None = None,
        seed: int = 1,
        mailboxes: int = 3,
        each: int = 0,
        secret: str | None = None,
        port: int = 0,
        latency: float = LATENCY,
        token_lifetime: float = 3600.0,
        tls: bool = True,
        hosts: Collection[str] = (),
        page_base: str | None = None,
        watcher: Watcher | None = None,
    ) -> None:
        """With `state`, the office of another sandbox; else the demo company, or one with so many generated contacts.

        `page_base` is the public address that links have in place of `url`, for a sandbox behind a proxy. `hosts` are
        further names that the certificate is for. `watcher` sees every request and every answer.
        """
        secret = secret or secrets.token_urlsafe(24)
        size = Size(contacts, seed, mailboxes, each, public=False) if contacts else None
        office = state or (build_generated(secret, size) if size else build_demo(secret))
        if CLIENT_ID not in office.applications:
            office.add_application(CLIENT_ID, secret)
        self.tokens = Tokens(office, token_lifetime)
        self._service = Service(office, self.tokens, latency=latency, watcher=watcher)
        self._authority = Authority(hosts) if tls else None
        context = self._authority.context if self._authority else None
        self._listener = Listener(build_app(self._service, self.tokens), port, context)
        self._service.base = (page_base or self.url).rstrip("/")

    @property
    def state(self) -> ServerState:
        """What is in it; change it at will."""
        return self._service.state

    @property
    def requests(self) -> RequestLog:
        return self._service.requests

    @property
    def faults(self) -> Faults:
        return self._service.faults

    @property
    def throttle(self) -> Throttle:
        return self._service.throttle

    @property
    def port(self) -> int:
        return self._listener.port

    @property
    def url(self) -> str:
        """Of the service, with its version: `https://127.0.0.1:PORT/v1.0`."""
        return f"{self.authority}{ROOT}"

    @property
    def authority(self) -> str:
        """Where programs get tokens: `/{tenant}/oauth2/v2.0/token` is below."""
        return f"{'https' if self._authority else 'http'}://{self._listener.address}"

    @property
    def tenant(self) -> str:
        return TENANT

    @property
    def application(self) -> Application:
        """The program that may get tokens; what it may do with them is in its `permissions` and `impersonates`."""
        return self.state.applications[CLIENT_ID]

    @property
    def client_id(self) -> str:
        return self.application.client_id

    @property
    def client_secret(self) -> str:
        return self.application.secret

    @property
    def ca_file(self) -> Path | None:
        """The certificate authority to trust, with TLS."""
        return self._authority.ca_file if self._authority else None

    @property
    def accounts(self) -> list[SandboxAccount]:
        """Everybody with a mailbox but the service user and the shared mailbox."""
        return accounts_of(self.state)

    def stop(self) -> None:
        """Stop at once: open connections are cut, answers in the making stay unfinished."""
        self._listener.stop()
        if self._authority:
            self._authority.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()
