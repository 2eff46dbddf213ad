"""When to ask again: how long a server that fails or is busy is asked, and how many requests a mailbox stands at once.

Graph throttles by app and mailbox, so each mailbox is held back alone; a server that is dead is waited for once, by all
together.
"""

from __future__ import annotations

import ssl
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from urllib3.exceptions import HTTPError, SSLError

from pbx_connector.api import RetryDelays, is_proxy_refusal
from pbx_microsoft365.wire.answers import DamagedAnswer, GraphError
from pbx_microsoft365.wire.sign_in import SignInUnreachable

UNANSWERED_SECONDS = 30.0
"""How long to go on asking a server that fails or is silent; one that says it is busy gets the settings' patience."""
AT_ONCE = 4
"""Requests to one mailbox; Graph answers a fifth with 429."""
_BUSY = (429, 503, 509)
_FAILING = (408, 500, 502, 503, 504)
_SERVER = "\0server"
"""The scope of what concerns all mailboxes; no mailbox is called so."""
_FIRST_WAIT = 1.0

RETRIED = (GraphError, DamagedAnswer, SignInUnreachable, HTTPError, OSError)
"""What `Attempts` judges; all else is never worth another try."""


@dataclass(slots=True)
class _Hold:
    until: float = 0.0
    since: float | None = None
    """Since when nothing went well; None: the last request did. Both by the monotonic clock."""


class RetryPolicy:
    """How long to go on asking; one for all threads of a run."""

    def __init__(self, patience: float, first_wait: float = _FIRST_WAIT) -> None:
        """Seconds both; `first_wait` is doubled from try to try."""
        self.patience = patience
        self.first_wait = first_wait
        self.proven = False
        """Whether the server has answered at all: until it has, nobody waits for a wrong address."""
        self._holds: defaultdict[str, _Hold] = defaultdict(_Hold)
        self._lock = threading.Lock()

    def rest(self, mailbox: str) -> None:
        """Wait until requests to this mailbox have not to hold back any more."""
        with self._lock:
            until = max(self._holds[scope].until for scope in (mailbox, _SERVER))
        if (left := until - time.monotonic()) > 0:
            time.sleep(left)

    def answered(self, mailbox: str) -> None:
        """A request went well: whatever was wrong is over."""
        with self._lock:
            for scope in (mailbox, _SERVER):
                self._holds[scope].since = None

    def hold(self, scope: str, wait: float, allowed: float, start: float) -> bool:
        """Hold all requests of a scope back; False: they were given up, or would be by then."""
        with self._lock:
            hold, now = self._holds[scope], time.monotonic()
            hold.since = hold.since or now
            if now + wait > min(start, hold.since) + allowed:
                return False
            hold.until = max(hold.until, now + wait)
            return True

    def seconds_for_one(self) -> float | None:
        """How long to wait for an answer; None: as long as the settings say. Once a dead server was given up, others
        only look whether it came back."""
        since = self._holds[_SERVER].since
        silent = since is not None and time.monotonic() > since + UNANSWERED_SECONDS
        return UNANSWERED_SECONDS / 6 if silent else None


class Attempts:
    """The tries at one request: `again(error)` returns once another one is due, or raises the error for good."""

    def __init__(self, policy: RetryPolicy, mailbox: str) -> None:
        self._policy = policy
        self._mailbox = mailbox
        self._start = time.monotonic()
        self._delays = RetryDelays(policy.first_wait)
        self._once_more = True

    def again(self, error: Exception) -> None:
        if _is_final(error) or (not self._policy.proven and _is_of_the_network(error)):
            raise error
        if isinstance(error, DamagedAnswer) or (isinstance(error, GraphError) and error.status == 401):
            self._again_at_once(error)
            return
        told = error.wait if isinstance(error, GraphError) else None
        wait = self._delays.next(told)
        busy = isinstance(error, GraphError) and (error.status in _BUSY[:1] or told is not None)
        patience = self._policy.patience
        allowed = patience if busy else min(patience, UNANSWERED_SECONDS)
        scope = self._mailbox if isinstance(error, GraphError) else _SERVER
        if not self._policy.hold(scope, wait, allowed, self._start):
            raise error
        self._policy.rest(self._mailbox)

    def _again_at_once(self, error: Exception) -> None:
        if not self._once_more:
            raise error
        self._once_more = False


def is_temporary(error: GraphError) -> bool:
    """Whether the same request may well be answered in a while."""
    return error.status in _BUSY or error.status in _FAILING


def _is_final(error: Exception) -> bool:
    if isinstance(error, GraphError):
        return not is_temporary(error) and error.status != 401
    reason = error.args[0] if isinstance(error, SSLError) and error.args else error
    return isinstance(reason, ssl.SSLCertVerificationError) or is_proxy_refusal(error)


def _is_of_the_network(error: Exception) -> bool:
    return isinstance(error, (HTTPError, OSError, SignInUnreachable))


class MailboxSlots:
    """So many requests to one mailbox at once, by all threads of a run."""

    def __init__(self) -> None:
        self._taken: defaultdict[str, int] = defaultdict(int)
        self._freed = threading.Condition()

    @contextmanager
    def take(self, mailbox: str, count: int = 1) -> Iterator[None]:
        """Waits until there is room. No limit for what is of no mailbox."""
        if not mailbox:
            yield
            return
        with self._freed:
            self._freed.wait_for(lambda: self._taken[mailbox] + count <= AT_ONCE)
            self._taken[mailbox] += count
        try:
            yield
        finally:
            with self._freed:
                self._taken[mailbox] -= count
                self._freed.notify_all()
