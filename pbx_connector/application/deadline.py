"""Ends a run that nobody wants any longer at its next step; it has then changed nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta

from pbx_connector.duration import in_words
from pbx_connector.errors import ConnectorError
from pbx_connector.model import BookReport


class RunGivenUp(ConnectorError):
    pass


LOOK = 0.2
"""Seconds between two looks while rows come one after the other."""


class Deadline:
    """Follows a run's progress (see `runs.Progress`) and is asked for each row (`cancelled`); ends the run at its next
    step once its time is up."""

    def __init__(self, since: float, within: timedelta, revoked: Callable[[], str] = lambda: "") -> None:
        """`since`: by the monotonic clock. `revoked`: why nobody wants the run any longer, in words."""
        self._since = since
        self._within = within
        self._revoked = revoked
        self._looked = since
        self.was_revoked = False

    def books(self, total: int) -> None:
        self._check()

    def rows(self, count: int) -> None:
        self._check()

    def book_done(self, report: BookReport) -> None:
        self._check()

    def cancelled(self) -> bool:
        """A step of the progress is a thousand rows, which a slow source takes its time for. Raises `RunGivenUp`."""
        if time.monotonic() - self._looked > LOOK:
            self._looked = time.monotonic()
            self._check()
        return False

    def _check(self) -> None:
        if why := self._revoked():
            self.was_revoked = True
            raise RunGivenUp(f"the run was given up: {why}; it changed nothing", hint="it is made up for by itself")
        if time.monotonic() - self._since > self._within.total_seconds():
            raise RunGivenUp(
                f"the run took longer than {in_words(self._within)} and was given up; it changed nothing",
                hint="see why the source is slow, or raise service: run_within",
            )
