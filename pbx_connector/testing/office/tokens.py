"""A token endpoint like Microsoft's identity platform: client credentials for access tokens, by secret or certificate.

Tokens are opaque here: only the sandbox reads them. Error codes and texts are those that administrators meet.
A server routes `/{tenant}/...` here, and asks `find` whose a token is.
"""

from __future__ import annotations

import base64
import binascii
import json
import secrets
import time
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response

from pbx_connector.testing.office.entities import Application
from pbx_connector.testing.office.server_state import ServerState

_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class TokenRefused(Exception):
    def __init__(self, error: str, number: int, text: str, status: int = HTTPStatus.UNAUTHORIZED) -> None:
        super().__init__(text)
        self.status = status
        self.body = {"error": error, "error_description": f"AADSTS{number}: {text}", "error_codes": [number]}


class Tokens:
    """Hands out tokens, and knows them again until they expire."""

    def __init__(self, state: ServerState, lifetime: float = 3600.0) -> None:
        self._state = state
        self.lifetime = lifetime
        self._issued: dict[str, tuple[Application, float]] = {}
        self.tenants = {"example.com"}
        self.trouble: tuple[int, str] | None = None
        """Status and text that everybody gets who asks for anything here."""
        self.audiences: set[str] = set()
        """What the tokens so far were asked for, such as `https://outlook.office365.com`."""

    def find(self, token: str) -> Application | None:
        application, expires = self._issued.get(token, (None, 0.0))
        return application if time.monotonic() < expires else None

    def revoke(self) -> None:
        """Make every token that was handed out invalid."""
        self._issued.clear()

    async def serve_configuration(self, http: HttpRequest) -> Response:
        """OpenID Connect discovery, as client libraries ask for it first."""
        if self.trouble:
            return Response(self.trouble[1], self.trouble[0])
        if http.path_params["tenant"] not in self.tenants:
            refused = TokenRefused("invalid_tenant", 90002, "Tenant was not found.", HTTPStatus.BAD_REQUEST)
            return JSONResponse(refused.body, refused.status)
        base = f"{http.url.scheme}://{http.url.netloc}/{http.path_params['tenant']}"
        return JSONResponse(
            {
                "issuer": f"{base}/v2.0",
                "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                "token_endpoint": f"{base}/oauth2/v2.0/token",
            }
        )

    async def serve_token(self, http: HttpRequest) -> Response:
        if self.trouble:
            return Response(self.trouble[1], self.trouble[0])
        form = dict(parse_qsl((await http.body()).decode("ascii", "replace")))
        try:
            application = self._identify(form)
        except TokenRefused as refused:
            return JSONResponse(refused.body, refused.status)
        self.audiences.add(form["scope"].removesuffix("/.default"))
        token = secrets.token_urlsafe(48)
        self._issued[token] = (application, time.monotonic() + self.lifetime)
        return JSONResponse({"token_type": "Bearer", "expires_in": int(self.lifetime), "access_token": token})

    def _identify(self, form: dict[str, str]) -> Application:
        if form.get("grant_type") != "client_credentials":
            raise TokenRefused("unsupported_grant_type", 70003, "The app requested an unsupported grant type.", 400)
        if not form.get("scope", "").endswith("/.default"):
            raise TokenRefused("invalid_scope", 1002012, "The provided value for scope is not valid.", 400)
        application = self._state.applications.get(form.get("client_id", ""))
        if application is None:
            raise TokenRefused("unauthorized_client", 700016, "Application was not found in the directory.", 400)
        if form.get("client_assertion_type") == _ASSERTION:
            _check_assertion(application, form.get("client_assertion", ""))
        else:
            _check_secret(application, form.get("client_secret", ""))
        return application


def _check_secret(application: Application, secret: str) -> None:
    if not secrets.compare_digest(application.secret.encode(), secret.encode()):
        raise TokenRefused("invalid_client", 7000215, "Invalid client secret provided.")
    if application.secret_expired:
        raise TokenRefused("invalid_client", 7000222, "The provided client secret keys are expired.")


def _check_assertion(application: Application, assertion: str) -> None:
    """A JSON web token that the application signed with the key of its certificate (RS256 or PS256)."""
    try:
        signed, _, signature = assertion.rpartition(".")
        header, claims = (json.loads(_decode(part)) for part in signed.split("."))
        _verify(application, header, signed.encode(), _decode(signature))
    except (ValueError, binascii.Error, InvalidSignature) as error:
        raise TokenRefused("invalid_client", 700027, "The certificate used to sign is not registered.") from error
    if claims.get("sub") != application.client_id or claims.get("exp", 0) < time.time():
        raise TokenRefused("invalid_client", 700024, "Client assertion is not within its valid time range.")


def _verify(application: Application, header: dict[str, Any], signed: bytes, signature: bytes) -> None:
    if application.certificate is None:
        raise ValueError("no certificate is registered")
    certificate = x509.load_pem_x509_certificate(application.certificate)
    if certificate.not_valid_after_utc < datetime.now(UTC):
        raise ValueError("the certificate is no longer valid")
    key = certificate.public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        raise ValueError("the certificate has no RSA key")
    pss = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=padding.PSS.DIGEST_LENGTH)
    key.verify(signature, signed, pss if header.get("alg") == "PS256" else padding.PKCS1v15(), hashes.SHA256())


def _decode(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
