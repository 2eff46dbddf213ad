"""Reads the whole phone book when the service starts and once a day from then on, and tells what is damaged.

In a thread of its own, with a store of its own: it may take its time, and nobody waits for it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

from pbx_connector.application.store_watch import StoreWatch
from pbx_connector.errors import StoreDamaged, StoreError

LOG = structlog.stdlib.get_logger(__name__)

DAY = 24 * 3600.0
"""Seconds by the monotonic clock, which nobody sets."""
HOUR = 3600.0
"""Until a damaged phone book is looked at again: somebody may have restored it."""
AGAIN = 60.0
"""Seconds until a store that did not answer is tried again."""


class DamageWatch:
    def __init__(self, watch: StoreWatch, checked: Callable[[tuple[str, ...]], None]) -> None:
        """`checked` is given what each check found; empty if the phone book is whole."""
        self._watch = watch
        self._checked = checked

    def start(self, stop: threading.Event) -> None:
        threading.Thread(target=self._mind, args=(stop,), name="damage", daemon=True).start()

    def _mind(self, stop: threading.Event) -> None:
        pause = 0.0
        while not stop.wait(pause):
            try:
                pause = HOUR if self.check() else DAY
            except StoreError:
                pause = AGAIN  # that it does not answer is told by others
            except Exception:
                LOG.exception("a bug in the check of the phone book")
                pause = DAY

    def check(self) -> tuple[str, ...]:
        """What is damaged. Raises `StoreError` if the store does not answer."""
        faults = self._faults()
        self._watch.checked(faults)
        if faults:
            LOG.error("the phone book is damaged", faults=faults)
        else:
            LOG.info("the phone book is whole")
        self._checked(faults)
        return faults

    def _faults(self) -> tuple[str, ...]:
        try:
            self._watch.current()
            with self._watch.open_another() as store:
                return store.faults()
        except StoreDamaged as error:
            return (error.message,)  # so much that it cannot be opened
