"""Notices that the clock was set, by one that nobody sets."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta

CLOCK_SET = timedelta(seconds=5)
"""A clock that differs by more from what it was has been set."""


class ClockWatch:
    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._offset = self._measured()

    def step(self) -> timedelta | None:
        """By how much it was set since; None if it was not. A little, again and again, is as much as all at once."""
        offset = self._measured()
        step = offset - self._offset
        if abs(step) <= CLOCK_SET:
            return None
        self._offset = offset
        return step

    def _measured(self) -> timedelta:
        """Grows when the clock is set forward, shrinks when it is set back."""
        return timedelta(seconds=self._clock().timestamp() - time.monotonic())
