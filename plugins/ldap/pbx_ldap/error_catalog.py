"""What is said about each kind of failure: a code that is never reused, what happened, and what to do about it.

`pbx_ldap.error_mapping` finds the words for what a server or the network says. docs/problems.md lists them all.
"""

from __future__ import annotations

from pbx_connector.api import AuthenticationFailed, ErrorText, ProtocolViolation, SourceUnavailable

_U, _A, _P = SourceUnavailable, AuthenticationFailed, ProtocolViolation

# --- the way to the server -----------------------------------------------------------------------------------------

UNKNOWN_HOST = ErrorText(
    _U, "L0101", "the host name is not known", "check servers:, and the name service of this machine"
)
REFUSED = ErrorText(
    _U, "L0102", "the server refuses the connection", "check host and port in servers:, and the firewall"
)
UNTRUSTED = ErrorText(
    _U,
    "L0103",
    "the server's certificate is not trusted",
    "name its authority with ca_file:, and the server by the name that its certificate has",
)
TIMED_OUT = ErrorText(
    _U, "L0104", "the server did not answer in time", "try again later; timeout: allows it more seconds"
)
BROKEN_OFF = ErrorText(
    _U, "L0105", "the connection broke off", "try again later; if it persists, ask who runs the server"
)
NO_SERVERS = ErrorText(
    _U,
    "L0106",
    "the name service knows no directory server of {name}",
    "check domain:, or name the servers with servers:",
)
NETWORK = ErrorText(_U, "L0107", "the network failed", "check the connection of this machine, then try again")
NO_TLS = ErrorText(
    _U,
    "L0108",
    "no protected connection can be agreed on",
    "ldaps wants port 636 and starttls port 389, and the server a certificate: check security: and servers:",
)
NO_START_TLS = ErrorText(
    _U, "L0109", "the server does not offer StartTLS", "have it given a certificate, or use security: ldaps"
)
UNVERIFIED = ErrorText(
    _U,
    "L0110",
    "the certificate is not checked: anybody in between can read along",
    "use ca_file: instead of verify: false",
)
EXPIRES_SOON = ErrorText(_U, "L0111", "the server's certificate expires within two weeks", "have it renewed")
UNREADABLE_CA = ErrorText(
    _A, "L0112", "{name} cannot be read, or holds no certificate", "check path and rights, and that the file is PEM"
)
UNPROTECTED = ErrorText(
    _A, "L0113", "the password would travel over an open network", "use security: ldaps or security: starttls"
)

# --- log-in --------------------------------------------------------------------------------------------------------

WRONG_PASSWORD = ErrorText(
    _A,
    "L0201",
    "the server does not accept user name and password",
    "check username: (user@domain, DOMAIN\\user or a whole distinguished name) and the password",
)
NO_SUCH_USER = ErrorText(
    _A,
    "L0202",
    "the directory knows no user of this name",
    "check username: (user@domain, DOMAIN\\user or the whole DN)",
)
NOT_NOW = ErrorText(_A, "L0203", "the user may not log in at this time", "have the account's logon hours extended")
NOT_FROM_HERE = ErrorText(
    _A, "L0204", "the user may not log in from this machine", "have this machine added to the account's workstations"
)
PASSWORD_EXPIRED = ErrorText(
    _A,
    "L0205",
    "the user's password has expired",
    "set a new one and store it; service users are best set not to expire",
)
DISABLED = ErrorText(_A, "L0206", "the user's account is disabled", "have it enabled")
ACCOUNT_EXPIRED = ErrorText(_A, "L0207", "the user's account has expired", "have its expiry date moved")
MUST_CHANGE = ErrorText(
    _A,
    "L0208",
    "the user must change the password before the next log-in",
    "set a password without “user must change password at next logon”, and store it",
)
LOCKED = ErrorText(
    _A,
    "L0209",
    "the user's account is locked after too many wrong passwords",
    "have it unlocked, and look for what else logs in with an old password",
)
LOGON_TYPE = ErrorText(
    _A,
    "L0210",
    "the user has not been granted this kind of log-in",
    "have the user right “access this computer from the network” granted",
)
TOO_MANY_GROUPS = ErrorText(
    _A, "L0211", "the user is in too many groups to log in", "use a service user that is in few groups"
)
EMPTY_PASSWORD = ErrorText(
    _A,
    "L0212",
    "the password is empty, and was not sent: a directory takes that for a log-in as nobody",
    "store the password of username:",
)
WANTS_PROTECTION = ErrorText(
    _A,
    "L0213",
    "the server takes a password only over a protected connection",
    "use security: ldaps or security: starttls",
)
WANTS_LOGIN = ErrorText(_A, "L0214", "the server tells nothing without a log-in", "give username: and password:")
BAD_NAME = ErrorText(
    _A,
    "L0215",
    "the server cannot read the user name",
    "give username: as the whole DN; Active Directory takes user@domain, too",
)
LOGIN_FAILED = ErrorText(_A, "L0216", "the log-in failed ({name})", "see what the server says, or ask who runs it")

