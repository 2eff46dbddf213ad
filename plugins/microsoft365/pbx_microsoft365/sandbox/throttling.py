"""How many requests at a time one app may have in one mailbox: four, as with Exchange Online."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Final

from pbx_microsoft365.sandbox.messages import GraphError

MAILBOX_CONCURRENCY: Final = 4


class Throttle:
    """Counts what runs, by mailbox. One for each sandbox; used by its event loop alone."""

    def __init__(self, retry_after: str = "1") -> None:
        self.retry_after = retry_after
        """What is told to those who ask too often: seconds, perhaps with a fraction."""
        self.peak: Counter[str] = Counter()
        """The most that ran at a time, by mailbox."""
        self._running: Counter[str] = Counter()

    @contextmanager
    def slot(self, mailbox: str) -> Iterator[None]:
        """While a request runs. Raises GraphError for the fifth."""
        if self._running[mailbox] >= MAILBOX_CONCURRENCY:
            raise self._refuse()
        self._running[mailbox] += 1
        self.peak[mailbox] = max(self.peak[mailbox], self._running[mailbox])
        try:
            yield
        finally:
            self._running[mailbox] -= 1

    def _refuse(self) -> GraphError:
        said = "Application is over its MailboxConcurrency limit."
        headers = {"Retry-After": self.retry_after}
        return GraphError(HTTPStatus.TOO_MANY_REQUESTS, "ApplicationThrottled", said, headers)
