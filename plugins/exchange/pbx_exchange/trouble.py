"""Every failure of exchangelib, requests, lxml and the network, in words that an administrator can act on.

`translated` is the one place where foreign exceptions become ours; `problem` makes a value of one for a single book or
row. What they say stands in `pbx_exchange.words`.
"""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import requests.exceptions
import urllib3.exceptions
from dns.exception import DNSException
from exchangelib import errors as ews
from lxml import etree

from pbx_connector.api import Problem, SourceError
from pbx_exchange import words
from pbx_exchange.kerberos import NoTicket, Why
from pbx_exchange.oauth import BadFile, CertificateExpired, LockedKey, NoToken, SignInAway
from pbx_exchange.wire.adapter import OversizedAnswer
from pbx_exchange.wire.answer import AnswerRefused, AnswerTooLarge
from pbx_exchange.wire.endpoint import (
    BUSY,
    Blocked,
    Forbidden,
    NoWayIn,
    TicketNotAccepted,
    TokenNotAccepted,
    Unprotected,
)
from pbx_exchange.wire.services import UnheardOf
from pbx_exchange.words import Words

FOREIGN: tuple[type[Exception], ...] = (
    ews.EWSError,
    ews.MultipleObjectsReturned,
    ews.DoesNotExist,
    ews.InvalidEnumValue,
    ews.InvalidTypeError,
    ews.NaiveDateTimeNotAllowed,
    requests.exceptions.RequestException,
    urllib3.exceptions.HTTPError,
    http.client.HTTPException,
    urllib3.exceptions.ProxySchemeUnsupported,
    etree.Error,
    AnswerRefused,
    NoToken,
    NoTicket,
    DNSException,
    OSError,
    UnicodeError,  # of names that the network's encodings cannot carry; our own text is valid where it is checked
)


_BY_TYPE: tuple[tuple[tuple[type[Exception], ...], Words], ...] = (
    ((OversizedAnswer, AnswerTooLarge), words.TOO_LARGE),
    ((AnswerRefused, ews.SOAPError, etree.Error), words.CUT),
    ((UnicodeError, requests.exceptions.InvalidURL, requests.exceptions.InvalidHeader), words.UNSENDABLE),
    ((NoWayIn,), words.NO_WAY_IN),
    ((Unprotected,), words.UNPROTECTED),
    ((TokenNotAccepted,), words.TOKEN_REFUSED),
    ((TicketNotAccepted,), words.TICKET_REFUSED),
    ((Blocked,), words.BLOCKED),
    ((Forbidden,), words.FORBIDDEN),
    ((ews.UnauthorizedError,), words.WRONG_PASSWORD),
    ((ews.ErrorAccountDisabled, ews.ErrorPasswordExpired, ews.ErrorPasswordChangeRequired), words.LOCKED),
    (
        (
            ews.ErrorImpersonateUserDenied,
            ews.ErrorImpersonationDenied,
            ews.ErrorImpersonationFailed,
            ews.ErrorInvalidExchangeImpersonationHeaderData,
            ews.ErrorCallerIsInvalidADAccount,
        ),
        words.IMPERSONATION,
    ),
    (
        (
            ews.ErrorNonExistentMailbox,
            ews.ErrorInvalidUserPrincipalName,
            ews.ErrorInvalidSmtpAddress,
            ews.ErrorMissingEmailAddress,
            ews.ErrorMailRecipientNotFound,
        ),
        words.NO_MAILBOX,
    ),
    ((ews.ErrorNonPrimarySmtpAddress,), words.ALIAS),
    ((ews.ErrorInvalidLicense, ews.ErrorMailboxConfiguration), words.NO_LICENCE),
    (
        (
            ews.ErrorMailboxStoreUnavailable,
            ews.ErrorMailboxMoveInProgress,
            ews.ErrorMailboxFailover,
            ews.ErrorMailboxLogonFailed,
            ews.ErrorCrossSiteRequest,
            ews.ErrorADUnavailable,
        ),
        words.AWAY,
    ),
    ((ews.ErrorAccessDenied, ews.ErrorRecoverableItemsAccessDenied), words.DENIED),
    ((ews.ErrorFolderNotFound, ews.ErrorItemNotFound, ews.ErrorSyncFolderNotFound), words.NOT_THERE),
    ((ews.ErrorNoPublicFolderReplicaAvailable, ews.ErrorPublicFolderServerNotFound), words.NO_REPLICA),
    ((ews.ErrorInvalidServerVersion, ews.ErrorInvalidSchemaVersionForMailboxVersion), words.TOO_OLD),
    ((ews.ErrorServerBusy, ews.RateLimitError), words.TOO_BUSY),
    ((ews.AutoDiscoverError, DNSException), words.NO_AUTODISCOVER),
    ((ews.RedirectError, ews.RelativeRedirect), words.REDIRECTED),
    ((ews.MalformedResponseError, ews.CASError), words.NOT_EWS),
    ((requests.exceptions.ProxyError, urllib3.exceptions.ProxyError), words.NO_PROXY),
    ((ssl.SSLCertVerificationError,), words.UNTRUSTED),
    ((requests.exceptions.SSLError, urllib3.exceptions.SSLError, ssl.SSLError), words.NO_TLS),
    ((urllib3.exceptions.NameResolutionError, socket.gaierror), words.UNKNOWN_HOST),
    ((ConnectionRefusedError,), words.REFUSED),
    ((requests.exceptions.Timeout, urllib3.exceptions.TimeoutError, TimeoutError), words.TIMED_OUT),
    (
        (requests.exceptions.ChunkedEncodingError, requests.exceptions.ContentDecodingError, ConnectionError),
        words.BROKEN_OFF,
    ),
    ((urllib3.exceptions.ProtocolError, http.client.HTTPException), words.BROKEN_OFF),
    ((*BUSY, ews.ErrorInternalServerError), words.IN_TROUBLE),
    ((ews.ResponseMessageError,), words.UNEXPECTED),
    ((ews.TransportError,), words.NOT_EWS),
    ((requests.exceptions.RequestException, urllib3.exceptions.HTTPError, OSError), words.NETWORK),
)
_BY_NUMBER = {
    7000222: words.SECRET_EXPIRED,
    7000215: words.SECRET_WRONG,
    700016: words.NO_SUCH_APP,
    90002: words.NO_SUCH_TENANT,
    900023: words.NO_SUCH_TENANT,
    65001: words.NO_CONSENT,
    700024: words.CERTIFICATE_WRONG,
    700027: words.CERTIFICATE_WRONG,
}
_BY_REASON = {
    Why.MISSING: words.NO_TICKET,
    Why.EXPIRED: words.TICKET_EXPIRED,
    Why.UNKNOWN_SERVICE: words.NO_SUCH_SERVICE,
    Why.UNREACHABLE: words.NO_KDC,
    Why.SKEW: words.CLOCK,
    Why.BAD_KEYTAB: words.BAD_KEYTAB,
    Why.LOCKED: words.LOCKED,
    Why.OTHER: words.NO_KERBEROS_TICKET,
}
# exchangelib puts these around what really happened.
_WRAPPERS = (
    ews.ErrorTimeoutExpired,
    ews.TransportError,
    requests.exceptions.SSLError,
    requests.exceptions.ConnectionError,
    urllib3.exceptions.SSLError,
    urllib3.exceptions.MaxRetryError,
    urllib3.exceptions.NewConnectionError,
)


