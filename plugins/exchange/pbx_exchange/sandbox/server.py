"""Runs the sandbox: a web server in a thread of its own, on loopback, that can be stopped at any moment.

Neighbours: app.py (what it serves), demo.py and generated.py (what is in it), `__main__.py` (who starts it).
"""

from __future__ import annotations

import secrets
import socket
import threading
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import uvicorn

from pbx_exchange.sandbox.app import EWS_PATH, Service
from pbx_exchange.sandbox.demo import SERVICE_USER, build_demo
from pbx_exchange.sandbox.requestlog import RequestLog
from pbx_exchange.sandbox.things import User
from pbx_exchange.sandbox.validation import Validator
from pbx_exchange.sandbox.world import World

_LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class SandboxAccount:
    """A user of the phone system who has a mailbox here."""

    id: str
    username: str
    email: str


class Sandbox:
    """A running sandbox Exchange. Made by `start`; a context manager that stops it."""

    def __init__(self, world: World, *, port: int, validator: Validator | None) -> None:
        self.world = world
        self.requests = RequestLog()
        self._validator = validator
        self._socket = socket.create_server((_LOOPBACK, port))
        config = uvicorn.Config(
            Service(world, self.requests, validator).build_app(),
            log_config=None,
            log_level="critical",
            access_log=False,
            lifespan="off",
            http="h11",
            ws="none",
            server_header=False,
            timeout_graceful_shutdown=0,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, name="sandbox-exchange", daemon=True)
        self._thread.start()

    @classmethod
    def start(cls, *, port: int = 0, password: str | None = None, validate: Path | None = None) -> Sandbox:
        """A sandbox with the demo company, ready for clients.

        `validate` names a folder with Microsoft's EWS schema; what breaks it is then found in `violations`.
        """
        world = build_demo(password or secrets.token_urlsafe(12))
        return cls(world, port=port, validator=Validator(validate) if validate else None)

    @property
    def port(self) -> int:
        return int(self._socket.getsockname()[1])

    @property
    def url(self) -> str:
        return f"http://{_LOOPBACK}:{self.port}{EWS_PATH}"

    @property
    def email(self) -> str:
        """Of the service user, who may read the public folders and impersonate the accounts."""
        return SERVICE_USER

    @property
    def password(self) -> str:
        return self.service_user.password

    @property
    def service_user(self) -> User:
        return self.world.users[SERVICE_USER]

    @property
    def accounts(self) -> list[SandboxAccount]:
        """Everybody with a mailbox but the service user."""
        people = [user for email, user in self.world.users.items() if email != SERVICE_USER]
        return [SandboxAccount(f"acc-{user.username}", user.username, user.email) for user in people]

    @property
    def violations(self) -> list[str]:
        """What broke the schema so far; empty without `validate`."""
        return self._validator.violations if self._validator else []

    def stop(self) -> None:
        """Stop at once: open connections are cut, answers in the making stay unfinished."""
        self._server.should_exit = True
        self._server.force_exit = True
        self._thread.join()
        self._socket.close()

    def _run(self) -> None:
        self._server.run(sockets=[self._socket])

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()
