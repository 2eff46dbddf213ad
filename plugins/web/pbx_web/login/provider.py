"""A provider of OpenID Connect: where it is asked, and whether what it says of somebody is true and meant for us.

Its addresses and keys are read when they are needed and kept for an hour; a token by a key that is not known has the
keys read again, as providers change them. Nothing of a token is believed before its signature, issuer, audience, times
and nonce are right.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import httpx
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import BadSignatureError, InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from pbx_connector.api import ConnectorError
from pbx_web.login.settings import OidcSettings, is_safe

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Those with a key that only the provider has: neither `none` nor a secret that we know, too."""
TIMEOUT = 10.0
"""Seconds for each answer."""
LONGEST = 2**20
"""Bytes of an answer."""
AT_ONCE = 3
"""Conversations with it: one that is slow must not keep everybody from the pages."""
PATIENCE = 2.0
"""Seconds that one waits for others to end."""
FRESH = 3600.0
"""Seconds that its addresses and keys are believed."""


class ProviderUnavailable(Exception):
    """It cannot be asked, or its answer makes no sense; the text says why, without a secret."""


class TokenRefused(Exception):
    """What it says of somebody is not right; the text says why."""


@dataclass(frozen=True, slots=True)
class Metadata:
    authorization: str
    token: str
    keys: str
    logout: str
    """Empty if it has none."""
    methods: Sequence[str]
    """How we may show our secret."""


@dataclass(frozen=True, slots=True)
class Request:
    """One log-in on its way; the browser keeps it in a cookie until it is back."""

    state: str
    nonce: str
    verifier: str
    back: str
    """Our own address that the provider sends the browser back to."""


@dataclass(frozen=True, slots=True)
class Answer:
    claims: Mapping[str, Any]
    token: str
    """What the claims stood in; the provider wants it for the log-out."""


class Provider:
    def __init__(self, settings: OidcSettings, clock: Callable[[], float] = time.time) -> None:
        """`clock` gives seconds since 1970."""
        self.settings = settings
        self._clock = clock
        self._lock = threading.Lock()
        self._slots = threading.BoundedSemaphore(AT_ONCE)
        self._metadata: tuple[float, Metadata] | None = None
        self._keys: tuple[float, KeySet] | None = None

    def login_url(self, request: Request) -> str:
        """Where the browser goes. Raises `ProviderUnavailable`."""
        said = {
            "response_type": "code",
            "client_id": self.settings.client,
            "redirect_uri": request.back,
            "scope": " ".join(self.settings.scopes),
            "state": request.state,
            "nonce": request.nonce,
            "code_challenge": create_s256_code_challenge(request.verifier),
            "code_challenge_method": "S256",
        }
        return _with_query(self._places().authorization, said)

    def logout_url(self, token: str, back: str) -> str:
        """Empty if it offers no log-out. Raises `ProviderUnavailable`."""
        place = self._places().logout
        said = {"id_token_hint": token, "client_id": self.settings.client, "post_logout_redirect_uri": back}
        return _with_query(place, said) if place else ""

    def answer(self, code: str, request: Request) -> Answer:
        """What it says of who logged in there. Raises `ProviderUnavailable` and `TokenRefused`."""
        said = self._asked_for_token(code, request)
        token = said.get("id_token")
        if not isinstance(token, str) or not token.isascii():
            raise TokenRefused("its answer has no id_token")
        return Answer(self._checked(token, request.nonce, said.get("access_token")), token)

    def _asked_for_token(self, code: str, request: Request) -> Mapping[str, Any]:
        places, secret = self._places(), self._secret()
        said = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": request.back,
            "code_verifier": request.verifier,
            "client_id": self.settings.client,
        }
        basic = None
        if secret and "client_secret_basic" in places.methods:
            basic = httpx.BasicAuth(_encoded(self.settings.client), _encoded(secret))
        elif secret:
            said["client_secret"] = secret
        return self._asked(places.token, said, basic)

    def _asked(
        self, url: str, form: Mapping[str, str] | None = None, auth: httpx.BasicAuth | None = None
    ) -> Mapping[str, Any]:
        if not self._slots.acquire(timeout=PATIENCE):
            raise ProviderUnavailable("too many log-ins wait for it")
        try:
            return _asked(url, form, auth)
        finally:
            self._slots.release()

    def _secret(self) -> str:
        try:
            return self.settings.secret.reveal().get_secret_value() if self.settings.secret else ""
        except ConnectorError as error:
            raise ProviderUnavailable(error.message) from None

    def _checked(self, token: str, nonce: str, access: Any) -> Mapping[str, Any]:
        settings = self.settings
        options = {
            "iss": {"essential": True, "value": settings.issuer},
            "aud": {"essential": True, "value": settings.client},
            "sub": {"essential": True},
        }
        params = {"nonce": nonce, "client_id": settings.client, "access_token": access}
        try:
            signed = self._verified(token)
            claims = CodeIDToken(signed.claims, signed.header, options, params)
            claims.validate(int(self._clock()), int(settings.leeway.total_seconds()))
        except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise TokenRefused(f"its token is refused: {getattr(error, 'error', '') or type(error).__name__}") from None
        return dict(claims)

    def _verified(self, token: str) -> jwt.Token:
        try:
            return jwt.decode(token, self._key_set(), algorithms=ALGORITHMS)
        except (InvalidKeyIdError, BadSignatureError):
            return jwt.decode(token, self._key_set(anew=True), algorithms=ALGORITHMS)

    def _places(self) -> Metadata:
        with self._lock:
            held = self._metadata
        if held and 0 <= self._clock() - held[0] < FRESH:
            return held[1]
        issuer = self.settings.issuer
        found = _metadata(self._asked(f"{issuer.rstrip('/')}/.well-known/openid-configuration"), issuer)
        with self._lock:
            self._metadata = self._clock(), found
        return found

    def _key_set(self, anew: bool = False) -> KeySet:
        with self._lock:
            held = self._keys
        if held and not anew and 0 <= self._clock() - held[0] < FRESH:
            return held[1]
        try:
            found = KeySet.import_key_set(self._asked(self._places().keys))  # type: ignore[arg-type] # it is checked there
        except (JoseError, ValueError, TypeError, KeyError):
            raise ProviderUnavailable("its keys cannot be read") from None
        with self._lock:
            self._keys = self._clock(), found
        return found


