"""Every failure of Graph, of the sign-in service and of the network, in words that an administrator can act on.

`translated` is the one place where foreign exceptions become ours; `problem` makes a value of one for a single book or
row. `meaning` says what an answer of Graph means for what was asked. The words stand in
`pbx_microsoft365.error_catalog`.
"""

from __future__ import annotations

from enum import Enum, auto

from pbx_connector.api import (
    NETWORK_EXCEPTIONS,
    EndlessList,
    ErrorMapping,
    ErrorText,
    Explanation,
    NetworkTexts,
    UnusableAuthorities,
)
from pbx_microsoft365 import error_catalog
from pbx_microsoft365.wire.answers import DamagedAnswer, GraphError, NotGraph, Redirected
from pbx_microsoft365.wire.client import ForeignLink
from pbx_microsoft365.wire.retries import is_temporary
from pbx_microsoft365.wire.sign_in import BadFile, CertificateExpired, LockedKey, NoToken, SignInUnreachable
from pbx_microsoft365.wire.transport import OversizedAnswer, Unprotected

FOREIGN: tuple[type[Exception], ...] = (
    GraphError,
    DamagedAnswer,
    NotGraph,
    Redirected,
    ForeignLink,
    OversizedAnswer,
    Unprotected,
    UnusableAuthorities,
    EndlessList,
    NoToken,
    *NETWORK_EXCEPTIONS,
)


class Meaning(Enum):
    """What an answer of Graph means for the thing that was asked for."""

    NOT_THERE = auto()
    """The item or folder that was asked for directly; the one answer that confirms an absence."""
    FOLDER_LEFT = auto()
    """The folder that changes were asked of; to be confirmed by asking for it directly."""
    NO_OBJECT = auto()
    """The directory has no such user, contact or group."""
    NO_MAILBOX = auto()
    """No mailbox answers to this name, now: true of a new one and, at times, of one that is there."""
    NOT_PERMITTED = auto()
    STATE_EXPIRED = auto()
    """The link to what changed is dead: a full read is due."""
    LATER = auto()
    OTHER = auto()


_MEANINGS = {
    (404, "ErrorItemNotFound"): Meaning.NOT_THERE,
    (404, "ErrorSyncFolderNotFound"): Meaning.FOLDER_LEFT,
    (404, "Request_ResourceNotFound"): Meaning.NO_OBJECT,
    (404, "MailboxNotEnabledForRESTAPI"): Meaning.NO_MAILBOX,
    (404, "ResourceNotFound"): Meaning.NO_MAILBOX,
    (404, "ErrorInvalidUser"): Meaning.NO_MAILBOX,
    (400, "ErrorInvalidUser"): Meaning.NO_MAILBOX,
}
_STATES = ("syncstatenotfound", "syncstateinvalid", "resyncrequired")
_BY_CODE = {
    "Authorization_RequestDenied": error_catalog.NO_DIRECTORY_RIGHT,
    "MailboxNotEnabledForRESTAPI": error_catalog.NO_LICENCE,
    "ResourceNotFound": error_catalog.UNREACHABLE_MAILBOX,
    "ErrorInvalidUser": error_catalog.NO_MAILBOX,
    "Request_ResourceNotFound": error_catalog.NO_SUCH_OBJECT,
    "ErrorItemNotFound": error_catalog.NOT_THERE,
    "ErrorSyncFolderNotFound": error_catalog.NOT_THERE,
}
_BY_STATUS = {
    401: error_catalog.TOKEN_REFUSED,
    429: error_catalog.TOO_BUSY,
    503: error_catalog.TOO_BUSY,
    509: error_catalog.TOO_BUSY,
    408: error_catalog.FAILING_INSIDE,
    500: error_catalog.FAILING_INSIDE,
    502: error_catalog.FAILING_INSIDE,
    504: error_catalog.FAILING_INSIDE,
}
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
_BY_TYPE: tuple[tuple[tuple[type[Exception], ...], ErrorText], ...] = (
    ((CertificateExpired,), error_catalog.CERTIFICATE_EXPIRED),
    ((LockedKey,), error_catalog.LOCKED_KEY),
    ((BadFile, UnusableAuthorities), error_catalog.UNREADABLE),
    ((OversizedAnswer,), error_catalog.TOO_LARGE),
    ((EndlessList,), error_catalog.ENDLESS),
    ((DamagedAnswer,), error_catalog.CUT),
    ((NotGraph,), error_catalog.NOT_GRAPH),
    ((Redirected,), error_catalog.REDIRECTED),
    ((ForeignLink,), error_catalog.FOREIGN_LINK),
    ((Unprotected,), error_catalog.UNPROTECTED),
)
_NETWORK = NetworkTexts(
    unsendable=error_catalog.UNSENDABLE,
    no_proxy=error_catalog.NO_PROXY,
    untrusted=error_catalog.UNTRUSTED,
    no_tls=error_catalog.NO_TLS,
    unknown_host=error_catalog.UNKNOWN_HOST,
    refused=error_catalog.REFUSED,
    timed_out=error_catalog.TIMED_OUT,
    damaged=error_catalog.CUT,
    broken_off=error_catalog.BROKEN_OFF,
    network=error_catalog.NETWORK,
)


def meaning(error: GraphError) -> Meaning:
    """A failure is never taken for emptiness: whatever is not in the table says nothing about what is there."""
    if error.status == 410 or error.code.lower() in _STATES:
        return Meaning.STATE_EXPIRED
    if found := _MEANINGS.get((error.status, error.code)):
        return found
    if error.status == 403:
        return Meaning.NOT_PERMITTED
    return Meaning.LATER if is_temporary(error) else Meaning.OTHER


def confirms_absence(error: Exception) -> bool:
    """Whether this answer to a direct request for an item or a folder means that it is not there."""
    return isinstance(error, GraphError) and meaning(error) is Meaning.NOT_THERE


def _understand(error: Exception) -> Explanation:
    if isinstance(error, GraphError):
        return Explanation(_words_of_graph(error), str(error), error.said, error.wait)
    name = str(error) if isinstance(error, NoToken | UnusableAuthorities) else type(error).__name__
    return Explanation(_words(error), name)


def _words(error: Exception) -> ErrorText:
    cause = error.failure if isinstance(error, SignInUnreachable) else error
    if found := next((text for types, text in _BY_TYPE if isinstance(cause, types)), None):
        return found
    if found := _NETWORK.of(cause):
        return found
    if isinstance(error, SignInUnreachable):
        return error_catalog.SIGN_IN_UNREACHABLE
    return (
        _BY_NUMBER.get(error.number, error_catalog.NO_TOKEN) if isinstance(error, NoToken) else error_catalog.UNEXPECTED
    )


def _words_of_graph(error: GraphError) -> ErrorText:
    if meaning(error) is Meaning.STATE_EXPIRED:
        return error_catalog.STATE_EXPIRED
    if error.code == "ErrorAccessDenied":
        policy = "odata" in error.said.lower()
        return error_catalog.POLICY if policy else error_catalog.NO_CONTACTS_RIGHT
    return _BY_CODE.get(error.code) or _BY_STATUS.get(error.status) or error_catalog.UNEXPECTED


MAPPING = ErrorMapping(FOREIGN, _understand)
translated, explain, problem = MAPPING.translated, MAPPING.explain, MAPPING.problem
