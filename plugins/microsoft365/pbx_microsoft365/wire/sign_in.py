"""Tokens by client credentials through MSAL, with a secret or a certificate; one for all threads until it expires.

MSAL sends what it has to say through our own transport, so that CA file, proxy and bounds are those of the settings
whatever the environment says.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from urllib3.exceptions import HTTPError

from pbx_connector.api import Transport, UnreadableFile, machine_error, read_certificates, whole_number
from pbx_microsoft365.settings import Microsoft365Settings
from pbx_microsoft365.wire.transport import Answer, OversizedAnswer, send

# What MSAL warns of becomes an error in our words, while its own lines quote whole answers.
logging.getLogger("msal").setLevel(logging.CRITICAL)

_SMALL = 1024 * 1024
_NONSENSE = (ValueError, RuntimeError, TypeError, AttributeError, LookupError, ArithmeticError)
"""What MSAL makes of a tenant that does not exist, of web pages, and of JSON of another shape."""


class NoToken(Exception):
    """The sign-in service gives no token. `number`: Microsoft's AADSTS number of the reason, 0 if there is none."""

    def __init__(self, number: int = 0) -> None:
        super().__init__(f"AADSTS{number}" if number else "its answer makes no sense")
        self.number = number


class SignInUnreachable(NoToken):
    """The sign-in service cannot be reached, or is out of order. `failure`: of the network, or of the service."""

    def __init__(self, failure: Exception) -> None:
        super().__init__()
        self.failure = failure

    def __str__(self) -> str:
        return str(self.failure) if isinstance(self.failure, _Failing) else type(self.failure).__name__


class CertificateExpired(NoToken):
    """The sign-in service does not take the certificate, and its time is over."""


class BadFile(NoToken):
    """The file of the certificate cannot be read, or lacks it or its key."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path

    def __str__(self) -> str:
        return str(self.path)


class LockedKey(BadFile):
    """The key is encrypted, and not with the passphrase that was given."""


class SignIn:
    def __init__(self, settings: Microsoft365Settings, transport: Transport) -> None:
        self._settings = settings
        self._http = _Http(transport)
        self._lock = threading.Lock()
        self._application: Any = None
        self._current = ""

    def token(self) -> str:
        """A token that has not expired; asks for one only if none is at hand. Raises `NoToken`, `Unprotected`."""
        with self._lock:
            answer = self._ask()
            token = answer.get("access_token")
            if token is None:
                raise self._refusal(answer)
            if not isinstance(token, str) or not token.isascii() or not token.isprintable() or " " in token:
                raise NoToken()
            self._current = token
            return token

    def forget(self, token: str) -> None:
        """A token may be revoked before it expires: the next try comes with a new one."""
        with self._lock:
            if self._application is not None and token == self._current:
                self._application.remove_tokens_for_client()

    def _ask(self) -> dict[str, Any]:
        from msal.exceptions import MsalError  # here and below: it takes time to load

        try:
            self._application = self._application or self._make_application()
            answer = self._application.acquire_token_for_client([self._settings.scope])
        except (HTTPError, OSError, OversizedAnswer, MsalError, _Failing) as error:
            if lacking := machine_error(error):
                raise lacking from None
            raise SignInUnreachable(error) from None
        except _NONSENSE as error:
            raise NoToken(_number_in(f"{error} {error.__context__}")) from None
        return answer if isinstance(answer, dict) else {}

    def _make_application(self) -> Any:
        import msal

        return msal.ConfidentialClientApplication(
            self._settings.client_id.strip(),
            client_credential=_credential(self._settings),
            authority=self._settings.sign_in,
            instance_discovery=False,
            http_client=self._http,
        )

    def _refusal(self, answer: dict[str, Any]) -> NoToken:
        expired = _is_over(self._settings.certificate)
        return CertificateExpired(_number(answer)) if expired else NoToken(_number(answer))


@dataclass(frozen=True, slots=True)
class _Response:
    """What MSAL wants to see of an answer."""

    status_code: int
    text: str
    headers: Mapping[str, str]

    def raise_for_status(self) -> None:
        if self.status_code >= 500:
            raise _Failing(f"HTTP {self.status_code}")
        if self.status_code >= 400:
            raise ValueError(f"HTTP {self.status_code}")


class _Failing(Exception):
    """The service answers with an error of its own."""


class _Http:
    """What MSAL wants of a client; whatever comes, nothing goes over an open network."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def get(self, url: str, *, params: Any = None, headers: Any = None, **_settled: Any) -> _Response:
        return self._send("GET", url, params, headers, None)

    def post(
        self, url: str, *, params: Any = None, data: Any = None, headers: Any = None, **_settled: Any
    ) -> _Response:
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        body = data if isinstance(data, str) else urlencode(data or {})
        return self._send("POST", url, params, form | dict(headers or {}), body.encode())

    def close(self) -> None:
        """The transport is closed by who opened it."""

    def _send(self, method: str, url: str, params: Any, headers: Any, body: bytes | None) -> _Response:
        query = urlencode(params or {})
        told: Answer = send(
            self._transport, method, f"{url}?{query}" if query else url, dict(headers or {}), body, largest=_SMALL
        )
        response = _Response(told.status, told.body.decode("utf-8", "replace"), told.headers)
        if told.status >= 500:
            response.raise_for_status()
        return response


def _credential(settings: Microsoft365Settings) -> str | dict[str, str]:
    if settings.certificate is None:
        assert settings.client_secret is not None  # noqa: S101 - one of the two is there, as the settings are valid
        return settings.client_secret.reveal().get_secret_value()
    passphrase = settings.passphrase.reveal().get_secret_value() if settings.passphrase else ""
    text = _read_pem(settings.certificate)
    if "ENCRYPTED" not in text:
        passphrase = ""
    _require_key(settings.certificate, text, passphrase)
    return {"private_key": text, "public_certificate": text} | ({"passphrase": passphrase} if passphrase else {})


def _read_pem(path: Path) -> str:
    from cryptography.x509 import load_pem_x509_certificate

    try:
        pem = read_certificates(path)
        load_pem_x509_certificate(pem)
        return pem.decode("ascii")
    except (UnreadableFile, ValueError):
        raise BadFile(path) from None


def _require_key(path: Path, text: str, passphrase: str) -> None:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        load_pem_private_key(text.encode(), passphrase.encode() or None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise (LockedKey if "ENCRYPTED" in text else BadFile)(path) from None


def _is_over(certificate: Path | None) -> bool:
    if certificate is None:
        return False
    from cryptography.x509 import load_pem_x509_certificate

    return load_pem_x509_certificate(read_certificates(certificate)).not_valid_after_utc < datetime.now(UTC)


def _number_in(text: str) -> int:
    """MSAL quotes the answer about a tenant as it came."""
    found = re.search(r"AADSTS(\d+)", text)
    return (whole_number(found[1]) if found else 0) or 0


def _number(answer: dict[str, Any]) -> int:
    codes = answer.get("error_codes")
    known = next((code for code in codes if isinstance(code, int)), 0) if isinstance(codes, list) else 0
    return known or _number_in(str(answer.get("error_description", "")))
