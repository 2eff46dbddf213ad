"""A connection to one Exchange server: exchangelib's sessions, with patience and limits of our own.

`Endpoint` is exchangelib's protocol without its process-wide cache, `RetryPolicy` ends its retries, `Mailbox`
is what its services ask of an account. Built by `pbx_exchange.connection`, used by `wire.services`.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from exchangelib import UTC as EWS_UTC
from exchangelib import Configuration
from exchangelib.credentials import DELEGATE, IMPERSONATION
from exchangelib.errors import (
    ErrorConnectionFailed,
    ErrorConnectionFailedTransientError,
    ErrorExceededConnectionCount,
    ErrorInsufficientResources,
    ErrorInternalServerError,
    ErrorInternalServerTransientError,
    ErrorMailboxFailover,
    ErrorNotEnoughMemory,
    ErrorRequestAborted,
    ErrorServerBusy,
    ErrorTimeoutExpired,
    ErrorTooManyObjectsOpened,
    SessionPoolMinSizeReached,
    UnauthorizedError,
)
from exchangelib.protocol import CachingProtocol, Protocol
from exchangelib.protocol import RetryPolicy as EwsRetryPolicy
from exchangelib.transport import NOAUTH, OAUTH2, get_auth_method_from_response
from exchangelib.util import is_xml
from exchangelib.version import Version
from requests import Response, Session
from requests.auth import AuthBase, HTTPBasicAuth
from requests.exceptions import ProxyError

from pbx_connector.api import Allowance, RefusalLimit, RetryDelays, is_protected, retry_after
from pbx_exchange.kerberos import NoTicket, Why
from pbx_exchange.oauth import NoToken, SignInAway
from pbx_exchange.settings import is_online
from pbx_exchange.wire.adapter import TransportOptions, Unprotected
from pbx_exchange.wire.xml_parser import AnswerRefused

# Whatever exchangelib warns of becomes an error or problem in our words, while its own lines quote whole requests and
# answers, contacts and all. Who looks for a bug sets a lower level.
logging.getLogger("exchangelib").setLevel(logging.CRITICAL)

BUSY = (
    ErrorServerBusy,
    ErrorConnectionFailed,
    ErrorConnectionFailedTransientError,
    ErrorExceededConnectionCount,
    ErrorInsufficientResources,
    ErrorInternalServerTransientError,
    ErrorMailboxFailover,
    ErrorNotEnoughMemory,
    ErrorRequestAborted,
    ErrorTimeoutExpired,
    ErrorTooManyObjectsOpened,
)
# A wrong password tried again and again locks the account; what was damaged or failed twice will do so a third time.
ONCE_MORE = (UnauthorizedError, AnswerRefused, ErrorInternalServerError)
UNANSWERED_SECONDS = 30.0
"""How long to go on asking a server that fails or is silent; one that says it is busy gets the settings' patience."""
MOST_FOLDERS = 200_000
"""In all mailboxes of a run together; in memory they take up to a kilobyte each."""


class Forbidden(UnauthorizedError):
    """The server knows who we are and says no (HTTP 403)."""


class TokenNotAccepted(UnauthorizedError):
    """The sign-in service gave a token, and the server does not want it."""


class TicketNotAccepted(UnauthorizedError):
    """There is a Kerberos ticket for the server, and the server does not want it."""


class NoWayIn(UnauthorizedError):
    """The server offers no way to log in that we know, or only tokens."""


class NotOffered(UnauthorizedError):
    """The server does not offer the way to log in that the settings name. `name`: that way, and what it offers."""

    def __init__(self, wanted: str, offered: Sequence[str]) -> None:
        super().__init__("a way to log in that is not offered")
        self.name = f"{wanted}, only {' and '.join(offered)}"


class Blocked(Forbidden):
    """Exchange Online has switched Exchange Web Services off for this tenant."""


_REFUSED = {"Bearer": TokenNotAccepted, "Negotiate": TicketNotAccepted}