def _metadata(said: Mapping[str, Any], issuer: str) -> Metadata:
    if said.get("issuer") != issuer:
        raise ProviderUnavailable("it calls itself by another name than issuer: in the configuration")
    methods = said.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    return Metadata(
        _place(said, "authorization_endpoint"),
        _place(said, "token_endpoint"),
        _place(said, "jwks_uri"),
        _place(said, "end_session_endpoint") if "end_session_endpoint" in said else "",
        methods if isinstance(methods, list) else (),
    )


def _place(said: Mapping[str, Any], name: str) -> str:
    place = said.get(name)
    if not isinstance(place, str) or not is_safe(place):
        raise ProviderUnavailable(f"its {name} is no https address")
    return place


def _asked(url: str, form: Mapping[str, str] | None = None, auth: httpx.BasicAuth | None = None) -> Mapping[str, Any]:
    """An object in JSON. Raises `ProviderUnavailable`."""
    try:
        with (
            httpx.Client(timeout=TIMEOUT, auth=auth, headers={"accept": "application/json"}) as client,
            client.stream("POST" if form else "GET", url, data=form) as response,
        ):
            said = response.status_code, _read(response)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ProviderUnavailable(f"it is unreachable: {type(error).__name__}") from None
    return _object(*said)


def _read(response: httpx.Response) -> bytes:
    until, read = time.monotonic() + TIMEOUT, b""
    for part in response.iter_bytes():
        read += part
        if len(read) > LONGEST or time.monotonic() > until:
            raise ProviderUnavailable("its answer is too long")
    return read


def _object(status: int, body: bytes) -> Mapping[str, Any]:

    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise ProviderUnavailable(f"it answered with {status}, and not in JSON")
    if status != 200:
        reason = said.get("error")
        raise TokenRefused(f"it refused: {reason[:80] if isinstance(reason, str) else status}")
    return said


def _with_query(url: str, said: Mapping[str, str]) -> str:
    return f"{url}{'&' if '?' in url else '?'}{urlencode(said)}"


def _encoded(text: str) -> str:
    """As RFC 6749 wants name and secret in Basic."""
    return urlencode({"": text})[1:]
