"""Tokens for Microsoft 365: client credentials through MSAL, with a secret or a certificate.

exchangelib knows no certificates, and its OAuth sessions log secrets at debug level; so tokens are taken here and put
on each request. Made by `pbx_exchange.connection`, asked by the sessions of `wire.endpoint`.
"""

from __future__ import annotations

import logging
import re
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from requests import PreparedRequest, Response, Session
from requests.auth import AuthBase
from requests.exceptions import RequestException

from pbx_connector.api import UnreadableFile, is_protected, read_certificates, whole_number
from pbx_exchange.settings import CLOUDS, OAuth
from pbx_exchange.wire.adapter import Unprotected

# What MSAL warns of becomes an error in our words, while its own lines quote whole answers.
logging.getLogger("msal").setLevel(logging.CRITICAL)


_NONSENSE = (ValueError, RuntimeError, TypeError, AttributeError, LookupError, ArithmeticError)
"""What MSAL makes of a tenant that does not exist, of web pages, and of JSON of another shape."""


class NoToken(Exception):
    """The sign-in service gives no token. `number`: Microsoft's AADSTS number of the reason, 0 if there is none."""

    def __init__(self, number: int) -> None:
        super().__init__(f"AADSTS{number}" if number else "its answer makes no sense")
        self.number = number


class SignInAway(NoToken):
    """The sign-in service cannot be reached, or is out of order."""

    def __init__(self, kind: str) -> None:
        super().__init__(0)
        self.kind = kind

    def __str__(self) -> str:
        return self.kind


class CertificateExpired(NoToken):
    """The sign-in service does not take the certificate, and its time is over."""


class BadFile(NoToken):
    """The file of the certificate cannot be read, or lacks it or its key."""

    def __init__(self, path: Path) -> None:
        super().__init__(0)
        self.path = path

    def __str__(self) -> str:
        return str(self.path)


class LockedKey(BadFile):
    """The key is encrypted, and not with the passphrase that was given."""


class TokenAuth(AuthBase):
    """Puts a valid token on each request. `session` reaches the sign-in service."""

    def __init__(self, settings: OAuth, session: Session) -> None:
        self._settings = settings
        self._session = session
        self._scope = CLOUDS[settings.cloud].scope
        self._lock = threading.Lock()
        self._application: Any = None

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self.token()}"
        request.register_hook("response", self._forget_if_refused)  # type: ignore[no-untyped-call] # of requests
        return request

    def token(self) -> str:
        """A token that has not expired; asks for one only if none is at hand. Raises `NoToken`."""
        from msal.exceptions import MsalError  # here and below: most servers want no tokens

        try:
            with self._lock:
                self._application = self._application or self._make_application()
                answer = self._application.acquire_token_for_client([self._scope])
        except (RequestException, MsalError) as error:
            raise SignInAway(type(error).__name__) from None
        except _NONSENSE as error:
            raise NoToken(_number_in(f"{error} {error.__context__}")) from None
        if "access_token" not in answer:
            raise (
                CertificateExpired(_number(answer))
                if _is_over(self._settings.certificate)
                else NoToken(_number(answer))
            )
        return str(answer["access_token"])

    def _forget_if_refused(self, response: Response, **_settled: Any) -> None:
        """A token may be revoked before it expires: the next try comes with a new one."""
        if response.status_code == 401:
            with self._lock:
                self._application.remove_tokens_for_client()

    def _make_application(self) -> Any:
        import msal

        authority = self._settings.authority or f"{CLOUDS[self._settings.cloud].authority}/{self._settings.tenant}"
        if not is_protected(authority):
            raise Unprotected("a client secret would travel over an open network")
        return msal.ConfidentialClientApplication(
            self._settings.client_id,
            client_credential=_credential(self._settings),
            authority=authority,
            instance_discovery=False,
            http_client=self._session,
        )


def _credential(settings: OAuth) -> str | dict[str, str]:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    from cryptography.x509 import load_pem_x509_certificate

    if settings.client_secret is not None:
        return settings.client_secret.reveal().get_secret_value()
    assert settings.certificate is not None  # noqa: S101 - one of the two is there, as the settings are valid
    passphrase = settings.passphrase.reveal().get_secret_value() if settings.passphrase else ""
    try:
        pem = read_certificates(settings.certificate)
        load_pem_x509_certificate(pem)
        text = pem.decode("ascii")
    except (UnreadableFile, ValueError):
        raise BadFile(settings.certificate) from None
    if "ENCRYPTED" not in text:
        passphrase = ""
    try:
        load_pem_private_key(pem, passphrase.encode() or None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise (LockedKey if "ENCRYPTED" in text else BadFile)(settings.certificate) from None
    return {"private_key": text, "public_certificate": text} | ({"passphrase": passphrase} if passphrase else {})


def _is_over(certificate: Path | None) -> bool:
    if certificate is None:
        return False
    from cryptography.x509 import load_pem_x509_certificate

    until = load_pem_x509_certificate(read_certificates(certificate)).not_valid_after_utc
    return until < datetime.now(UTC)


def _number_in(text: str) -> int:
    """MSAL quotes the answer about a tenant as it came."""
    found = re.search(r"AADSTS(\d+)", text)
    return (whole_number(found[1]) if found else 0) or 0


def _number(answer: dict[str, Any]) -> int:
    codes = answer.get("error_codes")
    return next((code for code in codes if isinstance(code, int)), 0) if isinstance(codes, list) else 0
