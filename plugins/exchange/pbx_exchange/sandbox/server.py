"""The sandbox as Python programs start it: a server in a thread of its own that can be stopped at any moment.

Neighbours: web.py (what it serves), `__main__.py`; what is in it comes from `pbx_connector.testing.office`.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from pathlib import Path
from types import TracebackType

from pbx_connector.testing.office.certificates import Authority
from pbx_connector.testing.office.demo import (
    CLIENT_ID,
    SERVICE_USER,
    SandboxAccount,
    Size,
    accounts_of,
    build_demo,
    build_generated,
)
from pbx_connector.testing.office.entities import Application, User
from pbx_connector.testing.office.listening import Listener
from pbx_connector.testing.office.server_state import ServerState
from pbx_connector.testing.office.tokens import Tokens
from pbx_exchange.sandbox.authentication import Authenticator
from pbx_exchange.sandbox.faults import Faults
from pbx_exchange.sandbox.requestlog import RequestLog
from pbx_exchange.sandbox.service import Service
from pbx_exchange.sandbox.validation import Validator
from pbx_exchange.sandbox.web import EWS_PATH, build_app


class Sandbox:
    """A running sandbox Exchange. Made by `start`; a context manager that stops it."""

    def __init__(self, service: Service, tokens: Tokens, *, port: int, authority: Authority | None) -> None:
        self._service = service
        self._authority = authority
        self.tokens = tokens
        self._listener = Listener(build_app(service, tokens), port, authority.context if authority else None)

    @classmethod
    def start(
        cls,
        *,
        port: int = 0,
        password: str | None = None,
        size: Size | None = None,
        latency: float = 0.0,
        auth: Collection[str] = ("basic",),
        token_lifetime: float = 3600.0,
        tls: bool = False,
        hosts: Collection[str] = (),
        validate: Path | None = None,
    ) -> Sandbox:
        """A sandbox, ready for clients: with the demo company, or one of the given size.

        `latency` is how many seconds each answer waits; `auth` names the ways to log in: `basic`, `ntlm`, `kerberos`,
        `bearer`. `hosts` are further names that the certificate is for. `validate` is a folder with Microsoft's EWS
        schema; what breaks it is then found in `violations`.
        """
        password = password or secrets.token_urlsafe(12)
        state = build_generated(password, size) if size else build_demo(password)
        state.add_application(CLIENT_ID, password)
        tokens = Tokens(state, token_lifetime)
        authenticator = Authenticator(state, tokens, auth)
        validator = Validator(validate) if validate else None
        service = Service(state, authenticator, latency=latency, validator=validator)
        return cls(service, tokens, port=port, authority=Authority(hosts) if tls else None)

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
    def port(self) -> int:
        return self._listener.port

    @property
    def base_url(self) -> str:
        return f"{'https' if self._authority else 'http'}://{self._listener.address}"

    @property
    def url(self) -> str:
        """Of the web service."""
        return f"{self.base_url}{EWS_PATH}"

    @property
    def authority_url(self) -> str:
        """Where programs get tokens, with a tenant in it as at Microsoft: `.../oauth2/v2.0/token` is below."""
        return f"{self.base_url}/example.com"

    @property
    def application(self) -> Application:
        """A program that may get tokens and impersonate everybody."""
        return self.state.applications[CLIENT_ID]

    @property
    def ca_file(self) -> Path | None:
        """The certificate authority to trust, with TLS."""
        return self._authority.ca_file if self._authority else None

    @property
    def email(self) -> str:
        """Of the service user, who may read the public folders and impersonate the accounts."""
        return SERVICE_USER

    @property
    def password(self) -> str:
        return self.service_user.password

    @property
    def service_user(self) -> User:
        return self.state.users[SERVICE_USER]

    @property
    def accounts(self) -> list[SandboxAccount]:
        """Everybody with a mailbox but the service user and the shared mailbox."""
        return accounts_of(self.state)

    @property
    def violations(self) -> list[str]:
        """What broke the schema so far; empty without `validate`."""
        return self._service.validator.violations if self._service.validator else []

    def stop(self) -> None:
        """Stop at once: open connections are cut, answers in the making stay unfinished."""
        self._listener.stop()
        if self._authority:
            self._authority.close()

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()