# --- what is asked for ---------------------------------------------------------------------------------------------

NO_BASE = ErrorText(
    _U, "L0301", "{name} is not in the directory", "check base:, and that the user of username: may see it"
)
NO_RIGHTS = ErrorText(
    _U, "L0302", "the user may not read this", "give the user of username: the right to read the base"
)
BAD_REQUEST = ErrorText(_U, "L0303", "the server cannot read base or filter", "check base: and filter:")
NO_KEY = ErrorText(
    _U,
    "L0304",
    "an entry has no {name}, by which it would be known again",
    "let the user read that attribute; for other directories name one with key:, unique and never changed",
)
BASE_LEFT = ErrorText(_U, "L0305", "the base vanished while it was read", "the next run looks for it again")
NO_GROUP = ErrorText(
    _U, "L0306", "the group {name} is not in the directory", "check groups:, by whole distinguished names"
)
OUT_OF_SIGHT = ErrorText(_U, "L0307", "the address book cannot be seen now", "the next run looks for it again")
NO_DEFAULT_BASE = ErrorText(
    _U, "L0308", "the server does not say where its directory begins", "give base:, such as dc=example,dc=com"
)

# --- answers that are no whole answer ------------------------------------------------------------------------------

SIZE_LIMIT = ErrorText(
    _U,
    "L0401",
    "the server gives no more entries than its size limit, so the list is not whole",
    "have the limit lifted for the user (OpenLDAP: limits … size.prtotal=unlimited), or read several bases",
)
TIME_LIMIT = ErrorText(
    _U,
    "L0402",
    "the server gave up after its time limit, so the list is not whole",
    "have the limit raised, or index what filter: asks for",
)
ADMIN_LIMIT = ErrorText(
    _U,
    "L0403",
    "the server stopped at a limit that its administrator set",
    "have the limit lifted for the user of username:",
)
BUSY = ErrorText(_U, "L0404", "the server is busy or shutting down", "try again later")
UNWILLING = ErrorText(_U, "L0405", "the server will not do that", "see what the server says, or ask who runs it")
FAILED = ErrorText(
    _U, "L0406", "the server answers with an error ({name})", "see what the server says, or ask who runs it"
)
REFERRED = ErrorText(
    _U,
    "L0407",
    "a part of what is searched is on another server ({name}), so the list is not whole",
    "give that part a profile of its own and choose a base: beside it, or say referrals: ignore",
)
PART_MISSING = ErrorText(
    _U,
    "L0408",
    "the values of an attribute come in parts, and a part is missing",
    "try again later, or ask who runs the server",
)
CLOSED = ErrorText(_U, "L0409", "the server closes the connection", "try again later")

# --- answers that are none -----------------------------------------------------------------------------------------

DAMAGED = ErrorText(
    _P,
    "L0501",
    "the server's answer is damaged or no LDAP",
    "check the port in servers:, and look at proxies in between",
)
ENDLESS = ErrorText(_P, "L0502", "the server's list does not end", "ask who runs the server")

# --- single entries ------------------------------------------------------------------------------------------------

NO_TEXT = ErrorText(
    _P, "L0601", "the attribute {name} holds something that is no text", "correct the entry, or do not use the field"
)