@contextmanager
def translated(where: str = "") -> Iterator[None]:
    """Foreign exceptions become `SourceError`; their own text stays behind, as it may quote the server's answer."""
    try:
        yield
    except FOREIGN as error:
        raise explain(error, where) from None


def explain(error: Exception, where: str = "") -> SourceError:
    return _words(error).error(where, _name(error))


def problem(error: Exception, where: str) -> Problem:
    if isinstance(error, SourceError):
        return Problem(error.code, error.message, where, error.hint)
    return _words(error).problem(where, _name(error))


def _name(error: Exception) -> str:
    if isinstance(error, (NoToken, NoTicket)):
        return str(error)
    return error.name if isinstance(error, UnheardOf) else type(error).__name__


def _words(error: Exception) -> Words:
    cause = _innermost(error)
    if isinstance(cause, CertificateExpired):
        return words.CERTIFICATE_EXPIRED
    if isinstance(cause, SignInAway):
        return words.SIGN_IN_AWAY
    if isinstance(cause, LockedKey):
        return words.LOCKED_KEY
    if isinstance(cause, BadFile):
        return words.UNREADABLE
    if isinstance(cause, NoToken):
        return _BY_NUMBER.get(cause.number, words.NO_TOKEN)
    if isinstance(cause, NoTicket):
        return _BY_REASON[cause.why]
    for types, found in _BY_TYPE:
        if isinstance(cause, types):
            return found
    return words.UNEXPECTED


def _innermost(error: BaseException) -> BaseException:
    """What the wrappers are around; bounded, since contexts can form long chains."""
    for _ in range(8):
        inner = _wrapped(error) if type(error) in _WRAPPERS else None
        if inner is None:
            return error
        error = inner
    return error


def _wrapped(error: BaseException) -> BaseException | None:
    reason = getattr(error, "reason", None) or (error.args[0] if error.args else None)
    for inner in (reason, error.__cause__, error.__context__):
        if isinstance(inner, BaseException) and not isinstance(inner, (KeyError, AttributeError)):
            return inner
    return None
