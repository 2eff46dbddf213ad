"""Every failure of exchangelib, requests, lxml and the network, in words that an administrator can act on.

`translated` is the one place where foreign exceptions become ours; `problem` makes a value of one for a single book or
row. What they say stands in `pbx_exchange.error_catalog`.
"""

from __future__ import annotations

import requests.exceptions
import urllib3.exceptions
from dns.exception import DNSException
from exchangelib import errors as ews
from lxml import etree

from pbx_connector.api import (
    NETWORK_EXCEPTIONS,
    EndlessList,
    ErrorMapping,
    ErrorText,
    Explanation,
    NetworkTexts,
    innermost,
)
from pbx_exchange import error_catalog
from pbx_exchange.kerberos import NoTicket, Why
from pbx_exchange.oauth import BadFile, CertificateExpired, LockedKey, NoToken, SignInAway
from pbx_exchange.wire.adapter import OversizedAnswer, Unprotected
from pbx_exchange.wire.endpoint import (
    BUSY,
    Blocked,
    Forbidden,
    NotOffered,
    NoWayIn,
    TicketNotAccepted,
    TokenNotAccepted,
)
from pbx_exchange.wire.services import MailboxNotFound, UnheardOf
from pbx_exchange.wire.xml_parser import AnswerRefused, AnswerTooLarge

FOREIGN: tuple[type[Exception], ...] = (
    ews.EWSError,
    ews.MultipleObjectsReturned,
    ews.DoesNotExist,
    ews.InvalidEnumValue,
    ews.InvalidTypeError,
    ews.NaiveDateTimeNotAllowed,
    requests.exceptions.RequestException,
    etree.Error,
    AnswerRefused,
    EndlessList,
    NoToken,
    NoTicket,
    DNSException,
    *NETWORK_EXCEPTIONS,
)

NO_SUCH_MAILBOX: tuple[type[Exception], ...] = (
    MailboxNotFound,
    ews.ErrorNonExistentMailbox,
    ews.ErrorInvalidUserPrincipalName,
    ews.ErrorInvalidSmtpAddress,
    ews.ErrorInvalidMailbox,
    ews.ErrorMissingEmailAddress,
    ews.ErrorMailRecipientNotFound,
    ews.ErrorNameResolutionNoMailbox,
    ews.ErrorNameResolutionNoResults,
)
"""The answers that mean that no mailbox goes by the name that was given."""

