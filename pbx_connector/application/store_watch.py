"""The service's store: opened when it answers, and looked after, so that a failing one is noticed and waited for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime

from pbx_connector.errors import StoreDamaged, StoreError
from pbx_connector.stores import Store, open_store, shown

PATIENCE = 10.0
"""Seconds to wait for another program that writes."""
SILENCE = 30.0
"""Seconds after which a store that says nothing counts as unreachable."""


class StoreWatch:
    def __init__(self, url: str, clock: Callable[[], datetime], *, read_only: bool = False) -> None:
        self.url = url
        """May hold a password; `place` is for people."""
        self._read_only = read_only
        self._clock = clock
        self._store: Store | None = None
        self._lock = threading.Lock()
        self.lost_since: datetime | None = None
        """Since when it has not answered; None while it does."""
        self.reason = ""
        self._unreadable = False
        """Whether it is lost because it is damaged."""
        self.faults: tuple[str, ...] | None = None
        """What the last check of the whole phone book found; None before the first one."""
        self._asked: float | None = None
        """Since when a look waits for its answer, by the monotonic clock."""

    @property
    def place(self) -> str:
        """For people; carries no password."""
        return shown(self.url)

    @property
    def word(self) -> str:
        return "unreachable" if self.lost_since else "reachable"

    def current(self) -> Store:
        """Raises `StoreError` while it does not answer, and `UsageError` for an address of no store.

        Once it is lost it is for `look` alone to try it again: each try may take its time.
        """
        if self.lost_since is not None:
            raise (StoreDamaged if self._unreadable else StoreError)(self.reason)
        return self._opened()

    def look(self) -> bool:
        """Ask it something; whether it answered."""
        self._asked = time.monotonic()
        try:
            self._opened().shared_state("health")
        except StoreError as error:
            self._lost(error)
            return False
        finally:
            self._asked = None
        self.lost_since, self.reason = None, ""
        return True

    def silent(self) -> bool:
        """Whether it counts as lost from now on because a look has been waiting too long. Returns at once."""
        asked = self._asked
        if self.lost_since is not None or asked is None or time.monotonic() - asked < SILENCE:
            return False
        self.lost_since, self.reason, self._unreadable = self._clock(), "it does not answer", False
        return True

    def close(self) -> None:
        with self._lock:
            if self._store is not None:
                self._store.close()
            self._store = None

    def checked(self, faults: tuple[str, ...]) -> None:
        """What is damaged, empty if nothing. Whoever asks next gets a store that looks a damaged file over itself."""
        self.faults = faults
        if faults:
            self.close()

    def open_another(self) -> Store:
        """A store of its own for whoever asks, who closes it. Raises as `current` does."""
        return open_store(self.url, read_only=self._read_only, patience=PATIENCE)

    def _opened(self) -> Store:
        with self._lock:
            if self._store is None:
                self._store = self.open_another()
            return self._store

    def _lost(self, error: StoreError) -> None:
        self.lost_since = self.lost_since or self._clock()
        self.reason, self._unreadable = error.message, isinstance(error, StoreDamaged)
        self.close()  # what was open may be of a file or server that is no more


class OpenStoreWatch(StoreWatch):
    """Over a store that somebody else has opened, and closes."""

    def __init__(self, url: str, clock: Callable[[], datetime], store: Callable[[], Store]) -> None:
        super().__init__(url, clock)
        self._held = store

    def close(self) -> None:
        """Nothing: it is somebody else's."""

    def _opened(self) -> Store:
        return self._held()
