"""The service's store: opened when it answers, and looked after, so that one in trouble is noticed and waited for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime

from pbx_connector.errors import StoreError
from pbx_connector.stores import Store, open_store, shown

PATIENCE = 10.0
"""Seconds to wait for another program that writes."""


class StoreWatch:
    def __init__(self, url: str, clock: Callable[[], datetime], *, read_only: bool = False) -> None:
        self._url = url
        self._read_only = read_only
        self._clock = clock
        self._store: Store | None = None
        self._lock = threading.Lock()
        self.lost_since: datetime | None = None
        """Since when it has not answered; None while it does."""
        self.reason = ""

    @property
    def place(self) -> str:
        """For people; carries no password."""
        return shown(self._url)

    def current(self) -> Store:
        """Raises `StoreError` while it does not answer, and `UsageError` for an address of no store."""
        with self._lock:
            if self._store is None:
                self._store = open_store(self._url, read_only=self._read_only, patience=PATIENCE)
            return self._store

    def look(self) -> bool:
        """Ask it something; whether it answered."""
        try:
            self.current().memo("health")
        except StoreError as error:
            self._lost(error)
            return False
        self.lost_since, self.reason = None, ""
        return True

    def close(self) -> None:
        with self._lock:
            if self._store is not None:
                self._store.close()
            self._store = None

    def _lost(self, error: StoreError) -> None:
        self.lost_since = self.lost_since or self._clock()
        self.reason = error.message
        self.close()  # what was open may be of a file or server that is no more
