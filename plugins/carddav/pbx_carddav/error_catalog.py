"""What is said about each kind of failure: a code that is never reused, what happened, and what to do about it.

`pbx_carddav.error_mapping` finds the words for a failure of somebody else's; what this plugin finds itself names them.
docs/problems.md lists them all.
"""

from __future__ import annotations

from pbx_connector.api import AuthenticationFailed, ErrorText, ProtocolViolation, SourceUnavailable

_U, _A, _P = SourceUnavailable, AuthenticationFailed, ProtocolViolation

# --- the way to the server -----------------------------------------------------------------------------------------

UNKNOWN_HOST = ErrorText(_U, "D0101", "the host name is not known", "check url:, and the name service of this machine")
REFUSED = ErrorText(_U, "D0102", "the server refuses the connection", "check host and port in url:, and the firewall")
UNTRUSTED = ErrorText(
    _U,
    "D0103",
    "the server's certificate is not trusted",
    "name its authority with ca_file:, or correct the host in url:",
)
TIMED_OUT = ErrorText(
    _U, "D0104", "the server did not answer in time", "try again later; timeout: allows it more seconds"
)
BROKEN_OFF = ErrorText(
    _U, "D0105", "the connection broke off", "try again later; if it persists, look at proxies in between"
)
NO_PROXY = ErrorText(
    _U, "D0106", "the proxy does not let us through", "check proxy:, or the machine's own, and what it permits"
)
NETWORK = ErrorText(_U, "D0107", "the network failed", "check the connection of this machine, then try again")
NO_TLS = ErrorText(
    _U, "D0108", "no protected connection can be agreed on", "check port and scheme of url:, and the TLS version"
)
UNVERIFIED = ErrorText(
    _U,
    "D0109",
    "the certificate is not checked: anybody in between can read along",
    "use ca_file: instead of verify: false",
)
UNREADABLE_CA = ErrorText(
    _A, "D0110", "{name} cannot be read, or holds no certificate", "check path and rights, and that the file is PEM"
)
FOREIGN_HOST = ErrorText(
    _A,
    "D0111",
    "the server sends us on to {name}, where the password was not sent",
    "if that host is to have it, name it in hosts:, or put its address into url:",
)
ENDLESS_REDIRECT = ErrorText(
    _P, "D0112", "the server sends us on and on", "put the address where the address books are into url:"
)
UNPROTECTED = ErrorText(
    _A,
    "D0113",
    "the password would travel over an open network, so it was not sent",
    "use https:// in url:; if it has that, the server sends us on to http://, which its set-up must correct",
)

# --- logging in ----------------------------------------------------------------------------------------------------

LOG_IN_REFUSED = ErrorText(
    _A,
    "D0201",
    "user name or password are refused",
    "check both; iCloud, mailbox.org with a second factor and Nextcloud with one take an app password alone",
)
NO_BASIC = ErrorText(
    _A,
    "D0202",
    "the server wants another kind of log-in than a user name with a password",
    "have it accept app passwords (Basic); OAuth, Digest and Kerberos are not supported",
)
NOT_PERMITTED = ErrorText(
    _A,
    "D0203",
    "the server refuses access (HTTP 403)",
    "have the address book shared with this user; iCloud answers so to a password that is no app password",
)
NO_PASSWORD = ErrorText(
    _A,
    "D0204",
    "the account's password cannot be read: {0}",
    "write it into a file of that name in the folder of personal: passwords:, chmod 600",
)
NAMELESS = ErrorText(
    _A,
    "D0205",
    "the account has no {0}, which personal: url: needs",
    "complete the account: accounts import; or name it in skip_accounts:",
)

# --- what the server answers ---------------------------------------------------------------------------------------

NOT_THERE = ErrorText(_P, "D0301", "there is nothing at this address (HTTP 404)", "check the path in url:")
NOT_DAV = ErrorText(
    _P,
    "D0302",
    "what answers there is no CardDAV server",
    "check url:; a wrongly configured proxy may hide it, then give the whole address of the address book",
)
NO_BOOKS = ErrorText(
    _P,
    "D0303",
    "the server names no place with address books",
    "give the address of the address book itself, or of the folder that it lies in, as url:",
)
TOO_BUSY = ErrorText(_U, "D0304", "the server is too busy", "try again later; patience: goes on for longer")
FAILING_INSIDE = ErrorText(
    _U, "D0305", "the server fails inside ({name})", "try again later; its own log says what is wrong"
)
UNEXPECTED = ErrorText(_P, "D0306", "the server gives an answer that makes no sense here ({name})", "report this")
CUT = ErrorText(_P, "D0307", "the answer is damaged or cut short", "try again later; look at proxies in between")
TOO_LARGE = ErrorText(
    _P,
    "D0308",
    "the answer is larger than there is memory for",
    "memory: allows more, if the address book is that large",
)
ENDLESS = ErrorText(_P, "D0309", "the list does not end", "ask who runs the server")
CUT_LIST = ErrorText(
    _P,
    "D0310",
    "the server ends the list before its end (507)",
    "have its limit raised; nothing is taken for gone meanwhile",
)
LEFT_OUT = ErrorText(
    _P, "D0311", "the server leaves out all the contacts that it was asked for", "try again later; its log may say why"
)

# --- address books and contacts ------------------------------------------------------------------------------------

OUT_OF_SIGHT = ErrorText(
    _P,
    "D0401",
    "the address book is there, but not to be seen as one",
    "check whether it still is an address book, and shared with this user",
)
BOOK_LEFT = ErrorText(_P, "D0402", "the address book is no longer there", "the next run finds out whether it is gone")
NO_SUCH_BOOK = ErrorText(_P, "D0403", "no address book is called so", "correct the name, or leave the pattern out")
NOT_A_CARD = ErrorText(
    _P,
    "D0411",
    "this is no vCard that can be read: {0}",
    "save the contact again in the program that wrote it; its present entry stays",
)
CARD_REFUSED = ErrorText(
    _P, "D0412", "the server does not give this contact (HTTP {0})", "look at it on the server; its present entry stays"
)
CARD_LEFT_OUT = ErrorText(
    _P, "D0413", "the server leaves this contact out", "look at it on the server; its present entry stays"
)
CARD_TOO_LARGE = ErrorText(
    _P, "D0414", "this contact is larger than there is memory for", "make its picture smaller, or raise memory:"
)
