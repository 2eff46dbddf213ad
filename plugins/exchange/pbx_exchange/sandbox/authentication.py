"""Who is calling: the ways to log in that the sandbox offers.

Neighbours: service.py and autodiscover.py ask; ntlm.py and kerberos.py know the longer ways.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Collection
from http import HTTPStatus
from typing import Final

from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from pbx_connector.testing.office.entities import Principal, User
from pbx_connector.testing.office.server_state import ServerState
from pbx_connector.testing.office.tokens import Tokens
from pbx_exchange.sandbox import kerberos
from pbx_exchange.sandbox.ntlm import Negotiation

SCHEMES: Final = ("basic", "ntlm", "kerberos", "bearer")
_NAMES: Final = {"negotiate": "kerberos"}
"""What a scheme is called in headers, where that is not its name here."""
_CHALLENGES: Final = {
    "basic": 'Basic realm="sandbox"',
    "ntlm": "NTLM",
    "kerberos": "Negotiate",
    "bearer": 'Bearer client_id="00000002-0000-0ff1-ce00-000000000000", trusted_issuers="sandbox"',
}


class Authenticator:
    """Accepts the given schemes and tells callers of them."""

    def __init__(self, state: ServerState, tokens: Tokens, schemes: Collection[str] = ("basic",)) -> None:
        unknown = set(schemes) - set(SCHEMES)
        if unknown:
            raise ValueError(f"no way to log in: {', '.join(sorted(unknown))}; there are {', '.join(SCHEMES)}")
        if "kerberos" in schemes:
            kerberos.require()
        self._state = state
        self._tokens = tokens
        self._schemes = [scheme for scheme in SCHEMES if scheme in schemes]

    def authenticate(self, http: HttpRequest) -> Principal | Response:
        """Who it is, or the answer that sends the caller back for (other) credentials."""
        scheme, _, credentials = http.headers.get("authorization", "").partition(" ")
        scheme = _NAMES.get(scheme.lower(), scheme.lower())
        if scheme not in self._schemes:
            return self._remember(http) or self._refuse()
        if scheme == "ntlm":
            return self._authenticate_ntlm(http, credentials)
        if scheme == "kerberos":
            return self._state.find_user(kerberos.find_caller(credentials)) or self._refuse()
        if scheme == "bearer":
            return self._tokens.find(credentials) or self._refuse()
        return self._authenticate_basic(credentials) or self._refuse()

    def _refuse(self, challenges: list[str] | None = None) -> Response:
        response = Response(status_code=HTTPStatus.UNAUTHORIZED)
        for challenge in challenges or [_CHALLENGES[scheme] for scheme in self._schemes]:
            response.headers.append("WWW-Authenticate", challenge)
        return response

    def _authenticate_basic(self, credentials: str) -> User | None:
        try:
            name, _, password = _decode(base64.b64decode(credentials, validate=True)).partition(":")
        except binascii.Error:
            return None
        user = self._state.find_user(name)
        if user and secrets.compare_digest(user.password.encode(), password.encode()):
            return user
        return None

    def _authenticate_ntlm(self, http: HttpRequest, credentials: str) -> User | Response:
        """NTLM logs in a connection, not a request: what is known of it lives as long as the connection."""
        connection = http.scope["state"]["connection"]
        negotiation: Negotiation = connection.setdefault("ntlm", Negotiation(self._state))
        challenge = negotiation.step(credentials)
        if challenge:
            return self._refuse([f"NTLM {challenge}"])
        del connection["ntlm"]
        if negotiation.user is None:
            return self._refuse()
        connection["user"] = negotiation.user
        return negotiation.user

    def _remember(self, http: HttpRequest) -> User | None:
        user: User | None = http.scope["state"]["connection"].get("user")
        return user if user and self._state.users.get(user.email.lower()) is user else None


def _decode(text: bytes) -> str:
    """Clients disagree about the encoding of passwords."""
    try:
        return text.decode()
    except UnicodeDecodeError:
        return text.decode("latin-1")
