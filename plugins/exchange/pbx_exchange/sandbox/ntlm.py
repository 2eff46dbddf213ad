"""NTLM from the server's side, by pyspnego, which exchangelib brings along.

pyspnego's acceptor takes its passwords from a file that an environment variable names. So each step writes that file
and takes it away again. Neighbour: authentication.py.
"""

from __future__ import annotations

import base64
import binascii
import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import spnego
from spnego.exceptions import SpnegoError

from pbx_connector.testing.office.entities import User
from pbx_connector.testing.office.server_state import ServerState

_VARIABLE = "NTLM_USER_FILE"
_DOMAIN = "EXAMPLE"
_LOCK = threading.Lock()


class Negotiation:
    """One login on one connection: a challenge, then an answer to it."""

    def __init__(self, state: ServerState) -> None:
        self._state = state
        with _passwords(state):
            self._context = spnego.server(protocol="ntlm", options=spnego.NegotiateOptions.use_ntlm)
        self.user: User | None = None

    def step(self, token: str) -> str | None:
        """The challenge to send back, or None when it is over: `user` tells how it ended."""
        try:
            with _passwords(self._state):
                answer = self._context.step(base64.b64decode(token))
        except (SpnegoError, binascii.Error, ValueError):
            return None
        if answer:
            return base64.b64encode(answer).decode()
        self.user = self._state.find_user(self._context.client_principal or "")
        return None


@contextmanager
def _passwords(state: ServerState) -> Iterator[None]:
    with _LOCK, tempfile.NamedTemporaryFile("w", encoding="utf-8") as file:
        for user in state.users.values():
            for domain, name in (("", user.email), ("", user.username), (_DOMAIN, user.username)):
                file.write(f"{domain}:{name}:{user.password}\n")
        file.flush()
        before = os.environ.get(_VARIABLE)
        os.environ[_VARIABLE] = file.name
        try:
            yield
        finally:
            os.environ.pop(_VARIABLE)
            if before is not None:
                os.environ[_VARIABLE] = before
