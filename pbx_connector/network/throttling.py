"""Bounds on guessing, for whoever asks for a secret."""

from __future__ import annotations

import ipaddress
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

REMEMBERED = 10_000
"""Keys; the one that failed longest ago is forgotten first."""


class Throttle:
    """Counts failures by a key, such as an address, within a window that begins with the first one."""

    def __init__(self, tries: int, window: float, clock: Callable[[], float] = time.monotonic) -> None:
        """`tries` failures within `window` seconds are looked at, and then none until it ends."""
        self._tries = tries
        self._window = window
        self._clock = clock
        self._lock = threading.Lock()
        self._failed: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def count(self, key: str) -> bool:
        """Whether it is one of the failures that are looked at."""
        with self._lock:
            begun, many = self._held(key)
            self._failed[key] = begun, many + 1
            self._failed.move_to_end(key)
            while len(self._failed) > REMEMBERED:
                self._failed.popitem(last=False)
            return many < self._tries

    def is_full(self, key: str) -> bool:
        with self._lock:
            return self._held(key)[1] >= self._tries

    def forgive(self, key: str) -> None:
        with self._lock:
            self._failed.pop(key, None)

    def take_back(self, key: str) -> None:
        """What was counted last was no failure."""
        with self._lock:
            begun, many = self._held(key)
            if many:
                self._failed[key] = begun, many - 1

    def _held(self, key: str) -> tuple[float, int]:
        now = self._clock()
        begun, many = self._failed.get(key, (now, 0))
        return (now, 0) if now - begun > self._window else (begun, many)


def network_of(address: str) -> str:
    """What one caller may have all addresses of: of IPv6 the first 64 bits, of IPv4 the address itself."""
    try:
        held = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(held, ipaddress.IPv4Address):
        return str(held)
    if held.ipv4_mapped:
        return str(held.ipv4_mapped)
    return str(ipaddress.ip_network((int(held) >> 64 << 64, 64)))
