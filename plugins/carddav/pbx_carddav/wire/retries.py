"""When to ask again: a server that is busy is given the time that it asks for, one that fails a few tries."""

from __future__ import annotations

import ssl
import threading
import time
from dataclasses import dataclass, field

from urllib3.exceptions import HTTPError, ProxyError, SSLError

from pbx_carddav.wire.errors import DavError
from pbx_carddav.wire.multistatus import DamagedAnswer
from pbx_connector.api import RetryDelays

UNANSWERED_SECONDS = 30.0
"""How long to go on asking a server that fails or is silent; one that says it is busy gets the settings' patience."""
RETRIED = (DavError, DamagedAnswer, HTTPError, OSError)
"""What `Attempts` judges; all else is never worth another try."""
_BUSY = (429, 503)
_FAILING = (408, 500, 502, 503, 504)


@dataclass(slots=True)
class RetryPolicy:
    """How long to go on asking; one for all threads of a run."""

    patience: float
    """Seconds."""
    first_wait: float = 1.0
    """Seconds, doubled from try to try."""
    proven: bool = False
    """Whether the server has answered at all: until it has, nobody waits for a wrong address."""
    _failing_since: float | None = None
    """By the monotonic clock; None: the last request went well."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def answered(self) -> None:
        self.proven = True
        self._failing_since = None

    def gives_up(self, wait: float, allowed: float, start: float) -> bool:
        """A server that is dead is waited for once, by all together."""
        now = time.monotonic()
        with self._lock:
            self._failing_since = self._failing_since or now
            return now + wait > min(start, self._failing_since) + allowed


class Attempts:
    """The tries at one request: `again(error)` returns once another one is due, or raises the error for good."""

    def __init__(self, policy: RetryPolicy) -> None:
        self._policy = policy
        self._start = time.monotonic()
        self._delays = RetryDelays(policy.first_wait)
        self._damaged = False

    def again(self, error: Exception) -> None:
        if _is_final(error) or (not self._policy.proven and not isinstance(error, DavError)):
            raise error
        if isinstance(error, DamagedAnswer):
            if self._damaged:
                raise error
            self._damaged = True
            return
        told = error.wait if isinstance(error, DavError) else None
        wait = self._delays.next(told)
        busy = isinstance(error, DavError) and (error.status in _BUSY[:1] or told is not None)
        patience = self._policy.patience
        if self._policy.gives_up(wait, patience if busy else min(patience, UNANSWERED_SECONDS), self._start):
            raise error
        time.sleep(wait)


def is_temporary(error: DavError) -> bool:
    """Whether the same request may well be answered in a while."""
    return error.status in _BUSY or error.status in _FAILING


def _is_final(error: Exception) -> bool:
    if isinstance(error, DavError):
        return not is_temporary(error)
    reason = error.args[0] if isinstance(error, SSLError) and error.args else error
    return isinstance(reason, ssl.SSLCertVerificationError | ProxyError)