_BY_TYPE: tuple[tuple[tuple[type[Exception], ...], ErrorText], ...] = (
    ((OversizedAnswer, AnswerTooLarge), error_catalog.TOO_LARGE),
    ((EndlessList,), error_catalog.ENDLESS),
    ((AnswerRefused, ews.SOAPError, etree.Error), error_catalog.CUT),
    ((UnicodeError, requests.exceptions.InvalidURL, requests.exceptions.InvalidHeader), error_catalog.UNSENDABLE),
    ((NoWayIn,), error_catalog.NO_WAY_IN),
    ((NotOffered,), error_catalog.NOT_OFFERED),
    ((Unprotected,), error_catalog.UNPROTECTED),
    ((TokenNotAccepted,), error_catalog.TOKEN_REFUSED),
    ((TicketNotAccepted,), error_catalog.TICKET_REFUSED),
    ((Blocked,), error_catalog.BLOCKED),
    ((Forbidden,), error_catalog.FORBIDDEN),
    ((ews.UnauthorizedError,), error_catalog.WRONG_PASSWORD),
    ((ews.ErrorAccountDisabled, ews.ErrorPasswordExpired, ews.ErrorPasswordChangeRequired), error_catalog.LOCKED),
    (
        (
            ews.ErrorImpersonateUserDenied,
            ews.ErrorImpersonationDenied,
            ews.ErrorImpersonationFailed,
            ews.ErrorInvalidExchangeImpersonationHeaderData,
            ews.ErrorCallerIsInvalidADAccount,
        ),
        error_catalog.IMPERSONATION,
    ),
    (NO_SUCH_MAILBOX, error_catalog.NO_MAILBOX),
    ((ews.ErrorNonPrimarySmtpAddress,), error_catalog.ALIAS),
    ((ews.ErrorInvalidLicense, ews.ErrorMailboxConfiguration), error_catalog.NO_LICENCE),
    (
        (
            ews.ErrorMailboxStoreUnavailable,
            ews.ErrorMailboxMoveInProgress,
            ews.ErrorMailboxFailover,
            ews.ErrorMailboxLogonFailed,
            ews.ErrorCrossSiteRequest,
            ews.ErrorADUnavailable,
        ),
        error_catalog.AWAY,
    ),
    ((ews.ErrorAccessDenied, ews.ErrorRecoverableItemsAccessDenied), error_catalog.DENIED),
    ((ews.ErrorFolderNotFound, ews.ErrorItemNotFound, ews.ErrorSyncFolderNotFound), error_catalog.NOT_THERE),
    ((ews.ErrorNoPublicFolderReplicaAvailable, ews.ErrorPublicFolderServerNotFound), error_catalog.NO_REPLICA),
    ((ews.ErrorInvalidServerVersion, ews.ErrorInvalidSchemaVersionForMailboxVersion), error_catalog.TOO_OLD),
    ((ews.ErrorServerBusy, ews.RateLimitError), error_catalog.TOO_BUSY),
    ((ews.AutoDiscoverError, DNSException), error_catalog.NO_AUTODISCOVER),
    ((ews.RedirectError, ews.RelativeRedirect), error_catalog.REDIRECTED),
    ((ews.MalformedResponseError, ews.CASError), error_catalog.NOT_EWS),
    ((requests.exceptions.ProxyError,), error_catalog.NO_PROXY),
    ((requests.exceptions.SSLError,), error_catalog.NO_TLS),
    ((requests.exceptions.Timeout,), error_catalog.TIMED_OUT),
    ((requests.exceptions.ChunkedEncodingError, requests.exceptions.ContentDecodingError), error_catalog.BROKEN_OFF),
    ((*BUSY, ews.ErrorInternalServerError), error_catalog.FAILING_INSIDE),
    ((ews.ResponseMessageError,), error_catalog.UNEXPECTED),
    ((ews.TransportError,), error_catalog.NOT_EWS),
)
_NETWORK = NetworkTexts(
    unsendable=error_catalog.UNSENDABLE,
    no_proxy=error_catalog.NO_PROXY,
    untrusted=error_catalog.UNTRUSTED,
    no_tls=error_catalog.NO_TLS,
    unknown_host=error_catalog.UNKNOWN_HOST,
    refused=error_catalog.REFUSED,
    timed_out=error_catalog.TIMED_OUT,
    damaged=error_catalog.BROKEN_OFF,
    broken_off=error_catalog.BROKEN_OFF,
    network=error_catalog.NETWORK,
)
_BY_NUMBER = {
    7000222: error_catalog.SECRET_EXPIRED,
    7000215: error_catalog.SECRET_WRONG,
    700016: error_catalog.NO_SUCH_APP,
    90002: error_catalog.NO_SUCH_TENANT,
    900023: error_catalog.NO_SUCH_TENANT,
    65001: error_catalog.NO_CONSENT,
    700024: error_catalog.CERTIFICATE_WRONG,
    700027: error_catalog.CERTIFICATE_WRONG,
}
_BY_REASON = {
    Why.MISSING: error_catalog.NO_TICKET,
    Why.EXPIRED: error_catalog.TICKET_EXPIRED,
    Why.UNKNOWN_SERVICE: error_catalog.NO_SUCH_SERVICE,
    Why.UNREACHABLE: error_catalog.NO_KDC,
    Why.SKEW: error_catalog.CLOCK,
    Why.BAD_KEYTAB: error_catalog.BAD_KEYTAB,
    Why.LOCKED: error_catalog.LOCKED,
    Why.OTHER: error_catalog.NO_KERBEROS_TICKET,
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


def _understand(error: Exception) -> Explanation:
    """What the server says about a failure of its own is told, as `wire.services.quote` leaves it."""
    cause = innermost(error, _WRAPPERS)
    wait = getattr(cause, "back_off", None)
    return Explanation(_words(cause), _name(error), str(getattr(error, "said", "")), wait)


def _name(error: Exception) -> str:
    if isinstance(error, (NoToken, NoTicket)):
        return str(error)
    return error.name if isinstance(error, (UnheardOf, NotOffered)) else type(error).__name__


def _words(cause: BaseException) -> ErrorText:
    if isinstance(cause, CertificateExpired):
        return error_catalog.CERTIFICATE_EXPIRED
    if isinstance(cause, SignInAway):
        return error_catalog.SIGN_IN_AWAY
    if isinstance(cause, LockedKey):
        return error_catalog.LOCKED_KEY
    if isinstance(cause, BadFile):
        return error_catalog.UNREADABLE
    if isinstance(cause, NoToken):
        return _BY_NUMBER.get(cause.number, error_catalog.NO_TOKEN)
    if isinstance(cause, NoTicket):
        return _BY_REASON[cause.why]
    found = next((text for types, text in _BY_TYPE if isinstance(cause, types)), None)
    return found or _NETWORK.of(cause) or error_catalog.UNEXPECTED


MAPPING = ErrorMapping(FOREIGN, _understand)
translated, explain, problem = MAPPING.translated, MAPPING.explain, MAPPING.problem
