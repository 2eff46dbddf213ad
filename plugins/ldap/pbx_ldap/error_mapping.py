"""Words for the failures of servers and networks: each exception that leaves the plugin is one of ours.

A server's own words are quoted in short, and never those about a log-in: they may repeat what was sent.
"""

from __future__ import annotations

import re
import socket
import ssl

from pbx_connector.api import EndlessList, ErrorMapping, ErrorText, Explanation, SourceError, ber
from pbx_ldap import error_catalog as catalog
from pbx_ldap.wire.connection import BrokenOff
from pbx_ldap.wire.messages import Refused, Result

FOREIGN = (OSError, ber.Malformed, Refused, EndlessList)
NO_SUCH_OBJECT = 32
_INVALID_CREDENTIALS = 49
_RESULTS = {
    1: catalog.FAILED,
    2: catalog.DAMAGED,
    3: catalog.TIME_LIMIT,
    4: catalog.SIZE_LIMIT,
    8: catalog.WANTS_PROTECTION,
    10: catalog.REFERRED,
    11: catalog.ADMIN_LIMIT,
    13: catalog.WANTS_PROTECTION,
    18: catalog.BAD_REQUEST,
    21: catalog.BAD_REQUEST,
    32: catalog.BASE_LEFT,
    34: catalog.BAD_REQUEST,
    48: catalog.WANTS_LOGIN,
    50: catalog.NO_RIGHTS,
    51: catalog.BUSY,
    52: catalog.BUSY,
    53: catalog.UNWILLING,
    87: catalog.BAD_REQUEST,
}
_MUST_BIND_FIRST = "000004DC"
"""How Active Directory says that it wants a log-in; the result is operationsError."""
_SUB_CODES = {
    "525": catalog.NO_SUCH_USER,
    "52e": catalog.WRONG_PASSWORD,
    "530": catalog.NOT_NOW,
    "531": catalog.NOT_FROM_HERE,
    "532": catalog.PASSWORD_EXPIRED,
    "533": catalog.DISABLED,
    "534": catalog.LOGON_TYPE,
    "568": catalog.TOO_MANY_GROUPS,
    "701": catalog.ACCOUNT_EXPIRED,
    "773": catalog.MUST_CHANGE,
    "775": catalog.LOCKED,
}
_SUB_CODE = re.compile(r"\bdata ([0-9a-f]{3,4})\b", re.IGNORECASE)
_LONGEST = 160


def explain_bind(error: Refused, where: str = "") -> SourceError:
    """Why a log-in was refused, in the words of its sub-code where there is one."""
    result = error.result
    if result.code == _INVALID_CREDENTIALS:
        found = _SUB_CODE.search(result.said)
        return _SUB_CODES.get(found[1].lower() if found else "", catalog.WRONG_PASSWORD).error(where)
    if result.code in (8, 13, 48, 51, 52, 53):
        text = catalog.WANTS_PROTECTION if result.code == 53 and "ncryption" in result.said else _RESULTS[result.code]
        return text.error(where)
    if result.code == 34:
        return catalog.BAD_NAME.error(where)
    return catalog.LOGIN_FAILED.error(where, f"result {result.code}")


def words_for(result: Result) -> tuple[ErrorText, str]:
    if result.code == 1 and _MUST_BIND_FIRST in result.said:
        return catalog.WANTS_LOGIN, ""
    if result.code == 52 and not result.said:
        return catalog.CLOSED, ""
    name = f"result {result.code}"
    if result.code == 10:
        name = shown(result.referrals[0]) if result.referrals else "which it does not name"
    return _RESULTS.get(result.code, catalog.FAILED), name


def shown(said: str) -> str:
    """A server's words on one line, cut, without what could rewrite a screen."""
    clean = " ".join("".join(one if one.isprintable() else " " for one in said).split())
    return clean if len(clean) <= _LONGEST else clean[:_LONGEST] + "…"


def _understand(error: Exception) -> Explanation:
    if isinstance(error, Refused):
        text, name = words_for(error.result)
        said = shown(error.result.said)
        return Explanation(text, name, f"“{said}”" if said else "")
    return Explanation(next((text for kind, text in _KINDS if isinstance(error, kind)), catalog.NETWORK))


_KINDS: tuple[tuple[type[Exception], ErrorText], ...] = (
    (ber.Malformed, catalog.DAMAGED),
    (EndlessList, catalog.ENDLESS),
    (ssl.SSLCertVerificationError, catalog.UNTRUSTED),
    (ssl.SSLZeroReturnError, catalog.BROKEN_OFF),
    (ssl.SSLEOFError, catalog.BROKEN_OFF),
    (ssl.SSLError, catalog.NO_TLS),
    (socket.gaierror, catalog.UNKNOWN_HOST),
    (TimeoutError, catalog.TIMED_OUT),
    (ConnectionRefusedError, catalog.REFUSED),
    (BrokenOff, catalog.BROKEN_OFF),
    (ConnectionError, catalog.BROKEN_OFF),
)

MAPPING = ErrorMapping(FOREIGN, _understand)
translated, explain, problem = MAPPING.translated, MAPPING.explain, MAPPING.problem
