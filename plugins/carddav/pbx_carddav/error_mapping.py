"""Every failure of the server and of the network, in words that an administrator can act on.

`translated` is the one place where foreign exceptions become ours; `problem` makes a value of one for a single book.
"""

from __future__ import annotations

import urllib3.exceptions

from pbx_carddav import error_catalog as errors
from pbx_carddav.wire.errors import DavError, EndlessRedirect, ForeignHost, NotDav, Unprotected
from pbx_carddav.wire.multistatus import DAV, DamagedAnswer, OversizedAnswer
from pbx_carddav.wire.retries import is_temporary
from pbx_connector.api import (
    NETWORK_EXCEPTIONS,
    EndlessList,
    ErrorMapping,
    ErrorText,
    Explanation,
    NetworkTexts,
    UnusableAuthorities,
)

FOREIGN: tuple[type[Exception], ...] = (
    DavError,
    NotDav,
    ForeignHost,
    EndlessRedirect,
    Unprotected,
    DamagedAnswer,
    OversizedAnswer,
    UnusableAuthorities,
    EndlessList,
    *NETWORK_EXCEPTIONS,
)
_GONE = (404, 410)
_BY_STATUS = {
    403: errors.NOT_PERMITTED,
    404: errors.NOT_THERE,
    405: errors.NOT_DAV,
    410: errors.NOT_THERE,
    429: errors.TOO_BUSY,
    503: errors.TOO_BUSY,
    507: errors.CUT_LIST,
}
_BY_TYPE: tuple[tuple[tuple[type[Exception], ...], ErrorText], ...] = (
    ((NotDav,), errors.NOT_DAV),
    ((ForeignHost,), errors.FOREIGN_HOST),
    ((EndlessRedirect,), errors.ENDLESS_REDIRECT),
    ((Unprotected,), errors.UNPROTECTED),
    ((UnusableAuthorities,), errors.UNREADABLE_CA),
    ((OversizedAnswer,), errors.TOO_LARGE),
    ((EndlessList,), errors.ENDLESS),
    ((DamagedAnswer,), errors.CUT),
    ((urllib3.exceptions.ResponseError,), errors.TOO_LARGE),
)
_NETWORK = NetworkTexts(
    unsendable=errors.UNKNOWN_HOST,
    no_proxy=errors.NO_PROXY,
    untrusted=errors.UNTRUSTED,
    no_tls=errors.NO_TLS,
    unknown_host=errors.UNKNOWN_HOST,
    refused=errors.REFUSED,
    timed_out=errors.TIMED_OUT,
    damaged=errors.CUT,
    broken_off=errors.BROKEN_OFF,
    network=errors.NETWORK,
)


def is_absent(status: int) -> bool:
    """Whether this answer to a direct request means that the thing is not there."""
    return status in _GONE


def confirms_absence(error: Exception) -> bool:
    return isinstance(error, DavError) and is_absent(error.status)


def is_dead_token(error: Exception) -> bool:
    """The mark of an earlier state counts for nothing any more: a full read is due."""
    if not isinstance(error, DavError):
        return False
    return error.status in (400, 410, 412) or (
        error.status in (403, 409) and DAV + "valid-sync-token" in error.conditions
    )


def is_not_offered(error: Exception) -> bool:
    """The server does not tell changes; what else the answer may mean shows when everything is listed."""
    return isinstance(error, DavError) and error.status in (400, 403, 405, 415, 501)


def _understand(error: Exception) -> Explanation:
    if isinstance(error, DavError):
        return Explanation(_words_of_server(error), str(error), error.said, error.wait)
    found = next((text for types, text in _BY_TYPE if isinstance(error, types)), None)
    name = str(error) if isinstance(error, ForeignHost | UnusableAuthorities) else type(error).__name__
    return Explanation(found or _NETWORK.of(error) or errors.UNEXPECTED, name)


def _words_of_server(error: DavError) -> ErrorText:
    if error.status == 401:
        return errors.LOG_IN_REFUSED if not error.schemes or "basic" in error.schemes.lower() else errors.NO_BASIC
    found = _BY_STATUS.get(error.status)
    return found or (errors.FAILING_INSIDE if is_temporary(error) or error.status >= 500 else errors.UNEXPECTED)


MAPPING = ErrorMapping(FOREIGN, _understand)
translated, explain, problem = MAPPING.translated, MAPPING.explain, MAPPING.problem
