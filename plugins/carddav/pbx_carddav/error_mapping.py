"""Every failure of the server and of the network, in words that an administrator can act on.

`translated` is the one place where foreign exceptions become ours; `problem` makes a value of one for a single book.
"""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import urllib3.exceptions

from pbx_carddav import error_catalog as errors
from pbx_carddav.wire.errors import DavError, EndlessRedirect, ForeignHost, NotDav, Unprotected
from pbx_carddav.wire.multistatus import DAV, DamagedAnswer, OversizedAnswer
from pbx_carddav.wire.retries import is_temporary
from pbx_connector.api import EndlessList, ErrorText, Problem, SourceError, UnusableAuthorities, machine_error

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
    urllib3.exceptions.HTTPError,
    urllib3.exceptions.ProxySchemeUnsupported,
    http.client.HTTPException,
    OSError,
    UnicodeError,  # of names that the network's encodings cannot carry
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
    ((UnicodeError, urllib3.exceptions.LocationValueError, http.client.InvalidURL), errors.UNKNOWN_HOST),
    ((urllib3.exceptions.ProxyError, urllib3.exceptions.ProxySchemeUnsupported), errors.NO_PROXY),
    ((ssl.SSLCertVerificationError,), errors.UNTRUSTED),
    ((urllib3.exceptions.SSLError, ssl.SSLError), errors.NO_TLS),
    ((urllib3.exceptions.NameResolutionError, socket.gaierror), errors.UNKNOWN_HOST),
    ((ConnectionRefusedError,), errors.REFUSED),
    ((urllib3.exceptions.TimeoutError, TimeoutError), errors.TIMED_OUT),
    ((urllib3.exceptions.DecodeError,), errors.CUT),
    ((urllib3.exceptions.ResponseError,), errors.TOO_LARGE),
    ((urllib3.exceptions.ProtocolError, http.client.HTTPException, ConnectionError), errors.BROKEN_OFF),
    ((urllib3.exceptions.HTTPError, OSError), errors.NETWORK),
)
# urllib3 puts these around what really happened.
_WRAPPERS = (
    urllib3.exceptions.SSLError,
    urllib3.exceptions.MaxRetryError,
    urllib3.exceptions.NewConnectionError,
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


@contextmanager
def translated(where: str = "") -> Iterator[None]:
    """Foreign exceptions become `SourceError`; their own text stays behind, as it may quote the server's answer."""
    try:
        yield
    except FOREIGN as error:
        if lacking := machine_error(error):
            raise lacking from None
        raise explain(error, where) from None


def explain(error: Exception, where: str = "") -> SourceError:
    words, name, said = _words(error), _name(error), _said(error)
    return words.error(where, name, said, retry_after=error.wait if isinstance(error, DavError) else None)


def problem(error: Exception, where: str) -> Problem:
    """Raises `MachineError`: what this machine lacks is no book's and no server's fault."""
    if lacking := machine_error(error):
        raise lacking from None
    if isinstance(error, SourceError):
        return Problem(error.code, error.message, where, error.hint)
    return _words(error).problem(where, _name(error), _said(error))


def _said(error: Exception) -> str:
    return error.said if isinstance(error, DavError) else ""


def _name(error: Exception) -> str:
    return str(error) if isinstance(error, DavError | ForeignHost | UnusableAuthorities) else type(error).__name__


def _words(error: Exception) -> ErrorText:
    if isinstance(error, DavError):
        return _words_of_server(error)
    cause = _innermost(error)
    return next((found for types, found in _BY_TYPE if isinstance(cause, types)), errors.UNEXPECTED)


def _words_of_server(error: DavError) -> ErrorText:
    if error.status == 401:
        return errors.LOG_IN_REFUSED if not error.schemes or "basic" in error.schemes.lower() else errors.NO_BASIC
    found = _BY_STATUS.get(error.status)
    return found or (errors.FAILING_INSIDE if is_temporary(error) or error.status >= 500 else errors.UNEXPECTED)


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
