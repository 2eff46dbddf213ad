"""Kerberos: a ticket for the server, put on each request.

exchangelib's way (requests-gssapi) writes tickets to the log at debug level, and answers every failure with a 401 as if
the password were wrong; so tickets are taken here. They come from the ticket cache of the user that runs the program,
or by the keytab that KRB5_CLIENT_KTNAME names. Made by `pbx_exchange.connection`, asked by the sessions of
`wire.endpoint` and by autodiscover.
"""

from __future__ import annotations

from base64 import b64encode
from enum import Enum
from typing import Any
from urllib.parse import urlsplit

from requests import PreparedRequest
from requests.auth import AuthBase

try:
    import gssapi
except ImportError:  # an extra, as it is built with the system's Kerberos libraries
    gssapi = None

_SPNEGO = "1.3.6.1.5.5.2"
# Numbers of krb5.h (RFC 4120, 7.5.9 and MIT's own), which GSSAPI gives without their sign.
_EXPIRED = -1765328352
_UNKNOWN_SERVICE = -1765328377
_UNREACHABLE = (-1765328228, -1765328230, -1765328164, -1765328160)
_SKEW = -1765328347
_BAD_KEYTAB = (-1765328378, -1765328360, -1765328353, -1765328203)
_LOCKED = (-1765328366, -1765328361, -1765328383)


class Why(Enum):
    """Why there is no ticket."""

    MISSING = "missing"
    EXPIRED = "expired"
    UNKNOWN_SERVICE = "unknown service"
    UNREACHABLE = "unreachable"
    SKEW = "skew"
    BAD_KEYTAB = "bad keytab"
    LOCKED = "locked"
    OTHER = "other"


_REASONS = {
    _EXPIRED: Why.EXPIRED,
    _UNKNOWN_SERVICE: Why.UNKNOWN_SERVICE,
    _SKEW: Why.SKEW,
    **dict.fromkeys(_UNREACHABLE, Why.UNREACHABLE),
    **dict.fromkeys(_BAD_KEYTAB, Why.BAD_KEYTAB),
    **dict.fromkeys(_LOCKED, Why.LOCKED),
}


class NoTicket(Exception):
    """Kerberos gives no ticket for the server."""

    def __init__(self, why: Why, number: int = 0) -> None:
        super().__init__(f"Kerberos error {number}" if number else why.value)
        self.why = why


def is_installed() -> bool:
    return gssapi is not None


def principal() -> str:
    """Whose tickets are taken. Raises `NoTicket`."""
    return str(_credentials().name)


class TicketAuth(AuthBase):
    """A fresh token with each request, without waiting to be asked: a ticket is good for many."""

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        token = _token(urlsplit(request.url or "").hostname or "")
        request.headers["Authorization"] = f"Negotiate {b64encode(token).decode()}"
        return request


def _token(host: str) -> bytes:
    """Raises `NoTicket`."""
    _credentials()
    try:
        return bytes(_step(host, gssapi.OID.from_int_seq(_SPNEGO)))
    except gssapi.exceptions.GSSError as error:
        raise _explained(error, host) from None


def _credentials() -> Any:
    """Asked for by themselves, as negotiation tells neither "none" from "expired"."""
    try:
        found = gssapi.Credentials(usage="initiate", mechs=[gssapi.MechType.kerberos])
        if found.lifetime:
            return found
    except gssapi.exceptions.GSSError as error:
        raise _explained(error) from None
    raise NoTicket(Why.EXPIRED)


def _step(host: str, mechanism: Any) -> Any:
    name = gssapi.Name(f"HTTP@{host}", gssapi.NameType.hostbased_service)
    return gssapi.SecurityContext(usage="initiate", name=name, mech=mechanism).step()


def _explained(error: Any, host: str = "") -> NoTicket:
    if isinstance(error, gssapi.exceptions.ExpiredCredentialsError):
        return NoTicket(Why.EXPIRED)
    number = _signed(error.min_code)
    if number in _REASONS:
        return NoTicket(_REASONS[number])
    if isinstance(error, gssapi.exceptions.MissingCredentialsError):
        return NoTicket(Why.MISSING)
    # Negotiation has numbers of its own, made up as it goes; Kerberos by itself tells the real one.
    number = _real_number(host) if host else number
    return NoTicket(_REASONS.get(number, Why.OTHER), number)


def _real_number(host: str) -> int:
    try:
        _step(host, gssapi.MechType.kerberos)
    except gssapi.exceptions.GSSError as error:
        return _signed(error.min_code)
    return 0


def _signed(number: int) -> int:
    return number - 2**32 if number >= 2**31 else number