class RetryPolicy(EwsRetryPolicy):
    """How long to go on asking a failing server; one for all threads, so that all of them hold back together.

    Fails fast until `proven` is set, unless the server itself says how long to wait: exchangelib takes a 401 for a busy
    server and would hide a wrong password.
    """

    def __init__(self, seconds: float, first_wait: float, scheme: str = "") -> None:
        """`scheme`: the way to log in by name and password that the settings name; empty: whatever is offered."""
        self.seconds = seconds
        self.proven = False
        self._scheme = scheme
        self.first_wait = first_wait
        self._until = 0.0
        """By the monotonic clock, which no change of summer time moves."""
        self._trouble_since: float | None = None
        self._lock = threading.Lock()

    @property
    def fail_fast(self) -> bool:
        return not self.proven

    @property
    def back_off_until(self) -> datetime | None:
        """As exchangelib asks for it, which compares it with local time at once."""
        left = self._until - time.monotonic()
        return datetime.now() + timedelta(seconds=left) if left > 0 else None

    def back_off(self, seconds: float) -> None:
        with self._lock:
            self._until = max(self._until, time.monotonic() + seconds)

    def rest(self) -> None:
        """Wait until nobody has to hold back any more."""
        time.sleep(max(0.0, self._until - time.monotonic()))

    def answered(self) -> None:
        """Some request went well: whatever trouble there was is over."""
        with self._lock:
            self._trouble_since = None

    def seconds_for_one(self) -> float | None:
        """How long to wait for an answer; None: as long as the settings say. With many address books, each waiting so
        long for a dead server would take hours: once it was given up, others only look whether it came back."""
        since = self._trouble_since
        silent = since is not None and time.monotonic() > since + UNANSWERED_SECONDS
        return UNANSWERED_SECONDS / 6 if silent else None

    def trouble(self) -> float:
        """Since when no request went well. All threads share it, so that a dead server is waited for once, not by
        each address book in turn."""
        with self._lock:
            self._trouble_since = self._trouble_since or time.monotonic()
            return self._trouble_since

    def raise_response_errors(self, response: Any) -> None:
        if response.status_code == 429:
            raise ErrorServerBusy("HTTP 429", back_off=_retry_after(response))
        if response.status_code == 503:
            raise ErrorServerBusy("HTTP 503", back_off=_retry_after(response))
        if response.status_code in (502, 504) or (response.status_code == 500 and not is_xml(response.content)):
            raise ErrorInternalServerTransientError(f"HTTP {response.status_code}")
        if response.status_code == 401:
            offered = offered_schemes(response)
            if self._scheme and offered and not _is_offered(self._scheme, offered):
                raise NotOffered(self._scheme, offered)
            scheme = response.request.headers.get("Authorization", "").partition(" ")[0]
            raise _REFUSED.get(scheme, UnauthorizedError)("HTTP 401")
        if response.status_code == 407:
            raise ProxyError("HTTP 407")
        if response.status_code == 403:
            raise Blocked("HTTP 403") if _is_blocked(response) else Forbidden("HTTP 403")
        super().raise_response_errors(response)


class Attempts:
    """The tries at one request: `again(error)` returns after the wait that is due, or raises the error for good."""

    def __init__(self, patience: RetryPolicy) -> None:
        self._policy = patience
        self._start = time.monotonic()
        self._delays = RetryDelays(patience.first_wait)
        self._once_more = True

    def again(self, error: Exception) -> None:
        if self._policy.fail_fast and not getattr(error, "back_off", None):
            raise error
        if isinstance(error, ONCE_MORE):
            if not self._once_more:
                raise error
            self._once_more = False
            return
        wait = self._delays.next(getattr(error, "back_off", None))
        allowed = self._policy.seconds
        if not isinstance(error, ErrorServerBusy):
            allowed = min(allowed, UNANSWERED_SECONDS)
        if time.monotonic() + wait > min(self._start, self._policy.trouble()) + allowed:
            raise error
        self._policy.back_off(wait)


def offered_schemes(response: Response) -> list[str]:
    """The ways to log in that a 401 names, in its order."""
    challenges = [part.split()[0] for part in response.headers.get("WWW-Authenticate", "").split(",") if part.strip()]
    return list(dict.fromkeys(challenge for challenge in challenges if "=" not in challenge))


def _is_offered(scheme: str, offered: Sequence[str]) -> bool:
    """NTLM is spoken inside Negotiate as well."""
    names = {name.lower() for name in offered}
    return scheme.lower() in names or (scheme == "NTLM" and "negotiate" in names)


def _is_blocked(response: Any) -> bool:
    """Microsoft's own servers know no other reason to forbid the endpoint; the words also show behind gateways."""
    text = response.content[:4096].lower()
    return is_online(response.url or "") or (b"ews" in text and (b"blocked" in text or b"disabled" in text))


