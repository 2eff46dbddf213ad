"""Two rules for log-ins of any kind: nothing that proves who we are goes over an open network, and what was refused
twice is not tried again, since a directory locks an account that is tried too often."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

_PROTECTED = ("https", "ldaps")


def is_protected(url: str) -> bool:
    """Whether nobody in between can read what is sent there: it is encrypted, or does not leave this machine.

    Asked before any kind of credential is sent: a password, a token, a ticket, the answer to a challenge.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    return parts.scheme in _PROTECTED or host == "localhost" or _is_loopback(host)


def _is_loopback(host: str) -> bool:
    from ipaddress import ip_address  # here: most commands talk to no server

    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


class RefusalLimit:
    """Ends the use of credentials that a server refuses, for all threads of a run that share them.

    After one refusal, one try at a time goes out until one is accepted; after two in a row, or five in all, none goes
    out any more, and each raises what the last one was answered. Only what was on its way at that moment comes on top.
    """

    def __init__(
        self,
        is_refusal: Callable[[Exception], bool],
        *,
        renewed: bool = False,
        in_a_row: int = 2,
        in_all: int = 5,
    ) -> None:
        """`renewed`: each try after a refusal has new credentials, such as a fresh token, so that refusals of tries
        that were on their way together count as one."""
        self._is_refusal = is_refusal
        self._renewed = renewed
        self._in_a_row, self._in_all = in_a_row, in_all
        self._lock = threading.Lock()
        self._alone = threading.Lock()
        self._row = 0
        self._all = 0
        self._final: Exception | None = None

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Around one try. Raises the last refusal in its place if there were too many."""
        with self._turn():
            began = self._all
            try:
                yield
            except Exception as error:
                if self._is_refusal(error):
                    self._refused(error, began)
                raise
            self._accepted()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        self._require_open()
        if not self._row:
            yield
            return
        with self._alone:
            self._require_open()
            yield

    def _require_open(self) -> None:
        if self._final is not None:
            raise self._final.with_traceback(None) from None

    def _refused(self, error: Exception, began: int) -> None:
        with self._lock:
            if self._renewed and began != self._all:
                return
            self._row += 1
            self._all += 1
            if self._row >= self._in_a_row or self._all >= self._in_all:
                self._final = error

    def _accepted(self) -> None:
        with self._lock:
            self._row = 0