def is_refusal(error: Exception) -> bool:
    """Whether credentials were sent and not accepted: what a directory counts before it locks an account."""
    if isinstance(error, NoTicket):
        return error.why in (Why.BAD_KEYTAB, Why.LOCKED)
    if isinstance(error, NoToken):
        return not isinstance(error, SignInAway)
    return type(error) in (UnauthorizedError, TokenNotAccepted, TicketNotAccepted)


def _as_bytes(text: str | bytes) -> str | bytes:
    """requests knows Latin-1 only, which has no `€` and no `ł`."""
    if isinstance(text, bytes):
        return text
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode()


def _retry_after(response: Any) -> float | None:
    return retry_after(response.headers.get("Retry-After", ""), response.headers.get("Date", ""))


class _Uncached(CachingProtocol):
    """exchangelib shares protocols in the whole process by address and credentials; here each run has its own."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        return type.__call__(cls, *args, **kwargs)


class Endpoint(Protocol, metaclass=_Uncached):
    """`auth`: in place of credentials (tokens through MSAL, Kerberos tickets). `log_in`: what counts how often they
    were refused, with what autodiscover found out already."""

    def __init__(
        self,
        config: Configuration,
        transport: TransportOptions,
        auth: AuthBase | None = None,
        log_in: RefusalLimit | None = None,
    ) -> None:
        self._transport = transport
        self._auth = auth
        self.log_in = log_in or RefusalLimit(is_refusal, renewed=auth is not None)
        self.folders = Allowance(MOST_FOLDERS, "folders")
        super().__init__(config=config)
        self.TIMEOUT = None  # the transport knows better

    @property
    def memory(self) -> int:
        """Bytes that one answer may take."""
        return self._transport.memory

    def raw_session(self, prefix: str, **_oauth: Any) -> Session:
        return self._transport.session()

    def create_session(self) -> Session:
        session: Session = super().create_session()
        if self._auth is not None:
            session.auth = self._auth
        if session.auth is not None and not is_protected(self.service_endpoint):
            raise Unprotected("credentials would travel over an open network")
        if isinstance(session.auth, HTTPBasicAuth):
            session.auth = HTTPBasicAuth(_as_bytes(session.auth.username), _as_bytes(session.auth.password))
        return session

    def get_auth_type(self) -> str:
        """What the server offers to somebody whom it does not know; one request, where exchangelib tries many."""
        response = self._knock()
        if response.status_code != 401:
            return str(NOAUTH)
        try:
            offered = str(get_auth_method_from_response(response))
        except UnauthorizedError:
            raise NoWayIn("no way to log in that can be used") from None
        if offered == OAUTH2:
            raise NoWayIn("the server wants tokens")
        return offered

    def _knock(self) -> Response:
        attempts = Attempts(self.retry_policy)
        while True:
            with self.raw_session("") as session:
                response = session.post(self.service_endpoint, data=b"", allow_redirects=False)
            try:
                if response.status_code != 401:
                    self.retry_policy.raise_response_errors(response)
                return response
            except ErrorServerBusy as error:
                attempts.again(error)
                self.retry_policy.rest()

    def decrease_poolsize(self) -> None:
        """exchangelib's own takes a lock that it needs again to make room: with several threads it never returns."""
        raise SessionPoolMinSizeReached("the number of connections is fixed")


@dataclass(eq=False, slots=True)
class Mailbox:
    """Whose eyes a request sees with: what exchangelib's services ask of an `Account`; bounds requests at once."""

    protocol: Endpoint
    version: Version
    anchor: str
    """The SMTP address that routes requests to the right server."""
    identity: Any = None
    """exchangelib's `Identity` of who is impersonated; None: the service user itself."""
    public: str = ""
    """The mailbox that holds public folders, where the server has several of them."""
    server: str = ""
    """Build of the server that answered, such as 15.2.1748.10."""
    affinity_cookie: str | None = None
    turn: threading.BoundedSemaphore = field(default_factory=lambda: threading.BoundedSemaphore(3))
    default_timezone: Any = EWS_UTC

    @contextmanager
    def request(self) -> Iterator[None]:
        """Around one request: not too many at once, and none with credentials that the server does not want."""
        with self.turn, self.protocol.log_in.attempt():
            yield

    @property
    def primary_smtp_address(self) -> str:
        return self.anchor

    @property
    def access_type(self) -> str:
        return str(IMPERSONATION if self.identity is not None else DELEGATE)

    def __hash__(self) -> int:
        return id(self)
